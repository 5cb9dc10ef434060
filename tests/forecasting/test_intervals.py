"""Bands and paths from errors whose quantiles are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss import times
from wss.forecasting import intervals
from wss.forecasting.intervals import ADAPT_ROWS, BLIND_SPREAD, CLASSES, FEWEST, QUANTILES, STRETCH

TIME = times.grid(times.utc("2022-06-01"), times.utc("2022-06-03"), times.HOUR)
Q = np.array(QUANTILES)


def test_classes_are_leads_times_hours():
    lead, hour = (a.ravel() for a in np.meshgrid(np.arange(168), np.arange(24)))
    assert set(intervals.classes(lead, hour)) == set(range(CLASSES))
    assert intervals.classes(np.array([0, 5, 6, 500]), np.array([0, 4, 0, 23])).tolist() == [0, 0, 6, CLASSES - 1]


def test_quantiles_of_uniform_errors():
    rows = 4001
    missed = np.c_[np.linspace(-1, 1, rows), 2 * np.linspace(-1, 1, rows)]
    table = intervals.spread_table(np.zeros(rows), np.zeros(rows), np.zeros(rows), missed)
    np.testing.assert_allclose(table[0], np.outer([1, 2], 2 * Q - 1), atol=2e-3)
    np.testing.assert_allclose(table[7], table[0])  # a class without errors has those of the zone


def test_new_errors_count_more_than_old_ones():
    missed = np.r_[np.full(500, 5.0), np.linspace(-1, 1, 500)][:, None]
    table = intervals.spread_table(np.zeros(1000), np.zeros(1000), np.r_[np.full(500, 900.0), np.zeros(500)], missed)
    np.testing.assert_allclose(table[0, 0], 2 * Q - 1, atol=0.01)


def test_hardly_any_errors_give_blind_bands():
    missed = np.full((FEWEST - 1, 1), 0.01)
    table = intervals.spread_table(*np.zeros((3, FEWEST - 1)), missed)
    np.testing.assert_allclose(table[0, 0], np.array(BLIND_SPREAD) - 1)


@pytest.mark.parametrize(("size", "factor"), [(1.0, 1.0), (1.44, 1.2), (9.0, STRETCH[1]), (0.1, STRETCH[0])])
def test_bands_stretch_to_what_came_after(size, factor):
    """80 % of recent errors lie within `size` times the 80 % band: half of that is followed, up to the bounds."""
    spread = np.tile((Q - 0.5) / 0.4, (CLASSES, 1, 1))  # the 80 % band is from -1 to 1
    missed = np.linspace(-size / 0.8, size / 0.8, 2001)[:, None]
    of = np.zeros(len(missed), dtype=int)
    assert intervals.stretch(spread, missed, of) == pytest.approx([factor], rel=0.01)
    few = np.where(np.arange(len(missed)) < ADAPT_ROWS - 1, missed[:, 0], np.nan)[:, None]
    assert intervals.stretch(spread, few, of) == 1


def wide(point, spread):
    spread = np.broadcast_to(spread, (*point.shape, len(Q)))
    return intervals.around(point, spread, np.full(point.shape[1], 100.0), TIME, ("a", "b"))


def test_around_keeps_the_point_and_never_goes_below_nothing():
    found = wide(np.full((48, 2), 30.0), Q - 0.45)
    assert (found.sel(quantile=0.5) == 30).all()
    assert (found.sel(quantile=0.05) == 0).all()
    assert (found.sel(quantile=0.95) == 75).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1e4))
def test_paths_have_the_quantiles_and_the_errors_order(seed, size):
    rng = np.random.default_rng(seed)
    paths = size * np.cumsum(rng.standard_normal((400, 48, 2)), axis=1)
    paths[:, :, 1] = 0.9 * paths[:, :, 0] + 0.1 * paths[:, :, 1]
    forecast = wide(np.full((48, 2), 500.0), np.linspace(-1, 1, 7))
    found = intervals.members(forecast, paths)
    assert found.dims == ("member", "time", "zone")
    order = np.argsort(np.argsort(paths, axis=0), axis=0)
    np.testing.assert_array_equal(np.argsort(np.argsort(found.values, axis=0), axis=0), order)
    for q in QUANTILES:
        np.testing.assert_allclose(np.quantile(found.values, q, axis=0), forecast.sel(quantile=q), atol=1.5)


def test_the_sum_of_paths_is_wider_than_of_independent_hours():
    rng = np.random.default_rng(0)
    paths = np.repeat(rng.standard_normal((300, 1, 2)), 48, axis=1)  # an error lasts for two days
    found = intervals.members(wide(np.full((48, 2), 500.0), np.linspace(-1, 1, 7)), paths)
    one, summed = found.isel(time=0).std("member"), found.sum("time").std("member")
    np.testing.assert_allclose(summed, 48 * one, rtol=0.01)  # independent hours: about 7 times


def test_skill_is_what_was_saved():
    lead, usual = np.array([0, 1, 7, 8, 100]), np.array([[2.0], [-2.0], [4.0], [np.nan], [0.0]])
    found = intervals.skill(lead, usual, np.array([[1.0], [1.0], [-5.0], [np.nan], [1.0]]))
    np.testing.assert_allclose(found[:, 0], [0.5, -0.25, np.nan, np.nan, np.nan])
