"""How good a forecast was: point, quantile and band scores. A pair with a missing value does not count."""

import numpy as np
import xarray as xr


def wape(forecast: xr.DataArray, actual: xr.DataArray) -> float:
    """Sum of absolute errors over the sum of what was measured; NaN where that is 0 or no pair is known. [1]"""
    error = abs(_difference(forecast, actual))
    total = float(actual.where(error.notnull()).sum())
    return float(error.sum()) / total if total > 0 else float("nan")


def pinball(forecast: xr.DataArray, actual: xr.DataArray) -> xr.DataArray:
    """Mean quantile loss of each quantile. [unit of the arrays]

    Parameters
    ----------
    forecast : (..., quantile)
    actual : (...)

    References
    ----------
    .. [1] R. Koenker, G. Bassett, "Regression Quantiles", Econometrica 46 (1978).
    """
    over = _difference(actual, forecast)  # what was measured above the quantile
    loss = np.maximum(forecast["quantile"] * over, (forecast["quantile"] - 1) * over)
    return loss.mean([d for d in loss.dims if d != "quantile"])


def crps(forecast: xr.DataArray, actual: xr.DataArray) -> float:
    """Continuous ranked probability score: twice the quantile loss integrated over the quantiles. [unit of the arrays]

    The loss is taken as linear between the quantiles and as 0 at 0 and 1.

    References
    ----------
    .. [1] T. Gneiting, R. Ranjan, "Comparing Density Forecasts Using Threshold- and Quantile-Weighted Scoring Rules", 2011.
    """
    loss = pinball(forecast, actual).sortby("quantile")
    return float(2 * np.trapezoid(np.r_[0, loss.values, 0], np.r_[0, loss["quantile"].values, 1]))


def _difference(left: xr.DataArray, right: xr.DataArray) -> xr.DataArray:
    left, right = xr.align(left, right, join="exact", exclude=["quantile"])
    return left - right
