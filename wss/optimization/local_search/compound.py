"""Which moves to add to a plan: single ones and pairs, or up to four where those lead nowhere, scored by the linear response.

Moves that help together only are known as compound moves, as in ejection chains.

References
----------
.. [1] F. Glover, "Ejection Chains, Reference Structures and Alternating Path Methods for Traveling Salesman Problems", Discrete
       Applied Mathematics 65, 1996.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from wss.optimization.core.task import Task
from wss.optimization.local_search.moves import Effects, Moves, group_starts
from wss.optimization.local_search.target import Target

WIDTH = 60
"""Combinations of each number of moves that are built upon."""
MOST_EXACT = 40
"""Combinations that are scored at all instants."""
MOST_OPTIONS = 1000
"""Combinations of which it is asked whether starts allow them."""

Option = tuple[float, tuple[int, ...]]
"""A score [currency] and positions of moves."""


@dataclass(frozen=True)
class Breadth:
    """How far the search looks around a plan."""

    shortlist: int
    """Moves that are combined, the best on their own"""
    drawn: int = 0
    """Moves drawn at random that are combined with those"""
    most: int = 2
    """Moves in a combination"""
    seed: int = 0


@dataclass(frozen=True)
class Around:
    """A plan, the moves around it and what they would do."""

    task: Task
    target: Target
    choice: np.ndarray
    """(slot, station)"""
    moves: Moves
    effects: Effects
    net: np.ndarray
    """(move,) what each costs less the worth of the water it leaves [currency]"""
    tried: Container[bytes]
    """Plans that are not asked for again"""

    def additions(self, done: list[int], bar: float, breadth: Breadth) -> Iterator[tuple[tuple[int, ...], float]]:
        """Moves that, added to those `done`, lower the score below `bar` [currency], and to what; the best first."""
        singles = np.flatnonzero(_free(self.moves, done))
        if not len(singles):
            return
        every, reached = self.target.every, self.moves.apply(self.choice, *done)
        before = self.effects.total(np.array([done], int))
        first = self.target.score(every, (self.effects.take(singles) + before).at(every.at))
        options = [(float(v), (int(i),)) for v, i in zip(first, singles, strict=True) if v < bar]
        short = self._shortlist(singles, first, breadth)
        options += self._combined(short, before, bar, 2 if options else breadth.most)
        options.sort()
        plans = ((added, self.moves.apply(reached, *added)) for _, added in options[:MOST_OPTIONS])
        allowed = (each for each in plans if self._starts_allowed(each[1]))
        for added, plan in islice(allowed, MOST_EXACT):
            exact = float(self.target.score(every, self.effects.total(np.array([[*done, *added]])).at(every.at))[0])
            if exact < bar and plan.tobytes() not in self.tried:
                yield added, exact

    def _starts_allowed(self, plan: np.ndarray) -> bool:
        """Whether every group of pumps keeps its limit of starts, or at least starts no more often than before."""
        most = self.target.most_starts
        if np.isinf(most).all():
            return True
        starts = group_starts(self.task, plan)
        return not ((starts > most) & (starts >= self.target.starts)).any()

    def _shortlist(self, singles: np.ndarray, score: np.ndarray, breadth: Breadth) -> np.ndarray:
        """Those of the moves `singles` that are combined: the cheapest, those with the best scores, and some drawn at random."""
        half = breadth.shortlist // 2
        cheap, good = (singles[np.argsort(by, kind="stable")[:half]] for by in (self.net[singles], score))
        drawn = np.random.default_rng(breadth.seed).permutation(singles)[: breadth.drawn]
        return np.unique(np.concatenate([cheap, good, drawn]))

    def _combined(self, short: np.ndarray, before: Effects, bar: float, most: int) -> list[Option]:
        """Pairs of the moves `short` that score below `bar` beside what was done `before`; if none do, larger ones, up to `most`.

        Pairs that alone cost more than they could bring are left out.
        """
        instants = self.target.coarse
        listed = self.effects.take(short).at(instants.at)
        after, own = listed + before.at(instants.at), self.target.own(listed)
        spare = bar - float(self.target.own(before)[0])
        found: list[Option] = []
        front: list[Option] = []
        for i in range(len(short) - 1):
            others = np.arange(i + 1, len(short))
            others = others[(own[others] < spare - own[i]) & _apart(self.moves, int(short[i]), short[others])]
            if not len(others):
                continue
            value = self.target.score(instants, after.take(others) + listed.take(np.array([i])))
            best = [(float(value[j]), (i, int(others[j]))) for j in np.argsort(value, kind="stable")[:WIDTH]]
            found += [option for option in best if option[0] < bar]
            front += best if most > 2 else []
        for _ in range(2, most):
            if found or not front:
                break
            front = self._extended(short, listed, after, sorted(front)[:WIDTH])
            found = [option for option in front if option[0] < bar]
        return [(value, tuple(short[list(which)].tolist())) for value, which in found]

    def _extended(self, short: np.ndarray, listed: Effects, after: Effects, front: list[Option]) -> list[Option]:
        """The best combinations of the `front` with one more of the moves `short`, all by their positions in it."""
        found: set[Option] = set()
        for _, which in front:
            others = np.flatnonzero(np.logical_and.reduce([_apart(self.moves, int(short[i]), short) for i in which]))
            value = self.target.score(self.target.coarse, after.take(others) + listed.total(np.array([which])))
            best = np.argsort(value, kind="stable")[:WIDTH]
            found |= {(float(value[j]), tuple(sorted((*which, int(others[j]))))) for j in best}
        return sorted(found)[:WIDTH]


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
