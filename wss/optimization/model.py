"""The linear program over fractions of modes: the only file that knows pyomo and the solver."""

from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import SolutionStatus, TerminationCondition
from pyomo.contrib.solver.common.util import NoSolutionError

from wss.errors import SolverError
from wss.optimization.response import Response
from wss.optimization.task import Task, counting

MISS_PRICE = 100.0
"""Price of missing a level by 1 m for 1 h, in multiples of the dearest hour of full power: limits come before cost."""
TIE_BREAK = 1e-4
"""Price of a start that costs nothing, as a share of a typical hour: breaks the ties of flat tariffs."""


@dataclass(frozen=True)
class Margins:
    """How much further inside its limits the linear program stays than it must."""

    level: np.ndarray
    """(tank,) [m]"""
    end: np.ndarray
    """(tank,) [m]"""
    pressure: float = 0.0
    """[m]"""
    weak: tuple[np.ndarray, ...] = ()
    """One (slot, mode) for each station: what pressures lacked with it in earlier rounds [m]"""


@dataclass(frozen=True)
class LinearPlan:
    """Optimum of the linear program."""

    share: tuple[np.ndarray, ...]
    """One for each station: (step, mode)"""
    level: np.ndarray
    """(step instant, tank) [m]"""
    cost: float
    """Energy, charge and start costs by the linear model [currency]"""
    miss: np.ndarray
    """(step instant, tank) how far levels are outside their limits [m]"""
    water_value: np.ndarray
    """(tank,) what a cubic metre more at the end costs [currency/m3]"""


def available() -> bool:
    """Whether HiGHS can be used."""
    return bool(SolverFactory("highs").available())


def solve_fractions(task: Task, response: Response, margins: Margins, cyclic_steps: int | None = None) -> LinearPlan:
    """Fractions of modes of least cost.

    Parameters
    ----------
    cyclic_steps : int or None
        If given, the level so many steps before the end is the lowest level at the end (a settled day); else `task.end` is.

    Raises
    ------
    SolverError
        If HiGHS is not installed, stops early or returns nothing usable.
    """
    if not available():
        raise SolverError("the solver HiGHS is not available; install it with: pip install highspy")
    model = _build(task, response, margins, cyclic_steps)
    try:
        results = SolverFactory("highs").solve(model, load_solutions=False, raise_exception_on_nonoptimal_result=False, threads=1)
    except (RuntimeError, ValueError, NoSolutionError) as error:
        raise SolverError(f"HiGHS failed: {error}") from error
    optimal = results.termination_condition == TerminationCondition.convergenceCriteriaSatisfied
    if not optimal or results.solution_status != SolutionStatus.optimal:
        raise SolverError(f"HiGHS stopped without an optimum: {results.termination_condition.name}")
    results.solution_loader.load_vars()
    return _read(task, response, model, results.solution_loader.get_duals())


def _build(task: Task, response: Response, margins: Margins, cyclic_steps: int | None) -> pyo.ConcreteModel:
    steps, tanks = len(response.surplus), len(task.low)
    allowed = [_allowed(task, response, s) for s in range(len(task.stations))]
    model = pyo.ConcreteModel()
    keys = [(k, s, m) for k in range(steps) for s, station in enumerate(task.stations) for m in range(len(station.modes))]
    model.share = pyo.Var(keys, bounds=lambda _, k, s, m: (0, allowed[s][k, m]))
    model.level = pyo.Var(range(1, steps + 1), range(tanks))
    model.under = pyo.Var(range(1, steps + 1), range(tanks), bounds=(0, None))
    model.over = pyo.Var(range(1, steps + 1), range(tanks), bounds=(0, None))
    model.short = pyo.Var(range(tanks), bounds=(0, None))
    model.spill = pyo.Var(range(steps), [t for t in range(tanks) if task.exempt[t]], bounds=(0, None))
    model.one = pyo.Constraint(
        range(steps),
        range(len(task.stations)),
        rule=lambda m, k, s: sum(m.share[k, s, j] for j in range(len(task.stations[s].modes))) == 1,
    )
    clashes = [(k, s, int(a), r, int(b)) for (s, r), both in response.clashes.items() for k, a, b in np.argwhere(both).tolist()]
    model.clash = pyo.Constraint(clashes, rule=lambda m, k, s, a, r, b: m.share[k, s, a] + m.share[k, r, b] <= 1)
    _balance(model, task, response)
    _band(model, task, margins, steps)
    _end(model, task, margins, steps, cyclic_steps)
    objective = _energy(model, task, response) + _misses(model, task, steps)
    objective += _pressure(model, task, response, margins) + _starts(model, task, response) + _peak(model, task, response)
    model.cost = pyo.Objective(expr=objective)
    return model


