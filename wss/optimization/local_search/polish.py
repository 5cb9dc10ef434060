"""Better plans from a good one: moves chosen by the linear response, each step proven in EPANET before it counts.

Local search on pump plans that EPANET evaluates [1]_; solvers of integer programs call the like solution polishing [2]_.

References
----------
.. [1] J. E. van Zyl, D. A. Savic, G. A. Walters, "Operational Optimization of Water Distribution Systems Using a Hybrid Genetic
       Algorithm", Journal of Water Resources Planning and Management 130 (2), 2004.
.. [2] E. Rothberg, "An Evolutionary Algorithm for Polishing Mixed Integer Programming Solutions", INFORMS Journal on Computing
       19 (4), 2007.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from wss.optimization.core.modes import speeds_of
from wss.optimization.core.problem import Progress
from wss.optimization.core.replay import PRESSURE_SPARE_M, WARNED_MISS, Replay, replay
from wss.optimization.core.response import Known, Response, respond, shares
from wss.optimization.core.tables import every, is_large, table_slots, tabulate
from wss.optimization.core.task import Task
from wss.optimization.local_search.compound import Around, Breadth
from wss.optimization.local_search.moves import effects_of, moves_of, unlimited
from wss.optimization.local_search.repair import Repairs
from wss.optimization.local_search.target import Room, Target, miss_price, target_of

BUNDLE = 8
"""Most moves that are made before EPANET is asked."""
REPAIRED = 0.9
"""Share of the misses below which a plan is another one, around which all repairs are tried anew."""
ALL_MISSES = 0.02
"""What it may cost to miss nothing any more, as a share of the plan's cost, beside what the misses count."""
LEAST_GAIN = 1e-6
"""What a change must promise, as a share of the plan's cost."""


@dataclass(frozen=True)
class Pace:
    """How a search goes about: what costs it little or much depends on the network."""

    breadths: tuple[Breadth, ...]
    """Each is tried when nothing came of those before it."""
    accepted: int = 4
    """Accepted plans after which the snapshots are taken anew"""
    rejected: float = np.inf
    """Rejected plans in a row after which they are, if any was accepted"""
    stuck: float = np.inf
    """Rejected plans in a row after which the search goes on from the best of those, where limits are missed"""
    alternatives: int = 4
    """Plans that are replayed before moves are looked at anew"""
    adds_up: bool = False
    """Whether the room inside limits grows with each rejected plan, not once for those that are replayed together"""
    repairs: bool = False
    """Whether limits are repaired in larger neighbourhoods at once, not only when nothing else helps"""


QUICK = Pace((Breadth(140),))
"""Pairs of the moves that promise most."""
THOROUGH = Pace((Breadth(140), *(Breadth(140, drawn=360, most=4, seed=seed) for seed in range(4))))
"""Where nothing comes of those, up to four moves of many, drawn anew each time."""
LARGE = Pace((Breadth(60),), accepted=10, rejected=8, stuck=12, alternatives=6, adds_up=True, repairs=True)
"""Large networks: snapshots take longer than all else, and many tanks are to be kept within their limits."""


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


def polish(
    task: Task,
    choice: np.ndarray,
    water_value: np.ndarray,
    budget: int,
    progress: Progress | None = None,
    pace: Pace | None = None,
) -> Polished:
    """Improve a plan `choice` (slot, station) until no move helps or `budget` simulations are spent.

    `water_value` (tank,) [currency/m3] says what a move may cost for the water it leaves; progress is told (what, share done);
    without a `pace`, large networks have theirs and others are searched quickly.
    """
    search = _Search(task, choice, water_value, pace or (LARGE if is_large(task) else QUICK))
    while search.simulations < budget:
        candidates = search.candidates()
        if not candidates and not search.widen():
            return search.reached(converged=True)
        for candidate in candidates[: budget - search.simulations]:
            better = search.tries(candidate)
            if progress is not None:
                progress("polish", search.simulations / budget)
            if better:
                break
    return search.reached(converged=False)


