"""Dynamic programming over tank levels: the best plans of networks with few tanks, by the tables of `grid`.

Backward, the cost of the rest of the horizon [1]_ is read from a grid of levels, with limits priced. Forward, partial plans keep
their true levels; of those in the same small box of levels the best is kept, and of all the most promising by that cost [2]_.

References
----------
.. [1] R. Bellman, "Dynamic Programming", Princeton University Press, 1957.
.. [2] P. S. Ow, T. E. Morton, "Filtered Beam Search in Scheduling", International Journal of Production Research 26 (1), 1988,
       doi:10.1080/00207548808947840.
"""

from dataclasses import dataclass, fields

import numpy as np

from wss.optimization.core.replay import PRESSURE_SPARE_M
from wss.optimization.core.task import END_SPARE_M, Task
from wss.optimization.dynamic_programming.grid import LevelTable, read

SPARE_M = 1e-4
"""How far inside a tank's limits its level stays."""
MISS_PRICE = 5.0
"""Backward price of missing a limit by 1 m, in multiples of what it costs to raise the level by 1 m at the dearest."""
MOST_WEAK_M = 10.0
"""Pressures that are missed by more count as this much."""


@dataclass(frozen=True)
class Rules:
    """What decides between partial plans."""

    rises: np.ndarray
    """(combination, combination, group): pumps of each group that start from one combination to the next"""
    most: np.ndarray
    """(group,) starts that are allowed; infinity without a limit"""
    start_price: float
    """[currency]"""
    allowed: np.ndarray
    """(slot, combination) of bool"""
    block: int
    """Slots between which combinations change, as a rule"""
    change: np.ndarray
    """(slot, combination) what departing from the plan in force costs [currency]"""
    free: np.ndarray
    """(slot,) of bool: combinations may change; at each block, and where prices or what is allowed change"""


@dataclass(frozen=True)
class Beam:
    """Which partial plans compete, and how many go on."""

    boxes: int
    """Parts of each tank's band"""
    counted: bool
    """Whether only those compete that used as many starts and began alike; if not, it is for the price of starts to decide"""
    states: int
    """Partial plans that are kept at each slot"""


@dataclass(frozen=True)
class Corridor:
    """Levels near those of a plan."""

    level: np.ndarray
    """(slot instant, tank) [m]"""
    width: np.ndarray
    """(tank,) how far levels may lie to each side [m]"""


@dataclass(frozen=True)
class States:
    """Partial plans at one instant."""

    level: np.ndarray
    """(state, tank) [m]"""
    cost: np.ndarray
    """(state,) [currency]"""
    last: np.ndarray
    """(state,) combination in the slot before"""
    first: np.ndarray
    """(state,) combination in the first slot"""
    starts: np.ndarray
    """(state, group)"""

    def take(self, which: np.ndarray) -> "States":
        """States at positions `which`."""
        return States(*(getattr(self, f.name)[which] for f in fields(self)))


@dataclass(frozen=True)
class DynamicPlan:
    """A plan that the dynamic program found."""

    choice: np.ndarray
    """(slot, station)"""
    cost: float
    """By the tables, starts included [currency]"""


def rules_of(task: Task, table: LevelTable, start_price: float, block: int) -> Rules:
    """Starts between combinations, and which of them each slot allows."""
    counts, most = [], []
    for s, station in enumerate(task.stations):
        for group in station.groups:
            counts.append((station.modes[:, list(group)] > 0).sum(axis=1)[table.modes[:, s]])
            most.append(task.most_starts[[station.pumps[p] for p in group]].sum())
    count = np.array(counts).T
    allowed = np.ones((task.slots, len(table.modes)), bool)
    for s, station in enumerate(task.stations):
        allowed &= task.allowed(station)[:, table.modes[:, s]]
    free = np.arange(task.slots) % block == 0
    free[1:] |= (np.diff(task.price, axis=0) != 0).any(axis=1) | (allowed[1:] != allowed[:-1]).any(axis=1)
    change = sum(cost[:, table.modes[:, s]] for s, cost in enumerate(task.change))
    return Rules(np.maximum(count[None] - count[:, None], 0), np.array(most, float), start_price, allowed, block, change, free)


