"""Tariff period and price of any moment, the demand charge, the bill."""

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.config.calendars import holiday_dates
from wss.config.tariff import Tariff, TariffVersion
from wss.config.timetable import DAYS, holds, is_summer
from wss.errors import ConfigError, DataError
from wss.quantities import labelled

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
    names, _ = _periods(tariff, time)
    return xr.DataArray(names, dims="time", coords={"time": time}, name="period", attrs={"long_name": "tariff period"})


def price(tariff: Tariff, time: pd.DatetimeIndex) -> xr.DataArray:
    """Energy price at each naive UTC moment: array (time,) [currency/kWh] whose attribute `currency` says which.

    Raises ConfigError as `periods` does.
    """
    _, prices = _periods(tariff, time)
    return labelled("price", prices, time=time).assign_attrs(currency=tariff.currency)


def title(tariff: Tariff, name: str) -> str:
    """Name on screens of the period `name`, by the newest version that has it; ConfigError if none has."""
    for version in reversed(tariff.versions):
        for period in version.periods:
            if period.name == name:
                return period.title
    known = sorted({p.name for v in tariff.versions for p in v.periods})
    raise ConfigError(f"tariff {tariff.name!r} has no period {name!r}; it has: {', '.join(known)}")


def demand_charge(tariff: Tariff, power_total: xr.DataArray, peak_so_far_kw: float = 0.0) -> float:
    """What `power_total` adds to the demand charge of its billing months, which are local calendar months. [currency]

    Parameters
    ----------
    power_total : (time,)
        Power of all pumps together, mean of each step of a regular grid. [kW]
    peak_so_far_kw : float
        Highest window of the first month up to the first step; later months start from nothing. [kW]

    Notes
    -----
    A window's power is the mean of the steps that lie in it; steps longer than the window count as they are. Windows start on
    full hours of the wall clock. A month is charged its highest window's excess over the peak so far, at that window's price.
    """
    time = power_total.get_index("time")
    month, power, rate = _windows(tariff, time, power_total.values)
    first = times.wall(time[:1], tariff.time_zone).to_period("M")
    total = 0.0
    for one in np.unique(month):
        highest = np.flatnonzero(month == one)[power[month == one].argmax()]
        so_far = peak_so_far_kw if one == first[0].ordinal else 0.0
        total += max(0.0, power[highest] - so_far) * rate[highest]
    return float(total)


def bill(tariff: Tariff, energy: xr.DataArray, peak_so_far_kw: float = 0.0) -> pd.DataFrame:
    """Bill for `energy` (time, or time and pump) [kWh] on a regular grid.

    Returns
    -------
    DataFrame[period, energy_kwh, cost]
        A row a period, in the tariff's order, and a last row `demand_charge` where the tariff has one. [kWh], [currency]

    Raises
    ------
    DataError
        If the grid has fewer than two steps or is not regular.
    """
    total = energy.sum([d for d in energy.dims if d != "time"])
    time = total.get_index("time")
    step_h = _step(time) / times.HOUR
    names, prices = _periods(tariff, time)
    frame = pd.DataFrame({"period": names, "energy_kwh": total.values, "cost": total.values * prices})
    order = list(dict.fromkeys(p.name for v in tariff.versions for p in v.periods))
    rows = frame.groupby("period")[["energy_kwh", "cost"]].sum().reindex([n for n in order if n in set(names)]).reset_index()
    if any(v.demand_charge for v in tariff.versions):
        charge = demand_charge(tariff, total / step_h, peak_so_far_kw)
        rows.loc[len(rows)] = ["demand_charge", np.nan, charge]
    return rows


def _periods(tariff: Tariff, time: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    """Names and prices [currency/kWh] of the periods at `time`."""
    wall = times.wall(time, tariff.time_zone)
    day, season = _day_types(tariff, wall), is_summer(time, tariff.time_zone).astype(int)
    minute = (wall.hour * 60 + wall.minute).to_numpy()
    number = _version_numbers(tariff, wall)
    names = np.empty(len(time), dtype=f"<U{max(len(p.name) for v in tariff.versions for p in v.periods)}")
    prices = np.empty(len(time))
    for n, version in enumerate(tariff.versions):
        here = number == n
        table = holds(version)[:, day[here], season[here], minute[here]]
        _refuse(tariff, version, time[here], wall[here], table)
        which = table.argmax(axis=0)
        names[here] = np.array([p.name for p in version.periods])[which]
        prices[here] = np.array([p.price_per_kwh for p in version.periods])[which]
    return names, prices


def _day_types(tariff: Tariff, wall: pd.DatetimeIndex) -> np.ndarray:
    """Index into DAYS of each wall time."""
    day = wall.day_of_week.to_numpy().copy()
    dates, codes = np.unique(wall.normalize(), return_inverse=True)
    known = holiday_dates(tariff.calendar, np.unique(wall.year).tolist())
    free = np.array([pd.Timestamp(d).date() in known for d in dates], dtype=bool)
    day[free[codes]] = DAYS.index("holiday")
    return day


def _version_numbers(tariff: Tariff, wall: pd.DatetimeIndex) -> np.ndarray:
    """Index of the version in force at each wall time."""
    firsts = pd.DatetimeIndex([pd.Timestamp(v.valid_from) for v in tariff.versions]).as_unit("ns")
    number = np.asarray(firsts.searchsorted(wall.as_unit("ns"), side="right")) - 1
    if (number < 0).any():
        early = wall[number < 0][0]
        raise ConfigError(
            f"tariff {tariff.name!r} holds from {firsts[0].date()} on, not yet at {early:%Y-%m-%d %H:%M}; "
            "add the version that held then to tariff.yml"
        )
    return number


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


def _windows(tariff: Tariff, time: pd.DatetimeIndex, power: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows that count for a demand charge: local month (months since 1970), mean power [kW], price [currency/kW]."""
    wall = times.wall(time, tariff.time_zone)
    names, _ = _periods(tariff, time)
    number, month = _version_numbers(tariff, wall), wall.to_period("M").asi8
    found = [(np.empty(0, dtype="int64"), np.empty(0), np.empty(0))]
    for n, version in enumerate(tariff.versions):
        charge, here = version.demand_charge, (number == n) & ~np.isnan(power)
        if charge is None or not here.any():
            continue
        local, now, length = times.epoch(wall[here]), times.epoch(time[here]), charge.window_minutes * 60
        _, starts, window = np.unique((now + (local - now) % length) // length, return_index=True, return_inverse=True)
        means = np.bincount(window, power[here]) / np.bincount(window)
        counts = np.isin(names[here][starts], charge.periods or names)
        found.append((month[here][starts][counts], means[counts], np.full(counts.sum(), charge.price_per_kw)))
    months, means, rates = (np.concatenate(part) for part in zip(*found, strict=True))
    return months, means, rates


def _step(time: pd.DatetimeIndex) -> pd.Timedelta:
    """Step of a regular grid."""
    steps = np.unique(np.diff(time.asi8)) if len(time) > 1 else np.array([])
    if len(steps) != 1:
        raise DataError(f"a bill needs a regular grid of at least two steps; these are {len(time)} times with {len(steps)} steps")
    return time[1] - time[0]
