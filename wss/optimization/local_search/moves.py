"""Small changes of a plan, and what each would do by the linear response: the neighbourhood of the polish."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from wss.optimization.core.response import Response
from wss.optimization.core.task import Task

SHIFTS = (1, 2, 3, 4, 6, 9, 12)
"""Slots by which a switch is moved."""
ANCHORS_H = 0.5
"""Grid on which blocks are put in [h]."""
BLOCKS_H = (0.25, 0.5, 1.0)
"""Lengths of blocks that are put in [h]."""
MOVE_WORK = 20_000_000
"""Most moves, each counted with slots and tanks; of more, evenly spaced ones are kept."""


@dataclass(frozen=True)
class Moves:
    """Candidate changes: move i sends station `station[i]` the way `way[i]` in the slots from `first[i]` up to `last[i]`."""

    station: np.ndarray
    first: np.ndarray
    last: np.ndarray
    way: np.ndarray
    ways: tuple[np.ndarray, ...]
    """One (way, mode) for each station: what becomes of its modes"""

    @classmethod
    def of(cls, task: Task, rows: list[tuple[int, int, int, int]]) -> "Moves":
        """From station, first slot, last slot and way of each."""
        columns = np.array(rows, int).reshape(-1, 4)
        return cls(*(columns[:, c].copy() for c in range(4)), tuple(station.ways for station in task.stations))

    def __len__(self) -> int:
        return len(self.station)

    def take(self, which: np.ndarray) -> "Moves":
        """Moves at the positions `which`."""
        return Moves(self.station[which], self.first[which], self.last[which], self.way[which], self.ways)

    def apply(self, choice: np.ndarray, *which: int) -> np.ndarray:
        """A copy of `choice` (slot, station) with some moves made."""
        changed = choice.copy()
        for i in which:
            where = np.s_[self.first[i] : self.last[i], self.station[i]]
            changed[where] = self.ways[self.station[i]][self.way[i]][changed[where]]
        return changed


@dataclass(frozen=True)
class Effects:
    """What each move does, to first order; effects of several moves add up."""

    level: np.ndarray
    """(move, slot instant, tank) [m]"""
    cost: np.ndarray
    """(move,) [currency]"""
    power: np.ndarray
    """(move, slot) of all pumps [kW]; without slots where there is no demand charge"""
    slack: np.ndarray
    """(move, pressure row) [m]"""
    starts: np.ndarray
    """(move, group of identical pumps), the groups of all stations in turn"""
    freed: np.ndarray
    """(move,) slots in which a mode that EPANET warns about, or that is forbidden, gives way"""

    def take(self, which: np.ndarray) -> "Effects":
        """Those at the positions `which`."""
        return Effects(*(getattr(self, f.name)[which] for f in fields(self)))

    def at(self, instants: np.ndarray) -> "Effects":
        """With the levels (move, instant, tank) [m] of some `instants` (instant,) only."""
        return replace(self, level=np.ascontiguousarray(self.level[:, instants]))

    def __add__(self, other: "Effects") -> "Effects":
        return Effects(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def total(self, which: np.ndarray) -> "Effects":
        """Sums over the moves of each of `which` (combination, move); zero without moves."""
        return Effects(*(_summed(getattr(self, f.name), which) for f in fields(self)))


def moves_of(task: Task, choice: np.ndarray, blocked: tuple[np.ndarray, ...]) -> Moves:
    """Moves of a plan `choice` (slot, station): switches shifted, runs replaced, blocks put in; of stations and of their groups.

    `blocked` says for each station which (slot, mode) may not be chosen; moves into them and idle moves are left out.
    """
    kept: list[tuple[int, int, int, int]] = []
    for s, station in enumerate(task.stations):
        modes, own = len(station.modes), choice[:, s]
        if modes == 1:
            continue
        found = set(_spans(task, own, modes))
        first = modes
        for states in station.states if len(station.groups) > 1 else ():
            found |= {(a, b, first + n) for a, b, n in _spans(task, states[own], states.max() + 1)}
            first += states.max() + 1
        plain = set()
        for a, b, way in found:
            into = station.ways[way][own[a:b]]
            if (into != own[a:b]).any() and not blocked[s][np.arange(a, b), into].any():
                plain.add((s, a, b, int(into[0]) if (into == into[0]).all() else way))
        kept += sorted(plain)
    most = max(MOVE_WORK // (task.slots * max(len(task.low), 1)), 1)
    return Moves.of(task, kept[:: -(-len(kept) // most) or 1])


def _spans(task: Task, own: np.ndarray, states: int) -> Iterator[tuple[int, int, int]]:
    """Slots from, slots to and the state there: what may be done to a sequence `own` (slot,) of some `states`."""
    edges = [0, *(np.flatnonzero(np.diff(own)) + 1).tolist(), task.slots]
    for left, edge, right in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        for shift in SHIFTS:
            if edge + shift <= right:
                yield edge, edge + shift, int(own[edge - 1])
            if edge - shift >= left:
                yield edge - shift, edge, int(own[edge])
    anchor = max(round(ANCHORS_H / task.slot_h), 1)
    lengths = {max(round(h / task.slot_h), 1) for h in BLOCKS_H}
    runs = {(a, min(a + n, task.slots)) for a in range(0, task.slots, anchor) for n in lengths}
    for a, b in runs | set(zip(edges[:-1], edges[1:], strict=True)):
        yield from ((a, b, state) for state in range(states))


def effects_of(task: Task, response: Response, choice: np.ndarray, moves: Moves, bad: np.ndarray) -> Effects:
    """Effects of `moves` on the trajectory around which `response` holds, whose modes are `choice` (slot, station).

    `bad` (slot, station) of bool are choices that should give way.
    """
    count, tanks = len(moves), len(task.low)
    inflow = np.zeros((count, task.slots, tanks))
    money = np.zeros(count)
    power = np.zeros((count, task.slots if task.problem.charges else 0))
    rows = response.rows
    slack, freed = np.zeros((count, len(rows.slack))), np.zeros(count)
    at = np.arange(task.slots)
    within = (at >= moves.first[:, None]) & (at < moves.last[:, None])
    for s in range(len(task.stations)):
        own = np.flatnonzero(moves.station == s)
        first, last, way, inside = moves.first[own], moves.last[own], moves.way[own], within[own]
        watts, into = response.power[s], moves.ways[s][:, choice[:, s]].T
        inflow[own] = _changes(response.gain[s], choice[:, s], into).transpose(1, 0, 2)[way] * inside[:, :, None]
        spend = np.einsum("kp,kmp->km", task.price, watts) * task.slot_h + task.change[s]
        grown = _grown(_changes(spend, choice[:, s], into))
        money[own] = grown[last, way] - grown[first, way]
        if power.shape[1]:
            power[own] = _changes(watts.sum(axis=2), choice[:, s], into).T[way] * inside
        if slack.shape[1]:
            slack[own] = _changes(rows.gain[s], choice[rows.step, s], into[rows.step]).T[way] * inside[:, rows.step]
        given_way = _grown(bad[:, s].astype(float))
        freed[own] = given_way[last] - given_way[first]
    level = propagate(response, inflow)
    per_metre = np.einsum("kp,kpt->kt", task.price, response.power_slope) * task.slot_h
    money += np.einsum("nkt,kt->n", (level[:, :-1] + level[:, 1:]) / 2, per_metre)
    if slack.shape[1]:
        slack += np.einsum("nrt,rt->nr", level[:, rows.instant], rows.slope)
    return Effects(level, money, power, slack, _starts(task, choice, moves), freed)


def _changes(values: np.ndarray, modes: np.ndarray, into: np.ndarray) -> np.ndarray:
    """By how much `values` (row, mode, ...) [...] change (row, way, ...) from `modes` (row,) on each way, `into` (row, way)."""
    at = np.arange(len(values))
    return values[at[:, None], into] - values[at, modes][:, None]


def propagate(response: Response, inflow: np.ndarray) -> np.ndarray:
    """Levels (move, slot instant, tank) [m] that additional inflows (move, slot, tank) [m3/h] lead to."""
    moves, slots, tanks = inflow.shape
    added = np.matmul(inflow.transpose(1, 0, 2), response.lift.transpose(0, 2, 1))
    level = np.zeros((slots + 1, moves, tanks))
    active = added.any(axis=(1, 2))
    for k in range(int(active.argmax()) if active.any() else slots, slots):
        level[k + 1] = level[k] @ response.carry[k].T + added[k]
    return np.ascontiguousarray(level.transpose(1, 0, 2))


def unlimited(task: Task, response: Response) -> np.ndarray:
    """How much higher tanks (slot instant, tank) would stand if none were ever shut [m].

    What a tank that may be full cannot take does not reach the others: it stands for what the tank can do without.
    """
    alone = np.vstack([~task.exempt, np.diag(task.exempt)])
    kept, *spilt = propagate(response, np.where(alone[:, None], response.surplus, 0.0))
    return kept + np.array([own[:, tank] for tank, own in enumerate(spilt)]).T


def group_starts(task: Task, choice: np.ndarray) -> np.ndarray:
    """Starts (group,) [1] of identical pumps under `choice` (time, station), stations in turn; the horizon is periodic."""
    return np.array([_rises(running[choice[:, s]]).sum() for s, running in _groups(task)], int)


def _groups(task: Task) -> Iterator[tuple[int, np.ndarray]]:
    """The station of each group of identical pumps, and how many of them run in each of its modes (mode,)."""
    for s, station in enumerate(task.stations):
        for group in station.groups:
            yield s, (station.modes[:, list(group)] > 0).sum(axis=1)


def _rises(running: np.ndarray) -> np.ndarray:
    return np.maximum(running - np.roll(running, 1, axis=0), 0)


def _starts(task: Task, choice: np.ndarray, moves: Moves) -> np.ndarray:
    """Starts (move, group) that each move adds: only the switches at its ends and within it change."""
    columns = []
    for s, count in _groups(task):
        own = np.flatnonzero(moves.station == s)
        first, last, way = moves.first[own], moves.last[own], moves.way[own]
        after, part = last % task.slots, last - first < task.slots
        running, then = count[choice[:, s]], count[moves.ways[s][:, choice[:, s]]].T
        rises, grown, grown_then = _rises(running), _grown(_rises(running)), _grown(_rises(then))
        ends = np.maximum(then[first, way] - running[first - 1], 0) + np.maximum(running[after] - then[last - 1, way], 0)
        inside = grown_then[last, way] - grown_then[np.where(part, first + 1, 0), way] - (grown[last] - grown[first])
        added = np.zeros(len(moves))
        added[own] = np.where(part, ends - rises[after], 0) + inside
        columns.append(added)
    return np.array(columns).T.reshape(len(moves), -1)


def _summed(each: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Sums (combination, ...) of `each` (move, ...) over the columns of `which` (combination, move)."""
    total = np.zeros((len(which), *each.shape[1:]))
    for column in which.T:
        total += each[column]
    return total


def _grown(each: np.ndarray) -> np.ndarray:
    """Sums over the slots before each slot instant: (slot, ...) -> (slot instant, ...)."""
    return np.concatenate([np.zeros((1, *each.shape[1:])), np.cumsum(each, axis=0)])
