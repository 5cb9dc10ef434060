"""A plan is charged what it is billed: one rule of billing windows in plan, verdict and bill, wherever it starts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tariffs.conftest import demand_charge
from wss import tariffs
from wss.config import Tariff
from wss.hydraulics import Engine
from wss.optimization import PeakCharge, solve, verify
from wss.optimization.core.replay import replay
from wss.optimization.core.task import make_task
from wss.optimization.relaxation.terms import window_parts

ZONES = ["UTC", "Europe/Rome", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]
STARTS = st.sampled_from(["2026-01-05T06:15", "2026-01-31T12:30", "2026-03-28T20:45", "2026-04-04T09:00", "2026-10-24T23:30"])


def tariff(zone: str, minutes: int, named: bool, prices: tuple[float, float]) -> Tariff:
    """Dear by day; another price of the peak from February on."""
    rates = (("day", 0.3, "07:30-22:00"), ("night", 0.1, "00:00-07:30"), ("late", 0.1, "22:00-24:00"))
    periods = [{"name": n, "title": n, "price_per_kwh": p, "spans": [{"days": WEEK, "hours": [h]}]} for n, p, h in rates]
    versions = [
        {
            "valid_from": day,
            "source": "made up",
            "periods": periods,
            "demand_charge": {"price_per_kw": price, "window_minutes": minutes, "periods": ["day", "late"] if named else []},
        }
        for day, price in zip(("2020-01-01", "2026-02-01"), prices, strict=True)
    ]
    return Tariff.model_validate({"name": "t", "currency": "EUR", "time_zone": zone, "versions": versions})


@settings(deadline=None, max_examples=25)
@given(
    start=STARTS,
    zone=st.sampled_from(ZONES),
    minutes=st.sampled_from([15, 30, 60]),
    named=st.booleans(),
    prices=st.tuples(st.floats(0, 9), st.floats(0, 9)),
    so_far=st.sampled_from([0.0, 12.0, 20.0]),
    runs=st.lists(st.booleans(), min_size=96, max_size=96),
)
def test_bill_plan_and_verdict_agree(problem, start, zone, minutes, named, prices, so_far, runs):
    moment = pd.Timestamp(start).as_unit("ns")
    price = problem.price.assign_coords(time=problem.price.get_index("time") + (moment - problem.start))
    agreed = tariff(zone, minutes, named, prices)
    own = replace(problem, start=moment, price=price)
    own = replace(own, charges=tariffs.peak_charges(agreed, own.time, so_far))
    speed = np.column_stack([np.repeat([True], 96), runs]).astype(float)
    with Engine(own.network) as engine:
        planned = replay(make_task(own, engine), speed).charge
        pumps = engine.pumps
    plan = pd.DataFrame(speed, own.time, pd.Index(pumps, name="pump")).stack().to_xarray()
    verdict = verify(own, plan)
    billed = demand_charge(agreed, verdict.simulation.power.sum("pump"), so_far)
    assert billed == pytest.approx(planned, abs=1e-9)
    assert billed == pytest.approx(verdict.charge, abs=1e-9)


def test_windows_of_the_linear_program():
    """Six quarter hours from a quarter past, in steps of one, one and four slots, for windows of an hour and of a quarter."""
    time = pd.date_range("2026-01-05T06:15", periods=6, freq="15min", unit="ns")
    edges = np.array([0, 1, 2, 6])
    hourly = tariffs.Windows.of(tariffs.begins(time, "UTC", 60))
    np.testing.assert_allclose(window_parts(hourly, edges), [[1 / 3, 1 / 3, 1 / 3], [0, 0, 1]])
    np.testing.assert_allclose(window_parts(hourly, edges[1:]), [[1 / 2, 1 / 2], [0, 1]])
    quarters = PeakCharge(1.0, 15).windows(time)
    assert window_parts(quarters, edges).tolist() == np.eye(3).tolist()
    last = replace(quarters, counts=np.array([False, True, True, True, True, True]))
    assert window_parts(last, edges).tolist() == np.eye(3)[1:].tolist()


def test_a_plan_over_a_change_of_the_tariff_within_a_month(problem):
    """From 02:00 on a kilowatt costs three times as much: the peak comes before, and is paid once."""
    two = problem.start + pd.Timedelta(hours=2)
    before = xr.DataArray([True, False], dims="time", coords={"time": [problem.start, two]})
    pair = [PeakCharge(rate, 60, 0.0, which, None, "peak", "2026-01") for rate, which in ((1.0, before), (3.0, ~before))]
    solved = solve(replace(problem, horizon=pd.Timedelta(hours=4), charges=tuple(pair)))
    power = solved.verdict.simulation.power.sum("pump").to_numpy().reshape(-1, 4).mean(axis=1)
    assert solved.verdict.feasible
    assert solved.verdict.charge == pytest.approx(max(power[:2].max(), 3 * power[2:].max()))
    assert power[:2].max() > power[2:].max()
