"""Which moves to add to a plan: single ones and pairs, scored by the linear response."""

from collections.abc import Container, Iterator

import numpy as np

from wss.optimization.linearize import is_large
from wss.optimization.moves import Effects, Moves, station_starts
from wss.optimization.target import Instants, Target
from wss.optimization.task import Task

SHORTLIST, SHORTLIST_LARGE = 140, 60
"""Moves that are combined in pairs, and those of a large network."""


def additions(
    task: Task,
    target: Target,
    moves: Moves,
    effects: Effects,
    net: np.ndarray,
    done: list[int],
    reached: np.ndarray,
    bar: float,
    tried: Container[bytes],
    choice: np.ndarray,
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Single moves and pairs that, added to those `done`, lower the score below `bar` [currency], and to what; the best first.

    `net` (move,) [currency] is the cost of each less the worth of the water it leaves; `reached` and `choice` (slot, station)
    are the modes with and without the moves that are done. Plans `tried` are not asked for again.
    """
    level = effects.level[done].sum(axis=0)
    slack, power = effects.slack[done].sum(axis=0), effects.power[done].sum(axis=0)
    cost, starts = effects.cost[done].sum(), effects.starts[done].sum()
    singles = np.flatnonzero(_free(moves, done))
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
    short = _shortlist(task, singles, net[singles], first)
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


def _shortlist(task: Task, singles: np.ndarray, net: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Those of the moves `singles` that are combined in pairs: the cheapest, and those with the best scores."""
    half = (SHORTLIST_LARGE if is_large(task) else SHORTLIST) // 2
    return np.union1d(singles[np.argsort(net, kind="stable")[:half]], singles[np.argsort(score, kind="stable")[:half]])


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
