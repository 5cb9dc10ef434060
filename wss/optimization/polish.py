"""Better plans from a good one: moves chosen by the linear response, each step proven in EPANET before it counts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from wss.optimization.linearize import every, is_large, table_slots, tabulate
from wss.optimization.modes import speeds_of
from wss.optimization.moves import Effects, Moves, effects_of, moves_of, propagate, station_starts
from wss.optimization.problem import Progress
from wss.optimization.replay import PRESSURE_SPARE_M, WARNED_MISS, Replay, replay
from wss.optimization.response import Known, respond, shares
from wss.optimization.target import Instants, Room, Target, target_of
from wss.optimization.task import Task

SHORTLIST, SHORTLIST_LARGE = 140, 60
"""Moves that are combined in pairs, and those of a large network."""
BUNDLE = 8
"""Most moves that are made before EPANET is asked."""
RETABULATE, RETABULATE_LARGE = 4, 10
"""Accepted plans after which the snapshots are taken anew; of a large network they take longer than all else."""
REJECTED_LARGE = 8
"""Rejected plans in a row after which those of a large network are, if any was accepted."""
ALTERNATIVES_LARGE = 6
"""Plans of a large network that are replayed before its moves are looked at anew."""
LEAST_GAIN = 1e-6
"""What a change must promise, as a share of the plan's cost."""


@dataclass(frozen=True)
class Polished:
    """What the polish reached."""

    choice: np.ndarray
    """(slot, station)"""
    replay: Replay
    simulations: int
    snapshots: int
    converged: bool
    """Whether no move promised more; otherwise the budget ran out."""


def polish(task: Task, choice: np.ndarray, water_value: np.ndarray, budget: int, progress: Progress | None = None) -> Polished:
    """Improve a plan `choice` (slot, station) until no move helps or `budget` simulations are spent.

    `water_value` (tank,) [currency/m3] says what a move may cost for the water it leaves; progress is told (what, share done).
    """
    search = _Search(task, choice, water_value)
    while search.simulations < budget:
        candidates = search.candidates()
        if not candidates and not search.widen():
            return Polished(search.choice, search.best, search.simulations, search.snapshots, True)
        for candidate in candidates[: budget - search.simulations]:
            better = search.tries(candidate)
            if progress is not None:
                progress("polish", search.simulations / budget)
            if better:
                break
    return Polished(search.choice, search.best, search.simulations, search.snapshots, False)


class _Search:
    """The best plan so far, and what its neighbours have taught."""

    def __init__(self, task: Task, choice: np.ndarray, water_value: np.ndarray) -> None:
        self._task, self._water_value, self._large = task, water_value, is_large(task)
        self._patience = RETABULATE_LARGE if self._large else RETABULATE
        self.choice, self.best = choice, replay(task, speeds_of(task.stations, choice, len(task.engine.pumps)))
        self.simulations, self.snapshots, self._rejected, self._bundle = 1, 0, 0, BUNDLE
        self._room = Room.least(task)
        self._tried = {choice.tobytes()}
        self._forbidden = tuple(np.zeros((task.slots, len(station.modes)), bool) for station in task.stations)
        """(slot, mode) for each station: EPANET warned where no snapshot foresaw it"""
        self._tabulate()

    def _tabulate(self) -> None:
        """Take the snapshots anew, around the best plan."""
        task = self._task
        self._table = tabulate(task, self.best.level, self.choice, every(task, table_slots(task)), len(task.stations) > 1)
        self.snapshots += self._table.snapshots
        self._accepted = 0

    def candidates(self) -> list[np.ndarray]:
        """Plans worth a simulation by the linear response, the most promising first; none if no move promises anything.

        One with a bundle of moves, or several that share no move, of which each stands for itself.
        """
        task, best, choice = self._task, self.best, self.choice
        if self._accepted >= self._patience or (self._large and self._rejected >= REJECTED_LARGE and self._accepted):
            self._tabulate()
            self._rejected = 0
        response = respond(task, self._table, Known(best.level, shares(task, choice), best), every(task, 1))
        blocked = self._table.blocked(task, choice)
        bad = np.column_stack([own[np.arange(task.slots), choice[:, s]] for s, own in enumerate(blocked)])
        weak = set(response.rows.step[response.rows.slack < PRESSURE_SPARE_M].tolist())
        unforeseen = [k for k in best.warned if not bad[k].any() and k not in weak]
        bad[unforeseen] = choice[unforeseen] > 0
        moves = moves_of(task, choice, tuple(own | known for own, known in zip(blocked, self._forbidden, strict=True)))
        if not len(moves):
            return []
        effects = effects_of(task, response, choice, moves, bad)
        virtual = best.level + propagate(response, response.surplus[None])[0]
        target = target_of(task, best, virtual, response.rows.slack, self._room)
        base = target.score(
            target.every,
            np.zeros((1, *virtual.shape)),
            np.zeros((1, len(response.rows.slack))),
            np.zeros((1, effects.power.shape[1])),
            np.zeros(1),
            np.zeros(1),
        )[0]
        effects = replace(effects, cost=effects.cost - WARNED_MISS * target.miss_price * effects.freed)
        net = (
            effects.cost
            + target.start_price * effects.starts
            - np.einsum("nt,t->n", effects.level[:, -1], task.area * self._water_value)
        )
        done: list[int] = []
        reached, current, least = choice, base, LEAST_GAIN * max(best.total, 1.0)
        for _ in range(self._bundle):
            found = _additions(task, target, moves, effects, net, done, reached, current - least, self._tried, choice)
            if self._bundle == 1:
                several = islice(_disjoint(found), ALTERNATIVES_LARGE if self._large else 1)
                return [moves.apply(choice, *added) for added, _ in several]
            added, current = next(found, ([], current))
            if not added:
                break
            done += added
            reached = moves.apply(choice, *done)
        return [reached] if done else []

    def widen(self) -> bool:
        """Look closer where no neighbour promised anything; whether there was a way left."""
        if self._bundle > 1:
            self._bundle = 1
        elif self._accepted:
            self._accepted = self._patience
        elif self.best.miss > 0 and (wider := self._room.after(self.best)).differs(self._room):
            self._room = wider
        else:
            return False
        return True

    def tries(self, candidate: np.ndarray) -> bool:
        """Replay a plan and learn from it; whether it is better."""
        task = self._task
        self._tried.add(candidate.tobytes())
        result = replay(task, speeds_of(task.stations, candidate, len(task.engine.pumps)))
        self.simulations += 1
        if result.rank < self.best.rank:
            self.best, self.choice, self._rejected = result, candidate, 0
            self._accepted += 1
            self._bundle = min(self._bundle * 2, BUNDLE)
            self._room = self._room.after(result) if result.miss > 0 else self._room.eased(task)
            return True
        self._rejected += 1
        if self._bundle > 1:
            self._bundle //= 2
        else:
            self._room = self._room.after(result)
            if len(np.setdiff1d(result.warned, self.best.warned)):
                _forbid(self._forbidden, self.choice, candidate)
        return False