def cost_to_go(task: Task, table: LevelTable, rules: Rules, prices: np.ndarray) -> np.ndarray:
    """What the rest of the horizon costs, where limits are priced and a start costs one of `prices` (price,). [currency]

    Returns
    -------
    ndarray
        (price, instant at which combinations may change, combination before, cell) [currency]
    """
    cells, block = table.cells, rules.block
    fastest = np.maximum(np.abs(table.rate).max(axis=(0, 1, 2)), 1e-9)
    metre = MISS_PRICE * task.price.max() * table.power.sum(axis=-1).max() / 3600 / fastest
    value = np.empty((len(prices), len(table.modes), len(cells)))
    value[:] = np.maximum(task.end + 2 * END_SPARE_M - cells, 0) @ metre
    found = np.empty((len(prices), task.slots // block + 1, *value.shape[1:]), np.float32)
    found[:, -1] = value
    rises = prices[:, None, None, None] * rules.rises.sum(axis=2)[None, :, :, None]
    for slot in range(task.slots - block, -1, -block):
        through = np.full(value.shape, np.inf)
        for m in np.flatnonzero(rules.allowed[slot : slot + block].all(axis=0)):
            level, cost = cells, np.zeros(len(cells))
            for k in range(slot, slot + block):
                level, more = _advance_softly(task, table, int(m), k, level, metre)
                cost = cost + more + rules.change[k, m]
            through[:, m] = cost + read(value[:, m].T, *table.corners(level)).T
        if not np.isfinite(through).any():
            through[:] = value
        for last in range(len(table.modes)):
            value[:, last] = (through + rises[:, last]).min(axis=1)
        found[:, slot // block] = value
    return found


def _between(to_go: np.ndarray, instant: float) -> np.ndarray:
    """The cost of the rest (combination, cell) at an instant counted in blocks. [currency]"""
    at = min(int(instant), len(to_go) - 2)
    return to_go[at] + (to_go[at + 1] - to_go[at]) * np.float32(instant - at)


def _advance_softly(
    task: Task, table: LevelTable, m: int, slot: int, level: np.ndarray, metre: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Levels (cell, tank) after a slot, kept within the grid, and its cost with misses priced by the metre."""
    step_s, steps = task.problem.replay_step_s, task.slot_s // task.problem.replay_step_s
    high, cost = np.where(task.exempt, np.inf, task.high - SPARE_M), np.zeros(len(level))
    for j in range(slot * steps, (slot + 1) * steps):
        row, corners = table.row[j], table.corners(level)
        spare = read(table.spare[row, m], *corners)
        weak = np.clip(-spare[:, 1], 0, MOST_WEAK_M) * step_s / 3600
        if j * step_s % 3600 == 0:
            weak += np.clip(PRESSURE_SPARE_M - spare[:, 0], 0, MOST_WEAK_M)
        level = level + read(table.rate[row, m], *corners) * step_s
        miss = np.maximum(task.low + SPARE_M - level, 0) + np.maximum(level - high, 0)
        cost += read(table.power[row, m] @ task.price[slot], *corners) * (step_s / 3600) + miss @ metre + weak * metre.max()
        level = np.clip(level, task.low, task.high)
    return level, cost


def search(
    task: Task, table: LevelTable, rules: Rules, to_go: np.ndarray, beam: Beam, plans: int, near: Corridor | None = None
) -> list[DynamicPlan]:
    """The `plans` cheapest plans, the best first; none if the tables know no plan that keeps all limits.

    `to_go` (instant, combination before, cell) is what `cost_to_go` gives for a price, for changes at any times. [currency]
    """
    one = np.zeros(1, int)
    states = States(task.start[None], np.zeros(1), one, one, np.zeros((1, len(rules.most)), int))
    trail = []
    for slot in range(task.slots):
        grown, parent = _grow(task, table, rules, states, slot)
        if near is not None:
            inside = np.flatnonzero((np.abs(grown.level - near.level[slot + 1]) <= near.width).all(axis=1))
            grown, parent = grown.take(inside), parent[inside]
        if not len(grown.cost):
            return []
        ahead = _between(to_go, (slot + 1) / task.slots * (len(to_go) - 1))
        cell, weight = table.corners(grown.level)
        value = grown.cost + read(ahead.ravel(), grown.last * ahead.shape[1] + cell, weight)
        kept = _best(_boxes(grown, task, rules, beam), value, beam.states)
        states = grown.take(kept)
        trail.append((parent[kept].astype(np.int32), states.last.astype(np.int16)))
    return _finish(task, table, rules, states, trail, plans)


def _grow(task: Task, table: LevelTable, rules: Rules, states: States, slot: int) -> tuple[States, np.ndarray]:
    """All partial plans one slot on, and the position of the one that each came from."""
    found, parents, corners = [], [], table.corners(states.level)
    for m in np.flatnonzero(rules.allowed[slot]):
        alive = np.arange(len(states.cost)) if rules.free[slot] else np.flatnonzero(states.last == m)
        new = rules.rises[states.last[alive], m] if slot else np.zeros((len(alive), len(rules.most)), int)
        starts = states.starts[alive] + new
        may = _within(starts, rules.most)
        alive, starts, new = alive[may], starts[may], new[may]
        level, cost, good = _advance(task, table, int(m), slot, states.level[alive], [c[:, alive] for c in corners])
        alive, own = alive[good], np.full(len(good), m)
        spent = states.cost[alive] + cost + (rules.change[slot, m] + rules.start_price * new[good].sum(axis=1))
        found.append(States(level, spent, own, states.first[alive] if slot else own, starts[good]))
        parents.append(alive)
    return States(*(np.concatenate([getattr(s, f.name) for s in found]) for f in fields(States))), np.concatenate(parents)


def _within(starts: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Which partial plans, with `starts` (state, group), have no more than they may; positions (state,)."""
    may = np.ones(len(starts), bool)
    for group in np.flatnonzero(np.isfinite(most)):
        may &= starts[:, group] <= most[group]
    return np.flatnonzero(may)


def _advance(
    task: Task, table: LevelTable, m: int, slot: int, level: np.ndarray, corners: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels (left, tank) [m] and costs (left,) after a slot, and the positions of those that kept all limits.

    `corners` are those of the levels (state, tank) that it begins with.
    """
    step_s, steps = task.problem.replay_step_s, task.slot_s // task.problem.replay_step_s
    money = {int(row): table.power[row, m] @ task.price[slot] for row in table.row[slot * steps : (slot + 1) * steps]}
    low, high, start, exempt = (v[:, None] for v in (task.low + SPARE_M, task.high - SPARE_M, task.start, task.exempt))
    left, cost, level = np.arange(len(level)), np.zeros(len(level)), level.T
    for j in range(slot * steps, (slot + 1) * steps):
        cell, weight = corners if j == slot * steps else table.corners(level.T)
        row = int(table.row[j])
        spare = read(table.spare[row, m], cell, weight)
        good = spare[:, 1] >= 0
        if j * step_s % 3600 == 0:
            good &= spare[:, 0] >= PRESSURE_SPARE_M
        cost = cost + read(money[row], cell, weight) * (step_s / 3600)
        level = level + read(table.rate[row, m], cell, weight).T * step_s
        good &= (((level >= low) | (level >= start)) & ((level <= high) | (level <= start) | exempt)).all(axis=0)
        if exempt.any():
            level = np.where(exempt, np.minimum(level, task.high[:, None]), level)
        if not good.all():
            left, level, cost = left[good], level[:, good], cost[good]
    return level.T, cost, left


def _boxes(states: States, task: Task, rules: Rules, beam: Beam) -> np.ndarray:
    """The box of each partial plan, (state,); those in one box compete. What ran last counts if it decides what follows."""
    parts = np.floor((states.level - task.bottom) / ((task.high - task.low) / beam.boxes)).astype(np.int64)
    columns = [*parts.T]
    limited = np.isfinite(rules.most)
    if limited.any() or rules.start_price > 0 or rules.block > 1:
        columns.append(states.last)
    if limited.any() and beam.counted:
        columns += [states.first, *states.starts[:, limited].T]
    box = np.zeros(len(parts), np.int64)
    for column in columns:
        box = box * (int(column.max(initial=0) - column.min(initial=0)) + 1) + column - column.min(initial=0)
    return box


def _best(box: np.ndarray, value: np.ndarray, most: int) -> np.ndarray:
    """Positions of the best of each box, at most `most`, the best first."""
    order = np.argsort(value, kind="stable")
    _, first = np.unique(box[order], return_index=True)
    return order[np.sort(first)[:most]]


def _finish(
    task: Task, table: LevelTable, rules: Rules, states: States, trail: list[tuple[np.ndarray, np.ndarray]], plans: int
) -> list[DynamicPlan]:
    """The cheapest that end as they must, with the plans that led there; the horizon is periodic for starts."""
    wrap = rules.rises[states.last, states.first]
    cost = states.cost + rules.start_price * wrap.sum(axis=1)
    good = np.zeros(len(cost), bool)
    good[_within(states.starts + wrap, rules.most)] = True
    good &= (states.level >= task.end + 2 * END_SPARE_M).all(axis=1)
    if task.slots * task.slot_s % 3600 == 0:
        cell, weight = table.corners(states.level)
        for m in np.unique(states.last):
            of = states.last == m
            spare = read(table.spare[table.row[-1], m], cell[:, of], weight[:, of])
            good[of] &= (spare >= [PRESSURE_SPARE_M, 0]).all(axis=1)
    ends = np.flatnonzero(good)
    found = []
    for end in ends[np.argsort(cost[ends], kind="stable")[:plans]]:
        combination, at = [], int(end)
        for parent, last in reversed(trail):
            combination.append(int(last[at]))
            at = int(parent[at])
        found.append(DynamicPlan(table.modes[combination[::-1]], float(cost[end])))
    return found
