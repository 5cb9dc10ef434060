"""Tariff period and price of any moment."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.calendars import holiday_dates
from wss.errors import ConfigError
from wss.quantities import labelled
from wss.tariffs.tariff import Tariff, TariffVersion
from wss.tariffs.timetable import DAYS, holds, is_summer

SHOWN = 3
"""How many moments a message names."""


def periods(tariff: Tariff, time: pd.DatetimeIndex) -> xr.DataArray:
    """Name of the tariff period at each naive UTC moment: text array (time,).

    The day type is that of the local date in the tariff's zone, where a holiday is nothing but a holiday; the season is summer
    while legal summer time is in force at that very moment.

    Raises
    ------
    ConfigError
        Where no version of the tariff holds yet, or none or several periods hold; names the first such moments.
    """
    names = lookup(tariff, time).period
    return xr.DataArray(names, dims="time", coords={"time": time}, name="period", attrs={"long_name": "tariff period"})


def price(tariff: Tariff, time: pd.DatetimeIndex) -> xr.DataArray:
    """Energy price at each naive UTC moment: array (time,) [currency/kWh] whose attribute `currency` says which.

    Raises ConfigError as `periods` does.
    """
    return labelled("price", lookup(tariff, time).price, time=time).assign_attrs(currency=tariff.currency)


def mean_price(price: xr.DataArray, time: pd.DatetimeIndex) -> xr.DataArray:
    """Mean price (time,) of each step of a coarser grid that a price (time,) on a regular grid fills. [currency/kWh]"""
    values = price.to_series().to_numpy()
    per_step = max(len(values) // len(time), 1)
    return labelled("price", values.reshape(len(time), per_step).mean(axis=1), time=time)


def title(tariff: Tariff, name: str) -> str:
    """Name on screens of the period `name`, by the newest version that has it; ConfigError if none has."""
    for version in reversed(tariff.versions):
        for period in version.periods:
            if period.name == name:
                return period.title
    known = sorted({p.name for v in tariff.versions for p in v.periods})
    raise ConfigError(f"tariff {tariff.name!r} has no period {name!r}; it has: {', '.join(known)}")


class Lookup(NamedTuple):
    """What holds at each of many moments."""

    version: np.ndarray
    """(time,) number of the tariff's version"""
    period: np.ndarray
    """(time,) name of the period"""
    price: np.ndarray
    """(time,) [currency/kWh]"""


def lookup(tariff: Tariff, time: pd.DatetimeIndex) -> Lookup:
    """Version, period and price (time,) [currency/kWh] at each naive UTC moment; ConfigError as in `periods`."""
    wall = times.wall(time, tariff.time_zone)
    day, season = _day_types(tariff, wall), is_summer(time, tariff.time_zone).astype(int)
    minute = (wall.hour * 60 + wall.minute).to_numpy()
    number = _version_numbers(tariff, wall)
    _refuse_early(tariff, wall, number)
    names = np.empty(len(time), dtype=f"<U{max(len(p.name) for v in tariff.versions for p in v.periods)}")
    prices = np.empty(len(time))
    for n, version in enumerate(tariff.versions):
        here = number == n
        table = holds(version)[:, day[here], season[here], minute[here]]
        _refuse(tariff, version, time[here], wall[here], table)
        which = table.argmax(axis=0)
        names[here] = np.array([p.name for p in version.periods])[which]
        prices[here] = np.array([p.price_per_kwh for p in version.periods])[which]
    return Lookup(number, names, prices)


def _day_types(tariff: Tariff, wall: pd.DatetimeIndex) -> np.ndarray:
    """Index into DAYS of each wall time."""
    day = wall.day_of_week.to_numpy().copy()
    dates, codes = np.unique(wall.normalize(), return_inverse=True)
    known = holiday_dates(tariff.calendar, np.unique(wall.year).tolist())
    free = np.array([pd.Timestamp(d).date() in known for d in dates], dtype=bool)
    day[free[codes]] = DAYS.index("holiday")
    return day


def version_at(tariff: Tariff, moment: pd.Timestamp) -> TariffVersion:
    """The version in force at a UTC moment; before the first one, that."""
    wall = times.wall(pd.DatetimeIndex([moment]), tariff.time_zone)
    return tariff.versions[max(int(_version_numbers(tariff, wall)[0]), 0)]


def _version_numbers(tariff: Tariff, wall: pd.DatetimeIndex) -> np.ndarray:
    """Index of the version in force at each wall time; -1 before the first."""
    firsts = pd.DatetimeIndex([pd.Timestamp(v.valid_from) for v in tariff.versions]).as_unit("ns")
    return np.asarray(firsts.searchsorted(wall.as_unit("ns"), side="right")) - 1


def _refuse_early(tariff: Tariff, wall: pd.DatetimeIndex, number: np.ndarray) -> None:
    """Raise if no version holds yet at a wall time."""
    if (number < 0).any():
        early = wall[number < 0][0]
        raise ConfigError(
            f"tariff {tariff.name!r} holds from {tariff.versions[0].valid_from} on, not yet at {early:%Y-%m-%d %H:%M}; "
            "add the version that held then to tariff.yml"
        )


def _refuse(tariff: Tariff, version: TariffVersion, time: pd.DatetimeIndex, wall: pd.DatetimeIndex, table: np.ndarray) -> None:
    """Raise if not exactly one period holds at every moment."""
    wrong = np.flatnonzero(table.sum(axis=0) != 1)
    if wrong.size:
        names = np.array([p.name for p in version.periods])
        shown = [
            f"{times.iso(time[k])} ({wall[k]:%a %H:%M} local): {', '.join(names[table[:, k]]) or 'none'}" for k in wrong[:SHOWN]
        ]
        raise ConfigError(
            f"tariff {tariff.name!r} of {version.valid_from}: not exactly one period holds at {wrong.size} of "
            f"{len(time)} moments, first at {'; '.join(shown)}; mend its spans in tariff.yml"
        )
