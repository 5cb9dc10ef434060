"""What each mode does at each hour: flows into tanks, power and lowest pressure, and how they follow the tank levels."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from wss.errors import UnsolvedError
from wss.optimization.core.replay import CUT_OFF_M, TOLD_BY_PRESSURE
from wss.optimization.core.task import BRIM_M, Task

NUDGE = 0.05
"""Share of a tank's band by which its level is moved to see what follows."""
CRITICAL_M = 5.0
"""Nodes whose pressure comes this near to a limit in any state are followed."""
MOST_CRITICAL = 24
"""So many of them at most, the nearest."""
MOST_SLOPED = 8
"""With more tanks, how a mode's effects follow the levels is taken from the reference."""
TABLE_WORK, LARGE_WORK = 32_000_000, 8_000_000
"""Most snapshots of a table, each counted with the links of the network: beyond, table steps are longer; and from how much work
on an hourly table makes a network a large one."""
DEEP_M = 1.0
"""A mode that leaves pressures further below zero is avoided; what is less is left to the levels."""


def hour_slots(task: Task) -> int:
    """Slots in an hour, or 1 if a slot is longer."""
    return max(3600 // task.slot_s, 1)


def table_slots(task: Task) -> int:
    """Slots in a table step: an hour, or so many that the table stays within `TABLE_WORK`."""
    hour = hour_slots(task)
    fitting = [n * hour for n in range(1, 5) if task.slots % (n * hour) == 0] or [hour]
    return next((n for n in fitting if _work(task, n) <= TABLE_WORK), fitting[-1])


def is_large(task: Task) -> bool:
    """Whether snapshots are so dear that only one plan is pursued."""
    return _work(task, hour_slots(task)) > LARGE_WORK


def _work(task: Task, step_slots: int) -> float:
    modes = sum(len(s.modes) for s in task.stations) * (1 + len(task.low) if len(task.low) <= MOST_SLOPED else 1)
    return task.slots / step_slots * modes * len(task.engine.links)


@dataclass(frozen=True)
class Table:
    """Snapshots around a trajectory. One row for each table step and one for the end; effects of stations add up.

    The value of a combination of modes is that of the reference modes plus, for each station, what its mode changes.
    Columns are tank inflows [m3/h], powers [kW] and pressures at critical nodes [m].
    """

    first: np.ndarray
    """(row,) slot from which each row counts; that of the end is the number of slots"""
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

    def rows(self, slot: np.ndarray) -> np.ndarray:
        """The row (slot,) that counts at each of the slots [1]."""
        return np.searchsorted(self.first, slot, side="right") - 1

    def blocked(self, task: Task, choice: np.ndarray) -> tuple[np.ndarray, ...]:
        """Modes (time, mode) of each station that pins, service or warnings forbid beside the others' `choice`."""
        row = self.rows(np.arange(len(choice)))
        found = [self.warned[s][row] | ~task.allowed(station) for s, station in enumerate(task.stations)]
        for (s, r), both in self.clashes.items():
            found[s] = found[s] | both[row, :, choice[:, r]]
            found[r] = found[r] | both[row, choice[:, s], :]
        return tuple(found)


def every(task: Task, step_slots: int) -> np.ndarray:
    """First slots of the rows of a table over the whole horizon in steps of `step_slots` slots, that of the end included."""
    return np.array([*range(0, task.slots, step_slots), task.slots])


def tabulate(task: Task, level: np.ndarray, choice: np.ndarray, edges: np.ndarray, pairs: bool = False) -> Table:
    """Take the snapshots.

    Parameters
    ----------
    level : (slot instant, tank)
        Trajectory to linearize around. [m] A tank that may be full or empty, and is all through a row, is shut in its snapshots.
    choice : (slot, station)
        Reference modes.
    edges : (edge,)
        Slots between which a row counts. Where the last is the end of the horizon, there is a row for the end as well.
    pairs
        Whether to look for pairs of modes of two stations that EPANET warns about together, if that is not too much work.
    """
    first = edges if edges[-1] == task.slots else edges[:-1]
    until = np.append(edges[1:], task.slots)[: len(first)]
    spans = [level[a : b + 1] for a, b in zip(first, until, strict=True)]
    middle = np.clip([span.mean(axis=0) for span in spans], task.low, task.high)
    for edge, side in ((task.brim + BRIM_M, 1), (task.bottom - BRIM_M, -1)):
        shut = task.exempt & np.array([(side * (edge - span) < 2 * BRIM_M).all(axis=0) for span in spans])
        middle = np.where(shut, edge, middle)
    rows = ((first + until) * (task.slot_s / 2)).astype(int).tolist()
    reference = choice[np.minimum((first + until) // 2, task.slots - 1)]
    taker = _Taker(task)
    critical = taker.survey(rows, reference, middle)
    base, base_slope, sloped = [], [], len(task.low) <= MOST_SLOPED
    change = [np.zeros((len(rows), len(s.modes), taker.columns)) for s in task.stations]
    slope = [np.broadcast_to(0.0, (*own.shape, len(task.low))) for own in change]
    slope = [own.copy() for own in slope] if sloped else slope
    warned = [np.zeros((len(rows), len(s.modes)), bool) for s in task.stations]
    for row, second in enumerate(rows):
        value, gradient, _ = taker.take(reference[row], middle[row], second)
        base.append(value)
        base_slope.append(gradient)
        for s, station in enumerate(task.stations):
            for mode in range(len(station.modes)):
                modes = reference[row].copy()
                modes[s] = mode
                other, other_gradient, warned[s][row, mode] = taker.take(modes, middle[row], second, None if sloped else gradient)
                change[s][row, mode] = other - value
                if sloped:
                    slope[s][row, mode] = other_gradient - gradient
            if warned[s][row].all():
                warned[s][row] = False
    count = sum(len(s.modes) * len(r.modes) for s, r in combinations(task.stations, 2)) * len(rows)
    affordable = count * len(task.engine.links) <= LARGE_WORK
    clashes = _clashes(task, taker, rows, reference, middle, warned) if pairs and affordable else {}
    return Table(
        first,
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
        for row, second in enumerate(rows):
            for a, b in np.argwhere(~warned[s][row][:, None] & ~warned[r][row][None]):
                modes = reference[row].copy()
                modes[[s, r]] = a, b
                both[row, a, b] = taker.warns(modes, middle[row], second)
        both[both.all(axis=(1, 2))] = False
        if both.any():
            found[s, r] = both
    return found


class _Taker:
    """Takes snapshots as rows of columns, each state once."""

    def __init__(self, task: Task) -> None:
        self._task = task
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
        for row, second in enumerate(rows):
            for s, station in enumerate(task.stations):
                for mode in range(len(station.modes)):
                    modes = reference[row].copy()
                    modes[s] = mode
                    spare = self._state(modes, middle[row], second)[1] - np.maximum(task.floor, task.always)
                    lowest = np.minimum(lowest, spare)
        near = np.argsort(lowest, kind="stable")[:MOST_CRITICAL]
        self._critical = np.sort(near[lowest[near] < CRITICAL_M])
        return self._critical

    def warns(self, modes: np.ndarray, level: np.ndarray, second: int) -> bool:
        """Whether EPANET warns at `second` and at levels (tank,) [m]."""
        return self._state(modes, level, second)[2]

    def take(
        self, modes: np.ndarray, level: np.ndarray, second: int, slopes: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, bool]:
        """Columns (column,), slopes (column, tank) and whether EPANET warns, at `second` and at levels (tank,) [m].

        With `slopes` those are taken as they are.
        """
        key = (tuple(modes.tolist()), second)
        flows, pressure, warned = self._state(modes, level, second)
        value = np.concatenate([flows, pressure[self._critical]])
        if slopes is not None:
            return value, slopes, warned
        if key not in self._slopes:
            gradient = np.zeros((self.columns, len(level)))
            for t in range(len(level)):
                sign = 1.0 if level[t] + self._nudge[t] < self._task.high[t] else -1.0
                moved = level.copy()
                moved[t] += sign * self._nudge[t]
                flows, pressure, _ = self._snapshot(modes, moved, second)
                gradient[:, t] = (np.concatenate([flows, pressure[self._critical]]) - value) / (sign * self._nudge[t])
            self._slopes[key] = gradient
        return value, self._slopes[key], warned

    def _state(self, modes: np.ndarray, level: np.ndarray, second: int) -> tuple[np.ndarray, np.ndarray, bool]:
        key = (tuple(modes.tolist()), second)
        if key not in self._states:
            self._states[key] = self._snapshot(modes, level, second)
        return self._states[key]

    def _snapshot(self, modes: np.ndarray, level: np.ndarray, second: int) -> tuple[np.ndarray, np.ndarray, bool]:
        """Tank inflows and powers, pressures of all that is watched, and whether EPANET warns of more than low levels.

        What EPANET gives up on does nothing, and is to be avoided.
        """
        task = self._task
        speed = np.zeros(len(self._pumps))
        for station, mode in zip(task.stations, modes, strict=True):
            speed[list(station.pumps)] = station.modes[mode]
        named = dict(zip(self._pumps, speed, strict=True)), dict(zip(self._tanks, level, strict=True))
        self.count += 1
        try:
            state = task.engine.snapshot(*named, second)
        except UnsolvedError:
            return np.zeros(len(self._tanks) + len(self._pumps)), np.full(len(task.watched), CUT_OFF_M), True
        flows = np.concatenate([state.inflows, state.powers])
        pressure = state.pressures[task.watched_at]
        pressure[np.isnan(pressure)] = CUT_OFF_M
        deep = bool((pressure < task.always - DEEP_M).any())
        return flows, pressure, deep or state.warning not in TOLD_BY_PRESSURE
