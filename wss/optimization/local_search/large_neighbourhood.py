"""A large neighbourhood of a plan: the modes of a few stations in a few single slots, in all combinations that promise something.

Moves of one or two switches do not get past a tank whose slots are coarse beside its band: one slot more overfills it, unless
two others give way.

References
----------
.. [1] P. Shaw, "Using Constraint Programming and Local Search Methods to Solve Vehicle Routing Problems", Principles and Practice
       of Constraint Programming (CP98), LNCS 1520, 1998, doi:10.1007/3-540-49481-2_30.
"""

from dataclasses import dataclass, replace

import numpy as np

from wss.optimization.core.response import Response
from wss.optimization.core.task import Task
from wss.optimization.local_search.moves import Effects, Moves, effects_of
from wss.optimization.local_search.target import Target

LEAST_EFFECT_M = 1e-3
"""What moves a level by less does not act on it."""
MOST_SINGLES = 180
"""Changes of single slots that are combined, of each station as many; those that score best on their own if there are more."""
MOST_CHANGES = 6
"""Slots that are changed together."""
WIDTH = 16
"""Combinations of each number of changes that are built upon."""
CHUNK = 4000
"""Combinations that are scored at once."""


@dataclass(frozen=True)
class _Front:
    """The best combinations of one size."""

    which: np.ndarray
    """(combination, change) positions of moves"""
    score: np.ndarray
    """(combination,) [currency]"""


def acting_on(response: Response, choice: np.ndarray, tank: int) -> list[int]:
    """Stations of which a slot in another mode than in `choice` (slot, station) moves a tank, the strongest first."""
    lift, at = response.lift[:, tank], np.arange(len(choice))
    moved = [np.einsum("kmt,kt->km", own - own[at, choice[:, s]][:, None], lift) for s, own in enumerate(response.gain)]
    reach = np.array([np.abs(own).max() for own in moved])
    acts = np.flatnonzero(reach >= LEAST_EFFECT_M)
    return acts[np.argsort(-reach[acts], kind="stable")].tolist()


def neighbours(
    task: Task,
    response: Response,
    target: Target,
    choice: np.ndarray,
    stations: list[int],
    blocked: tuple[np.ndarray, ...],
) -> list[np.ndarray]:
    """Plans (slot, station) that differ in few slots of the `stations` and promise less by the linear response, the best first.

    Parameters
    ----------
    response, target
        Around the plan `choice` (slot, station), in single slots; and what counts.
    blocked
        One (slot, mode) of bool for each station: modes that may not be chosen.
    """
    moves = _singles(task, choice, stations, blocked)
    if not len(moves):
        return []
    effects = effects_of(task, response, choice, moves, np.zeros(choice.shape, bool))
    tanks = np.flatnonzero(np.abs(effects.level).max(axis=(0, 1)) > LEAST_EFFECT_M)
    level = effects.at(target.every.at).level[:, :, tanks]
    effects, target = replace(effects, level=np.ascontiguousarray(level)), target.only(tanks)
    alone = _scores(target, effects, np.arange(len(moves))[:, None])
    kept = _kept(moves, alone, MOST_SINGLES // len(stations))
    front, found = _best(kept[:, None], alone[kept]), []
    bar = float(_scores(target, effects, np.empty((1, 0), int))[0])
    for size in range(1, MOST_CHANGES + 1):
        if size > 1:
            base = kept[:, None] if size == 2 else front.which
            front = _extended(moves, target, effects, base, kept)
        if not len(front.score):
            break
        if front.score[0] < bar:
            bar = float(front.score[0])
            found.append(moves.apply(choice, *front.which[0].tolist()))
    return found[::-1]


def _singles(task: Task, choice: np.ndarray, stations: list[int], blocked: tuple[np.ndarray, ...]) -> Moves:
    """Each other mode of each station in each slot."""
    rows = []
    for s in stations:
        other = ~blocked[s]
        other[np.arange(len(choice)), choice[:, s]] = False
        rows += [(s, k, k + 1, m) for k, m in np.argwhere(other).tolist()]
    return Moves.of(task, rows)


def _kept(moves: Moves, alone: np.ndarray, most: int) -> np.ndarray:
    """Positions of the best moves of each station by their scores `alone` (move,), at most so many of each."""
    order = np.argsort(alone, kind="stable")
    return np.sort(np.concatenate([order[moves.station[order] == s][:most] for s in np.unique(moves.station)]))


def _best(which: np.ndarray, score: np.ndarray) -> _Front:
    order = np.argsort(score, kind="stable")[:WIDTH]
    return _Front(which[order], score[order])


def _extended(moves: Moves, target: Target, effects: Effects, base: np.ndarray, kept: np.ndarray) -> _Front:
    """The best combinations of each of `base` (combination, change) with one change more of those `kept`."""
    front = _Front(np.empty((0, base.shape[1] + 1), int), np.empty(0))
    for start in range(0, len(base), max(CHUNK // len(kept), 1)):
        part = base[start : start + max(CHUNK // len(kept), 1)]
        which = np.column_stack([np.repeat(part, len(kept), axis=0), np.tile(kept, len(part))])
        station, slot = moves.station[which], moves.first[which]
        same = (station[:, :-1] == station[:, -1:]) & (slot[:, :-1] == slot[:, -1:])
        sorted_ = which[:, -2] < which[:, -1] if which.shape[1] == 2 else np.ones(len(which), bool)
        which = np.sort(which[~same.any(axis=1) & sorted_], axis=1)
        score = _scores(target, effects, which)
        both = np.concatenate([front.which, which])
        both, first = np.unique(both, axis=0, return_index=True)
        front = _best(both, np.concatenate([front.score, score])[first])
    return front


def _scores(target: Target, effects: Effects, which: np.ndarray) -> np.ndarray:
    """Scores (combination,) of summed changes `which` (combination, change). [currency]"""
    return target.score(target.every, effects.total(which))
