"""Courses of a day: what the pumps drew and the tanks held as measured, as planned, and under level control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from wss import times
from wss.hydraulics.results import Simulation
from wss.kpi import energy
from wss.quantities import labelled

QUARTER = pd.Timedelta(minutes=15)
"""Tariff periods begin and end on quarters of an hour."""


@dataclass(frozen=True)
class Course:
    """What one way of running the pumps did on a day: as measured, as planned, or as the level controls would have."""

    power: xr.DataArray
    """(time, pump) means on a regular grid no coarser than a quarter of an hour, NaN where unknown [kW]."""
    running: xr.DataArray
    """(time, pump) status or speed; its first time is the state that the day began with [1]."""
    level: xr.DataArray
    """(time, tank) at instants of a regular grid [m]."""
    supplied_m3: float
    """Water that the zones drew; NaN if unknown [m3]."""


def measured(pumps: xr.Dataset, status: xr.DataArray, level: xr.DataArray, demand: xr.DataArray, start: pd.Timestamp) -> Course:
    """The day as measured; starts are counted in the readings themselves, energy on the grid.

    A lost reading of power is replaced by what the pump usually draws if its status tells that it ran.

    Parameters
    ----------
    pumps : `power` [kW] and `pump_status` [1] (time, pump)
        Means on a grid no coarser than a quarter of an hour.
    status : (time, pump)
        The readings themselves, from some time before the day's start on. [1]
    level : (time, tank)
        At instants of a regular grid. [m]
    demand : (time, zone)
        On a regular grid. [m3/h]
    """
    known = status.copy(data=pd.DataFrame(status.to_pandas()).ffill())
    began = max(int((status.get_index("time") <= start).sum()) - 1, 0)
    power = energy.fill(pumps["power"], pumps["pump_status"].reindex(pump=pumps["pump"]))
    return Course(power, known.isel(time=slice(began, None)), level, supplied(demand))


def planned(
    parts: Sequence[Sequence[xr.DataArray]], standing: Mapping[str, bool], start: pd.Timestamp, end: pd.Timestamp
) -> Course | None:
    """What plans said that were in force one after the other; None unless they cover the whole day.

    Parameters
    ----------
    parts : speed (time, pump) [1], power (time, pump) [kW], level (time, tank) [m] and demand (time, zone) [m3/h] of each plan
        While it was in force.
    standing : mapping
        Pump -> whether it ran when the day began; of others the plan's own first state counts.
    """
    if not parts:
        return None
    speed, power, level, demand = (xr.concat(pieces, "time") for pieces in zip(*parts, strict=True))
    step = energy.regular_step(power)
    if not power.get_index("time").equals(times.grid(start, end, step)) or len(demand) < 2:
        return None
    before = [float(standing.get(str(p), speed.sel(pump=p)[0] > 0)) for p in speed["pump"].values]
    first = labelled("pump_speed", [before], time=pd.DatetimeIndex([start - step]), pump=speed["pump"].values)
    running = xr.concat([first, speed], "time", join="exact")
    return Course(quarters(power, start, end), running, level, supplied(demand))


def controlled(own: Simulation, supplied_m3: float, start: pd.Timestamp, end: pd.Timestamp) -> Course:
    """The day under the network's own controls, under which the zones draw what was measured [m3]."""
    return Course(quarters(own.power, start, end), own.pump_speed, own.level.isel(time=slice(0, -1)), supplied_m3)


def supplied(demand: xr.DataArray) -> float:
    """Water drawn by all zones (time, zone) [m3/h]; missing steps of a zone count as the mean of its others. [m3]"""
    hours = demand.sizes["time"] * (energy.regular_step(demand) / times.HOUR)
    return float(demand.mean("time").sum(skipna=False) * hours)


def without_gaps(demand: xr.DataArray) -> xr.DataArray:
    """Demand (time, zone) whose missing steps lie on the straight line between their neighbours. [m3/h]"""
    return demand.copy(data=pd.DataFrame(demand.to_pandas()).interpolate(limit_direction="both"))


def standing(running: xr.DataArray) -> dict[str, bool]:
    """Whether each pump ran when the day began, by status (time, pump) [1]; without the pumps of which nothing is known."""
    frame = pd.DataFrame(running.transpose("time", "pump").to_pandas()).bfill()
    return {} if frame.empty else {str(p): bool(v > 0.5) for p, v in frame.iloc[0].dropna().items()}


def quarters(power: xr.DataArray, start: pd.Timestamp, end: pd.Timestamp) -> xr.DataArray:
    """Mean powers (time, pump) of a coarser grid on the quarters of an hour of the day; a finer grid stays. [kW]"""
    if energy.regular_step(power) <= QUARTER:
        return power
    return power.reindex(time=times.grid(start, end, QUARTER), method="ffill")
