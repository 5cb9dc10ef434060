"""Forecasts with quantiles: ordered, never missing or negative, honest, and blind to the future."""

import time as clock

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wss import times
from wss.config import Calendar
from wss.errors import DataError
from wss.forecasting import MODELS, forecast
from wss.quantities import check, labelled

HOUR, ROME = pd.Timedelta("1h"), "Europe/Rome"
ISSUE = times.utc("2022-06-12T22:00")


def issue(demand, at=ISSUE, steps=49, **more):
    return forecast(demand, at, steps, HOUR, Calendar(), ROME, **more).demand


@pytest.fixture
def noisy(habit):
    """Function (weeks, seed) -> demand with errors of 10 % and its truth for two days more."""

    def make(weeks=14, seed=0, zones=4):
        demand = habit(str(ISSUE - weeks * 7 * times.DAY), str(ISSUE + 14 * times.DAY), zones=zones)
        return demand * (1 + 0.1 * np.random.default_rng(seed).standard_normal(demand.shape))

    return make


@pytest.mark.parametrize("model", sorted(MODELS))
def test_form(model, noisy):
    result = issue(noisy(), model=model)
    check(result.to_dataset(), "test")
    assert result.dims == ("time", "zone", "quantile")
    assert result.sizes == {"time": 49, "zone": 4, "quantile": 7}
    assert result.get_index("time")[0] == ISSUE
    assert result["quantile"].values.tolist() == [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    assert bool(result.notnull().all())
    assert bool((result >= 0).all())
    assert bool((result.diff("quantile") >= 0).all())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.95), st.integers(1, 40))
def test_never_missing_or_negative_whatever_is_lost(seed, lost, days):
    rng = np.random.default_rng(seed)
    time = times.grid(ISSUE - days * times.DAY, ISSUE, HOUR)
    values = np.where(rng.random((len(time), 2)) < lost, np.nan, rng.normal(1, 3, (len(time), 2)))
    kept = rng.random(len(time)) < 0.9
    assume(np.isfinite(values[kept]).any())
    demand = labelled("demand", values[kept], time=time[kept], zone=["a", "b"])
    result = issue(demand, settling_days=14)
    assert bool(np.isfinite(result).all())
    assert bool((result >= 0).all())
    assert bool((result.diff("quantile") >= 0).all())


def test_the_future_is_not_looked_at(noisy):
    demand = noisy()
    poisoned = demand.copy()
    poisoned[demand.get_index("time") >= ISSUE] = 1e6
    np.testing.assert_array_equal(issue(demand, settling_days=21), issue(poisoned, settling_days=21))


def test_scale_and_names_change_nothing_but_themselves(noisy):
    demand = noisy()
    other = (1000 * demand).assign_coords(zone=["quay", "1", "ü", "zone with blanks"])
    np.testing.assert_allclose(issue(other, settling_days=21), 1000 * issue(demand, settling_days=21), rtol=1e-9)


def inside(forecast, actual, level) -> float:
    """Share of what was measured that lies in the central band."""
    low, high = (forecast.sel(quantile=q, method="nearest") for q in ((1 - level) / 2, (1 + level) / 2))
    return float(((low <= actual) & (actual <= high)).mean())


def test_bands_cover_what_they_say(noisy):
    """Errors of 10 % that are alike on all days: four zones, seven forecasts of a day."""
    demand = noisy(weeks=16)
    wide = [issue(demand, ISSUE - k * times.DAY, 24, settling_days=42) for k in range(0, 26, 4)]
    for level in (0.8, 0.9):
        covered = np.mean([inside(f, demand.sel(time=f.time), level) for f in wide])
        assert covered == pytest.approx(level, abs=0.03)


def test_too_short_a_past_still_has_bands(habit):
    result = issue(habit(str(ISSUE - times.DAY), str(ISSUE)))
    spread = (result.sel(quantile=0.95) - result.sel(quantile=0.05)) / result.sel(quantile=0.5)
    assert float(spread.min()) > 0.5


@pytest.mark.parametrize(("at", "say"), [("2022-06-12T22:10", "multiple"), ("2020-01-01", "no demand is known")])
def test_refusals(at, say, habit):
    with pytest.raises(DataError, match=say):
        issue(habit("2022-05-12T22:00", "2022-06-12T22:00"), times.utc(at))


def test_it_is_cheap(noisy):
    demand = noisy()
    began = clock.process_time()
    issue(demand)
    assert clock.process_time() - began < 1.5
