"""Demand: derived from flows and levels, and forecast with quantiles and sampled paths from the tenant's own past errors."""

from wss.forecasting.fitted import Fitted
from wss.forecasting.fitted import load as load_fitted
from wss.forecasting.issue import MODELS, Issued, forecast, refit

__all__ = ["MODELS", "Fitted", "Issued", "forecast", "load_fitted", "refit"]
