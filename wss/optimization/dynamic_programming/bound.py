"""A cost that no plan can undercut, for networks with one tank: dynamic programming over intervals of its level.

References
----------
.. [1] R. Bellman, "Dynamic Programming", Princeton University Press, 1957.
"""

from dataclasses import dataclass

import numpy as np

from wss.optimization.core.task import BRIM_M, LEVEL_TOLERANCE_M, Task
from wss.optimization.dynamic_programming.grid import LevelTable, read, state_of, tabulate_levels, worth_a_table
from wss.optimization.dynamic_programming.search import Rules, rules_of

INTERVALS = 100_000
"""Parts of the tank's band; the finer, the nearer the bound."""
TOLERANCE_M = 1e-3 + 1e-6
"""By how much the judge lets pressures and end levels be missed, in metres or a smaller unit [m]."""
CHECKS = 400
"""States at which the tables are compared with EPANET."""
SAFETY = 2.0
"""Multiple of the largest difference found there that the bound makes room for."""


@dataclass(frozen=True)
class _Steps:
    """One slot with one combination, from every boundary between intervals."""

    first: np.ndarray
    """(interval,) lowest interval that can be reached"""
    last: np.ndarray
    """(interval,) highest one"""
    cost: np.ndarray
    """(interval,) least cost; infinite where limits are broken [currency]"""


def lower_bound(task: Task) -> float | None:
    """Cost that no plan on the decision grid undercuts [currency]; infinite if none keeps the limits, None if none can be proven.

    The level is known up to an interval. An interval leads to all that its image touches, at its least cost, and it keeps a limit
    if any of its levels does: so every plan is covered by a path that costs no more. That a higher level stays the higher is
    checked; what the tables differ from EPANET is allowed for.
    """
    problem = task.problem
    if len(task.low) != 1 or problem.speed_range or problem.charges or problem.change_cost or not worth_a_table(task):
        return None
    table = tabulate_levels(task)
    rules = rules_of(task, table, problem.start_cost, 1)
    off = _errors(task, table)
    edges = np.linspace(task.bottom[0] - BRIM_M - off[0], task.brim[0] + BRIM_M + off[0], INTERVALS + 1)
    steps = [
        {int(m): _step(task, table, int(m), slot, edges, off) for m in np.flatnonzero(rules.allowed[slot])}
        for slot in range(task.slots)
    ]
    if any(one is None for each in steps for one in each.values()):
        return None
    starts = int(rules.most.max()) if np.isfinite(rules.most).any() else 0
    if len(rules.most) > 1 and (starts or problem.start_cost):
        return None
    counted = bool(starts) or problem.start_cost > 0
    firsts = range(len(table.modes)) if counted else [-1]
    return min(_from(task, rules, steps, edges, first, starts, counted) for first in firsts)


