"""From fractions of modes to modes on the decision grid: each pump's running time follows its plan, with few starts.

The task is known as combinatorial integral approximation: least integrated deviation from a relaxed control, few switches. Here
it is solved by beam search.

References
----------
.. [1] S. Sager, M. Jung, C. Kirches, "Combinatorial Integral Approximation", Mathematical Methods of Operations Research 73 (3),
       2011, doi:10.1007/s00186-011-0355-4.
.. [2] P. S. Ow, T. E. Morton, "Filtered Beam Search in Scheduling", International Journal of Production Research 26 (1), 1988,
       doi:10.1080/00207548808947840.
"""

import numpy as np

from wss.optimization.core.modes import Station
from wss.optimization.core.tables import Table
from wss.optimization.core.task import Task

BEAM = 48
"""Partial schedules that are kept at each slot."""


def realize(
    task: Task, share: tuple[np.ndarray, ...], step_slots: int, start_weight: float, table: Table | None = None
) -> np.ndarray:
    """Modes (slot, station) that realize `share`.

    Parameters
    ----------
    share : one (step, mode) for each station
        Fractions of modes in each step of `step_slots` slots.
    start_weight : float
        What a start counts, in squared slots by which a pump's running time is off.
    table
        Modes that EPANET warns about, alone or beside those of another station, are avoided.
    """
    choice = np.full((task.slots, len(task.stations)), -1)
    row = table.rows(np.arange(task.slots)) if table else None
    for s in sorted(range(len(task.stations)), key=lambda i: -len(task.stations[i].modes)):
        station, allowed = task.stations[s], task.allowed(task.stations[s])
        calm = allowed.copy() if table is None else allowed & ~table.warned[s][row]
        for (a, b), both in (table.clashes if table else {}).items():
            if s == a and choice[0, b] >= 0:
                calm &= ~both[row, :, choice[:, b]]
            if s == b and choice[0, a] >= 0:
                calm &= ~both[row, choice[:, a], :]
        allowed = np.where(calm.any(axis=1, keepdims=True), calm, allowed)
        choice[:, s] = _realize_station(station, np.repeat(share[s], step_slots, axis=0), allowed, start_weight)
    return choice


def _realize_station(station: Station, share: np.ndarray, allowed: np.ndarray, start_weight: float) -> np.ndarray:
    """Beam search over slots: least sum of squared running-time errors plus weighted starts."""
    running = np.column_stack([station.modes[:, list(group)].sum(axis=1) for group in station.groups])
    counts = np.column_stack([(station.modes[:, list(group)] > 0).sum(axis=1) for group in station.groups])
    rises = np.maximum(counts[None] - counts[:, None], 0).sum(axis=2)
    wanted = np.einsum("km,mp->kp", share, running)
    first = int(share[-1].argmax())
    error, last, cost = np.zeros((1, running.shape[1])), np.array([first]), np.zeros(1)
    trail = []
    for k in range(len(share)):
        modes = np.flatnonzero(allowed[k])
        reached = error[:, None, :] + running[modes][None] - wanted[k]
        total = cost[:, None] + (reached**2).sum(axis=2) + start_weight * rises[last][:, modes]
        order = np.argsort(total, axis=None, kind="stable")[: 4 * BEAM]
        parent, pick = np.unravel_index(order, total.shape)
        mode = modes[pick]
        key = mode.astype(np.int64)
        for column in np.round(reached[parent, pick] * 1000).astype(np.int64).T:
            key = key * 1_000_003 + column
        _, unique = np.unique(key, return_index=True)
        keep = np.sort(unique)[:BEAM]
        trail.append((parent[keep], mode[keep]))
        error, last, cost = reached[parent[keep], pick[keep]], mode[keep], total[parent[keep], pick[keep]]
    at = int(cost.argmin())
    chosen = []
    for parent, mode in reversed(trail):
        chosen.append(mode[at])
        at = parent[at]
    return np.array(chosen[::-1])
