"""Stations and their modes: which pumps act on each other, and in which combinations and speeds they can run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np

from wss.errors import UnsolvedError
from wss.hydraulics import Engine, Snapshot
from wss.optimization.core.problem import Problem

INTERACTION = 0.02
"""Relative change of a pump's flow from which another pump acts on it."""
SAME = 1e-4
"""Relative difference of flow and power below which two pumps count as identical."""
JOINT_MODES = 8
"""Networks with at most so many combinations of all pumps are one station: their states need no adding up."""
MOST_MODES = 64
"""A group with more combinations falls apart into single pumps, whose effects are added up."""
SPEEDS = 9
"""Speeds of a variable-speed drive between its lowest and highest."""


@dataclass(frozen=True)
class Station:
    """Pumps that are planned together; mode 0 is all off, whatever else there is."""

    pumps: tuple[int, ...]
    """Positions in the engine's order of pumps."""
    modes: np.ndarray
    """(mode, pump): relative speed. [1]"""
    groups: tuple[tuple[int, ...], ...]
    """Positions within the station of pumps that are identical: only how many of them run is planned."""

    @cached_property
    def states(self) -> np.ndarray:
        """(group, mode) which of its states each group is in, counted from 0 [1]."""
        own = (self.modes[:, list(group)] for group in self.groups)
        return np.array([np.unique(each, axis=0, return_inverse=True)[1].ravel() for each in own])

    @cached_property
    def ways(self) -> np.ndarray:
        """(way, mode) what becomes of modes [1]: ways into each mode, then, of several groups, into each state of one of them."""
        into = [np.full(len(self.modes), mode) for mode in range(len(self.modes))]
        where = {tuple(column): mode for mode, column in enumerate(self.states.T.tolist())}
        for g, state in self.way_states:
            changed = self.states.T.copy()
            changed[:, g] = state
            into.append(np.array([where[tuple(column)] for column in changed.tolist()]))
        return np.array(into)

    @cached_property
    def way_states(self) -> list[tuple[int, int]]:
        """The group and its state of each way beyond those into a mode."""
        several = len(self.groups) > 1
        return [(g, n) for g, own in enumerate(self.states) for n in range(own.max() + 1)] if several else []


def find_stations(engine: Engine, problem: Problem) -> tuple[Station, ...]:
    """Stations of a network, from snapshots at the initial levels.

    Two pumps are in one station if one changes the other's flow by more than `INTERACTION`, beside all others if it delivers
    nothing alone. Identical pumps, with the same price, range and no pins, are counted and not named.
    """
    pumps = engine.pumps
    usable = [i for i, p in enumerate(pumps) if p not in problem.out_of_service]
    top = {p: problem.speed_of(p)[1] for p in pumps}

    def state(*running: int) -> Snapshot:
        return engine.snapshot({pumps[i]: top[pumps[i]] for i in running}, problem.initial_level, 0)

    alone = {i: state(i) for i in usable}
    pairs = {(i, j): state(i, j) for i, j in combinations(usable, 2)}
    usable.sort(key=lambda i: not _running(problem, pumps[i]))
    acting = [pair for pair, both in pairs.items() if _interact(pumps, alone, both, *pair)]
    needed, together = _needed(pumps, usable, alone, state)
    acting += needed
    shown = alone | dict.fromkeys((i for i, _ in needed), together)
    joined = _connected(usable, acting)
    speeds = {i: _speeds(problem, pumps[i]) for i in range(len(pumps))}
    if usable and np.prod([len(speeds[i]) for i in usable]) <= JOINT_MODES:
        joined = [usable]
    stations = []
    for members in joined:
        groups = _identical(problem, pumps, shown, members)
        modes = _modes(members, groups, speeds)
        split = [members] if len(modes) <= MOST_MODES else [[i] for i in members]
        for part in split:
            own = groups if part == members else [tuple(part)]
            stations.append(
                Station(tuple(part), _modes(part, own, speeds), tuple(tuple(part.index(i) for i in group) for group in own))
            )
    idle = tuple(i for i in range(len(pumps)) if i not in usable)
    return tuple(stations) + tuple(Station((i,), np.zeros((1, 1)), ((0,),)) for i in idle)


def speeds_of(stations: tuple[Station, ...], choice: np.ndarray, count: int) -> np.ndarray:
    """Speed (time, pump) of `count` pumps from the mode of every station (time, station); identical pumps take turns. [1]"""
    speed = np.zeros((len(choice), count))
    for s, station in enumerate(stations):
        own = station.modes[choice[:, s]]
        for group in station.groups:
            if len(group) > 1:
                own[:, group] = _take_turns((own[:, group] > 0).sum(axis=1), len(group)) * station.modes[:, group].max()
        speed[:, station.pumps] = own
    return speed