class _Search:
    """The best plan so far, and what its neighbours have taught."""

    def __init__(self, task: Task, choice: np.ndarray, water_value: np.ndarray, pace: Pace) -> None:
        self._task, self._water_value, self._pace = task, water_value, pace
        self.choice, self.best = choice, replay(task, speeds_of(task.stations, choice, len(task.engine.pumps)))
        self.simulations, self.snapshots, self._rejected, self._bundle = 1, 0, 0, BUNDLE
        self._room = self._seen = Room.least(task)
        self._repairs, self._repairing = Repairs(), pace.repairs
        self._breadth = 0
        self._tried = {choice.tobytes()}
        self._forbidden = tuple(np.zeros((task.slots, len(station.modes)), bool) for station in task.stations)
        """(slot, mode) for each station: EPANET warned where no snapshot foresaw it"""
        self._left: list[tuple[Replay, np.ndarray]] = []
        self._near: list[tuple[Replay, np.ndarray]] = []
        """Plans that were left because nothing near them was better, and rejected ones that can be gone on from"""
        self._tabulate()

    def reached(self, converged: bool) -> Polished:
        """The best plan of all."""
        best, choice = min([*self._left, (self.best, self.choice)], key=lambda pair: pair[0].rank)
        return Polished(choice, best, self.simulations, self.snapshots, converged)

    def _tabulate(self) -> None:
        """Take the snapshots anew, around the best plan."""
        task = self._task
        self._table = tabulate(task, self.best.level, self.choice, every(task, table_slots(task)), len(task.stations) > 1)
        self.snapshots += self._table.snapshots
        self._accepted = 0
        self._repairs.restart()
        self._room = Room.least(task) if is_large(task) else self._room

    def candidates(self) -> list[np.ndarray]:
        """Plans worth a simulation by the linear response, the most promising first; none if no move promises anything.

        One with a bundle of moves, or several that share no move, of which each stands for itself.
        """
        task, best, choice = self._task, self.best, self.choice
        if self._accepted >= self._pace.accepted or (self._rejected >= self._pace.rejected and self._accepted):
            self._tabulate()
            self._rejected = 0
        if self._rejected >= self._pace.stuck and self._leave():
            best, choice = self.best, self.choice
        response = respond(task, self._table, Known(best.level, shares(task, choice), best), every(task, 1))
        blocked = self._table.blocked(task, choice)
        bad = np.column_stack([own[np.arange(task.slots), choice[:, s]] for s, own in enumerate(blocked)])
        bad |= np.column_stack([best.beyond[:, station.pumps].any(axis=1) for station in task.stations])
        weak = set(response.rows.step[response.rows.slack < PRESSURE_SPARE_M].tolist())
        unforeseen = [k for k in best.warned if not bad[k].any() and k not in weak]
        bad[unforeseen] = choice[unforeseen] > 0
        blocked = tuple(own | known for own, known in zip(blocked, self._forbidden, strict=True))
        virtual = best.level + unlimited(task, response)
        target, self._seen = target_of(task, choice, best, virtual, response.rows.slack, self._room), self._room
        if repaired := self._repaired(response, target, blocked):
            return repaired
        moves = moves_of(task, choice, blocked)
        if not len(moves):
            return []
        effects = effects_of(task, response, choice, moves, bad)
        base = target.score(target.every, effects.total(np.empty((1, 0), int)).at(target.every.at))[0]
        effects = replace(effects, cost=effects.cost - WARNED_MISS * target.miss_price * effects.freed)
        net = target.own(effects) - effects.level[:, -1] @ (task.area * self._water_value)
        around, breadth = Around(task, target, choice, moves, effects, net, self._tried), self._pace.breadths[self._breadth]
        done: list[int] = []
        current, least = base, LEAST_GAIN * max(best.total, 1.0)
        for _ in range(self._bundle):
            found = around.additions(done, current - least, breadth)
            if self._bundle == 1:
                several = islice(_disjoint(found), self._pace.alternatives)
                return [moves.apply(choice, *added) for added, _ in several]
            added, current = next(found, ((), current))
            if not added:
                break
            done += added
        return [moves.apply(choice, *done)] if done else []

    def _repaired(self, response: Response, target: Target, blocked: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        """Plans in larger neighbourhoods where moves of one and two switches leave limits missed; none before."""
        if not (self._repairing and self._bundle == 1 and self.best.miss > 0):
            return []
        return self._repairs.candidates(self._task, response, target, self.best, self.choice, blocked, self._tried)

    def widen(self) -> bool:
        """Look closer where no neighbour promised anything; whether there was a way left."""
        if self._bundle > 1:
            self._bundle = 1
        elif self._breadth + 1 < len(self._pace.breadths):
            self._breadth += 1
        elif self._accepted:
            self._accepted, self._breadth = self._pace.accepted, 0
        elif self.best.miss > 0 and (wider := self._room.wider(self.best)).differs(self._room):
            self._room = wider
        elif self.best.miss > 0 and not self._repairing:
            self._repairing = True
        else:
            return self._leave()
        return True

    def _leave(self) -> bool:
        """Go on from the nearest plan that was rejected where limits are missed and nothing helps; whether there is one."""
        if not self._near or self.best.miss == 0:
            return False
        self._left.append((self.best, self.choice))
        nearest = min(range(len(self._near)), key=lambda i: self._near[i][0].rank)
        self.best, self.choice = self._near.pop(nearest)
        self._rejected, self._bundle = 0, 1
        self._tabulate()
        return True

    def _better(self, result: Replay) -> bool:
        """Whether a plan is better; where limits are still missed, what it misses less must be worth what it costs more."""
        if result.miss == 0 or not result.rank < self.best.rank:
            return result.rank < self.best.rank
        less = self.best.miss - result.miss
        worth = miss_price(self._task, self.best) * less + ALL_MISSES * abs(self.best.total) * less / self.best.miss
        return result.total - self.best.total <= worth

    def tries(self, candidate: np.ndarray) -> bool:
        """Replay a plan and learn from it; whether it is better."""
        task = self._task
        self._tried.add(candidate.tobytes())
        result = replay(task, speeds_of(task.stations, candidate, len(task.engine.pumps)))
        self.simulations += 1
        if self._better(result):
            if result.miss < REPAIRED * self.best.miss:
                self._repairs.restart()
            self.best, self.choice, self._rejected = result, candidate, 0
            self._accepted += 1
            self._bundle = min(self._bundle * 2, BUNDLE)
            self._room = self._room.after(result) if result.miss > 0 else self._room.eased(task)
            return True
        self._rejected += 1
        if np.isfinite(self._pace.stuck):
            self._near.append((result, candidate))
        if self._bundle > 1:
            self._bundle //= 2
        else:
            before = self._room if self._pace.adds_up else self._seen
            self._room = self._room.joined(before.after(result))
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
