"""What a course of power costs by a tariff: the one place where it is computed. Energy by period, and each further component."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.errors import DataError
from wss.tariffs.component import Component, Course
from wss.tariffs.prices import lookup, mean_price, price
from wss.tariffs.tariff import Tariff
from wss.tariffs.terms import PeakCharge, dues, together

QUARTER = pd.Timedelta(minutes=15)
"""Tariff periods begin and end on quarters of an hour."""


def bill(
    tariff: Tariff,
    energy: xr.DataArray,
    peak_so_far_kw: Mapping[str, float] | float = 0.0,
    step: pd.Timedelta | None = None,
) -> pd.DataFrame:
    """Bill for `energy` (time, or time and pump) [kWh] on a regular grid; missing energy is free.

    Parameters
    ----------
    peak_so_far_kw
        As in `charges`. [kW]
    step
        Length of the grid's steps; absent: from the grid itself, which then needs two steps.

    Returns
    -------
    DataFrame[period, energy_kwh, cost]
        A row a period, in the tariff's order, and last a row for each further component that the tariff has, by its key.
        [kWh], [currency]

    Raises
    ------
    DataError
        If the grid has fewer than two steps or is not regular.
    """
    step = step or _step(energy.get_index("time"))
    power = _total(energy) / (step / times.HOUR)
    rows = energy_rows(tariff, energy, step)
    for key, cost in charges(tariff, power, peak_so_far_kw).items():
        rows.loc[len(rows)] = [key, np.nan, cost]
    return rows


def energy_rows(tariff: Tariff, energy: xr.DataArray, step: pd.Timedelta | None = None) -> pd.DataFrame:
    """The rows (period, energy_kwh, cost) of a `bill` for `energy` (time, or time and pump) alone. [kWh], [currency]

    Energy has the mean price of its step, and the period that the step begins in.
    """
    total = _total(energy)
    time = total.get_index("time")
    cost = priced(total, _step_price(tariff, time, step or _step(time)))
    names = lookup(tariff, time).period
    frame = pd.DataFrame({"period": names, "energy_kwh": total.values, "cost": cost.values})
    order = dict.fromkeys(p.name for v in tariff.versions for p in v.periods)
    return frame.groupby("period")[["energy_kwh", "cost"]].sum().reindex([n for n in order if n in set(names)]).reset_index()


def priced(energy: xr.DataArray, price: xr.DataArray) -> xr.DataArray:
    """What each `energy` (time, or time and pump) [kWh] costs at a price (time,) [currency/kWh] on the same grid. [currency]"""
    energy, price = xr.align(energy, price, join="exact")
    return (energy * price).rename("cost").assign_attrs(units=price.attrs.get("currency", "currency"))


def charges(tariff: Tariff, power_total: xr.DataArray, peak_so_far_kw: Mapping[str, float] | float = 0.0) -> dict[str, float]:
    """What `power_total` adds beside energy: key of each component that the tariff has -> cost. [currency]

    Parameters
    ----------
    power_total : (time,)
        Power of all pumps together, mean of each step of a regular grid; steps of which it is not known do not count. [kW]
    peak_so_far_kw
        By component, or of all: highest window of the first month up to the first step; later months start from nothing. [kW]

    Notes
    -----
    A window's power is the mean of the steps in it, also where the course begins or ends within a window; see `windows`. A month
    is charged its highest window's excess over the peak so far.
    """
    time, known = power_total.get_index("time"), ~np.isnan(power_total.values)
    found = dict.fromkeys((key for version in tariff.versions for key in version.components), 0.0)
    for key, component, course in _courses(tariff, time[known]):
        found[key] += component.fixed(course)
    peaks = peak_charges(tariff, time[known], peak_so_far_kw, time[0] if len(time) else None)
    highest = [peak.windows(time[known]).highest(power_total.values[known]) for peak in peaks]
    for group, due in zip(together(peaks), dues(peaks, highest), strict=True):
        found[peaks[group[0]].key] += float(due)
    return found


def peak_charges(
    tariff: Tariff,
    time: pd.DatetimeIndex,
    peak_so_far_kw: Mapping[str, float] | float = 0.0,
    start: pd.Timestamp | None = None,
) -> tuple[PeakCharge, ...]:
    """The charges of all components on the peaks of a course of steps that begin at each of `time`, for bills and plans alike.

    Parameters
    ----------
    peak_so_far_kw
        As in `charges`. [kW]
    start
        Moment in the month to which it belongs; absent: the first step. [UTC]
    """
    if not len(time):
        return ()
    first = str(times.wall(pd.DatetimeIndex([start or time[0]]), tariff.time_zone).to_period("M")[0])
    found = []
    for key, component, course in _courses(tariff, time):
        so_far = peak_so_far_kw.get(key, 0.0) if isinstance(peak_so_far_kw, Mapping) else peak_so_far_kw
        for peak in component.terms(course):
            paid = max(peak.peak_so_far_kw, so_far) if peak.month == first else peak.peak_so_far_kw
            found.append(replace(peak, key=key, peak_so_far_kw=paid))
    return tuple(found)


def _courses(tariff: Tariff, time: pd.DatetimeIndex) -> Iterator[tuple[str, Component, Course]]:
    """Each component of each version that is in force at any of `time`, by its key, with the course as it sees it."""
    here = lookup(tariff, time)
    for n, version in enumerate(tariff.versions):
        course = Course(time, tariff.time_zone, here.period, here.version == n)
        yield from ((key, component, course) for key, component in version.components.items() if course.holds.any())


def _step_price(tariff: Tariff, time: pd.DatetimeIndex, step: pd.Timedelta) -> xr.DataArray:
    """Mean price (time,) of steps of one length by quarter hours. [currency/kWh]"""
    parts = max(round(step / QUARTER), 1)
    moments = np.add.outer(time.to_numpy(), np.arange(parts) * (step / parts).to_timedelta64()).ravel()
    return mean_price(price(tariff, pd.DatetimeIndex(moments, name="time")), time)


def _total(energy: xr.DataArray) -> xr.DataArray:
    return energy.sum([d for d in energy.dims if d != "time"])


def _step(time: pd.DatetimeIndex) -> pd.Timedelta:
    """Step of a regular grid."""
    steps = np.unique(np.diff(time.asi8)) if len(time) > 1 else np.array([])
    if len(steps) != 1:
        raise DataError(f"a bill needs a regular grid of at least two steps; these are {len(time)} times with {len(steps)} steps")
    return time[1] - time[0]