def _allowed(task: Task, response: Response, s: int) -> np.ndarray:
    """(step, mode) largest share: that of the slots in which pins and service leave the mode, none where EPANET warns."""
    allowed = task.allowed(task.stations[s]).reshape(len(response.surplus), response.step_slots, -1).mean(axis=1)
    calm = np.where(response.warned[s], 0.0, allowed)
    return np.where(calm.sum(axis=1, keepdims=True) >= 1 - 1e-9, calm, allowed)


def _balance(model: pyo.ConcreteModel, task: Task, response: Response) -> None:
    tanks = range(len(task.low))

    def inflow(m, k, t):
        gains = sum(
            float(response.gain[s][k, j, t]) * m.share[k, s, j]
            for s, station in enumerate(task.stations)
            for j in range(len(station.modes))
            if abs(response.gain[s][k, j, t]) > 1e-9
        )
        return float(response.surplus[k, t]) + gains - (m.spill[k, t] if task.exempt[t] else 0.0)

    model.inflow = pyo.Var(range(len(response.surplus)), tanks)
    model.water = pyo.Constraint(range(len(response.surplus)), tanks, rule=lambda m, k, t: m.inflow[k, t] == inflow(m, k, t))

    def rule(m, k, t):
        carried = sum(float(response.carry[k, t, u]) * (_level(m, task, k, u) - float(response.level[k, u])) for u in tanks)
        lifted = sum(float(response.lift[k, t, u]) * m.inflow[k, u] for u in tanks)
        return m.level[k + 1, t] == float(response.level[k + 1, t]) + carried + lifted

    model.balance = pyo.Constraint(range(len(response.surplus)), tanks, rule=rule)


def _level(model: pyo.ConcreteModel, task: Task, k: int, t: int):
    return model.level[k, t] if k else float(task.start[t])


def _band(model: pyo.ConcreteModel, task: Task, margins: Margins, steps: int) -> None:
    half = (task.high - task.low) / 2.5
    low = task.low + np.minimum(margins.level, half)
    high = task.high - np.where(task.exempt, 0.0, np.minimum(margins.level, half))
    over_all, tanks = range(1, steps + 1), range(len(task.low))
    model.above = pyo.Constraint(over_all, tanks, rule=lambda m, k, t: m.level[k, t] + m.under[k, t] >= float(low[t]))
    last = np.clip(task.end, high, task.high)
    model.below = pyo.Constraint(
        over_all, tanks, rule=lambda m, k, t: m.level[k, t] - m.over[k, t] <= float((last if k == steps else high)[t])
    )


def _end(model: pyo.ConcreteModel, task: Task, margins: Margins, steps: int, cyclic_steps: int | None) -> None:
    tanks = range(len(task.low))
    if cyclic_steps is None:
        wanted = np.minimum(task.end + margins.end, task.high)
        model.end = pyo.Constraint(tanks, rule=lambda m, t: m.level[steps, t] + m.short[t] >= float(wanted[t]))
        return
    floor = np.array([task.problem.end_level_floor.get(name, -np.inf) for name in task.engine.tanks])
    floor = np.maximum(floor, task.low)
    model.end = pyo.Constraint(
        tanks, rule=lambda m, t: m.level[steps, t] + m.short[t] >= _level(m, task, steps - cyclic_steps, t)
    )
    model.floor = pyo.Constraint(tanks, rule=lambda m, t: m.level[steps, t] + m.short[t] >= float(floor[t]))


def _hourly_scale(task: Task) -> float:
    """Dearest hour of all pumps' order of power, as a scale for penalties [currency]."""
    return max(float(np.abs(task.price).max()), 1e-3) * 100.0


def _misses(model: pyo.ConcreteModel, task: Task, steps: int):
    price = MISS_PRICE * _hourly_scale(task)
    step_h = task.slots * task.slot_h / steps
    return (
        price * (step_h * (sum(model.under.values()) + sum(model.over.values())) + 10 * sum(model.short.values()))
        + 1e-3 * price * sum(model.spill.values()) / 1e3
    )


