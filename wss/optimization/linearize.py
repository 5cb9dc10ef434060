"""What each mode does at each hour: flows into tanks, power and lowest pressure, and how they follow the tank levels."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from wss.optimization.replay import CUT_OFF_M
from wss.optimization.task import Task

NUDGE = 0.05
"""Share of a tank's band by which its level is moved to see what follows."""
CRITICAL_M = 5.0
"""Nodes whose pressure comes this near to a limit in any state are followed."""
MOST_CRITICAL = 24
"""So many of them at most, the nearest."""
MOST_SLOPED = 8
"""With more tanks, how a mode's effects follow the levels is taken from the reference."""
TABLE_WORK = 8_000_000
"""Most snapshots of a table, each counted with the links of the network: larger networks have longer table steps."""
DEEP_M = 1.0
"""A mode that leaves pressures further below zero is avoided; what is less is left to the levels."""


def hour_slots(task: Task) -> int:
    """Slots in an hour, or 1 if a slot is longer."""
    return max(3600 // task.slot_s, 1)


def table_slots(task: Task) -> int:
    """Slots in a table step: an hour, or so many that the table stays within `TABLE_WORK`."""
    modes = sum(len(s.modes) for s in task.stations) * (1 + len(task.low) if len(task.low) <= MOST_SLOPED else 1)
    hour = hour_slots(task)
    fitting = [n * hour for n in range(1, 5) if task.slots % (n * hour) == 0] or [hour]
    return next((n for n in fitting if task.slots / n * modes * len(task.engine.links) <= TABLE_WORK), fitting[-1])


def is_large(task: Task) -> bool:
    """Whether the tables must be coarse: then only one plan is polished."""
    return table_slots(task) > hour_slots(task)


@dataclass(frozen=True)
class Table:
    """Snapshots around a trajectory. One row for each table step and one for the end; effects of stations add up.

    The value of a combination of modes is that of the reference modes plus, for each station, what its mode changes.
    Columns are tank inflows [m3/h], powers [kW] and pressures at critical nodes [m].
    """

    step_slots: int
    """Slots in a table step."""
    critical: np.ndarray
    """Positions of the critical nodes among those watched"""
    level: np.ndarray
    """(row, tank) levels around which it holds [m]"""
    base: np.ndarray
    """(row, column) with the reference modes"""
    base_slope: np.ndarray
    """(row, column, tank) change per metre of level"""
    change: tuple[np.ndarray, ...]
    """One for each station: (row, mode, column) against the reference"""
    slope: tuple[np.ndarray, ...]
    """One for each station: (row, mode, column, tank) against the reference's"""
    warned: tuple[np.ndarray, ...]
    """One for each station: (row, mode) of bool: EPANET warns, and would not in another mode of the station"""
    clashes: dict[tuple[int, int], np.ndarray]
    """Stations s < r -> (row, mode of s, mode of r) of bool: EPANET warns about the two together, but about neither alone"""
    snapshots: int

    def blocked(self, task: Task, choice: np.ndarray) -> tuple[np.ndarray, ...]:
        """Modes (time, mode) of each station that pins, service or warnings forbid beside the others' `choice`."""
        row = np.arange(len(choice)) // self.step_slots
        found = [self.warned[s][row] | ~task.allowed(station) for s, station in enumerate(task.stations)]
        for (s, r), both in self.clashes.items():
            found[s] = found[s] | both[row, :, choice[:, r]]
            found[r] = found[r] | both[row, choice[:, s], :]
        return tuple(found)


def tabulate(task: Task, level: np.ndarray, choice: np.ndarray, step_slots: int, pairs: bool = False) -> Table:
    """Take the snapshots.

    Parameters
    ----------
    level : (slot instant, tank)
        Trajectory to linearize around. [m]
    choice : (slot, station)
        Reference modes.
    step_slots
        Slots in a table step.
    pairs
        Whether to look for pairs of modes of two stations that EPANET warns about together, if that is not too much work.
    """
    rows = [*range(0, task.slots, step_slots), task.slots]
    middle = np.array([level[k : k + step_slots + 1].mean(axis=0) for k in rows])
    middle = np.clip(middle, task.low, task.high)
    reference = np.array([choice[min(k + step_slots // 2, task.slots - 1)] for k in rows])
    taker = _Taker(task, step_slots)
    critical = taker.survey(rows, reference, middle)
    base, base_slope, sloped = [], [], len(task.low) <= MOST_SLOPED
    change = [np.zeros((len(rows), len(s.modes), taker.columns)) for s in task.stations]
    slope = [np.zeros((len(rows), len(s.modes), taker.columns, len(task.low))) for s in task.stations]
    warned = [np.zeros((len(rows), len(s.modes)), bool) for s in task.stations]
    for row, slot in enumerate(rows):
        value, gradient, _ = taker.take(reference[row], middle[row], slot)
        base.append(value)
        base_slope.append(gradient)
        for s, station in enumerate(task.stations):
            for mode in range(len(station.modes)):
                modes = reference[row].copy()
                modes[s] = mode
                other, other_gradient, warned[s][row, mode] = taker.take(modes, middle[row], slot, None if sloped else gradient)
                change[s][row, mode], slope[s][row, mode] = other - value, other_gradient - gradient
            if warned[s][row].all():
                warned[s][row] = False
    count = sum(len(s.modes) * len(r.modes) for s, r in combinations(task.stations, 2)) * len(rows)
    affordable = count * len(task.engine.links) <= TABLE_WORK
    clashes = _clashes(task, taker, rows, reference, middle, warned) if pairs and affordable else {}
    return Table(
        step_slots,
        critical,
        middle,
        np.array(base),
        np.array(base_slope),
        tuple(change),
        tuple(slope),
        tuple(warned),
        clashes,
        taker.count,
    )


def _clashes(
    task: Task, taker: "_Taker", rows: list[int], reference: np.ndarray, middle: np.ndarray, warned: list[np.ndarray]
) -> dict[tuple[int, int], np.ndarray]:
    found = {}
    for s, r in combinations(range(len(task.stations)), 2):
        both = np.zeros((len(rows), warned[s].shape[1], warned[r].shape[1]), bool)
        for row, slot in enumerate(rows):
            for a, b in np.argwhere(~warned[s][row][:, None] & ~warned[r][row][None]):
                modes = reference[row].copy()
                modes[[s, r]] = a, b
                both[row, a, b] = taker.warns(modes, middle[row], slot)
        both[both.all(axis=(1, 2))] = False
        if both.any():
            found[s, r] = both
    return found


class _Taker:
    """Takes snapshots as rows of columns, each state once."""

    def __init__(self, task: Task, step_slots: int) -> None:
        self._task, self._half_s = task, step_slots * task.slot_s // 2
        self._pumps, self._tanks = task.engine.pumps, task.engine.tanks
        self._nudge = np.maximum((task.high - task.low) * NUDGE, 0.01)
        self._states: dict[tuple, tuple[np.ndarray, np.ndarray, bool]] = {}
        self._slopes: dict[tuple, np.ndarray] = {}
        self._critical = np.empty(0, int)
        self.count = 0

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self._tanks) + len(self._pumps) + len(self._critical)

    def survey(self, rows: list[int], reference: np.ndarray, middle: np.ndarray) -> np.ndarray:
        """Choose the critical nodes: those whose pressure comes near a limit in any state beside the reference."""
        task = self._task
        lowest = np.full(len(task.watched), np.inf)
        for row, slot in enumerate(rows):
            for s, station in enumerate(task.stations):
                for mode in range(len(station.modes)):
                    modes = reference[row].copy()
                    modes[s] = mode
                    spare = self._state(modes, middle[row], slot)[1] - np.maximum(task.floor, task.always)
                    lowest = np.minimum(lowest, spare)
        near = np.argsort(lowest, kind="stable")[:MOST_CRITICAL]
        self._critical = np.sort(near[lowest[near] < CRITICAL_M])
        return self._critical

    def warns(self, modes: np.ndarray, level: np.ndarray, slot: int) -> bool:
        """Whether EPANET warns in the middle of the table step at `slot`, at levels (tank,) [m]."""
        return self._state(modes, level, slot)[2]

    def take(
        self, modes: np.ndarray, level: np.ndarray, slot: int, slopes: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, bool]:
        """Columns (column,), slopes (column, tank) and whether EPANET warns, in the step at `slot`, at levels (tank,) [m].

        With `slopes` those are taken as they are.
        """
        key = (tuple(modes.tolist()), slot)
        flows, pressure, warned = self._state(modes, level, slot)
        value = np.concatenate([flows, pressure[self._critical]])
        if slopes is not None:
            return value, slopes, warned
        if key not in self._slopes:
            gradient = np.zeros((self.columns, len(level)))
            for t in range(len(level)):
                sign = 1.0 if level[t] + self._nudge[t] < self._task.high[t] else -1.0
                moved = level.copy()
                moved[t] += sign * self._nudge[t]
                flows, pressure, _ = self._snapshot(modes, moved, slot)
                gradient[:, t] = (np.concatenate([flows, pressure[self._critical]]) - value) / (sign * self._nudge[t])
            self._slopes[key] = gradient
        return value, self._slopes[key], warned

    def _state(self, modes: np.ndarray, level: np.ndarray, slot: int) -> tuple[np.ndarray, np.ndarray, bool]:
        key = (tuple(modes.tolist()), slot)
        if key not in self._states:
            self._states[key] = self._snapshot(modes, level, slot)
        return self._states[key]

    def _snapshot(self, modes: np.ndarray, level: np.ndarray, slot: int) -> tuple[np.ndarray, np.ndarray, bool]:
        """Tank inflows and powers, pressures of all that is watched, and whether EPANET warns of more than low levels."""
        task = self._task
        speed = np.zeros(len(self._pumps))
        for station, mode in zip(task.stations, modes, strict=True):
            speed[list(station.pumps)] = station.modes[mode]
        second = slot * task.slot_s + (self._half_s if slot < task.slots else 0)
        named = dict(zip(self._pumps, speed, strict=True)), dict(zip(self._tanks, level, strict=True))
        state = task.engine.snapshot(*named, second)
        self.count += 1
        flows = np.array([state.tank_inflow[t] for t in self._tanks] + [state.power[p] for p in self._pumps])
        pressure = np.nan_to_num(np.array([state.pressure[n] for n in task.watched]), nan=CUT_OFF_M)
        deep = bool((pressure < task.always - DEEP_M).any())
        return flows, pressure, deep or any("negative" not in text for text in state.warnings)
