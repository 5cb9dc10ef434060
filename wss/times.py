"""UTC without zone inside; local time only at the edges. Days of 23 and 25 hours are ordinary days."""

from datetime import date, datetime
from typing import TypeVar

import numpy as np
import pandas as pd

from wss.errors import DataError

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
PACKED_SHIFT = 2**40
"""Above every time in whole seconds since 1970 that a reading may have [s]."""
Whole = TypeVar("Whole", int, np.ndarray)


def utc(moment: str | datetime | pd.Timestamp | np.datetime64) -> pd.Timestamp:
    """Moment as a UTC timestamp without zone; text without an offset is taken as UTC.

    Raises
    ------
    DataError
        If the text is not an ISO time.
    """
    try:
        stamp = pd.Timestamp(moment)
    except ValueError as error:
        raise DataError(f"{moment!r} is not an ISO time such as 2022-07-25T06:00") from error
    if stamp is pd.NaT:
        raise DataError(f"{moment!r} is not an ISO time such as 2022-07-25T06:00")
    return (stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp).as_unit("ns")


def iso(moment: pd.Timestamp) -> str:
    """UTC moment as ISO text with the Z that says so, to the second."""
    return pd.Timestamp(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(time: pd.DatetimeIndex | pd.Series) -> np.ndarray:
    """Whole seconds since 1970-01-01 UTC of naive UTC times, as 64-bit integers. [s]"""
    return pd.DatetimeIndex(time).as_unit("s").asi8


def from_epoch(seconds) -> pd.DatetimeIndex:
    """Naive UTC times of whole seconds since 1970-01-01."""
    return pd.DatetimeIndex(pd.to_datetime(np.asarray(seconds, dtype="int64"), unit="s")).as_unit("ns")


def seconds(moment: str | datetime | pd.Timestamp | np.datetime64) -> int:
    """Whole seconds since 1970-01-01 UTC of one moment. [s]"""
    return utc(moment).value // 10**9


def packed(number: Whole, seconds: Whole) -> Whole:
    """A number (of a sensor, of a tag) and a time [s since 1970] as one integer that sorts as they do (reading,) [1]."""
    return number * PACKED_SHIFT + seconds


def packed_number(key: np.ndarray) -> np.ndarray:
    """The number in `packed` keys (reading,) [1]."""
    return key // PACKED_SHIFT


def moment(seconds: int) -> pd.Timestamp:
    """UTC timestamp without zone of whole seconds since 1970-01-01."""
    return pd.Timestamp(seconds, unit="s").as_unit("ns")


def grid(start: pd.Timestamp, end: pd.Timestamp, step: pd.Timedelta) -> pd.DatetimeIndex:
    """Regular UTC times from `start` up to but without `end`, named `time`."""
    return pd.date_range(start, end, freq=step, inclusive="left", name="time", unit="ns")


def floor(moment: pd.Timestamp, step: pd.Timedelta) -> pd.Timestamp:
    """Last multiple of `step` (counted from midnight UTC, 1970-01-01) at or before `moment`."""
    return moment.floor(step)


def to_local(time: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """Naive UTC times as times with the zone, for calendars, tariffs and screens."""
    return pd.DatetimeIndex(time).tz_localize("UTC").tz_convert(zone)


def wall(time: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """Naive UTC times as the clock on the wall shows them, without zone; one hour repeats each autumn."""
    return to_local(time, zone).tz_localize(None)


def local_day(day: date | str, zone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First moment of a local day and of the next, in UTC; 23, 24 or 25 hours apart."""
    first = pd.Timestamp(day).normalize()
    ends = pd.DatetimeIndex([first, first + DAY]).tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    start, end = ends.tz_convert("UTC").tz_localize(None).as_unit("ns")
    return start, end


def local_date(moment: pd.Timestamp, zone: str) -> date:
    """Date that the wall shows at a UTC moment."""
    return wall(pd.DatetimeIndex([moment]), zone)[0].date()
