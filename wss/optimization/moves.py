"""Small changes of a plan, and what each would do by the linear response: the neighbourhood of the polish."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from wss.optimization.response import Response
from wss.optimization.task import Task

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
    """Candidate changes: move i sets station `station[i]` to `mode[i]` in the slots from `first[i]` up to `last[i]`."""

    station: np.ndarray
    first: np.ndarray
    last: np.ndarray
    mode: np.ndarray

    def __len__(self) -> int:
        return len(self.station)

    def take(self, which: np.ndarray) -> "Moves":
        """Moves at the positions `which`."""
        return Moves(self.station[which], self.first[which], self.last[which], self.mode[which])

    def apply(self, choice: np.ndarray, *which: int) -> np.ndarray:
        """A copy of `choice` (slot, station) with some moves made."""
        changed = choice.copy()
        for i in which:
            changed[self.first[i] : self.last[i], self.station[i]] = self.mode[i]
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
    """Moves of a plan `choice` (slot, station): switches shifted, runs replaced, blocks put in.

    `blocked` says for each station which (slot, mode) may not be chosen; moves into them and idle moves are left out.
    """
    found: set[tuple[int, int, int, int]] = set()
    for s, station in enumerate(task.stations):
        if len(station.modes) == 1:
            continue
        own = choice[:, s].tolist()
        edges = [0, *(np.flatnonzero(np.diff(choice[:, s])) + 1).tolist(), task.slots]
        for left, edge, right in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
            for shift in SHIFTS:
                if edge + shift <= right:
                    found.add((s, edge, edge + shift, own[edge - 1]))
                if edge - shift >= left:
                    found.add((s, edge - shift, edge, own[edge]))
        modes = range(len(station.modes))
        found |= {(s, a, b, m) for a, b in zip(edges[:-1], edges[1:], strict=True) for m in modes}
        anchor = max(round(ANCHORS_H / task.slot_h), 1)
        lengths = {max(round(h / task.slot_h), 1) for h in BLOCKS_H}
        found |= {(s, a, min(a + n, task.slots), m) for a in range(0, task.slots, anchor) for n in lengths for m in modes}
    kept = [(s, a, b, m) for s, a, b, m in sorted(found) if (choice[a:b, s] != m).any() and not blocked[s][a:b, m].any()]
    most = max(MOVE_WORK // (task.slots * max(len(task.low), 1)), 1)
    columns = np.array(kept[:: -(-len(kept) // most) or 1], int).reshape(-1, 4)
    return Moves(*(columns[:, c].copy() for c in range(4)))


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
        first, last, mode, inside = moves.first[own], moves.last[own], moves.mode[own], within[own]
        gain, watts = response.gain[s], response.power[s]
        inflow[own] = (gain - gain[at, choice[:, s]][:, None]).transpose(1, 0, 2)[mode] * inside[:, :, None]
        spend = np.einsum("kp,kmp->km", task.price, watts) * task.slot_h + task.change[s]
        grown = _grown(spend - spend[at, choice[:, s]][:, None])
        money[own] = grown[last, mode] - grown[first, mode]
        if power.shape[1]:
            total = watts.sum(axis=2)
            power[own] = (total - total[at, choice[:, s]][:, None]).T[mode] * inside
        if slack.shape[1]:
            eased = rows.gain[s] - rows.gain[s][np.arange(len(rows.step)), choice[rows.step, s]][:, None]
            slack[own] = eased.T[mode] * inside[:, rows.step]
        given_way = _grown(bad[:, s].astype(float))
        freed[own] = given_way[last] - given_way[first]
    level = propagate(response, inflow)
    per_metre = np.einsum("kp,kpt->kt", task.price, response.power_slope) * task.slot_h
    money += np.einsum("nkt,kt->n", (level[:, :-1] + level[:, 1:]) / 2, per_metre)
    if slack.shape[1]:
        slack += np.einsum("nrt,rt->nr", level[:, rows.instant], rows.slope)
    return Effects(level, money, power, slack, _starts(task, choice, moves), freed)


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
    kept, spilt = propagate(response, np.where([task.exempt, ~task.exempt], 0.0, response.surplus[:, None]).transpose(1, 0, 2))
    return np.where(task.exempt, kept + spilt, kept)


def group_starts(task: Task, choice: np.ndarray) -> np.ndarray:
    """Starts (group,) [1] of identical pumps under `choice` (time, station), stations in turn; the horizon is periodic."""
    return np.array([_rises(running[choice[:, s]]).sum() for s, running in _groups(task)], int)


def _groups(task: Task) -> Iterator[tuple[int, np.ndarray]]:
    """The station of each group of identical pumps, and how many of them run in each of its modes (mode,)."""
    for s, station in enumerate(task.stations):
        for group in station.groups:
            yield s, (station.modes[:, list(group)] > 0).sum(axis=1)


def _rises(running: np.ndarray) -> np.ndarray:
    return np.maximum(running - np.roll(running, 1), 0)


def _starts(task: Task, choice: np.ndarray, moves: Moves) -> np.ndarray:
    """Starts (move, group) that each move adds: only the switches at its ends and within it change."""
    columns = []
    for s, count in _groups(task):
        own = np.flatnonzero(moves.station == s)
        first, last, mode = moves.first[own], moves.last[own], moves.mode[own]
        after, part = last % task.slots, last - first < task.slots
        running = count[choice[:, s]]
        rises = _rises(running)
        grown = _grown(rises)
        ends = np.maximum(count[mode] - running[first - 1], 0) + np.maximum(running[after] - count[mode], 0) - rises[after]
        added = np.zeros(len(moves))
        added[own] = np.where(part, ends, 0) - (grown[last] - grown[first])
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
