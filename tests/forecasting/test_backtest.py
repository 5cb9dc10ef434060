"""Backtest: origins, refits and scores worked by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from wss import times
from wss.config import Calendar
from wss.forecasting import backtest, metrics
from wss.forecasting.backtest import ALL, origins, refit_moments, score, tables, together
from wss.forecasting.intervals import QUANTILES
from wss.quantities import labelled

ROME, ITALY = "Europe/Rome", Calendar(country="IT")
START = pd.Timestamp("2022-07-03T22:00")  # a Roman Monday


def issued(median, spread=0.0, profile=None, naive=None, start=START, step=times.HOUR, zones=("a",)) -> xr.Dataset:
    """Forecasts (origin, lead, zone) of origins a day apart, whose bands are `spread` wide on either side at 5 and 95 %."""
    median = np.asarray(median, dtype=float).reshape(-1, np.shape(median)[1] if np.ndim(median) > 1 else len(median), len(zones))
    wide = median[..., None] + spread * (np.array(QUANTILES) - 0.5) / 0.45
    dims = ("origin", "lead", "zone")
    points = {
        name: (dims, median if value is None else np.broadcast_to(value, median.shape).astype(float))
        for name, value in (("profile", profile), ("naive", naive))
    }
    return xr.Dataset(
        {"forecast": ((*dims, "quantile"), wide), **points},
        {
            "origin": pd.date_range(start, periods=len(median), freq="D", unit="ns"),
            "lead": np.arange(median.shape[1]),
            "zone": list(zones),
            "quantile": list(QUANTILES),
        },
    )


def measured(values, start=START, step=times.HOUR, zones=("a",)) -> xr.DataArray:
    values = np.asarray(values, dtype=float).reshape(-1, len(zones))
    return labelled("demand", values, time=pd.date_range(start, periods=len(values), freq=step, unit="ns"), zone=list(zones))


def scored(wide, demand, step=times.HOUR):
    return score(wide, demand, step, ITALY, ROME)


@pytest.mark.parametrize(
    ("first", "offsets"),
    [("2022-03-25T23:00", [0, 24, 47, 71]), ("2022-10-28T22:00", [0, 24, 49, 73]), ("2022-07-01T05:00", [0, 24, 48, 72])],
)
def test_origins_a_day_apart_keep_the_clock_on_the_wall(first, offsets):
    first = pd.Timestamp(first)
    found = origins(first, first + 4 * times.DAY, times.DAY, times.HOUR, ROME)
    assert ((found - first) / times.HOUR).tolist()[:4] == offsets
    assert len(set(times.wall(found, ROME).hour)) == 1


def test_origins_live_through_a_midnight_that_does_not_exist():
    first = pd.Timestamp("2022-09-09T04:00")  # midnight in Santiago, where that of the 11th is skipped
    found = origins(first, first + 4 * times.DAY, times.DAY, times.HOUR, "America/Santiago")
    assert ((found - first) / times.HOUR).tolist() == [0, 24, 48, 71, 95]


@given(
    st.integers(0, 10_000),
    st.sampled_from(["6h", "15min", "1D", "2D", "7D", "36h"]),
    st.integers(1, 40),
    st.sampled_from(["15min", "1h"]),
)
def test_origins_lie_in_the_span_on_the_grid(hour, every, days, step):
    first, step = pd.Timestamp("2021-01-01") + hour * times.HOUR, max(pd.Timedelta(step), pd.Timedelta("15min"))
    found = origins(first + pd.Timedelta("7min"), first + days * times.DAY, max(pd.Timedelta(every), step), step, ROME)
    assert found[0] == first
    assert found.is_unique
    assert found.is_monotonic_increasing
    assert (found < first + days * times.DAY).all()
    assert (found == found.floor(step)).all()


@given(st.integers(0, 20_000), st.integers(1, 60))
def test_a_refit_is_the_last_before_its_origin_and_depends_on_nothing_else(hour, days):
    moment = pd.DatetimeIndex([pd.Timestamp("2020-01-01") + hour * times.HOUR])
    (refit,) = refit_moments(moment, days)
    assert pd.Timedelta(0) <= moment[0] - refit < days * times.DAY
    assert refit_moments(moment.union(moment - 1000 * times.DAY), days)[-1] == refit


def test_refits_of_whole_weeks_are_on_mondays():
    assert set(refit_moments(pd.date_range("2022-01-01", periods=200, freq="D"), 28).day_of_week) == {0}


def test_scores_against_hand():
    scores = scored(issued([[10.0, 20, 30, 40]], 9.0, profile=12.0, naive=25.0), measured([10, 26, np.nan, 49]))
    assert scores["error_forecast"].values.ravel().tolist() == pytest.approx([0, 6, np.nan, 9], nan_ok=True)
    assert scores["error_profile"].values.ravel().tolist() == pytest.approx([2, 14, np.nan, 37], nan_ok=True)
    assert scores["error_naive"].values.ravel().tolist() == pytest.approx([15, 1, np.nan, 24], nan_ok=True)
    # 80 % reaches 8 and 90 % 9 to either side, its edge belongs to it
    assert scores["inside_80"].values.ravel().tolist() == pytest.approx([1, 1, np.nan, 0], nan_ok=True)
    assert scores["inside_90"].values.ravel().tolist() == pytest.approx([1, 1, np.nan, 1], nan_ok=True)
    assert scores["loss"].sel(quantile=0.5).values.ravel().tolist() == pytest.approx([0, 3, np.nan, 4.5], nan_ok=True)
    assert scores["hour"].values.ravel().tolist() == [0, 1, 2, 3]
    by_lead = tables(scores).by_lead
    assert by_lead["wape_forecast"].tolist()[::2] == pytest.approx([0, 6 / 26, np.nan, 9 / 49], nan_ok=True)
    (every,) = tables(scores).by_span.query("zone == ''").to_dict("records")
    assert (every["from_h"], every["to_h"], every["count"], every["known"]) == (0, 4, 3, 3)
    assert every["mae_forecast"] == pytest.approx(5)
    assert every["wape_forecast"] == pytest.approx(15 / 85)
    assert every["skill_naive"] == pytest.approx(1 - 15 / 40)
    assert every["inside_80"] == pytest.approx(2 / 3)


def test_zones_together_are_weighed_by_their_water():
    wide = issued([[[90.0, 9.0]]], profile=np.array([80.0, 12.0]), naive=np.array([100.0, 11.0]), zones=("big", "small"))
    by = tables(scored(wide, measured([[100, 10]], zones=("big", "small")))).by_span.set_index("zone")
    assert by["wape_forecast"].to_dict() == pytest.approx({"big": 0.1, "small": 0.1, ALL: 0.1})
    assert by["skill_profile"].to_dict() == pytest.approx({"big": 0.5, "small": 0.5, ALL: 0.5})
    assert by.loc[ALL, "skill_naive"] == pytest.approx(1 - 11 / 1)
    assert by.loc["big", "skill_naive"] != by.loc["big", "skill_naive"], "a yardstick without any error gives no share"


def test_only_what_all_could_tell_is_compared():
    naive = np.array([[np.nan], [50.0]])
    table = tables(scored(issued([[10.0, 10]], 4.0, naive=naive), measured([99, 12]))).by_span.query("zone == ''")
    assert table["count"].tolist() == [1]
    assert table["known"].tolist() == [2]
    assert table["mae_forecast"].tolist() == pytest.approx([2])
    assert table["inside_90"].tolist() == pytest.approx([0.5])


def test_tables_tell_spans_days_and_hours():
    start = pd.Timestamp("2022-08-12T22:00")  # Saturday to Tuesday; the Monday is Ferragosto
    wide = issued(np.full((1, 96), 10.0), start=start)
    demand = measured(10.0 + np.repeat([1, 2, 4, 8], 24), start=start)
    found = tables(scored(wide, demand))
    assert found.by_span.query("zone == 'a'")[["from_h", "to_h"]].to_numpy().tolist() == [[0, 6], [6, 24], [24, 48], [48, 96]]
    mean = found.by_hour.groupby("day")["mae_forecast"].mean()
    assert mean.to_dict() == pytest.approx({"saturday": 1, "sunday": 3, "workday": 8})
    assert sorted(found.by_hour["hour"].unique()) == list(range(24))
    assert len(found.by_lead.query("zone == 'a'")) == 96


def test_quarter_hours_are_told_by_whole_hours_of_lead():
    step = pd.Timedelta("15min")
    found = tables(scored(issued(np.full((1, 8), 1.0)), measured([1, 1, 1, 5, 1, 1, 1, 1], step=step), step)).by_lead
    assert found.query("zone == 'a'")["mae_forecast"].tolist() == pytest.approx([1, 0])


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_scores_agree_with_the_metrics(seed):
    rng = np.random.default_rng(seed)
    wide = issued(rng.uniform(5, 15, (2, 30, 2)), rng.uniform(1, 6), zones=("a", "b"))
    demand = measured(rng.uniform(5, 15, (60, 2)), zones=("a", "b"))
    demand[rng.integers(0, 50, 10), 0] = np.nan
    scores = scored(wide, demand)
    for n, origin in enumerate(wide["origin"].values):
        one = (
            wide["forecast"]
            .isel(origin=n, drop=True)
            .rename(lead="time")
            .assign_coords(time=pd.date_range(origin, periods=30, freq="h", unit="ns"))
        )
        actual = demand.sel(time=one["time"].values)
        mine = scores.isel(origin=n)
        inside = (one.sel(quantile=0.1) <= actual) & (actual <= one.sel(quantile=0.9))
        assert float(mine["inside_80"].mean()) == pytest.approx(float(inside.where(actual.notnull()).mean()), abs=1e-6)
        assert float(mine["error_forecast"].mean()) == pytest.approx(float(abs(one.sel(quantile=0.5) - actual).mean()), rel=1e-5)
        np.testing.assert_allclose(mine["loss"].mean(("lead", "zone")), metrics.pinball(one, actual), rtol=1e-5)


def test_origins_of_different_zones_go_together():
    parts = [
        issued([[1.0, 2]], zones=("b",)).isel(origin=0, drop=True),
        issued([[[3.0, 5], [4.0, 6]]], zones=("b", "a")).isel(origin=0, drop=True),
    ]
    both = together(parts, pd.DatetimeIndex([START, START + times.DAY]))
    assert both["zone"].values.tolist() == ["b", "a"]
    assert both["naive"].sel(zone="b").values.tolist() == [[1, 2], [3, 4]]
    assert np.isnan(both["forecast"].sel(zone="a")[0]).all()
    found = tables(scored(both, measured(np.full((60, 2), 4.0), zones=("a", "b"))))
    assert found.by_origin.query("zone == 'a'")["count"].tolist() == [0, 2]


def test_nothing_measured_is_no_error():
    found = tables(scored(issued([[1.0, 2]]), measured([np.nan, np.nan])))
    assert found.by_span["wape_forecast"].isna().all()
    assert found.by_span["inside_80"].isna().all()
    assert set(backtest.NAMES) == {"forecast", "profile", "naive"}
