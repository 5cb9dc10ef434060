"""UTC inside, local at the edges: days of 23 and 25 hours, round trips, and text that is no time."""

from datetime import date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss import times
from wss.errors import DataError

MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
ZONES = st.sampled_from(["UTC", "Europe/Lisbon", "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


@pytest.mark.parametrize(
    "moment",
    [
        "2022-07-25T06:00",
        "2022-07-25T06:00Z",
        "2022-07-25T08:00+02:00",
        "2022-07-25 06:00:00",
        datetime(2022, 7, 25, 6),
        datetime(2022, 7, 25, 8, tzinfo=timezone(timedelta(hours=2))),
        pd.Timestamp("2022-07-25T06:00", tz="UTC"),
        np.datetime64("2022-07-25T06:00"),
    ],
)
def test_every_way_to_say_a_moment(moment):
    found = times.utc(moment)
    assert (found, found.tzinfo, found.unit) == (pd.Timestamp("2022-07-25T06:00"), None, "ns")


@pytest.mark.parametrize("text", ["yesterday noon", "", "NaT", "2022-13-01", "2022-02-30T00:00"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(DataError, match="is not an ISO time such as"):
        times.utc(text)


@settings(deadline=None, max_examples=50)
@given(MOMENTS)
def test_iso_and_epoch_go_round(moment):
    stamp = pd.Timestamp(moment)
    assert times.utc(times.iso(stamp)) == stamp
    seconds = times.epoch(pd.DatetimeIndex([stamp]))
    assert seconds[0] == (moment - datetime(1970, 1, 1)).total_seconds()
    assert times.from_epoch(seconds)[0] == stamp
    assert times.from_epoch(seconds).unit == "ns"
    assert (times.seconds(stamp), times.moment(times.seconds(stamp))) == (seconds[0], stamp)


@pytest.mark.parametrize(("day", "hours"), [("2022-03-27", 23), ("2022-10-30", 25), ("2022-07-25", 24)])
def test_length_of_a_local_day(day, hours):
    start, end = times.local_day(day, "Europe/Lisbon")
    assert end - start == hours * times.HOUR
    assert len(times.grid(start, end, times.HOUR)) == hours


@settings(deadline=None, max_examples=50)
@given(st.dates(date(1980, 1, 1), date(2037, 12, 31)), ZONES)
def test_days_follow_on_one_another_and_hold_their_date(day, zone):
    start, end = times.local_day(day, zone)
    assert times.local_day(day + timedelta(days=1), zone)[0] == end
    assert times.local_date(start, zone) == day
    assert times.local_date(end - pd.Timedelta("1s"), zone) == day
    assert times.local_date(end, zone) == day + timedelta(days=1)


@pytest.mark.parametrize(("day", "hours"), [("2018-11-04", 23), ("2018-02-17", 25)])
def test_day_that_changes_its_clock_at_midnight(day, hours):
    """In Brazil the clock went from 00:00 to 01:00 in spring, and from 24:00 back to 23:00 in autumn."""
    start, end = times.local_day(day, "America/Sao_Paulo")
    assert end - start == hours * times.HOUR
    assert times.local_date(start, "America/Sao_Paulo") == date.fromisoformat(day)


def test_wall_repeats_an_hour_in_autumn():
    hours = times.grid(pd.Timestamp("2022-10-29T23:00"), pd.Timestamp("2022-10-30T03:00"), times.HOUR)
    assert [f"{w:%H}" for w in times.wall(hours, "Europe/Lisbon")] == ["00", "01", "01", "02"]


@settings(deadline=None, max_examples=50)
@given(MOMENTS, ZONES)
def test_wall_differs_from_utc_by_the_offset(moment, zone):
    stamp = pd.DatetimeIndex([moment])
    offset = times.to_local(stamp, zone)[0].utcoffset()
    assert times.wall(stamp, zone)[0] - stamp[0] == offset


def test_grid_is_half_open_and_named():
    found = times.grid(pd.Timestamp("2022-07-25"), pd.Timestamp("2022-07-25T01:00"), pd.Timedelta("15min"))
    assert (len(found), found.name, found.unit, found[-1]) == (4, "time", "ns", pd.Timestamp("2022-07-25T00:45"))


def test_floor():
    assert times.floor(pd.Timestamp("2022-07-25T06:14:59"), pd.Timedelta("15min")) == pd.Timestamp("2022-07-25T06:00")
    assert times.floor(pd.Timestamp("2022-07-25T06:15"), pd.Timedelta("15min")) == pd.Timestamp("2022-07-25T06:15")
