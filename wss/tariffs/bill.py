"""The demand charge, and the bill of a course of power."""

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.config.tariff import Tariff
from wss.errors import DataError
from wss.tariffs.prices import lookup
from wss.tariffs.terms import PeakCharge, dues
from wss.tariffs.windows import Windows, begins


def demand_charge(tariff: Tariff, power_total: xr.DataArray, peak_so_far_kw: float = 0.0) -> float:
    """What `power_total` adds to the demand charge of its billing months, which are local calendar months. [currency]

    Parameters
    ----------
    power_total : (time,)
        Power of all pumps together, mean of each step of a regular grid; steps of which it is not known do not count. [kW]
    peak_so_far_kw : float
        Highest window of the first month up to the first step; later months start from nothing. [kW]

    Notes
    -----
    A window's power is the mean of the steps in it, also where the course begins or ends within a window; see `windows`. A month
    is charged its highest window's excess over the peak so far.
    """
    time, known = power_total.get_index("time"), ~np.isnan(power_total.values)
    charges = peak_charges(tariff, time[known], peak_so_far_kw, time[0] if len(time) else None)
    highest = [charge.windows(time[known]).highest(power_total.values[known]) for charge in charges]
    return float(sum(dues(charges, highest)))


def peak_charges(
    tariff: Tariff, time: pd.DatetimeIndex, peak_so_far_kw: float = 0.0, start: pd.Timestamp | None = None
) -> tuple[PeakCharge, ...]:
    """The charges on the peaks of a course of steps that begin at each of `time`, one a month, for bills and plans alike.

    Parameters
    ----------
    peak_so_far_kw : float
        Highest window of the first month up to the first step. [kW]
    start
        Moment in the month to which it belongs; absent: the first step. [UTC]
    """
    if not len(time):
        return ()
    wall = times.wall(time, tariff.time_zone)
    first = str(times.wall(pd.DatetimeIndex([start or time[0]]), tariff.time_zone).to_period("M")[0])
    here, found = lookup(tariff, time), []
    for n, version in enumerate(tariff.versions):
        charge = version.demand_charge
        if charge is None or not (here.version == n).any():
            continue
        starts = begins(time, tariff.time_zone, charge.window_minutes)
        at = Windows.of(starts).first
        counts = (here.version[at] == n) & (np.isin(here.period[at], charge.periods) if charge.periods else True)
        month = wall[at].to_period("M")
        for one in month[here.version[at] == n].unique():
            inside = xr.DataArray(counts & (month == one), dims="time", coords={"time": starts[at]})
            paid = peak_so_far_kw if str(one) == first else 0.0
            found.append(
                PeakCharge(charge.price_per_kw, charge.window_minutes, paid, inside, starts[at], "demand_charge", str(one))
            )
    return tuple(found)


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
    _, names, prices = lookup(tariff, time)
    frame = pd.DataFrame({"period": names, "energy_kwh": total.values, "cost": total.values * prices})
    order = list(dict.fromkeys(p.name for v in tariff.versions for p in v.periods))
    rows = frame.groupby("period")[["energy_kwh", "cost"]].sum().reindex([n for n in order if n in set(names)]).reset_index()
    if any(v.demand_charge for v in tariff.versions):
        charge = demand_charge(tariff, total / step_h, peak_so_far_kw)
        rows.loc[len(rows)] = ["demand_charge", np.nan, charge]
    return rows


def _step(time: pd.DatetimeIndex) -> pd.Timedelta:
    """Step of a regular grid."""
    steps = np.unique(np.diff(time.asi8)) if len(time) > 1 else np.array([])
    if len(steps) != 1:
        raise DataError(f"a bill needs a regular grid of at least two steps; these are {len(time)} times with {len(steps)} steps")
    return time[1] - time[0]
