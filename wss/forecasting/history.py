"""Past demand folded into local days: one row a day, one column a slot of the wall clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.config import Calendar
from wss.errors import DataError
from wss.forecasting.calendar import day_types

DAY_MINUTES = 1440


@dataclass(frozen=True)
class History:
    """Demand known at an issue time, by local day and slot.

    A slot that the wall skips in spring is missing; the one that it shows twice in autumn holds the mean of both.
    """

    demand: np.ndarray
    """(day, slot, zone) demand, NaN where unknown [m3/h]."""
    known_from: np.ndarray
    """(day, slot) moment from which the cell is known: the end of its last step; NaT where it never comes."""
    first_day: np.datetime64
    """Local date of the first row."""
    zones: tuple[str, ...]
    """Names of the zones."""
    step: pd.Timedelta
    """Length of a slot."""
    time_zone: str
    """IANA zone of the wall clock."""
    calendar: Calendar
    """Which days count as Sundays."""
    weeks: int
    """How many weeks back a profile looks."""

    @classmethod
    def fold(cls, demand: xr.DataArray, step: pd.Timedelta, calendar: Calendar, time_zone: str, weeks: int) -> "History":
        """Fold a series; negative and infinite values are unknown.

        Parameters
        ----------
        demand : (time, zone)
            Demand at multiples of `step`; rows may be missing. [m3/h]
        step : Timedelta
            15, 30 or 60 minutes.

        Raises
        ------
        DataError
            If there is no row, a time is doubled, or the step does not divide an hour.
        """
        if pd.Timedelta(hours=1) % step or not demand.sizes["time"] or demand.get_index("time").has_duplicates:
            raise DataError("demand history: needs at least one row, no time twice, and a step that divides an hour")
        value = demand.transpose("time", "zone").to_numpy().astype(float)
        value = np.where(np.isfinite(value) & (value >= 0), value, np.nan)
        time = demand.get_index("time")
        first = np.datetime64(times.wall(time, time_zone).min().date(), "D")
        day, slot = cells(time, first, step, time_zone)
        shape = (int(day.max()) + 1, int(DAY_MINUTES * 60 // step.total_seconds()))
        total, count = np.zeros((*shape, value.shape[1])), np.zeros((*shape, value.shape[1]))
        np.add.at(total, (day, slot), np.nan_to_num(value))
        np.add.at(count, (day, slot), ~np.isnan(value))
        with np.errstate(invalid="ignore"):
            folded = total / count
        known = np.full(shape, np.datetime64("NaT", "ns"))
        order = np.argsort(time.to_numpy(), kind="stable")  # of a doubled slot, the later one counts
        known[day[order], slot[order]] = time.to_numpy()[order] + step.to_timedelta64()
        zones = tuple(str(z) for z in demand["zone"].values)
        return cls(folded, known, first, zones, step, time_zone, calendar, weeks)

    def until(self, issue: pd.Timestamp) -> "History":
        """What was known at `issue`: no step that ends later; the last row is the issue's own local day, empty where need be."""
        days = max(int(self.cells(pd.DatetimeIndex([issue]))[0][0]) + 1, 1)
        missing = max(days - len(self.demand), 0)
        known_from = np.pad(self.known_from[:days], ((0, missing), (0, 0)), constant_values=np.datetime64("NaT"))
        demand = np.pad(self.demand[:days], ((0, missing), (0, 0), (0, 0)), constant_values=np.nan)
        known = known_from <= issue.to_datetime64()
        return replace(self, demand=np.where(known[..., None], demand, np.nan), known_from=known_from)

    def hourly(self) -> "History":
        """Means of whole hours; an hour lacks where less than half of its steps are known."""
        per_hour = self.demand.shape[1] // 24
        if per_hour == 1:
            return self
        parts = self.demand.reshape(len(self.demand), 24, per_hour, -1)
        known = ~np.isnan(parts)
        with np.errstate(invalid="ignore"):
            mean = np.where(known, parts, 0.0).sum(axis=2) / known.sum(axis=2)
        demand = np.where(known.sum(axis=2) * 2 >= per_hour, mean, np.nan)
        return replace(self, demand=demand, known_from=self.known_from.reshape(-1, 24, per_hour).max(axis=2), step=times.HOUR)

    def of(self, zones: Sequence[str]) -> "History":
        """Only some zones, in the given order."""
        return replace(self, demand=self.demand[..., [self.zones.index(zone) for zone in zones]], zones=tuple(zones))

    def last_days(self, days: int) -> "History":
        """Only the last `days` local days, the issue's own included."""
        skip = max(0, len(self.demand) - days)
        first = self.first_day + np.timedelta64(skip, "D")
        return replace(self, demand=self.demand[skip:], known_from=self.known_from[skip:], first_day=first)

    def cells(self, time: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
        """Row (may lie beyond the last) and slot of each UTC time: two integer arrays (time,). [1]"""
        return cells(time, self.first_day, self.step, self.time_zone)

    def types(self, day: np.ndarray | None = None) -> np.ndarray:
        """Day type of rows `day` (day,), also of rows beyond the last; of all rows by default. [0 Monday .. 6 Sunday]"""
        rows = np.arange(len(self.demand)) if day is None else day
        return day_types(self.first_day + rows.astype("timedelta64[D]"), self.calendar)


def cells(time: pd.DatetimeIndex, first_day: np.datetime64, step: pd.Timedelta, time_zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Local days since `first_day` and slot of the local day of each UTC time: two integer arrays (time,). [1]"""
    wall = times.wall(time, time_zone).to_numpy()
    date = wall.astype("datetime64[D]")
    day = (date - first_day).astype("int64")
    slot = (wall - date) // step.to_timedelta64()
    return day, slot.astype("int64")
