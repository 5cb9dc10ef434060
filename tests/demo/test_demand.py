"""Demand of the plant: real hours, gaps filled, the same whatever span is asked for."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.demo.demand import zone_demand
from wss.demo.settings import ZoneDemand
from wss.errors import DataError

ZONES = (ZoneDemand(zone="a", areas=("DMA 1", "DMA 2"), factor=2.0), ZoneDemand(zone="b", areas=("DMA 5",), factor=1.0))
START, END = pd.Timestamp("2022-07-01"), pd.Timestamp("2022-07-08")


def test_two_years_without_a_gap(inflow):
    span = inflow["2021-06-01":"2023-03-31"]
    assert not span.isna().any().any()
    assert (span.index[1:] - span.index[:-1] == times.HOUR).all()


def test_gap_is_filled_with_the_week_before(inflow):
    """DMA 5 has no readings on the morning of 5 July 2022."""
    morning = inflow.loc["2022-07-05 04:00":"2022-07-05 18:00", "DMA 5"]
    assert morning.to_numpy() == pytest.approx(inflow.loc["2022-06-28 04:00":"2022-06-28 18:00", "DMA 5"].to_numpy())


def test_hour_without_noise_is_that_of_the_areas(inflow):
    demand = zone_demand(inflow, ZONES, START, END, 0.0, 1)
    hourly = demand.resample(time="h").mean().to_pandas()
    assert hourly["a"].to_numpy() == pytest.approx(2 * inflow.loc[START:END, ["DMA 1", "DMA 2"]].sum(axis=1).to_numpy()[:-1])


def test_noise_has_the_asked_spread(inflow):
    exact, noisy = (zone_demand(inflow, ZONES, START, END, spread, 1) for spread in (0.0, 0.03))
    assert float((noisy / exact).std()) == pytest.approx(0.03, rel=0.05)
    assert float((noisy / exact).mean()) == pytest.approx(1, abs=0.002)


def test_moment_has_one_demand_whatever_the_span(inflow):
    whole = zone_demand(inflow, ZONES, START, END, 0.03, 1)
    part = zone_demand(inflow, ZONES, START + pd.Timedelta("5h25min"), START + pd.Timedelta("7h10min"), 0.03, 1)
    np.testing.assert_array_equal(part.values, whole.sel(time=part.time).values)
    assert not np.array_equal(whole.values, zone_demand(inflow, ZONES, START, END, 0.03, 2).values)


def test_end_of_the_data_is_said(inflow):
    with pytest.raises(DataError, match="reaches from .* to 2023-03-31T21:00:00Z"):
        zone_demand(inflow, ZONES, pd.Timestamp("2023-03-31 20:00"), pd.Timestamp("2023-03-31 23:00"), 0.0, 1)
