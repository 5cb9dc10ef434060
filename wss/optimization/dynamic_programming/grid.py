"""What every combination of modes does at every level of the tanks: snapshots on a grid of levels, read between its points."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np
from scipy.interpolate import PchipInterpolator

from wss.errors import UnsolvedError
from wss.hydraulics import tanks
from wss.optimization.core.replay import CUT_OFF_M, TOLD_BY_PRESSURE
from wss.optimization.core.task import Task

COARSE = {1: 25, 2: 13, 3: 9}
"""Number of tanks -> levels of each at which snapshots are taken."""
FINE = {1: 257, 2: 65, 3: 33}
"""Number of tanks -> levels of each between which values are read linearly."""
MOST_COMBINATIONS = 64
MOST_WORK = 2_000_000
"""Most snapshots, each counted with the links of the network; beyond it the linear program finds more in the same time."""
WARNED_M = -1e3
"""Stands for the pressure above its limit in a state that EPANET warns about for another reason."""
AMPLE_M = 1e3
"""Stands for the pressure above its limit where there is none."""


@dataclass(frozen=True)
class LevelTable:
    """Snapshots over the tanks' levels for each demand and each combination of the stations' modes.

    Cells are the points of the fine grid, the last tank's level running fastest.
    """

    modes: np.ndarray
    """(combination, station): mode of every station"""
    speeds: np.ndarray
    """(combination, pump) [1]"""
    low: np.ndarray
    """(tank,) lowest level of the grid [m]"""
    step: np.ndarray
    """(tank,) between neighbouring levels [m]"""
    shape: tuple[int, ...]
    """Levels of each tank"""
    row: np.ndarray
    """(hydraulic step, the end included) which demand is in force"""
    rate: np.ndarray
    """(demand, combination, cell, tank) change of level [m/s]"""
    power: np.ndarray
    """(demand, combination, cell, pump) [kW]"""
    spare: np.ndarray
    """(demand, combination, cell, 2) lowest pressure above its limit at full hours, and at all times [m]"""
    snapshots: int

    @property
    def cells(self) -> np.ndarray:
        """Levels (cell, tank) of the cells. [m]"""
        axes = [low + step * np.arange(size) for low, step, size in zip(self.low, self.step, self.shape, strict=True)]
        return np.array(np.meshgrid(*axes, indexing="ij")).reshape(len(axes), -1).T

    def corners(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cells around levels (state, tank) [m] and their weights [1], both (corner, state); beyond the grid its edge counts."""
        at = (level.T - self.low[:, None]) / self.step[:, None]
        np.minimum(np.maximum(at, 0, out=at), np.array(self.shape)[:, None] - 1 - 1e-9, out=at)
        whole = at.astype(np.int64)
        part = at - whole
        cells, weights = [np.zeros(len(level), np.int64)], [np.ones(len(level))]
        for own, share, size in zip(whole, part, self.shape, strict=True):
            lower, rest = [cell * size + own for cell in cells], 1 - share
            cells = lower + [cell + 1 for cell in lower]
            weights = [weight * rest for weight in weights] + [weight * share for weight in weights]
        return np.array(cells), np.array(weights)


def read(values: np.ndarray, cell: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values (cell,) or (cell, quantity) [...] read between the cells around states: (state,) or (state, quantity) [...].

    `cell` and `weight` (corner, state) [1] are what `LevelTable.corners` gives.
    """
    if values.ndim == 1:
        return sum(values.take(c) * w for c, w in zip(cell, weight, strict=True))
    return np.array([read(values[:, k], cell, weight) for k in range(values.shape[1])]).T


def combinations(task: Task) -> np.ndarray:
    """Every combination of the stations' modes, (combination, station) [mode]."""
    return np.array(list(product(*(range(len(s.modes)) for s in task.stations))))


def worth_a_table(task: Task) -> bool:
    """Whether the network is small enough for tables over all levels."""
    number, count = len(task.low), prod(len(s.modes) for s in task.stations)
    if number not in COARSE or count > MOST_COMBINATIONS:
        return False
    demands = len(task.engine.demands.states(_seconds(task))[1])
    return demands * count * COARSE[number] ** number * len(task.engine.links) <= MOST_WORK


def tabulate_levels(task: Task) -> LevelTable:
    """Take the snapshots, and refine the grid between them by monotone cubics."""
    modes, number, pumps = combinations(task), len(task.low), len(task.engine.pumps)
    speeds = np.zeros((len(modes), pumps))
    for s, station in enumerate(task.stations):
        speeds[:, station.pumps] = station.modes[modes[:, s]]
    row, firsts = task.engine.demands.states(_seconds(task))
    axes = [np.linspace(low, high, COARSE[number]) for low, high in zip(task.bottom, task.brim, strict=True)]
    points = list(product(*axes))
    states = np.array(
        [[[state_of(task, speed, point, int(second)) for point in points] for speed in speeds] for second in firsts]
    )
    fine = [np.linspace(low, high, FINE[number]) for low, high in zip(task.bottom, task.brim, strict=True)]
    values = states.reshape(*states.shape[:2], *(len(a) for a in axes), states.shape[-1])
    for t, (axis, wanted) in enumerate(zip(axes, fine, strict=True)):
        values = PchipInterpolator(axis, values, axis=2 + t)(wanted)
    values = values.reshape(*states.shape[:2], -1, states.shape[-1])
    return LevelTable(
        modes,
        speeds,
        np.array([axis[0] for axis in fine]),
        np.array([axis[1] - axis[0] for axis in fine]),
        tuple(len(axis) for axis in fine),
        row,
        *(_by_quantity(part) for part in np.split(values, [number, number + pumps], axis=-1)),
        int(np.prod(states.shape[:3])),
    )


def _by_quantity(values: np.ndarray) -> np.ndarray:
    """The same values (..., cell, quantity), those of each quantity side by side in memory."""
    return np.ascontiguousarray(values.swapaxes(-1, -2)).swapaxes(-1, -2)


def _seconds(task: Task) -> np.ndarray:
    """Starts (hydraulic step,) of the replay's steps, the end included. [s]"""
    return np.arange(0, task.slots * task.slot_s + 1, task.problem.replay_step_s)


def state_of(task: Task, speed: np.ndarray, level: tuple[float, ...], second: int) -> np.ndarray:
    """Rates (tank,) [m/s], powers (pump,) [kW] and the two spares [m] of one state, in one row; EPANET may give up on it."""
    engine = task.engine
    named = dict(zip(engine.pumps, speed, strict=True)), dict(zip(engine.tanks, level, strict=True))
    try:
        state = engine.snapshot(*named, second)
    except UnsolvedError:
        return np.array([*np.zeros(len(engine.tanks) + len(engine.pumps)), WARNED_M, WARNED_M])
    rates = state.inflows / [_area(task.problem.network, t, float(at)) for t, at in zip(engine.tanks, level, strict=True)] / 3600
    pressure = state.pressures[task.watched_at]
    pressure[np.isnan(pressure)] = CUT_OFF_M
    hourly, always = (float((pressure - limit).min(initial=AMPLE_M)) for limit in (task.floor, task.always))
    if state.warning not in TOLD_BY_PRESSURE:
        always = WARNED_M
    return np.array([*rates, *state.powers, min(hourly, AMPLE_M), min(always, AMPLE_M)])


@lru_cache(maxsize=256)
def _area(network: str, tank: str, level: float) -> float:
    """Plan area of a tank at a level [m]; the same few levels are asked for again and again. [m2]"""
    return float(tanks.area(network, tank, np.array([level]))[0])
