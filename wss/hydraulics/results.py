"""What a simulation returns: plain arrays for the optimizer, labelled arrays for everybody else."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss.quantities import labelled


@dataclass(frozen=True)
class Trajectory:
    """Plain arrays of one simulation, in the order of the engine's `tanks` and `pumps` and of the links and nodes asked for."""

    level: np.ndarray
    """Water depth at the n+1 report instants, the end included (n+1, tank) [m]."""
    energy: np.ndarray
    """Electric energy in each report step, integrated over EPANET's own steps (n, pump) [kWh]."""
    flow: np.ndarray
    """Mean flow over each report step (n, link) [m3/h]."""
    pressure: np.ndarray
    """Pressure at the n+1 report instants (n+1, node) [m]; NaN where a node is cut off."""
    switches: list[tuple[int, tuple[float, ...]]]
    """Relative speed of every pump from a second on, where any of them changed; 0 = off."""
    warnings: list[tuple[int, str]]
    """Second and meaning of each warning of EPANET."""
    shut: list[tuple[int, str, int]]
    """Second, tank and duration [s] of each span in which EPANET kept a pipe at a tank shut."""
    clamped: list[tuple[int, str, float]]
    """Second, tank and level [m] at each instant of the hydraulic grid where a tank stood at its limit."""
    solves: int
    """Hydraulic states that EPANET solved."""


@dataclass(frozen=True)
class Simulation:
    """Labelled result of one simulation: `level` and `pressure` at the n+1 report instants, the rest for the n report steps."""

    level: xr.DataArray
    """(time, tank), the end included [m]."""
    flow: xr.DataArray
    """Mean of each report step (time, link) [m3/h]."""
    power: xr.DataArray
    """Mean of each report step (time, pump): energy / step exactly [kW]."""
    energy: xr.DataArray
    """Integral over EPANET's own steps (time, pump) [kWh]."""
    pressure: xr.DataArray
    """(time, node), the end included; NaN where a node is cut off [m]."""
    pump_speed: xr.DataArray
    """As run, at the moments where any pump changed (time, pump) [1]."""
    warnings: list[tuple[int, str]]
    """As in `Trajectory`; seconds count from the start."""
    shut: list[tuple[int, str, int]]
    clamped: list[tuple[int, str, float]]
    solves: int


@dataclass(frozen=True)
class Snapshot:
    """One hydraulic state."""

    flow: dict[str, float]
    """Flow of every link from its start to its end node [m3/h]."""
    power: dict[str, float]
    """Electric power of every pump [kW]."""
    tank_inflow: dict[str, float]
    """Net flow into every tank; negative while it empties [m3/h]."""
    pressure: dict[str, float]
    """Pressure at every junction [m]; NaN where it is cut off."""
    warnings: tuple[str, ...]
    """Meaning of EPANET's warnings about this state."""


def label(run: Trajectory, start: pd.Timestamp, report_s: int, names: dict[str, list[str]]) -> Simulation:
    """Labelled arrays of `run`, whose report steps of `report_s` [s] count from `start`; `names` has the ids of each dim."""
    instants = pd.date_range(start, periods=len(run.level), freq=pd.Timedelta(seconds=report_s), name="time", unit="ns")
    steps = instants[:-1]
    moments = pd.DatetimeIndex([start + pd.Timedelta(seconds=s) for s, _ in run.switches], name="time").as_unit("ns")
    speeds = np.array([speed for _, speed in run.switches], dtype=float).reshape(-1, len(names["pump"]))
    return Simulation(
        level=labelled("level", run.level, time=instants, tank=names["tank"]),
        flow=labelled("flow", run.flow, time=steps, link=names["link"]),
        power=labelled("power", run.energy * (3600 / report_s), time=steps, pump=names["pump"]),
        energy=labelled("energy", run.energy, time=steps, pump=names["pump"]),
        pressure=labelled("pressure", run.pressure, time=instants, node=names["node"]),
        pump_speed=labelled("pump_speed", speeds, time=moments, pump=names["pump"]),
        warnings=run.warnings, shut=run.shut, clamped=run.clamped, solves=run.solves,
    )  # fmt: skip
