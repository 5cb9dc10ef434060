"""Which tariff period holds on a day type, in a season, at a minute of the day; what is left out and what is doubled."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd

from wss import times
from wss.calendars import has_holidays
from wss.tariffs.components.energy import Day
from wss.tariffs.tariff import Tariff, TariffVersion

DAYS: tuple[str, ...] = get_args(Day)
SEASONS = ("winter", "summer")
MINUTES = 24 * 60


class Fault(NamedTuple):
    """A span of the day in which none or several periods hold."""

    days: tuple[str, ...]
    seasons: tuple[str, ...]
    start: int
    """First minute of the local day. [min]"""
    end: int
    """Minute after the last. [min]"""
    periods: tuple[str, ...]
    """Names of the periods that hold; empty for a gap."""


def minutes(span: str) -> tuple[int, int]:
    """First minute of the day of a span such as `09:30-12:00`, and the one after its last. [min]"""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
    return start, end


@lru_cache(maxsize=64)
def holds(version: TariffVersion) -> np.ndarray:
    """Whether each period holds: boolean array (`period`, `day` as in DAYS, `season` as in SEASONS, `minute` of the day)."""
    table = np.zeros((len(version.periods), len(DAYS), len(SEASONS), MINUTES), dtype=bool)
    for n, period in enumerate(version.periods):
        for span in period.spans:
            seasons = range(len(SEASONS)) if span.season == "all" else [SEASONS.index(span.season)]
            for day in span.days:
                for season in seasons:
                    for start, end in map(minutes, span.hours):
                        table[n, DAYS.index(day), season, start:end] = True
    table.flags.writeable = False
    return table


def is_summer(time: pd.DatetimeIndex, zone: str) -> np.ndarray:
    """Whether legal summer time is in force in `zone` at each naive UTC moment: boolean array (time,).

    Summer time is in force while the zone's offset from UTC is above the lowest that it has in the same calendar year on the
    wall. This serves both hemispheres and zones that call their winter time the exception (Europe/Dublin); a year without any
    change of the clock is winter throughout.
    """
    wall = times.wall(time, zone)
    years, which = np.unique(wall.year, return_inverse=True)
    lowest = np.array([_lowest_offset(zone, int(year)) for year in years], dtype="int64")
    return times.epoch(wall) - times.epoch(time) > lowest[which]


@lru_cache(maxsize=512)
def _lowest_offset(zone: str, year: int) -> int:
    """Lowest offset from UTC in a calendar year, which is that of standard time. [s]"""
    noons = pd.date_range(f"{year}-01-01T12:00", f"{year}-12-31T12:00", freq="D")
    return int((times.epoch(times.wall(noons, zone)) - times.epoch(noons)).min())


def boundaries(version: TariffVersion) -> set[int]:
    """Minutes of the day at which a period starts or ends. [min]"""
    return {minute for period in version.periods for span in period.spans for hours in span.hours for minute in minutes(hours)}


def faults(tariff: Tariff, number: int) -> list[Fault]:
    """Every gap and overlap of the tariff's version `number` on the day types and in the seasons that occur while it holds.

    Days and seasons on which the same span is at fault for the same reason are one Fault.
    """
    version = tariff.versions[number]
    days = [d for d in DAYS if d != "holiday" or has_holidays(tariff.calendar)]
    seasons = _seasons(tariff, number)
    table = holds(version)
    names = [p.name for p in version.periods]
    found: dict[tuple, list[tuple[str, str]]] = {}
    for day in days:
        for season in seasons:
            part = table[:, DAYS.index(day), SEASONS.index(season)]
            for start, end, which in _runs(part):
                if len(which) != 1:
                    found.setdefault((start, end, tuple(names[n] for n in which)), []).append((day, season))
    return [fault for (start, end, which), where in found.items() for fault in _together(start, end, which, where)]


def _seasons(tariff: Tariff, number: int) -> list[str]:
    """Seasons that occur while the version holds, looking at two years where no next version ends it."""
    first = pd.Timestamp(tariff.versions[number].valid_from)
    later = tariff.versions[number + 1 : number + 2]
    end = pd.Timestamp(later[0].valid_from) if later else first + pd.Timedelta(days=731)
    noons = pd.date_range(first, end, freq="D", inclusive="left") + pd.Timedelta(hours=12)
    return [SEASONS[int(code)] for code in np.unique(is_summer(noons, tariff.time_zone))]


def _runs(part: np.ndarray) -> list[tuple[int, int, tuple[int, ...]]]:
    """Stretches of a day (period, minute) with the same periods: start, end [min] and the periods' numbers."""
    cuts = np.flatnonzero((part[:, 1:] != part[:, :-1]).any(axis=0)) + 1
    edges = [0, *cuts.tolist(), MINUTES]
    return [(a, b, tuple(np.flatnonzero(part[:, a]).tolist())) for a, b in zip(edges, edges[1:], strict=False)]


def _together(start: int, end: int, which: tuple[str, ...], where: Sequence[tuple[str, str]]) -> list[Fault]:
    """Faults of one span: days whose seasons agree go together."""
    seasons_of = {day: tuple(s for d, s in where if d == day) for day, _ in where}
    ordered = sorted(seasons_of, key=lambda day: seasons_of[day])
    return [
        Fault(tuple(days), seasons, start, end, which)
        for seasons, days in ((s, list(d)) for s, d in groupby(ordered, key=lambda day: seasons_of[day]))
    ]


def clock(minute: int) -> str:
    """Minute of the day as `HH:MM`; the end of the day is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
