"""The forecast step: saved as it is returned, from what was known, and measured against what came."""

import numpy as np
import pytest
import xarray as xr

from wss import times
from wss.errors import DataError
from wss.forecasting import metrics
from wss.steps.forecast.issue import run_forecast
from wss.steps.observed import derived_demand
from wss.steps.run import read_summary
from wss.store import RunRecord

NOW = times.utc("2022-07-16T06:15")


def committed(run, at):
    """Commit the run as a cycle does, and publish it."""
    record = RunRecord(run.id, "forecast", run.now, at, at, "ok", cycle=True, folder=run.id)
    run.store.commit_run(record)
    run.store.publish({"forecast": run.id}, at)


def test_what_is_saved_is_what_is_returned(run_at):
    run = run_at(NOW)
    result = run_forecast(run)
    xr.testing.assert_identical(run.load(run.id, "forecast").load()["demand"], result["demand"])
    assert result.get_index("time")[0] == times.utc("2022-07-16T06:00")
    assert result.sizes == {"time": 49, "zone": 4, "quantile": 7}


def test_it_is_near_the_truth(run_at, measured):
    """Two weeks of a demand that repeats but for 2 % of noise."""
    result = run_forecast(run_at(NOW))["demand"].sel(quantile=0.5).isel(time=slice(0, 24))
    truth = measured.demand.sel(time=result["time"], zone=result["zone"])
    assert metrics.wape(result.drop_vars("quantile"), truth) < 0.04


def test_summary(run_at):
    run = run_at(NOW)
    run_forecast(run)
    summary = read_summary(run.folder)
    assert summary["forecast_wape"] is None
    assert summary["history_days"] == pytest.approx(12.3, abs=0.1)
    assert set(summary["gaps"]) == {"norte", "sul", "porto", "industria"}


def test_the_forecast_of_yesterday_is_judged(run_at):
    yesterday = run_at(NOW - times.DAY, "yesterday", "forecast")
    said = run_forecast(yesterday)["demand"].sel(quantile=0.5, drop=True)
    committed(yesterday, yesterday.now)
    today = run_at(NOW)
    run_forecast(today)
    actual = derived_demand(today, NOW - times.DAY, NOW)["demand"].isel(time=slice(1, None))
    expected = float(abs(said.sel(time=actual["time"]) - actual).sum() / actual.sum())
    assert read_summary(today.folder)["forecast_wape"] == pytest.approx(expected, abs=2e-3)
    assert 0 < expected < 0.05


def test_a_moment_without_any_past_is_refused(run_at):
    with pytest.raises(DataError, match="no demand is known"):
        run_forecast(run_at("2022-05-01T00:00"))


def test_rerun_of_last_week_gives_the_same(run_at):
    first, again = (run_forecast(run_at("2022-07-12T06:00", name))["demand"] for name in ("a", "b"))
    np.testing.assert_array_equal(first, again)
