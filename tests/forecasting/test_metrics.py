"""Scores worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.forecasting import metrics

TIME = pd.date_range("2022-01-01", periods=4, freq="h", name="time")


def series(values):
    return xr.DataArray(np.array(values, dtype=float), dims="time", coords={"time": TIME})


def test_point_scores():
    forecast, actual = series([10, 20, 30, 40]), series([12, 20, np.nan, 30])
    assert metrics.wape(forecast, actual) == pytest.approx(12 / 62)
    assert np.isnan(metrics.wape(forecast, series([np.nan] * 4)))


def test_misaligned_time_is_refused():
    with pytest.raises(xr.AlignmentError):
        metrics.wape(series([1] * 4), series([1] * 4).assign_coords(time=TIME + pd.Timedelta("30min")))


def test_quantile_scores():
    quantiles = xr.DataArray([0.1, 0.5, 0.9], dims="quantile", coords={"quantile": [0.1, 0.5, 0.9]})
    forecast = series([0, 0, 0, 0]) + xr.DataArray([10.0, 20.0, 30.0], dims="quantile", coords={"quantile": quantiles.values})
    actual = series([20, 35, 10, 5])
    loss = metrics.pinball(forecast, actual)
    # median: half the mean absolute error (0 + 15 + 10 + 15) / 4
    assert loss.sel(quantile=0.5).item() == pytest.approx(0.5 * 40 / 4)
    # lowest: 0.1 * what lies above (10 + 25 + 0), 0.9 * what lies below (5)
    assert loss.sel(quantile=0.1).item() == pytest.approx((0.1 * 35 + 0.9 * 5) / 4)


def test_crps_of_a_uniform_distribution():
    """Of a uniform distribution on [0, 1] and a measured 0.5 it is 1/12."""
    levels = np.linspace(0.005, 0.995, 199)
    forecast = xr.DataArray(np.tile(levels, (4, 1)), dims=("time", "quantile"), coords={"time": TIME, "quantile": levels})
    assert metrics.crps(forecast, series([0.5] * 4)) == pytest.approx(1 / 12, rel=1e-3)