def _energy(model: pyo.ConcreteModel, task: Task, response: Response):
    price = task.price.reshape(len(response.surplus), response.step_slots, -1).mean(axis=1) * task.slot_h * response.step_slots
    known = float((price * response.known_power).sum())
    per_metre = np.einsum("kp,kpt->kt", price, response.power_slope)
    terms = [known]
    for s, station in enumerate(task.stations):
        money = np.einsum("kp,kmp->km", price, response.power[s])
        money += task.change[s].reshape(len(money), response.step_slots, -1).sum(axis=1)
        terms += [float(money[k, m]) * model.share[k, s, m] for k in range(len(money)) for m in range(len(station.modes))]
    for k in range(1, len(per_metre)):
        terms += [float(per_metre[k, t]) * (model.level[k, t] - float(response.level[k, t])) for t in range(len(task.low))]
    return sum(terms)


def _pressure(model: pyo.ConcreteModel, task: Task, response: Response, margins: Margins):
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
            float(rows.slope[i, t]) * (_level(m, task, k, t) - float(response.level[k, t])) for t in range(len(task.low))
        )
        return float(rows.slack[i]) + gains + sloped + m.weak[i] >= margins.pressure

    model.pressure = pyo.Constraint(range(len(rows.slack)), rule=rule)
    price = MISS_PRICE / 10 * _hourly_scale(task)
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
            short = np.maximum(short, margins.weak[s].reshape(*short.shape[:1], -1, short.shape[1]).mean(axis=1))
        found.append(short)
    return found


def _starts(model: pyo.ConcreteModel, task: Task, response: Response):
    """Rises of each pump's running share, priced and limited; a lower bound of its starts."""
    steps = len(response.surplus)
    where = [(s, p, pump) for s, station in enumerate(task.stations) for p, pump in enumerate(station.pumps)]
    model.rise = pyo.Var(range(steps), range(len(where)), bounds=(0, None))

    def running(m, k, i):
        s, p, _ = where[i]
        return sum(m.share[k, s, j] for j in range(len(task.stations[s].modes)) if task.stations[s].modes[j, p] > 0)

    model.rises = pyo.Constraint(
        range(steps),
        range(len(where)),
        rule=lambda m, k, i: m.rise[k, i] >= running(m, k, i) - running(m, k - 1 if k else steps - 1, i),
    )
    limited = [i for i, (_, _, pump) in enumerate(where) if np.isfinite(task.most_starts[pump])]
    model.most = pyo.Constraint(
        limited, rule=lambda m, i: sum(m.rise[k, i] for k in range(steps)) <= float(task.most_starts[where[i][2]])
    )
    price = max(task.problem.start_cost, TIE_BREAK * _hourly_scale(task))
    return price * sum(model.rise.values())


def _peak(model: pyo.ConcreteModel, task: Task, response: Response):
    """Increase of each month's peak of the mean power."""
    charges = task.problem.charges
    if not charges:
        return 0.0
    steps = len(response.surplus)
    model.peak = pyo.Var(range(len(charges)), bounds=lambda _, c: (charges[c].peak_so_far_kw, None))
    counted = [counting(c, task.problem, steps) for c in charges]
    rows = [(c, k) for c in range(len(charges)) for k in range(steps) if counted[c][k]]

    def rule(m, c, k):
        gains = sum(
            float(response.power[s][k, j].sum()) * m.share[k, s, j]
            for s, station in enumerate(task.stations)
            for j in range(len(station.modes))
        )
        return m.peak[c] >= float(response.known_power[k].sum()) + gains

    model.peaks = pyo.Constraint(rows, rule=rule)
    return sum(charge.price_per_kw * (model.peak[c] - charge.peak_so_far_kw) for c, charge in enumerate(charges))


def _read(task: Task, response: Response, model: pyo.ConcreteModel, duals) -> LinearPlan:
    steps, tanks = len(response.surplus), len(task.low)
    share = tuple(
        np.clip([[model.share[k, s, m].value for m in range(len(station.modes))] for k in range(steps)], 0, 1)
        for s, station in enumerate(task.stations)
    )
    level = np.array([[task.start[t] if k == 0 else model.level[k, t].value for t in range(tanks)] for k in range(steps + 1)])
    miss = np.zeros_like(level)
    miss[1:] = [[model.under[k, t].value + model.over[k, t].value for t in range(tanks)] for k in range(1, steps + 1)]
    value = np.array([max(float(duals[model.end[t]]), 0.0) for t in range(tanks)]) / task.area
    if not all(np.isfinite(each).all() for each in (level, miss, value, *share)):
        raise SolverError("HiGHS returned values that are no numbers")
    return LinearPlan(share, level, float(pyo.value(model.cost)), miss, value)
