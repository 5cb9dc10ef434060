"""Which limit a changed plan passes first that the plan itself keeps."""

from dataclasses import dataclass

import numpy as np

from wss.optimization.core.replay import Replay
from wss.optimization.core.task import LEVEL_TOLERANCE_M, Task
from wss.optimization.proof.verify import TOLERANCE

WALL_M = 1e-5
"""A tank this near to its own limit stands at it [m]."""


@dataclass(frozen=True)
class Limit:
    """What stands in the way of a change."""

    kind: str
    """low, high, empty, full (a tank), pressure (a node), warning (of EPANET), starts, held or out (a pump), now, end"""
    item: str = ""
    amount: float = 0.0
    """By how much the limit would be passed [m], or the number of starts."""
    bound: float = 0.0
    """The limit [m], or the number of starts that are allowed."""
    slot: int | None = None
    """Instant of the decision grid at which it is worst, in the first span in which it is passed."""


def first_limit(task: Task, base: Replay, run: Replay) -> Limit | None:
    """The first limit that `run` passes and `base` keeps, or passes by more; None if there is none."""
    found = [*_levels(task, base, run), *_pressures(task, base, run)]
    fresh = np.setdiff1d(run.warned, base.warned)
    found += [Limit("warning", slot=int(fresh[0]))] if len(fresh) else []
    more = np.flatnonzero((run.starts > task.most_starts) & (run.starts > base.starts))
    found += [Limit("starts", task.engine.pumps[p], float(run.starts[p]), float(task.most_starts[p])) for p in more]
    return min(found, key=lambda f: (task.slots + 1 if f.slot is None else f.slot, -f.amount), default=None)


def room_taken(task: Task, base: Replay, run: Replay) -> tuple[str, float]:
    """The tank of whose reserve `run` takes most beyond what `base` does, and how much deeper it is there at most [m].

    Nothing where `run` leaves the tanks, all in all, no less room.
    """
    if task.reserve is None:
        return "", 0.0
    taken, of_base = (task.reserve.taken(r.level, np.arange(len(r.level))) for r in (run, base))
    more = taken - of_base
    counted = more.sum(axis=0) * task.reserve.price
    worst = int(counted.argmax())
    deeper = float(more[:, worst].max())
    return (task.engine.tanks[worst], deeper) if counted.sum() > 0 and deeper > LEVEL_TOLERANCE_M else ("", 0.0)


def _levels(task: Task, base: Replay, run: Replay) -> list[Limit]:
    """Levels outside the operator's band, and tanks that EPANET shuts or that stand at their own limits."""
    found, engine, problem = [], task.engine, task.problem
    for i, tank in enumerate(engine.tanks):
        ends = {"low": engine.level_min[tank], "high": engine.level_max[tank]}
        for kind, sign, own, wall in (("low", -1, problem.level_min, "empty"), ("high", 1, problem.level_max, "full")):
            if tank in own and sign * (ends[kind] - own[tank]) > 0:
                over, was = (np.maximum(sign * (r.level[1:, i] - own[tank]), 0) for r in (run, base))
                span = _first_span(over > was + LEVEL_TOLERANCE_M)
                if span is not None:
                    at = span.start + int(over[span].argmax())
                    found.append(Limit(kind, tank, float(over[at]), own[tank], at + 1))
            elif not task.exempt[i]:
                stands, stood = (sign * (r.level[1:, i] - ends[kind]) > -WALL_M for r in (run, base))
                fresh = np.flatnonzero(stands & ~stood)
                if len(fresh):
                    found.append(Limit(wall, tank, 0.0, ends[kind], int(fresh[0]) + 1))
    known = {f.item for f in found}
    for i in np.flatnonzero(run.shut_s > base.shut_s):
        tank = engine.tanks[i]
        if tank not in known:
            room = np.column_stack([run.level[:, i] - engine.level_min[tank], engine.level_max[tank] - run.level[:, i]])
            at, side = np.unravel_index(int(room.argmin()), room.shape)
            bound = (engine.level_max if side else engine.level_min)[tank]
            found.append(Limit("full" if side else "empty", tank, 0.0, bound, int(at)))
    return found


def _pressures(task: Task, base: Replay, run: Replay) -> list[Limit]:
    """Pressures below their limits at the full hours: the first hour, and the node that is worst then."""
    if not len(task.watched):
        return []
    short, was = (np.maximum(task.floor - r.pressure[task.full_hours], 0) for r in (run, base))
    hours = np.flatnonzero((short > was + TOLERANCE * task.engine.pressure_m).any(axis=1))
    if not len(hours):
        return []
    hour = hours[0]
    node = int((short - was)[hour].argmax())
    return [Limit("pressure", task.watched[node], float(short[hour, node]), float(task.floor[node]), int(task.full_hours[hour]))]


def _first_span(outside: np.ndarray) -> slice | None:
    """The first unbroken span of `outside` (time,) of bool; None if there is none."""
    if not outside.any():
        return None
    first = int(outside.argmax())
    inside = np.flatnonzero(~outside[first:])
    return slice(first, first + int(inside[0]) if len(inside) else len(outside))
