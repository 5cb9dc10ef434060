"""Better plans from a good one: moves chosen by the linear response, each step proven in EPANET before it counts."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from wss.optimization.linearize import Table, is_large, table_slots, tabulate
from wss.optimization.modes import speeds_of
from wss.optimization.moves import Effects, Moves, effects_of, moves_of, propagate, station_starts
from wss.optimization.replay import PRESSURE_SPARE_M, WARNED_MISS, Replay, replay
from wss.optimization.response import Known, respond, shares
from wss.optimization.target import Instants, Room, Target, target_of
from wss.optimization.task import Task

SHORTLIST = 140
"""Moves that are combined in pairs."""
BUNDLE = 8
"""Most moves that are made before EPANET is asked."""
RETABULATE, RETABULATE_LARGE = 4, 10
"""Accepted plans after which the snapshots are taken anew; of a large network they take longer than all else."""
REJECTED_LARGE = 8
"""Rejected plans in a row after which those of a large network are, if any was accepted."""
LEAST_GAIN = 1e-6
"""What a change must promise, as a share of the plan's cost."""


Progress = Callable[[str, float], None]
"""Told what is being done, and which share of it is."""


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
    best = replay(task, speeds_of(task.stations, choice, len(task.engine.pumps)))
    pairs, patience = len(task.stations) > 1, RETABULATE_LARGE if is_large(task) else RETABULATE
    table = tabulate(task, best.level, choice, table_slots(task), pairs)
    simulations, snapshots, accepted, rejected, bundle = 1, table.snapshots, 0, 0, BUNDLE
    room = Room.least(task)
    tried: set[bytes] = {choice.tobytes()}
    while simulations < budget:
        if accepted >= patience:
            table, accepted, rejected = tabulate(task, best.level, choice, table_slots(task), pairs), 0, 0
            snapshots += table.snapshots
        candidate = _step(task, table, best, choice, water_value, bundle, room, tried)
        if candidate is None:
            if bundle > 1:
                bundle = 1
            elif accepted:
                accepted = patience
            elif best.miss > 0 and (wider := room.after(best)).differs(room):
                room = wider
            else:
                return Polished(choice, best, simulations, snapshots, True)
            continue
        tried.add(candidate.tobytes())
        result = replay(task, speeds_of(task.stations, candidate, len(task.engine.pumps)))
        simulations += 1
        if progress is not None:
            progress("polish", simulations / budget)
        if result.rank < best.rank:
            best, choice, accepted, rejected = result, candidate, accepted + 1, 0
            bundle, room = min(bundle * 2, BUNDLE), room.after(result) if result.miss > 0 else room.eased(task)
            continue
        rejected += 1
        if is_large(task) and rejected >= REJECTED_LARGE and accepted:
            accepted = patience
        if bundle > 1:
            bundle //= 2
        else:
            room = room.after(result)
    return Polished(choice, best, simulations, snapshots, False)


def _step(
    task: Task,
    table: Table,
    best: Replay,
    choice: np.ndarray,
    water_value: np.ndarray,
    bundle: int,
    room: "Room",
    tried: set[bytes],
) -> np.ndarray | None:
    """The plan that up to `bundle` best moves lead to by the linear response; None if no move promises anything."""
    response = respond(task, table, Known(best.level, shares(task, choice), best), 1)
    blocked = table.blocked(task, choice)
    bad = np.column_stack([own[np.arange(task.slots), choice[:, s]] for s, own in enumerate(blocked)])
    weak = set(response.rows.step[response.rows.slack < PRESSURE_SPARE_M].tolist())
    unforeseen = [k for k in best.warned if not bad[k].any() and k not in weak]
    bad[unforeseen] = choice[unforeseen] > 0
    moves = moves_of(task, choice, blocked)
    if not len(moves):
        return None
    effects = effects_of(task, response, choice, moves, bad)
    virtual = best.level + propagate(response, response.surplus[None])[0]
    target = target_of(task, best, virtual, response.rows.slack, room)
    base = target.score(
        target.every,
        np.zeros((1, *virtual.shape)),
        np.zeros((1, len(response.rows.slack))),
        np.zeros((1, effects.power.shape[1])),
        np.zeros(1),
        np.zeros(1),
    )[0]
    effects = replace(effects, cost=effects.cost - WARNED_MISS * target.miss_price * effects.freed)
    net = effects.cost + target.start_price * effects.starts - np.einsum("nt,t->n", effects.level[:, -1], task.area * water_value)
    done: list[int] = []
    reached, current = choice, base
    least = LEAST_GAIN * max(best.total, 1.0)
    for _ in range(bundle):
        found = _best_addition(task, target, moves, effects, net, done, reached, current - least, tried, choice)
        if found is None:
            break
        done, current = found
        reached = moves.apply(choice, *done)
    return reached if done else None


def _best_addition(
    task, target: Target, moves: Moves, effects: Effects, net, done, reached, bar, tried, choice
) -> tuple[list[int], float] | None:
    """The single move or pair that, added to those `done`, lowers the score most below `bar`."""
    level = effects.level[done].sum(axis=0)
    slack, power = effects.slack[done].sum(axis=0), effects.power[done].sum(axis=0)
    cost, starts = effects.cost[done].sum(), effects.starts[done].sum()
    free = _free(moves, done)
    singles = np.flatnonzero(free)
    if not len(singles):
        return None

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
    short = np.union1d(
        singles[np.argsort(net[singles], kind="stable")[: SHORTLIST // 2]],
        singles[np.argsort(first, kind="stable")[: SHORTLIST // 2]],
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
            return [*done, *added], exact
    return None


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
