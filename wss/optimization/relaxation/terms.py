"""Terms of the linear program beside the balance of water: pressures, starts and demand charges."""

import numpy as np
import pyomo.environ as pyo

from wss.optimization.core.response import Response
from wss.optimization.core.task import Task
from wss.optimization.relaxation.fractional import Before, Margins
from wss.tariffs import Windows, together

MISS_PRICE = 100.0
"""Price of missing a level by 1 m for 1 h, in multiples of the dearest hour of full power: limits come before cost."""
HASTY_PRICE = 2.0
"""Price of a pump that changes where too many do, in multiples of the same."""
CALM_H, CALM_SHARE = 2, 0.3
"""In so many hours before the end [h] only this share of them may change: what EPANET refuses there is not made up for later."""
CALM_PRICE = 0.05
"""Price of a start in the first step where changes are limited, in multiples of the same: pumps are not swapped for nothing."""
TIE_BREAK = 1e-4
"""Price of a start that costs nothing, as a share of a typical hour: breaks the ties of flat tariffs."""


def hourly_scale(task: Task) -> float:
    """Dearest hour of all pumps' order of power, as a scale for penalties [currency]."""
    return max(float(np.abs(task.price).max()), 1e-3) * 100.0


def level_at(model: pyo.ConcreteModel, response: Response, k: int, t: int):
    """Level of a tank at a step instant: a variable, but at the start [m]."""
    return model.level[k, t] if k else float(response.level[0, t])


def pressures(model: pyo.ConcreteModel, task: Task, response: Response, margins: Margins):
    """Lowest pressures of the mean mode at both ends of the steps, and of single modes beside the known ones; soft."""
    rows = response.rows
    if not len(rows.slack):
        return 0.0
    model.weak = pyo.Var(range(len(rows.slack)), bounds=(0, None))

    def rule(m, i):
        k, step = int(rows.instant[i]), int(rows.step[i])
        gains = sum(
            float(rows.gain[s][i, j]) * m.share[step, s, j]
            for s, station in enumerate(task.stations)
            for j in range(len(station.modes))
            if abs(rows.gain[s][i, j]) > 1e-6
        )
        sloped = sum(
            float(rows.slope[i, t]) * (level_at(m, response, k, t) - float(response.level[k, t])) for t in range(len(task.low))
        )
        return float(rows.slack[i]) + gains + sloped + m.weak[i] >= margins.pressure

    model.pressure = pyo.Constraint(range(len(rows.slack)), rule=rule)
    price = MISS_PRICE / 10 * hourly_scale(task)
    pulses = [
        float(short[k, m]) * model.share[k, s, m]
        for s, short in enumerate(weak_modes(task, response, margins))
        for k, m in np.argwhere(short > 0).tolist()
    ]
    return price * (sum(model.weak.values()) + sum(pulses))


def weak_modes(task: Task, response: Response, margins: Margins) -> list[np.ndarray]:
    """What pressures lack with each mode (step, mode) of a station beyond what they lack with its best. [m]"""
    rows, found = response.rows, []
    for s, station in enumerate(task.stations):
        short = np.zeros((len(response.surplus), len(station.modes)))
        np.maximum.at(short, rows.step, np.maximum(margins.pressure - rows.slack[:, None] - rows.gain[s], 0))
        short -= short.min(axis=1, keepdims=True)
        if margins.weak:
            short = np.maximum(short, response.mean(margins.weak[s]))
        found.append(short)
    return found


def starts(model: pyo.ConcreteModel, task: Task, response: Response, before: Before | None):
    """Rises of each pump's running share, priced and limited; a lower bound of its starts.

    Without a `before` the steps are the whole horizon, which is periodic. With one, and starts neither limited nor paid for, only
    those of the first step count.
    """
    steps = len(response.surplus)
    where = [(s, p, pump) for s, station in enumerate(task.stations) for p, pump in enumerate(station.pumps)]
    limited = [i for i, (_, _, pump) in enumerate(where) if np.isfinite(task.most_starts[pump])]
    all_count = before is None or limited or task.problem.start_cost > 0
    rows = range(steps + (before is not None and before.first is not None) if all_count else 1)
    model.rise = pyo.Var(rows, range(len(where)), bounds=(0, None))

    def running(m, k, i):
        s, p, _ = where[i]
        if before is not None and not 0 <= k < steps:
            return float(task.stations[s].modes[(before.last if k < 0 else before.first)[s], p] > 0)
        return sum(m.share[k, s, j] for j in range(len(task.stations[s].modes)) if task.stations[s].modes[j, p] > 0)

    def rise(m, k, i):
        earlier = k - 1 if k or before is not None else steps - 1
        return m.rise[k, i] >= running(m, k, i) - running(m, earlier, i)

    model.rises = pyo.Constraint(model.rise.index_set(), rule=rise)
    left = task.most_starts - (0 if before is None else before.starts)
    model.beyond = pyo.Var(limited, bounds=(0, 0 if before is None else None))
    model.most = pyo.Constraint(
        limited,
        rule=lambda m, i: sum(m.rise[k, i] for k in rows) - m.beyond[i] <= float(left[where[i][2]]),
    )
    calm = before is not None and np.isfinite(before.changes)
    price = max(task.problem.start_cost, (CALM_PRICE if calm else TIE_BREAK) * hourly_scale(task))
    return price * sum(model.rise.values()) + MISS_PRICE * hourly_scale(task) * sum(model.beyond.values())


