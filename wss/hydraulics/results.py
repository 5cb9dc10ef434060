"""What a simulation returns: plain arrays for the optimizer, labelled arrays for everybody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from wss.quantities import labelled
from wss.records import EpanetWarning


class Warned(NamedTuple):
    """A state that something is wrong with."""

    second: int
    """Since the start [s]"""
    warning: EpanetWarning | None
    """What EPANET warns about; None: it opened and shut a pipe at full tanks all the time, and they are made to spill."""
    spilling: tuple[str, ...] = ()
    """Tanks that spill from here on."""


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
    warnings: list[Warned]
    """States that EPANET warns about."""
    beyond: list[tuple[int, int]]
    """Second and position of each pump that works beyond its curve, in states that EPANET warns about."""
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
    warnings: list[Warned]
    """As in `Trajectory`; seconds count from the start."""
    beyond: list[tuple[int, str]]
    """Second and name of each pump that works beyond its curve, in states that EPANET warns about."""
    shut: list[tuple[int, str, int]]
    clamped: list[tuple[int, str, float]]
    solves: int


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One hydraulic state: arrays in the order of the engine's names, and the same by name."""

    names: Mapping[str, list[str]]
    """Ids of each kind: link, pump, tank, junction"""
    flows: np.ndarray
    """(link,) from its start to its end node [m3/h]"""
    powers: np.ndarray
    """(pump,) electric [kW]"""
    inflows: np.ndarray
    """(tank,) net; negative while it empties [m3/h]"""
    pressures: np.ndarray
    """(junction,); NaN where it is cut off [m]"""
    warning: EpanetWarning | None
    """What EPANET warns about in this state."""

    @cached_property
    def flow(self) -> dict[str, float]:
        """Flow of every link [m3/h]."""
        return dict(zip(self.names["link"], self.flows.tolist(), strict=True))

    @cached_property
    def power(self) -> dict[str, float]:
        """Electric power of every pump [kW]."""
        return dict(zip(self.names["pump"], self.powers.tolist(), strict=True))

    @cached_property
    def tank_inflow(self) -> dict[str, float]:
        """Net flow into every tank [m3/h]."""
        return dict(zip(self.names["tank"], self.inflows.tolist(), strict=True))

    @cached_property
    def pressure(self) -> dict[str, float]:
        """Pressure at every junction [m]."""
        return dict(zip(self.names["junction"], self.pressures.tolist(), strict=True))


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
        warnings=run.warnings, beyond=[(s, names["pump"][k]) for s, k in run.beyond], shut=run.shut, clamped=run.clamped,
        solves=run.solves,
    )  # fmt: skip