def choice_of(stations: tuple[Station, ...], speed: np.ndarray) -> np.ndarray:
    """Nearest mode of every station (time, station) to speeds (time, pump) [1]; identical pumps are counted."""
    choice = np.zeros((len(speed), len(stations)), int)
    for s, station in enumerate(stations):
        own = speed[:, station.pumps].astype(float)
        for group in station.groups:
            own[:, group] = -np.sort(-own[:, group], axis=1)
        distance = np.abs(own[:, None, :] - station.modes[None]) + 10 * ((own[:, None, :] > 0) != (station.modes[None] > 0))
        choice[:, s] = distance.sum(axis=2).argmin(axis=1)
    return choice


def _running(problem: Problem, pump: str) -> bool:
    """Whether a pump runs at the start: of identical pumps, those that run go on."""
    return bool(problem.initial_status.get(pump, False))


def _interact(pumps: list[str], alone: Mapping[int, Snapshot], both: Snapshot, i: int, j: int) -> bool:
    return any(_differ(alone[a].flow[pumps[a]], both.flow[pumps[a]]) for a in (i, j))


def _needed(
    pumps: list[str], usable: list[int], alone: Mapping[int, Snapshot], state: Callable[..., Snapshot]
) -> tuple[list[tuple[int, int]], Snapshot | None]:
    """Pumps that deliver nothing alone with each that changes their flow beside all others; and the state in which all run."""
    try:
        together = state(*usable)
        helpless = [i for i in usable if abs(alone[i].flow[pumps[i]]) < INTERACTION * abs(together.flow[pumps[i]])]
        without = {j: state(*(i for i in usable if i != j)) for j in (usable if helpless else [])}
    except UnsolvedError:
        return [], None
    pairs = ((i, j) for i in helpless for j in usable if i != j)
    return [(i, j) for i, j in pairs if _differ(together.flow[pumps[i]], without[j].flow[pumps[i]])], together


def _differ(before: float, after: float) -> bool:
    return abs(after - before) > INTERACTION * max(abs(before), abs(after), 1e-6)


def _connected(members: list[int], edges: list[tuple[int, int]]) -> list[list[int]]:
    label = {i: i for i in members}
    for i, j in edges:
        old, new = label[j], label[i]
        label = {k: new if v == old else v for k, v in label.items()}
    return [[i for i in members if label[i] == root] for root in dict.fromkeys(label.values())]


def _identical(problem: Problem, pumps: list[str], shown: Mapping[int, Snapshot], members: list[int]) -> list[tuple[int, ...]]:
    def signature(i: int) -> tuple:
        name = pumps[i]
        own = name if name in problem.speed_range or any(p.pump == name for p in problem.pins) else ""
        price = problem.price.sel(pump=name) if "pump" in problem.price.dims else problem.price
        return own, tuple(price.to_numpy().tolist()), name in problem.tied.values() and name, problem.max_starts.get(name)

    groups: list[list[int]] = []
    for i in members:
        for group in groups:
            first = group[0]
            values = [
                (shown[i].flow[pumps[i]], shown[first].flow[pumps[first]]),
                (shown[i].power[pumps[i]], shown[first].power[pumps[first]]),
            ]
            values += [(shown[i].tank_inflow[t], shown[first].tank_inflow[t]) for t in shown[i].tank_inflow]
            if signature(i) == signature(first) and all(abs(a - b) <= SAME * max(abs(a), abs(b), 1.0) for a, b in values):
                group.append(i)
                break
        else:
            groups.append([i])
    return [tuple(group) for group in groups]


def _speeds(problem: Problem, pump: str) -> list[float]:
    if pump not in problem.speed_range:
        return [0.0, 1.0]
    if pump in problem.speed_steps:
        return [0.0, *sorted(set(problem.speed_steps[pump]))]
    low, high = problem.speed_range[pump]
    return [0.0, *np.unique(np.linspace(low, high, SPEEDS)).tolist()]


def _modes(members: list[int], groups: list[tuple[int, ...]], speeds: Mapping[int, list[float]]) -> np.ndarray:
    """Every combination (mode, pump), of identical pumps the first so many; all off comes first."""
    rows = []
    for combination in product(*(speeds[i] for i in members)):
        chosen = dict(zip(members, combination, strict=True))
        if all(chosen[a] >= chosen[b] for group in groups for a, b in zip(group, group[1:], strict=False)):
            rows.append(combination)
    return np.array(rows, dtype=float).reshape(len(rows), len(members))


def _take_turns(count: np.ndarray, size: int) -> np.ndarray:
    """Which of `size` identical pumps run (time, pump) so that `count` (time,) do; the longest at rest starts first."""
    running: list[int] = list(range(size))[: int(count[0])]
    resting = [i for i in range(size) if i not in running]
    on = np.zeros((len(count), size))
    for k, wanted in enumerate(count.tolist()):
        while len(running) < wanted:
            running.append(resting.pop(0))
        while len(running) > wanted:
            resting.append(running.pop(0))
        on[k, running] = 1.0
    return on
