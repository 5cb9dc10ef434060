"""Stamps of an export into UTC: formats, fixed offsets, and the hour that a wall clock shows twice in autumn."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone

import numpy as np
import pandas as pd

from wss.config import ImportProfile

OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
SAYS_OFFSET = r"(?:Z|[+-]\d\d:?\d\d)\s*$"
SKEW = pd.Timedelta(minutes=5)
"""How far the clock of a SCADA may be ahead of ours."""
NAT = np.datetime64("NaT", "ns")
DAY = np.timedelta64(1, "D")
MIDNIGHT = r"(?<!\d)(?<!\D\d\d:)(?<!\D\d:)(?<!^\d\d:)(?<!^\d:)24:00(:00(?:[.,]0+)?)?(?![\d:])"
"""The end of a day, which many a SCADA writes so; it is the start of the next. Minute 24 of an hour, as in 13:24:00, is not."""
NUMBERS = {
    "epoch_s": (1.0, "is not a number of seconds since 1970"),
    "epoch_ms": (0.001, "is not a number of milliseconds since 1970"),
    "excel": (86400.0, "is not a number of days as Excel counts them"),
}
"""Formats that are numbers: length of one [s], and why a stamp is none."""
EXCEL_S = -25569 * 86400.0
"""Excel's day 0, 30 December 1899, in seconds since 1970."""
LATEST_S = 2.0**33
"""Year 2242 [s since 1970]."""
YEARS = 250
"""Years from 1970 within which a time is one; nanoseconds in 64 bits reach 292."""


@dataclass(frozen=True)
class Stamps:
    """UTC times of distinct stamps. They differ only where the wall shows an hour twice."""

    first: np.ndarray
    """As the first pass through a doubled hour, which is summer time; NaT if there is no such time."""
    second: np.ndarray
    """As the second pass."""
    reason: np.ndarray
    """Why there is no such time; empty where there is."""


def parse(words: pd.Series, profile: ImportProfile) -> Stamps:
    """UTC times of the distinct stamps `words` of a file, each by the first format of the profile that it has."""
    words = words.str.strip()
    local, first, second = (np.full(len(words), NAT) for _ in range(3))
    for form in profile.time_formats:
        left = np.isnat(local)
        if not left.any():
            break
        utc, wall = _parsed(words[left], form, profile.decimal)
        zoned = ~np.isnat(utc)
        local[left] = np.where(zoned, utc, wall)
        ours = _from_local(wall, profile.time_zone)
        first[left], second[left] = (np.where(zoned, utc, own) for own in ours)
    reason = np.full(len(words), "", dtype=object)
    reason[np.isnat(first)] = f"the clocks of {profile.time_zone} skip this time"
    reason[np.isnat(local)] = _not(profile.time_formats)
    return Stamps(first, second, reason)


def _not(formats: tuple[str, ...]) -> str:
    """Why a stamp is no time."""
    if len(formats) > 1:
        return f"the time has none of the formats {', '.join(formats)}"
    return "the time " + NUMBERS[formats[0]][1] if formats[0] in NUMBERS else f"the time does not have the format {formats[0]}"


def _parsed(words: pd.Series, form: str, decimal: str) -> tuple[np.ndarray, np.ndarray]:
    """Times of stamps that say their offset [UTC], and of those that do not [wall clock]; NaT where the format does not fit."""
    utc, wall = np.full(len(words), NAT), np.full(len(words), NAT)
    if form in NUMBERS:
        unit = NUMBERS[form][0]
        number = pd.to_numeric(words.str.replace(decimal, "."), errors="coerce").to_numpy(dtype=float)
        seconds = number * unit + (EXCEL_S if form == "excel" else 0.0)
        seconds[~(np.abs(seconds) < LATEST_S)] = np.nan
        found = pd.to_datetime(pd.Series(np.round(seconds * 1000)), unit="ms").to_numpy(dtype="datetime64[ns]")
        return (wall, pd.DatetimeIndex(found).round("s").to_numpy()) if form == "excel" else (found, wall)
    zoned = np.zeros(len(words), dtype=bool)
    if form == "ISO8601" or "%z" in form:
        zoned = words.str.contains(SAYS_OFFSET).to_numpy(dtype=bool)
    late = np.zeros(len(words), dtype=bool)
    if (form == "ISO8601" or "%H" in form) and words.str.contains("24:00", regex=False).any():
        started = words.str.replace(MIDNIGHT, r"00:00\1", regex=True)
        late, words = (started != words).to_numpy(dtype=bool), started
    for which, into, is_utc in ((zoned, utc, True), (~zoned, wall, False)):
        if which.any():
            into[which] = _times(words[which], form, is_utc)
    utc[late] += DAY
    wall[late] += DAY
    return utc, wall