def _limits(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest level (tank,) that a plan may reach: the tank's own, or the operator's with the tolerance. [m]"""
    low = np.where(task.low <= task.bottom, task.bottom - BRIM_M, task.low - LEVEL_TOLERANCE_M)
    return low, np.where(task.high >= task.brim, task.brim + BRIM_M, task.high + LEVEL_TOLERANCE_M)


def _errors(task: Task, table: LevelTable) -> tuple[float, float]:
    """How far the tables may be off in a slot: level [m] and, relatively, cost [1], from states between the grid's points."""
    rng = np.random.default_rng(0)
    pumps = len(task.engine.pumps)
    rows = np.unique(table.row)
    level_error = power_error = 0.0
    for _ in range(CHECKS):
        row, m = int(rng.choice(rows)), int(rng.integers(len(table.modes)))
        level = rng.uniform(task.bottom - 0.9 * BRIM_M, task.brim + 0.9 * BRIM_M)
        second = int(np.flatnonzero(table.row == row)[0]) * task.problem.replay_step_s
        told = state_of(task, table.speeds[m], tuple(level), second)
        corners = table.corners(level[None])
        level_error = max(level_error, abs(float(read(table.rate[row, m], *corners)[0, 0]) - told[0]))
        power = read(table.power[row, m], *corners)[0]
        power_error = max(power_error, float(np.abs(power - told[1 : 1 + pumps]).max() / max(told[1 : 1 + pumps].max(), 1e-3)))
    return SAFETY * level_error * task.slot_s, SAFETY * power_error


def _step(task: Task, table: LevelTable, m: int, slot: int, edges: np.ndarray, off: tuple[float, float]) -> _Steps | None:
    """What a slot leads to from each interval between `edges` [m]; None if levels change their order."""
    step_s, per_slot = task.problem.replay_step_s, task.slot_s // task.problem.replay_step_s
    level, cost, broken = edges[:, None], np.zeros(len(edges)), np.zeros(len(edges), bool)
    low, high = _limits(task)
    for j in range(slot * per_slot, (slot + 1) * per_slot):
        row, corners = table.row[j], table.corners(level)
        spare = read(table.spare[row, m], *corners)
        broken |= spare[:, 1] < -TOLERANCE_M
        if j * step_s % 3600 == 0:
            broken |= spare[:, 0] < -TOLERANCE_M
        cost = cost + read(table.power[row, m] @ task.price[slot], *corners) * step_s / 3600
        level = level + read(table.rate[row, m], *corners) * step_s
        if (np.diff(level[:, 0]) < 0).any():
            return None
        under = (level[:, 0] < low[0] - off[0]) & (level[:, 0] < task.start[0])
        broken |= under | ((level[:, 0] > max(high[0], task.start[0]) + off[0]) & (not task.exempt[0]))
        level = np.minimum(level, task.brim + BRIM_M) if task.exempt[0] else level
    both = broken[:-1] & broken[1:]
    least = np.minimum(cost[:-1], cost[1:]) - np.abs(np.diff(cost))
    least = np.where(both, np.inf, np.where(least > 0, least * (1 - off[1]), least))
    width = edges[1] - edges[0]
    reached = np.clip((level[:, 0] - edges[0]) / width, 0, INTERVALS - 1e-9)
    spread = off[0] / width
    first = np.floor(np.maximum(reached[:-1] - spread, 0)).astype(int)
    last = np.floor(np.minimum(reached[1:] + spread, INTERVALS - 1e-9)).astype(int)
    return _Steps(first, last, least)


def _from(
    task: Task, rules: Rules, steps: list[dict[int, _Steps]], edges: np.ndarray, first: int, starts: int, counted: bool
) -> float:
    """Least cost with `first` as the combination of the first slot (-1: any), with at most `starts` starts (0: no limit)."""
    count = len(rules.rises)
    rises = rules.rises.sum(axis=2)
    ends = edges[1:] >= task.end[0] - TOLERANCE_M
    value = np.full((count if counted else 1, starts + 1, INTERVALS), np.inf)
    for last in range(len(value)):
        wrap = rises[last, first] if counted else 0
        for used in range(starts + 1):
            if not starts or used + wrap <= starts:
                value[last, used, ends] = rules.start_price * wrap
    for slot in range(task.slots - 1, -1, -1):
        before = np.full_like(value, np.inf)
        for m, step in steps[slot].items():
            if slot == 0 and counted and m != first:
                continue
            best = _lowest(value[m if counted else 0], step) + step.cost
            for last in range(len(value)):
                more = rises[last, m] if counted and slot else 0
                paid = best + rules.start_price * more
                kept = paid[more:] if starts else paid
                before[last, : len(kept)] = np.minimum(before[last, : len(kept)], kept)
        value = before
    at = int(np.clip(np.searchsorted(edges, task.start[0], side="right") - 1, 0, INTERVALS - 1))
    return float(value[:, 0, max(at - 1, 0) : at + 2].min())


def _lowest(value: np.ndarray, step: _Steps) -> np.ndarray:
    """Least value (starts, interval) among the intervals that each interval leads to."""
    found = value[:, step.first]
    for k in range(1, int((step.last - step.first).max()) + 1):
        found = np.minimum(found, value[:, np.minimum(step.first + k, step.last)])
    return found
