"""One plan replayed in EPANET: what it costs and by how much it misses each limit."""

from dataclasses import dataclass

import numpy as np

from wss.errors import UnsolvedError
from wss.hydraulics import Trajectory
from wss.optimization.core.modes import choice_of
from wss.optimization.core.problem import PeakCharge
from wss.optimization.core.task import LEVEL_TOLERANCE_M, Task
from wss.records import EpanetWarning

PRESSURE_SPARE_M = 1e-3
CUT_OFF_M = -100.0
"""Stands for the pressure of a node that is cut off."""
TOLD_BY_PRESSURE = (None, EpanetWarning.NEGATIVE_PRESSURE)
"""Warnings about a state, or none, that say nothing beyond its pressures."""
WARNED_MISS, UNBALANCED_MISS = 0.1, 10.0
"""What a slot with a warning of EPANET counts among the misses, and one that does not balance: what follows is chance."""
UNSOLVED_MISS = 1e6
"""What a plan counts that EPANET cannot solve at all: any other comes before it."""


@dataclass(frozen=True)
class Replay:
    """A plan, its trajectory and its misses."""

    speed: np.ndarray
    """(slot, pump) [1]"""
    level: np.ndarray
    """(slot instant, tank), the end included [m]"""
    energy: np.ndarray
    """(slot, pump) [kWh]"""
    pressure: np.ndarray
    """(slot instant, watched) [m]"""
    slack: np.ndarray
    """(full hour,) lowest pressure above its limit [m]; infinite without limits"""
    cost: float
    """Energy cost [currency]"""
    charge: float
    """Increase of the demand charge [currency]"""
    starts: np.ndarray
    """(pump,)"""
    band_miss: np.ndarray
    """(slot instant, tank) how far the level is outside the search's band [m]"""
    end_miss: np.ndarray
    """(tank,) how far the end level is missed [m]"""
    warned: np.ndarray
    """Slots in which EPANET warns"""
    beyond: np.ndarray
    """(slot, pump) of bool: which pumps work beyond their curve, where it warns"""
    shut_s: np.ndarray
    """(tank,) seconds in which EPANET kept a pipe at the tank shut, none where that is allowed"""
    shut: np.ndarray
    """(slot, tank) in which slots such a span is [bool]"""
    total: float
    """Energy, charge and start costs, and what departing from the plan in force and being within a reserve count [currency]"""
    miss: float
    """All misses in one measure, for ranking; 0 when every limit holds."""

    @property
    def rank(self) -> tuple[float, float, float]:
        """What is better comes first: fewer misses, then lower cost, then fewer starts."""
        return (self.miss, self.total, float(self.starts.sum()))


