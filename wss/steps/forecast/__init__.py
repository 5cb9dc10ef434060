"""Demand forecasts: refit, issue, back-test."""