def _times(words: pd.Series, form: str, utc: bool) -> np.ndarray:
    times = pd.DatetimeIndex(pd.to_datetime(words, format=form, errors="coerce", utc=utc)).tz_localize(None)
    return times.where(np.abs(times.year - 1970) < YEARS).as_unit("ns").to_numpy(dtype="datetime64[ns]")


def _from_local(local: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    fixed = OFFSET.fullmatch(zone)
    if fixed:
        sign, hours, minutes = fixed.groups()
        tz = timezone(timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1))
    passes = [
        pd.DatetimeIndex(local)
        .tz_localize(tz if fixed else zone, ambiguous=np.full(len(local), summer), nonexistent="NaT")
        .tz_convert("UTC")
        .tz_localize(None)
        .to_numpy(dtype="datetime64[ns]")
        for summer in (True, False)
    ]
    return passes[0], passes[1]


def resolve(
    first: np.ndarray,
    second: np.ndarray,
    tags: np.ndarray,
    delivered: pd.Timestamp | None,
    last: Callable[[int], pd.Timestamp | None],
    backward: bool | None = None,
) -> np.ndarray:
    """UTC time of each row of a file, by deciding which pass through a doubled hour each row belongs to.

    Parameters
    ----------
    first, second
        The row's UTC time as either pass [datetime64].
    tags
        Number of the row's tag. [1]
    delivered
        When the file was delivered [UTC]; no reading is newer.
    last
        Given the number of a tag, the time of its last stored reading [UTC], or None.
    backward
        Whether the file has the newest first; None: most of a tag's steps tell.
    """
    time = first.copy()
    doubled = first != second
    doubled &= ~np.isnat(first)
    if not doubled.any():
        return time
    known = np.flatnonzero(~np.isnat(first))
    known = known[np.argsort(tags[known], kind="stable")]
    sorted_tags = tags[known]
    for tag in np.unique(tags[doubled]):
        rows = known[np.searchsorted(sorted_tags, tag) : np.searchsorted(sorted_tags, tag, side="right")]
        steps = np.diff(first[rows])
        newest_first = (steps < np.timedelta64(0)).sum() > (steps > np.timedelta64(0)).sum() if backward is None else backward
        if newest_first:
            rows = rows[::-1]
        here = np.flatnonzero(doubled[rows])
        for run in np.split(here, np.flatnonzero(np.diff(here) > 1) + 1):
            block = rows[run]
            late = _second_pass(first[block])
            if late is None:
                before = rows[run[0] - 1] if run[0] > 0 else None
                follows = run[-1] + 1 < len(rows)
                late = np.full(
                    len(block),
                    _single_pass_is_second(
                        first[block], second[block], None if before is None else first[before], follows, delivered, last, tag
                    ),
                )
            time[block[late]] = second[block[late]]
    return time


def _second_pass(first: np.ndarray) -> np.ndarray | None:
    """Which stamps of a doubled hour are its second pass, where the file shows both; None if it shows one."""
    back = np.flatnonzero(np.diff(first) < np.timedelta64(0))
    if len(back):
        return np.arange(len(first)) > back[0]
    if len(np.unique(first)) == len(first):
        return None
    return pd.Series(first).duplicated().to_numpy()


def _single_pass_is_second(first, second, before, follows: bool, delivered, last: Callable, tag: int) -> bool:
    """Whether a single pass through a doubled hour is the second: by what could be known, then by continuity."""
    if delivered is not None and second[-1] > (delivered + SKEW).to_datetime64():
        return False
    if before is not None and before < first[0]:
        return False
    stored = last(tag)
    if stored is not None and stored.to_datetime64() <= second[-1]:
        return bool(stored.to_datetime64() >= first[0])
    return follows