def haste(model: pyo.ConcreteModel, task: Task, response: Response, before: Before | None):
    """By how much the number of running pumps changes more from step to step than it should."""
    if before is None or not np.isfinite(before.changes):
        return 0.0
    steps = range(len(response.surplus))
    late = response.edges[:-1] >= task.slots - CALM_H * 3600 // task.slot_s
    most = np.where(late, CALM_SHARE, 1.0) * before.changes
    counts = [(station.modes > 0).sum(axis=1).tolist() for station in task.stations]
    model.hasty = pyo.Var(steps, bounds=(0, None))

    def running(m, k):
        if k < 0:
            return float(sum(count[mode] for count, mode in zip(counts, before.last.tolist(), strict=True)))
        return sum(n * m.share[k, s, j] for s, count in enumerate(counts) for j, n in enumerate(count) if n)

    def rule(sign):
        return lambda m, k: sign * (running(m, k) - running(m, k - 1)) - m.hasty[k] <= float(most[k])

    model.more, model.fewer = pyo.Constraint(steps, rule=rule(1)), pyo.Constraint(steps, rule=rule(-1))
    return HASTY_PRICE * hourly_scale(task) * sum(model.hasty.values())


def peaks(model: pyo.ConcreteModel, task: Task, response: Response):
    """Increase of each month's peak of the mean power of its billing windows."""
    charges = task.problem.charges
    if not charges:
        return 0.0
    model.peak = pyo.Var(range(len(charges)), bounds=lambda _, c: (charges[c].peak_so_far_kw, None))
    parts = [window_parts(windows, response.edges) for windows in task.slot_windows]

    def rule(m, c, w):
        part = [(int(k), float(parts[c][w, k])) for k in np.flatnonzero(parts[c][w])]
        gains = sum(
            share * float(response.power[s][k, j].sum()) * m.share[k, s, j]
            for k, share in part
            for s, station in enumerate(task.stations)
            for j in range(len(station.modes))
        )
        return m.peak[c] >= sum(share * float(response.known_power[k].sum()) for k, share in part) + gains

    model.peaks = pyo.Constraint([(c, w) for c, table in enumerate(parts) for w in range(len(table))], rule=rule)
    groups = together(charges)
    several = [g for g, group in enumerate(groups) if len(group) > 1]
    model.due = pyo.Var(several, bounds=(0, None))
    cost = [charge.price_per_kw * (model.peak[c] - charge.peak_so_far_kw) for c, charge in enumerate(charges)]
    model.dearest = pyo.Constraint([(g, c) for g in several for c in groups[g]], rule=lambda m, g, c: m.due[g] >= cost[c])
    return sum(model.due[g] if g in several else cost[group[0]] for g, group in enumerate(groups))


def window_parts(windows: Windows, edges: np.ndarray) -> np.ndarray:
    """The part (window, step) that steps between `edges` (step instant,), slot instants, have in the windows that count. [1]

    Windows within one step are one, that in which it begins.
    """
    slots = np.arange(edges[0], edges[-1])
    window = windows.first.searchsorted(slots, side="right") - 1
    parts = np.zeros((len(windows.first), len(edges) - 1))
    np.add.at(parts, (window, edges.searchsorted(slots, side="right") - 1), 1.0)
    here = np.unique(window)
    parts = parts[here] / parts[here].sum(axis=1, keepdims=True)
    new = np.append(True, (parts[1:] != parts[:-1]).any(axis=1))
    return parts[new & windows.counts[here]]
