"""A problem as plain arrays in the order of an open engine: what the search computes with."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd

import numpy as np
import pandas as pd

from wss.errors import raise_all
from wss.hydraulics import Engine
from wss.optimization.core.modes import Station, find_stations
from wss.optimization.core.problem import Problem
from wss.optimization.core.reserve import Reserve
from wss.tariffs import Windows

LEVEL_TOLERANCE_M = 1e-3
"""How far an operator's limit may be passed."""
BRIM_M = 2e-4
"""How far the search stays away from a tank's own limits, where EPANET shuts its pipe."""
END_SPARE_M = 2e-4
"""How far above its end level the search aims, against rounding."""
SOON_COUNTS, SOON_H = 4.0, 6.0
"""Departing from the plan in force counts so many times as much at once, and less and less up to this lead [h]: operators have
seen what comes soon, and what comes late may be changed back before anybody acts on it."""


@dataclass(frozen=True)
class Task:
    """Arrays of a problem. Slots are the steps of the decision grid."""

    problem: Problem
    engine: Engine
    stations: tuple[Station, ...]
    slot_s: int
    """Length of a slot [s]."""
    price: np.ndarray
    """(slot, pump) mean over each slot [currency/kWh]"""
    report_s: int
    """Longest step that divides slot, price step and hour [s]"""
    report_price: np.ndarray
    """(report step, pump) [currency/kWh]"""
    low: np.ndarray
    """(tank,) lowest level of the search [m]"""
    high: np.ndarray
    """(tank,) highest level [m]"""
    bottom: np.ndarray
    """(tank,) level just above that at which EPANET shuts an emptying tank [m]"""
    brim: np.ndarray
    """(tank,) level just below that at which it shuts a filling one [m]"""
    end: np.ndarray
    """(tank,) lowest level at the end [m]"""
    start: np.ndarray
    """(tank,) level at the start [m]"""
    area: np.ndarray
    """(tank,) [m2]"""
    exempt: np.ndarray
    """(tank,) of bool: may fill to the brim"""
    may_stand: np.ndarray
    """(slot, pump) of bool"""
    may_run: np.ndarray
    """(slot, pump) of bool"""
    most_starts: np.ndarray
    """(pump,); infinity where there is no limit"""
    change: tuple[np.ndarray, ...]
    """One (slot, mode) for each station: what departing from the plan in force costs [currency]"""
    reserve: Reserve | None
    """Room that levels should leave inside their limits"""
    watched: tuple[str, ...]
    """Nodes with a pressure limit, and nodes with demand, where EPANET warns of negative pressure."""
    watched_at: np.ndarray
    """(watched,) their positions among the engine's junctions"""
    floor: np.ndarray
    """(watched,) lowest pressure at full hours [m]; minus infinity where there is no limit"""
    always: np.ndarray
    """(watched,) lowest pressure at all times [m]: 0 where water is drawn, else minus infinity"""

    @property
    def slots(self) -> int:
        """Number of slots."""
        return len(self.price)

    @property
    def slot_h(self) -> float:
        """Length of a slot [h]."""
        return self.slot_s / 3600

    @property
    def levels(self) -> dict[str, float]:
        """Tank -> level at the start [m]."""
        return dict(zip(self.engine.tanks, self.start.tolist(), strict=True))

    @property
    def full_hours(self) -> np.ndarray:
        """Slot instants (time,) at which pressures are judged; the last may be the end, after the last slot."""
        instants = np.arange(self.slots + 1) * self.slot_s
        return np.flatnonzero(instants % 3600 == 0)

    def allowed(self, station: Station) -> np.ndarray:
        """Modes (time, mode) of bool of a station that pins and service leave on each slot; all where they leave none."""
        on = station.modes > 0
        run, stand = self.may_run[:, station.pumps], self.may_stand[:, station.pumps]
        left = (~(on[None] & ~run[:, None])).all(axis=2) & (~(~on[None] & ~stand[:, None])).all(axis=2)
        left[~left.any(axis=1)] = True
        return left

    @cached_property
    def slot_windows(self) -> tuple[Windows, ...]:
        """For each demand charge: the billing windows of the slots."""
        return tuple(charge.windows(self.problem.time) for charge in self.problem.charges)

    @cached_property
    def report_windows(self) -> tuple[Windows, ...]:
        """For each demand charge: the billing windows of the report steps."""
        return tuple(charge.windows(report_steps(self.problem, self.report_s)) for charge in self.problem.charges)

    def with_end(self, end: np.ndarray) -> "Task":
        """The same task, to end at least at `end` (tank,) [m]."""
        levels = dict(zip(self.engine.tanks, (float(v) for v in end), strict=True))
        return replace(self, end=np.asarray(end, float), problem=replace(self.problem, end_level=levels))


