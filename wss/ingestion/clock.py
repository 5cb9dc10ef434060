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
    """UTC times of the distinct stamps `words` of a file."""
    words = words.str.strip()
    reason = np.full(len(words), "", dtype=object)
    if profile.time_format == "epoch_s":
        seconds = pd.to_numeric(words, errors="coerce")
        seconds = seconds.where(seconds.abs() < 2**33)  # year 2242
        first = second = pd.to_datetime(seconds, unit="s").to_numpy(dtype="datetime64[ns]")
        reason[np.isnat(first)] = "the time is not a number of seconds since 1970"
        return Stamps(first, second, reason)
    may_say = profile.time_format == "ISO8601" or "%z" in profile.time_format
    zoned = words.str.contains(SAYS_OFFSET).to_numpy(dtype=bool) if may_say else np.zeros(len(words), dtype=bool)
    local, first, second = (np.full(len(words), NAT) for _ in range(3))
    if zoned.any():
        local[zoned] = first[zoned] = second[zoned] = _parsed(words[zoned], profile.time_format, utc=True)
    if not zoned.all():
        local[~zoned] = _parsed(words[~zoned], profile.time_format, utc=False)
        first[~zoned], second[~zoned] = _from_local(local[~zoned], profile.time_zone)
    reason[np.isnat(first)] = f"the clocks of {profile.time_zone} skip this time"
    reason[np.isnat(local)] = f"the time does not have the format {profile.time_format}"
    return Stamps(first, second, reason)


def _parsed(words: pd.Series, form: str, utc: bool) -> np.ndarray:
    times = pd.DatetimeIndex(pd.to_datetime(words, format=form, errors="coerce", utc=utc))
    return times.tz_localize(None).as_unit("ns").to_numpy(dtype="datetime64[ns]")


def _from_local(local: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    fixed = OFFSET.fullmatch(zone)
    if fixed:
        sign, hours, minutes = fixed.groups()
        tz = timezone(timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1))
    passes = [pd.DatetimeIndex(local).tz_localize(tz if fixed else zone, ambiguous=np.full(len(local), summer), nonexistent="NaT")
              .tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[ns]") for summer in (True, False)]
    return passes[0], passes[1]


def resolve(first: np.ndarray, second: np.ndarray, tags: np.ndarray, delivered: pd.Timestamp | None,
            last: Callable[[int], pd.Timestamp | None]) -> np.ndarray:
    """UTC time of each row of a file, by deciding which pass through a doubled hour each row belongs to.

    Parameters
    ----------
    first, second
        The row's UTC time as either pass [datetime64].
    tags
        Number of the row's tag.
    delivered
        When the file was delivered [UTC]; no reading is newer.
    last
        Given the number of a tag, the time of its last stored reading [UTC], or None.
    """
    time = first.copy()
    doubled = first != second
    doubled &= ~np.isnat(first)
    for tag in np.unique(tags[doubled]):
        rows = np.flatnonzero((tags == tag) & ~np.isnat(first))
        steps = np.diff(first[rows])
        if (steps < np.timedelta64(0)).sum() > (steps > np.timedelta64(0)).sum():
            rows = rows[::-1]  # newest first
        here = np.flatnonzero(doubled[rows])
        for run in np.split(here, np.flatnonzero(np.diff(here) > 1) + 1):
            block = rows[run]
            late = _second_pass(first[block])
            if late is None:
                before = rows[run[0] - 1] if run[0] > 0 else None
                follows = run[-1] + 1 < len(rows)
                late = np.full(len(block), _single_pass_is_second(
                    first[block], second[block], None if before is None else first[before], follows, delivered, last, tag))
            time[block[late]] = second[block[late]]
    return time


def _second_pass(first: np.ndarray) -> np.ndarray | None:
    """Which stamps of a doubled hour are its second pass, where the file shows both; None if it shows one."""
    back = np.flatnonzero(np.diff(first) < np.timedelta64(0))
    if len(back):
        return np.arange(len(first)) > back[0]
    again = pd.Series(first).duplicated().to_numpy()
    return again if again.any() else None


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
