"""Billing windows are those of the clock on the wall, wherever a course of power begins."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tariffs.conftest import demand_charge
from wss import tariffs
from wss.config import Tariff

ZONES = ["UTC", "Europe/Lisbon", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo"]
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


def steps(start: str, count: int, step: str = "15min") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq=step, unit="ns", name="time")


def hourly(zone: str = "UTC") -> Tariff:
    """1 EUR for each kW of the month's highest hour."""
    spans = [{"days": WEEK, "hours": ["00:00-24:00"]}]
    periods = [{"name": "all", "title": "All", "price_per_kwh": 0.1, "spans": spans}]
    charge = {"price_per_kw": 1.0, "window_minutes": 60}
    versions = [{"valid_from": "2020-01-01", "source": "made up", "demand_charge": charge, "periods": periods}]
    return Tariff.model_validate({"name": "t", "currency": "EUR", "time_zone": zone, "versions": versions})


def test_bill_and_plan_of_a_course_that_begins_at_a_quarter_past():
    """100 kW from 06:45 to 07:45: the hour from 07:00 has 75 kW, wherever the plan starts."""
    time = steps("2026-01-05T06:15", 12)
    power = np.where((time >= "2026-01-05T06:45") & (time < "2026-01-05T07:45"), 100.0, 0.0)
    charges = tariffs.peak_charges(hourly(), time)
    assert [charge.windows(time).highest(power) for charge in charges] == [75.0]
    assert demand_charge(hourly(), xr.DataArray(power, dims="time", coords={"time": time})) == 75.0


@pytest.mark.parametrize(("zone", "first"), [("Asia/Kolkata", "05:30"), ("Asia/Kathmandu", "05:15"), ("UTC", "06:00")])
def test_hours_of_zones_with_parts_of_an_hour(zone, first):
    """Kolkata is 5:30 ahead, Kathmandu 5:45: their full hours are at half past and a quarter past in UTC."""
    assert tariffs.begins(steps("2026-01-05T06:10", 1), zone, 60)[0] == pd.Timestamp(f"2026-01-05T{first}")


def test_the_doubled_hour_and_the_clock_that_goes_half_an_hour():
    doubled = tariffs.begins(steps("2022-10-30T00:00", 8), "Europe/Lisbon", 60)
    assert doubled.strftime("%H:%M").tolist() == ["00:00"] * 4 + ["01:00"] * 4
    back = tariffs.begins(steps("2026-04-04T14:00", 10), "Australia/Lord_Howe", 60)  # at 15:00 UTC the wall goes 02:00 -> 01:30
    assert back.strftime("%H:%M").tolist() == ["14:00"] * 4 + ["15:00"] * 2 + ["15:30"] * 4
    ahead = tariffs.begins(steps("2026-10-03T14:30", 8), "Australia/Lord_Howe", 60)  # at 15:30 UTC 02:00 -> 02:30
    assert ahead.strftime("%H:%M").tolist() == ["14:30"] * 4 + ["15:30"] * 2 + ["16:00"] * 2


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(ZONES), st.sampled_from([15, 30, 60]), st.datetimes(pd.Timestamp("2020-01-01"), pd.Timestamp("2029-12-31"))
)
def test_a_window_is_a_span_of_the_wall_clock(zone, minutes, moment):
    """Every moment is in one window, on one side of a change of the clock, that began on the clock or at the change."""
    time = steps(pd.Timestamp(moment).floor("min"), 1)
    first = tariffs.begins(time, zone, minutes)
    assert pd.Timedelta(0) <= time[0] - first[0] < pd.Timedelta(minutes=minutes)
    assert tariffs.begins(first, zone, minutes).equals(first)
    local, before, now = (
        t.tz_localize("UTC").astimezone(ZoneInfo(zone)) for t in (first[0], first[0] - pd.Timedelta("1s"), time[0])
    )
    assert local.utcoffset() == now.utcoffset()
    assert local.minute % minutes == 0 or before.utcoffset() != local.utcoffset()


def test_windows_of_a_course_that_ends_early_and_of_long_steps():
    time = steps("2026-01-05T06:30", 6)
    windows = tariffs.Windows.of(tariffs.begins(time, "UTC", 60))
    assert windows.means(np.array([10.0, 20, 40, 0, 0, 80])).tolist() == [15.0, 30.0]
    assert windows.means(np.array([[10.0, 20, 40], [0, 0, 6]])).tolist() == [[15.0, 40.0], [0.0, 6.0]]
    assert windows.highest(np.array([[10.0, 20, 40], [0, 0, 6]])).tolist() == [40.0, 6.0]
    long = tariffs.Windows.of(tariffs.begins(steps("2026-01-05T06:00", 3, "60min"), "UTC", 15))
    assert long.means(np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0]


def test_versions_of_one_month_are_one_charge():
    """A tariff that changes on the 16th has two charges in that month; the dearer one is due."""
    first = hourly().model_dump()["versions"][0]
    later = first | {"valid_from": "2026-01-16", "demand_charge": first["demand_charge"] | {"price_per_kw": 2.0}}
    tariff = Tariff.model_validate(hourly().model_dump() | {"versions": [first, later]})
    time = steps("2026-01-15T22:00", 4, "60min")
    charges = tariffs.peak_charges(tariff, time)
    assert [charge.price_per_kw for charge in charges] == [1.0, 2.0]
    assert tariffs.together(charges) == [[0, 1]]
    for power, due in (([50.0, 0, 20, 0], 50.0), ([50.0, 0, 30, 0], 60.0)):
        assert demand_charge(tariff, xr.DataArray(power, dims="time", coords={"time": time})) == due