def make_task(problem: Problem, engine: Engine) -> Task:
    """Arrays of `problem` for an engine that is open on its network.

    Raises
    ------
    DataError
        Lists pumps, tanks and nodes that the network lacks, and bands without room between a tank's limits.
    """
    tanks, pumps = engine.tanks, engine.pumps
    raise_all(_faults(problem, engine), "matching the problem with the network")
    may_stand, may_run = problem.free(pumps)
    bottom = np.array([engine.level_min[t] for t in tanks]) + BRIM_M
    brim = np.array([engine.level_max[t] for t in tanks]) - BRIM_M
    first = np.array([problem.initial_level.get(t, engine.initial_level[t]) for t in tanks])
    end = np.array([(problem.end_level or {}).get(t, first[i]) for i, t in enumerate(tanks)])
    everywhere = -np.inf if problem.pressure_min_everywhere is None else problem.pressure_min_everywhere
    drawing = dict.fromkeys(engine.demand_nodes, everywhere)
    nodes = drawing | {node: max(limit, drawing.get(node, limit)) for node, limit in problem.pressure_min.items()}
    position = {node: i for i, node in enumerate(engine.junctions)}
    stations = find_stations(engine, problem)
    slot_s, price_s = (round(span / pd.Timedelta(seconds=1)) for span in (problem.decision_step, problem.price_step))
    report_s = gcd(slot_s, price_s, 3600)
    price = problem.price_on(report_steps(problem, report_s), pumps)
    exempt = np.array([t in problem.clamp_exempt for t in tanks])
    low = np.maximum(np.where(exempt, bottom - BRIM_M, bottom), [problem.level_min.get(t, -np.inf) for t in tanks])
    high = np.minimum(brim, [problem.level_max.get(t, np.inf) for t in tanks])
    reserve = np.array([problem.level_reserve.get(t, 0.0) for t in tanks])
    lead_h = np.arange(len(problem.time) + 1) * slot_s / 3600
    return Task(
        problem=problem,
        engine=engine,
        stations=stations,
        slot_s=slot_s,
        price=price.reshape(len(problem.time), -1, len(pumps)).mean(axis=1),
        report_s=report_s,
        report_price=price,
        low=low,
        high=high,
        bottom=bottom,
        brim=brim,
        end=end,
        start=first,
        area=np.array([engine.tank_area[t] for t in tanks]),
        exempt=exempt,
        may_stand=may_stand,
        may_run=may_run,
        most_starts=np.array([problem.max_starts.get(p, np.inf) for p in pumps]),
        change=tuple(change_cost(problem, station, pumps) for station in stations),
        reserve=Reserve.of(low, np.where(exempt, np.inf, high), reserve, problem.reserve_cost, lead_h),
        watched=tuple(nodes),
        watched_at=np.array([position[node] for node in nodes], int),
        floor=np.array(list(nodes.values()), float),
        always=np.array([0.0 if node in drawing else -np.inf for node in nodes]),
    )


def report_steps(problem: Problem, report_s: int) -> pd.DatetimeIndex:
    """Steps of `report_s` [s] over the horizon (report step,), each by its first moment."""
    return pd.date_range(problem.start, problem.end, freq=pd.Timedelta(seconds=report_s), inclusive="left", unit="ns")


def change_cost(problem: Problem, station: Station, pumps: list[str]) -> np.ndarray:
    """What each mode (slot, mode) of a station costs for departing from the plan in force, where there is one. [currency]

    Of identical pumps it counts how many run; of a drive, whether it runs. What is to be done soon counts more.
    """
    slot_h = problem.decision_step / pd.Timedelta(hours=1)
    soon = np.maximum(1 - np.arange(len(problem.time)) * slot_h / SOON_H, 0)
    price = problem.change_cost * slot_h * (1 + (SOON_COUNTS - 1) * soon)[:, None]
    cost = np.zeros((len(problem.time), len(station.modes)))
    if not problem.change_cost or problem.previous is None or not problem.previous.sizes["time"]:
        return cost
    given = problem.previous.transpose("time", "pump").to_pandas().sort_index()
    rows = given.reindex(given.index.union(problem.time)).ffill().reindex(problem.time)
    rows[problem.time >= given.index[-1] + problem.decision_step] = np.nan
    for group in station.groups:
        names = [pumps[station.pumps[p]] for p in group]
        before = (rows.reindex(columns=names) > 0).sum(axis=1).to_numpy()
        other = np.abs(before[:, None] - (station.modes[:, list(group)] > 0).sum(axis=1)[None])
        cost += np.where(rows.reindex(columns=names).isna().any(axis=1).to_numpy()[:, None], 0.0, price * other)
    return cost


def _faults(problem: Problem, engine: Engine) -> list[str]:
    faults = []
    for what, given, known in (
        ("pump with a pin", [p.pump for p in problem.pins], engine.pumps),
        ("pump out of service", problem.out_of_service, engine.pumps),
        ("pump with a speed range", problem.speed_range, engine.pumps),
        ("tank", problem.initial_level, engine.tanks),
        ("tank with an end level", problem.end_level or {}, engine.tanks),
        ("tank with a band", {**problem.level_min, **problem.level_max}, engine.tanks),
        ("tank with a reserve", problem.level_reserve, engine.tanks),
        ("tank that may fill to the brim", problem.clamp_exempt, engine.tanks),
        ("node with a pressure limit", problem.pressure_min, engine.junctions),
    ):
        faults += [f"{what}: {name} is not in the network" for name in given if name not in known]
    for tank in set(problem.level_min) & set(problem.level_max) & set(engine.tanks):
        low, high = max(problem.level_min[tank], engine.level_min[tank]), min(problem.level_max[tank], engine.level_max[tank])
        if low >= high:
            faults.append(f"tank {tank}: no room between {low:g} and {high:g} m; widen its band")
    return faults
