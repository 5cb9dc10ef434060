"""From fractions of modes to whole slots, window by window, with EPANET in the loop.

An integer program decides a window; the rest of the horizon stays a linear program over fractions, so that what whole slots leave
over is made up for later. What is decided is simulated, the window's snapshots are taken anew around it, and it is decided again
until it stays; then the next window begins at the levels that EPANET gives.

The method is known as relax-and-fix.

References
----------
.. [1] Y. Pochet, L. A. Wolsey, "Production Planning by Mixed Integer Programming", Springer, 2006, doi:10.1007/0-387-33477-7.
"""

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from wss.optimization.core.modes import Station, speeds_of
from wss.optimization.core.problem import Progress
from wss.optimization.core.response import Known, respond, shares
from wss.optimization.core.tables import Table, every, hour_slots, is_large, tabulate
from wss.optimization.core.task import LEVEL_TOLERANCE_M, Task
from wss.optimization.relaxation.fractional import Before, LinearPlan, Margins
from wss.optimization.relaxation.mend import Decided, mended, simulated
from wss.optimization.relaxation.program import solve_whole

ATTEMPTS = 2
"""Times that a window is decided: by the snapshots around the plan of fractions, then by its own."""
WINDOW_WORK = 200_000
"""Modes times hours times hours up to which a plan is made in windows."""
END_MARGIN_M, END_SPARE = 1e-3, 0.01
"""How far above its end level the last window is to leave a tank, and of a large network as a share of the tank's range."""
PASSES, LAST_H = 2, 8
"""Times that the end is decided: anew from so many hours before it [h] while levels at the end are missed."""
MOST_CHANGES = 10
"""By how much the number of running pumps of a large network changes in an hour: EPANET fails to balance much more at once."""


@dataclass(frozen=True)
class Windowed:
    """A plan made window by window."""

    choice: np.ndarray
    """(slot, station)"""
    simulations: int
    snapshots: int


def worth_windows(task: Task) -> bool:
    """Whether the horizon is short enough for an integer program a window."""
    return sum(len(station.modes) for station in task.stations) * (task.slots / hour_slots(task)) ** 2 <= WINDOW_WORK


def plan_in_windows(task: Task, table: Table, known: Known, margins: Margins, progress: Progress | None = None) -> Windowed:
    """Decide one window after the other; if the network is not large, the last hours again while levels at the end are missed.

    Parameters
    ----------
    table, known
        Snapshots, and the plan of fractions over the horizon that is based on them.
    margins
        How far inside limits to stay; what was learnt about levels at the end does not count, since each window begins anew.
    progress
        Told what is done, and which share of it is.
    """
    spare = END_SPARE * (task.high - task.low) if is_large(task) else END_MARGIN_M
    end = np.maximum(np.minimum(spare, task.high - margins.level - task.end), END_MARGIN_M)
    maker = _Maker(task, table, known, replace(margins, end=end))
    first, best = 0, None
    for _ in range(PASSES):
        while first < task.slots:
            first = maker.decide(first)
            if progress is not None:
                progress("windows", first / task.slots)
        run = simulated(task, maker.choice)
        if best is None or run.rank < best[0]:
            best = run.rank, maker.choice.copy()
        if is_large(task) or not (run.end_miss > LEVEL_TOLERANCE_M).any():
            break
        maker.margins = replace(maker.margins, end=maker.margins.end + run.end_miss)
        first = max(k for k in maker.known if k <= max(task.slots - LAST_H * hour_slots(task), 0))
    return Windowed(best[1], maker.simulations, maker.snapshots)


