"""A window of a plan whose simulation misses something, mended by changes of single slots."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from wss.optimization.core.modes import speeds_of
from wss.optimization.core.replay import Replay, replay
from wss.optimization.core.task import LEVEL_TOLERANCE_M, Task
from wss.optimization.relaxation.fractional import LinearPlan

MENDS = 32
"""Other orders and modes that are tried where a window misses a limit."""
MENDED = 0.5
"""Share of the misses that a mended window may still have."""


@dataclass(frozen=True)
class Decided:
    """The slots up to the end of a window, as decided."""

    choice: np.ndarray
    """(slot, station)"""
    run: Replay
    plan: LinearPlan


def simulated(task: Task, choice: np.ndarray) -> Replay:
    """Replay of the first slots of a plan, `choice` (slot, station)."""
    return replay(task, speeds_of(task.stations, choice, len(task.engine.pumps)))


def mended(task: Task, best: Decided, first: int, missed: float) -> tuple[Decided, int]:
    """The window from `first` on, if something is missed only up to and with that slot, which is mended if possible.

    EPANET fails to balance states when much changes at once: then some stations stay in their mode for one slot more, as few as
    possible, those that lose least, or go only half the way. What this does not mend may be mended by another order or another
    mode of a station.
    `missed` is what was missed before. Also the number of simulations.
    """
    wrong, tries = first_miss(best.run, first), 0
    if wrong is None:
        return best, 0
    planned, stay = best.choice[: wrong + 1], _may_stay(task, best, wrong)
    best = Decided(planned, simulated(task, planned), best.plan)

    def good(choice: np.ndarray, share: float) -> bool:
        """Whether at most this share of the misses is left; then it is the best."""
        nonlocal best, tries
        run, tries = simulated(task, choice), tries + 1
        if run.miss > missed + share * (best.run.miss - missed):
            return False
        best = Decided(choice, run, best.plan)
        return True

    if stay and good(_with(planned, np.s_[wrong, stay], planned[wrong - 1, stay]), MENDED):
        for s in list(stay):
            fewer = [other for other in stay if other != s]
            stay = fewer if good(_with(planned, np.s_[wrong, fewer], planned[wrong - 1, fewer]), 1.0) else stay
        for s in stay:
            any(good(_with(best.choice, np.s_[wrong, s], m), 1.0) for m in _between(task, best, s, wrong, planned[wrong, s]))
    while best.run.miss > missed + LEVEL_TOLERANCE_M:
        if not any(good(choice, MENDED) for choice in islice(_changes(task, best, wrong, first), MENDS)):
            break
    return best, tries


def first_miss(run: Replay, first: int) -> int | None:
    """First slot from `first` on in which EPANET warns, shuts a tank or leaves a band."""
    missed = run.shut.any(axis=1) | (run.band_miss[1:] > LEVEL_TOLERANCE_M).any(axis=1)
    missed[run.warned] = True
    found = np.flatnonzero(missed[first:])
    return first + int(found[0]) if len(found) else None


def _may_stay(task: Task, best: Decided, slot: int) -> list[int]:
    """Stations that change their mode at `slot` and need not, those first that would lose most."""
    if not slot:
        return []
    now, before = best.choice[slot], best.choice[slot - 1]
    may = [s for s in np.flatnonzero(now != before).tolist() if task.allowed(task.stations[s])[slot, before[s]]]
    return sorted(may, key=lambda s: float(best.plan.loss[s][now[s]] - best.plan.loss[s][before[s]]))


def _between(task: Task, best: Decided, s: int, slot: int, wanted: int) -> list[int]:
    """Modes of a station half way from the one that it stays in at `slot` to the one that is `wanted`, by their loss."""
    modes, allowed = task.stations[s].modes, task.allowed(task.stations[s])[slot]
    old, new = modes[best.choice[slot, s]], modes[wanted]
    way = ((modes == old) | (modes == new)).all(axis=1) & (modes != old).any(axis=1) & (modes != new).any(axis=1) & allowed
    return sorted(np.flatnonzero(way).tolist(), key=lambda m: float(best.plan.loss[s][m]))


def _changes(task: Task, best: Decided, slot: int, first: int) -> Iterator[np.ndarray]:
    """Choices (slot, station) with the modes of a station in the reverse order, then with another at `slot`, by their loss.

    Stations whose pumps work beyond their curve come first.
    """
    for s in range(len(task.stations)):
        if best.choice[first, s] != best.choice[-1, s]:
            yield _with(best.choice, np.s_[first:, s], best.choice[first:, s][::-1])
    beyond = [best.run.beyond[slot, station.pumps].any() for station in task.stations]
    options = [
        (not beyond[s], float(loss - own[best.choice[slot, s]]), s, m)
        for s, own in enumerate(best.plan.loss)
        for m, loss in enumerate(own)
        if m != best.choice[slot, s] and task.allowed(task.stations[s])[slot, m]
    ]
    for *_, s, m in sorted(options):
        yield _with(best.choice, np.s_[slot, s], m)


def _with(choice: np.ndarray, where, modes) -> np.ndarray:
    changed = choice.copy()
    changed[where] = modes
    return changed
