"""Demand: derived from flows and levels, and forecast with quantiles from the tenant's own past errors."""

from wss.forecasting.issue import MODELS, forecast

__all__ = ["MODELS", "forecast"]