class _Maker:
    """Decides windows, and knows what follows each."""

    def __init__(self, task: Task, table: Table, known: Known, margins: Margins) -> None:
        self._task, self._table, self.margins = task, table, margins
        self.choice = np.zeros((task.slots, len(task.stations)), int)
        self.known = {0: (known, task.start, 0.0)}
        """First slot of a window -> the plan of fractions from there on, levels there, and what was missed before"""
        self.simulations = self.snapshots = 0

    def decide(self, first: int) -> int:
        """Decide the window from the slot `first` on; the slot up to which it is decided."""
        task, choice = self._task, self.choice
        known, level, missed = self.known[first]
        rest = np.array([k for k in every(task, hour_slots(task)) if k > first])
        last = int(rest[0])
        before = _before(task, choice, first, known)
        response = respond(task, self._table, known, np.append(first, rest)).starting(level)
        tail = respond(task, self._table, known, rest) if last < task.slots else None
        tried: list[Decided] = []
        for _ in range(ATTEMPTS):
            plan = solve_whole(task, response, self.margins, before)
            choice[first:last] = _ordered(task, plan, before.last, last - first)
            tried.append(Decided(choice[:last].copy(), simulated(task, choice[:last]), plan))
            if len(tried) == ATTEMPTS:
                break
            here, window = _known(task, tried[-1], first), np.array([first, last])
            around = tabulate(task, here.level, choice[:last], window)
            self.snapshots += around.snapshots
            near = respond(task, around, here, window)
            response = near.then(tail) if tail else near
        best, mends = mended(task, min(reversed(tried), key=lambda one: one.run.miss), first, missed)
        self.simulations += len(tried) + mends
        until = len(best.choice)
        choice[:until] = best.choice
        self.known[until] = _following(known, best, rest), best.run.level[until], best.run.miss
        return until


def _known(task: Task, tried: Decided, first: int) -> Known:
    """What the window from `first` on is decided around: its simulation, or what was planned where that went astray."""
    run, share = tried.run, shares(task, tried.choice)
    if not (run.shut[first:].any() or (run.warned >= first).any()):
        return Known(run.level, share, run)
    level, slots = run.level.copy(), np.arange(first, len(run.level))
    level[first:] = np.column_stack([np.interp(slots, slots[[0, -1]], column) for column in tried.plan.level[:2].T])
    return Known(level, share)


def _before(task: Task, choice: np.ndarray, first: int, known: Known) -> Before:
    """What comes before the slot `first`; at the start of the horizon, which is periodic, what is planned for its end."""
    if not first:
        return Before(None, np.array([own[-1].argmax() for own in known.share]), np.zeros(len(task.most_starts)), np.inf)
    on = speeds_of(task.stations, choice[:first], len(task.engine.pumps)) > 0
    starts = (on[1:] & ~on[:-1]).sum(axis=0)
    return Before(choice[0], choice[first - 1], starts, MOST_CHANGES if is_large(task) else np.inf)


def _ordered(task: Task, plan: LinearPlan, last: np.ndarray, slots: int) -> np.ndarray:
    """Modes (slot, station) of the first step of `plan`, those of a station in the order with the fewest starts."""
    found = np.zeros((slots, len(task.stations)), int)
    for s, station in enumerate(task.stations):
        count = np.round(plan.share[s][0] * slots).astype(int)
        used = np.flatnonzero(count).tolist()
        later = int(plan.share[s][1].argmax()) if len(plan.share[s]) > 1 else None
        ranked = sorted(
            (_rises(station, [int(last[s]), *order, *([] if later is None else [later])]), order) for order in permutations(used)
        )
        found[:, s] = np.concatenate([np.full(count[m], m) for m in ranked[0][1]])[:slots]
    return found


def _rises(station: Station, modes: list[int]) -> int:
    """Pumps that start when a station goes through `modes`."""
    count = np.column_stack([(station.modes[:, list(group)] > 0).sum(axis=1) for group in station.groups])[modes]
    return int(np.maximum(np.diff(count, axis=0), 0).sum())


def _following(known: Known, decided: Decided, rest: np.ndarray) -> Known:
    """`known` with what follows the slots that are decided as the plan has it now; the window ends at the first of `rest`."""
    until = len(decided.choice)
    level, share, plan = known.level.copy(), [own.copy() for own in known.share], decided.plan
    slots = np.arange(until, rest[-1] + 1)
    reached = np.vstack([decided.run.level[until], plan.level[1:]]) if until < rest[0] else plan.level[1:]
    edges = np.append(until, rest) if until < rest[0] else rest
    level[slots] = np.column_stack([np.interp(slots, edges, column) for column in reached.T])
    for own, planned in zip(share, plan.share, strict=True):
        own[until : rest[-1]] = np.repeat(planned[1 if until == rest[0] else 0 :], np.diff(edges), axis=0)
    return Known(level, tuple(share))
