"""Readings on a grid, and the demand that follows from them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from wss import times
from wss.ingestion.resample import at_instants, step_means
from wss.quantities import check
from wss.steps.observed import derived_demand, observed, readings

NOW = "2022-07-17T22:00"
HOUR = np.array([0, 3600])


def test_a_level_is_the_median_around_the_instant():
    seconds = np.arange(-1200, 4900, 300)
    value = 5 + seconds / 3600
    value[seconds == 300] = 99.0  # a spike beside the hour
    assert at_instants(seconds, value, HOUR) == pytest.approx([5, 6], abs=0.1)


def test_a_level_at_the_last_instant_follows_the_line():
    seconds = np.arange(0, 3600, 300)  # the reading of the full hour has not come yet
    assert at_instants(seconds, seconds / 3600, HOUR)[1] == pytest.approx(1.0)


def test_a_level_is_carried_over_a_short_gap_and_not_over_a_long_one():
    seconds = np.array([-3000, -900, 900, 3000, 6000])
    assert at_instants(seconds, seconds / 3600, np.array([0])) == pytest.approx([0.0])
    assert np.isnan(at_instants(seconds, seconds / 3600, np.array([4500]))).all()
    assert np.isnan(at_instants(np.array([], dtype=int), np.array([]), HOUR)).all()


def test_a_mean_weighs_readings_by_how_long_they_hold():
    # 10 for 45 minutes and 50 for 15 are 20 on average
    seconds, value = np.array([0, 900, 1800, 2700, 3600]), np.array([10.0, 10, 10, 50, 7])
    assert step_means(seconds, value, np.array([0]), 3600) == pytest.approx([20.0])


def test_a_mean_needs_three_quarters_of_its_step():
    seconds = np.arange(0, 3600, 300)
    short, long = np.delete(seconds, range(4, 9)), np.delete(seconds, range(3, 11))
    assert step_means(short, np.full(len(short), 8.0), np.array([0]), 3600) == pytest.approx([8.0])
    assert np.isnan(step_means(long, np.full(len(long), 8.0), np.array([0]), 3600)).all()
    assert np.isnan(step_means(np.array([], dtype=int), np.array([]), HOUR, 3600)).all()


@given(st.lists(st.floats(0, 1e4), min_size=48, max_size=48))
def test_the_integral_is_kept(values):
    """What four quarters say is what the hour says."""
    seconds, value = np.arange(0, 48 * 300, 300), np.array(values)
    quarters = step_means(seconds, value, np.arange(0, 14400, 900), 900).reshape(4, 4).mean(axis=1)
    np.testing.assert_allclose(quarters, step_means(seconds, value, np.arange(0, 14400, 3600), 3600), rtol=1e-9, atol=1e-9)


def test_observed_is_the_truth_on_the_grid(run_at, measured):
    run, start = run_at(NOW), times.utc("2022-07-10T00:00")
    seen = check(observed(run, ["level", "flow", "power", "pump_status"], start, start + times.DAY), "test")
    power = measured.truth.power.sel(time=slice(start, start + times.DAY - pd.Timedelta("1s")), pump=seen["pump"])
    xr.testing.assert_allclose(seen["power"], power.resample(time="15min").mean(keep_attrs=True))
    level = measured.truth.level.sel(time=seen["time"], tank=seen["tank"])
    assert float(abs(seen["level"] - level).max()) < 0.02  # the median bends where a pump switches
    assert seen.sizes["time"] == 96
    assert list(seen["pump"].values) == run.configuration.pump_ids


def test_nothing_of_the_future_is_seen(run_at):
    now = times.utc("2022-07-10T06:00")
    ahead = observed(run_at(now), ["flow", "level"], now + pd.Timedelta("15min"), now + times.DAY)
    assert bool(ahead["flow"].isnull().all())
    assert bool(ahead["level"].isnull().all())
    late = readings(run_at(now), "flow", now - times.HOUR, now + times.HOUR)
    assert late.get_index("time")[-1] <= now - pd.Timedelta(minutes=10)  # the usual delay


def test_derived_demand_is_the_demand_that_was_put_in(run_at, measured):
    demand = derived_demand(run_at(NOW), times.utc("2022-07-04T00:00"), times.utc(NOW) - times.HOUR)["demand"]
    truth = measured.demand.sel(time=demand["time"], zone=demand["zone"])
    error = abs(demand - truth).sum("time") / truth.sum("time")
    assert error.to_series().to_dict() == pytest.approx(dict.fromkeys(demand["zone"].values, 0.0), abs=0.02)
    assert float(error.sel(zone="porto")) < 1e-3  # no tank, no level