def replay(task: Task, speed: np.ndarray, step_s: int | None = None) -> Replay:
    """Replay `speed` (slot, pump) [1] in EPANET, at the problem's own hydraulic step or at `step_s` [s].

    It may end before the horizon does; then levels at the end and numbers of starts are not missed. Where EPANET gives up, all
    that is known is that it does.
    """
    slots = len(speed)
    try:
        run = _run(task, speed, step_s or task.problem.replay_step_s)
    except UnsolvedError:
        return _unsolved(task, speed)
    parts = task.slot_s // task.report_s
    level, energy = run.level[::parts], run.energy.reshape(slots, parts, -1).sum(axis=1)
    shut_s, shut = _shut(task, run.shut, slots)
    warned = np.unique([min(w.second // task.slot_s, slots - 1) for w in run.warnings]).astype(int)
    clamped = sum(tank not in task.problem.clamp_exempt for _, tank, _ in run.clamped)
    pressure = np.nan_to_num(run.pressure, nan=CUT_OFF_M)
    hourly = np.arange(len(pressure)) * task.report_s % 3600 == 0
    slack = (pressure[hourly] - task.floor).min(axis=1, initial=np.inf)
    high = np.where(task.exempt, np.inf, task.high)
    band_miss = np.maximum(task.low - level, 0) + np.maximum(level - high, 0)
    band_miss[0] = 0
    whole = slots == task.slots
    end_miss = np.maximum(task.end - level[-1], 0) * whole
    starts = count_starts(speed > 0)
    cost = float((run.energy * task.report_price[: len(run.energy)]).sum())
    charge = float(sum(peak_charge(c, energy.sum(axis=1), task.slot_h, task.counted(c)) for c in task.problem.charges))
    miss = (
        np.maximum(band_miss - LEVEL_TOLERANCE_M, 0).sum() * task.slot_h
        + end_miss.sum()
        + np.maximum(PRESSURE_SPARE_M - slack, 0).sum() / 10
        + WARNED_MISS * len(warned)
        + UNBALANCED_MISS * len({w.second // task.slot_s for w in run.warnings if w.warning == EpanetWarning.UNBALANCED})
        + shut_s.sum() / 3600
        + clamped * task.problem.replay_step_s / 3600
        + np.maximum(starts - task.most_starts, 0).sum() * whole
    )
    within = 0.0 if task.reserve is None else float(task.reserve.counted(level, np.arange(len(level))).sum()) * task.slot_h
    return Replay(
        speed,
        level,
        energy,
        pressure[::parts],
        slack,
        cost,
        charge,
        starts,
        band_miss,
        end_miss,
        warned,
        _beyond(task, run.beyond, speed.shape),
        shut_s,
        shut,
        cost + charge + task.problem.start_cost * float(starts.sum()) + departures(task, speed) + within,
        float(miss),
    )


def _run(task: Task, speed: np.ndarray, step_s: int) -> Trajectory:
    return task.engine.run(
        np.arange(len(speed)) * task.slot_s,
        speed,
        task.levels,
        duration_s=len(speed) * task.slot_s,
        step_s=step_s,
        report_s=task.report_s,
        nodes=task.watched,
    )


def _unsolved(task: Task, speed: np.ndarray) -> Replay:
    slots, tanks = len(speed), len(task.low)
    level = np.tile(task.start, (slots + 1, 1))
    return Replay(
        speed,
        level,
        energy=np.zeros(speed.shape),
        pressure=np.full((slots + 1, len(task.watched)), CUT_OFF_M),
        slack=np.full(slots * task.slot_s // 3600 + 1, CUT_OFF_M),
        cost=0.0,
        charge=0.0,
        starts=count_starts(speed > 0),
        band_miss=np.zeros(level.shape),
        end_miss=np.zeros(tanks),
        warned=np.arange(slots),
        beyond=np.zeros(speed.shape, bool),
        shut_s=np.full(tanks, float(slots * task.slot_s)),
        shut=np.ones((slots, tanks), bool),
        total=UNSOLVED_MISS,
        miss=UNSOLVED_MISS,
    )


def _shut(task: Task, spans: list[tuple[int, str, int]], slots: int) -> tuple[np.ndarray, np.ndarray]:
    """For how long (tank,) [s] and in which slots (slot, tank) of bool tanks were shut that may not be."""
    shut_s, shut = np.zeros(len(task.engine.tanks)), np.zeros((slots, len(task.engine.tanks)), bool)
    for second, name, span in spans:
        tank = task.engine.tanks.index(name)
        if not task.exempt[tank]:
            shut_s[tank] += span
            shut[second // task.slot_s : (second + span - 1) // task.slot_s + 1, tank] = True
    return shut_s, shut


def _beyond(task: Task, states: list[tuple[int, int]], shape: tuple[int, int]) -> np.ndarray:
    """In which slots which pumps work beyond their curve (slot, pump), of bool."""
    beyond = np.zeros(shape, bool)
    for second, pump in states:
        beyond[min(second // task.slot_s, shape[0] - 1), pump] = True
    return beyond


def departures(task: Task, speed: np.ndarray) -> float:
    """What departing from the plan in force counts for a plan (slot, pump) [1]. [currency]"""
    if not task.problem.change_cost:
        return 0.0
    choice = choice_of(task.stations, speed)
    return float(sum(cost[np.arange(len(choice)), choice[:, s]].sum() for s, cost in enumerate(task.change)))


def count_starts(on: np.ndarray) -> np.ndarray:
    """Starts of each pump, (..., pump), where `on` (..., time, pump) says when it runs; the horizon is periodic."""
    return (on & ~np.roll(on, 1, axis=-2)).sum(axis=-2)


def peak_charge(charge: PeakCharge, energy: np.ndarray, slot_h: float, counted: np.ndarray) -> np.ndarray:
    """What each `energy` (..., time) [kWh] adds to a billing month's demand charge, (...) [currency].

    The peak is the highest mean power of the windows that are `counted` (window,) of bool; slots longer than a window stand for
    all windows in them.
    """
    per_window = max(round(charge.window_minutes / 60 / slot_h), 1)
    windows = energy.shape[-1] // per_window
    power = energy[..., : windows * per_window].reshape(*energy.shape[:-1], windows, per_window).mean(axis=-1) / slot_h
    highest = power[..., counted[:windows]].max(axis=-1, initial=0.0)
    return charge.price_per_kw * np.maximum(highest - charge.peak_so_far_kw, 0.0)