def _disjoint(found: Iterator[tuple[tuple[int, ...], float]]) -> Iterator[tuple[tuple[int, ...], float]]:
    """Those that share no move with one before."""
    used: set[int] = set()
    for added, value in found:
        if used.isdisjoint(added):
            used.update(added)
            yield added, value


def _forbid(forbidden: tuple[np.ndarray, ...], choice: np.ndarray, candidate: np.ndarray) -> None:
    """Mark where `candidate` (slot, station) departs from `choice`: EPANET warned of it as no snapshot foresaw."""
    for k, s in np.argwhere(candidate != choice):
        forbidden[s][k, candidate[k, s]] = True


def _additions(
    task, target: Target, moves: Moves, effects: Effects, net, done, reached, bar, tried, choice
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Single moves and pairs that, added to those `done`, lower the score below `bar`, and to what; the best first."""
    level = effects.level[done].sum(axis=0)
    slack, power = effects.slack[done].sum(axis=0), effects.power[done].sum(axis=0)
    cost, starts = effects.cost[done].sum(), effects.starts[done].sum()
    free = _free(moves, done)
    singles = np.flatnonzero(free)
    if not len(singles):
        return

    def scores(which: np.ndarray, also: int | None = None, instants: Instants = target.every) -> np.ndarray:
        extra = (
            (np.zeros_like(level), 0.0, 0.0, 0.0, 0.0)
            if also is None
            else (effects.level[also], effects.slack[also], effects.power[also], effects.cost[also], effects.starts[also])
        )
        return target.score(
            instants,
            effects.level[which[:, None], instants.at] + (level + extra[0])[instants.at],
            effects.slack[which] + slack + extra[1],
            effects.power[which] + power + extra[2],
            effects.cost[which] + cost + extra[3],
            effects.starts[which] + starts + extra[4],
        )

    first = scores(singles)
    options = [(float(v), (int(i),)) for v, i in zip(first, singles, strict=True) if v < bar]
    own = effects.cost + target.start_price * effects.starts
    half = (SHORTLIST_LARGE if is_large(task) else SHORTLIST) // 2
    short = np.union1d(
        singles[np.argsort(net[singles], kind="stable")[:half]],
        singles[np.argsort(first, kind="stable")[:half]],
    )
    for position, i in enumerate(short[:-1]):
        others = short[position + 1 :]
        others = others[(own[others] < bar - own[i] - own[done].sum()) & _apart(moves, int(i), others)]
        if len(others):
            value = scores(others, int(i), target.coarse)
            options += [(float(value[j]), (int(i), int(others[j]))) for j in np.flatnonzero(value < bar)]
    options.sort()
    for _, added in options[:40]:
        exact = float(scores(np.array(added[:1]), added[1] if len(added) > 1 else None)[0])
        plan = moves.apply(reached, *added)
        if exact < bar and _starts_allowed(task, plan, choice) and plan.tobytes() not in tried:
            yield added, exact


def _free(moves: Moves, done: list[int]) -> np.ndarray:
    free = np.ones(len(moves), bool)
    for i in done:
        free &= _apart(moves, i, np.arange(len(moves)))
    return free


def _apart(moves: Moves, i: int, others: np.ndarray) -> np.ndarray:
    """Which moves do not touch the slots of move `i`."""
    return (
        (moves.station[others] != moves.station[i])
        | (moves.last[others] < moves.first[i])
        | (moves.first[others] > moves.last[i])
    )


def _starts_allowed(task: Task, plan: np.ndarray, before: np.ndarray) -> bool:
    """Whether every group of pumps keeps its limit of starts, or at least starts no more often than before."""
    for station, new, old in zip(task.stations, station_starts(task, plan), station_starts(task, before), strict=True):
        limits = [task.most_starts[[station.pumps[p] for p in group]].sum() for group in station.groups]
        if any(n > limit and n >= o for n, o, limit in zip(new, old, limits, strict=True)):
            return False
    return True
