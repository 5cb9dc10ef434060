"""The linear program over fractions of modes, of which those of the first steps may be whole slots.

HiGHS solves it.

References
----------
.. [1] Q. Huangfu, J. A. J. Hall, "Parallelizing the Dual Revised Simplex Method", Mathematical Programming Computation 10 (1),
       2018, doi:10.1007/s12532-017-0130-5.
"""

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import SolutionStatus, TerminationCondition
from pyomo.contrib.solver.common.util import NoSolutionError

from wss.errors import SolverError
from wss.optimization.core.response import Response
from wss.optimization.core.task import Task
from wss.optimization.relaxation.fractional import Before, LinearPlan, Margins
from wss.optimization.relaxation.terms import MISS_PRICE, haste, hourly_scale, level_at, peaks, pressures, starts
from wss.records import Reason

LEAST_LEVEL_M = 1e-6
"""What changes a level by less in a step is left out of the balance."""
WHOLE_OPTIONS = {
    "mip_rel_gap": 2e-3,
    "mip_max_nodes": 60,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_allow_restart": False,
}
"""When HiGHS may stop looking for better whole slots, and what it need not do: smaller programs of its own take it long."""
SOON = 4
"""Steps in which the linear program must use a mode for the integer program to consider it."""
LEAST_SHARE = 1e-6
"""Modes with smaller shares in the linear program are not used by it."""
FEW_MODES_LOSS = 5e-3
"""Whole slots of the modes that are considered may cost so much more, as a share; else all modes are."""


def available() -> bool:
    """Whether HiGHS can be used."""
    return bool(SolverFactory("highs").available())


def solve_fractions(task: Task, response: Response, margins: Margins, cyclic_steps: int | None = None) -> LinearPlan:
    """Fractions of modes of least cost, in the steps of `response`.

    Parameters
    ----------
    cyclic_steps : int or None
        If given, the level so many steps before the end is the lowest level at the end (a settled day); else `task.end` is.

    Raises
    ------
    SolverError
        If HiGHS is not installed, stops early or returns nothing usable.
    """
    return _solve(task, response, _build(task, response, margins, cyclic_steps, None))


def solve_whole(task: Task, response: Response, margins: Margins, before: Before) -> LinearPlan:
    """The same, but in the first step modes run for whole slots: an integer program, solved to a gap or a number of nodes.

    Values of water and losses are those of the linear program.

    Raises
    ------
    SolverError
        As `solve_fractions`.
    """
    plan = _solve(task, response, _build(task, response, margins, None, before))
    for considered in ([own[:SOON].max(axis=0) > LEAST_SHARE for own in plan.share], None):
        model = _build(task, response, margins, None, before)
        _whole(model, task, response, considered)
        found = _solve(task, response, model, plan)
        if found.cost <= plan.cost + FEW_MODES_LOSS * abs(plan.cost):
            break
    return found


def _solve(task: Task, response: Response, model: pyo.ConcreteModel, relaxed: LinearPlan | None = None) -> LinearPlan:
    """Optimum of `model`; of an integer program that has a `relaxed` optimum, whose prices stand for its own."""
    if not available():
        raise SolverError(Reason("no_solver", text="pip install highspy"))
    try:
        results = SolverFactory("highs").solve(
            model,
            load_solutions=False,
            raise_exception_on_nonoptimal_result=False,
            threads=1,
            solver_options=WHOLE_OPTIONS if relaxed else {},
        )
    except (RuntimeError, ValueError, NoSolutionError) as error:
        raise SolverError(Reason("solver_failed", text=str(error))) from error
    optimal = results.termination_condition == TerminationCondition.convergenceCriteriaSatisfied
    enough = relaxed and results.termination_condition == TerminationCondition.iterationLimit
    if not (optimal or enough) or results.solution_status not in (SolutionStatus.optimal, SolutionStatus.feasible):
        raise SolverError(Reason("solver_stopped", text=results.termination_condition.name))
    results.solution_loader.load_vars()
    if relaxed:
        return _read(task, response, model, relaxed.water_value, relaxed.loss)
    duals, reduced = results.solution_loader.get_duals(), results.solution_loader.get_reduced_costs()
    value = np.array([max(float(duals[model.end[t]]), 0.0) for t in range(len(task.low))]) / task.area
    loss = (np.array([reduced[model.share[0, s, m]] for m in range(len(own.modes))]) for s, own in enumerate(task.stations))
    return _read(task, response, model, value, tuple(own - own.min() for own in loss))


def _build(
    task: Task, response: Response, margins: Margins, cyclic_steps: int | None, before: Before | None
) -> pyo.ConcreteModel:
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
    model.clashing = pyo.Var(clashes, bounds=(0, None))
    model.clash = pyo.Constraint(clashes, rule=lambda m, *c: m.share[c[:3]] + m.share[c[0], *c[3:]] <= 1 + m.clashing[c])
    _balance(model, task, response)
    _band(model, task, margins, steps)
    _end(model, task, response, margins, cyclic_steps)
    objective = _energy(model, task, response) + _misses(model, task, response)
    objective += pressures(model, task, response, margins) + starts(model, task, response, before) + peaks(model, task, response)
    objective += haste(model, task, response, before)
    model.cost = pyo.Objective(expr=objective)
    return model


def _allowed(task: Task, response: Response, s: int) -> np.ndarray:
    """(step, mode) largest share: that of the slots in which pins and service leave the mode, none where EPANET warns."""
    allowed = response.mean(task.allowed(task.stations[s]).astype(float))
    calm = np.where(response.warned[s], 0.0, allowed)
    return np.where(calm.sum(axis=1, keepdims=True) >= 1 - 1e-9, calm, allowed)


def _whole(model: pyo.ConcreteModel, task: Task, response: Response, considered: list[np.ndarray] | None) -> None:
    """In the first step shares are whole numbers of slots, of the modes that are `considered`: one (mode,) of bool a station."""
    slots = int(response.slots[0])
    keys = [(s, m) for s, station in enumerate(task.stations) for m in range(len(station.modes))]
    most = {(s, m): slots if considered is None or considered[s][m] else 0 for s, m in keys}
    model.count = pyo.Var(keys, domain=pyo.NonNegativeIntegers, bounds=lambda _, s, m: (0, most[s, m]))
    model.counts = pyo.Constraint(keys, rule=lambda m, s, j: m.count[s, j] == slots * m.share[0, s, j])


def _balance(model: pyo.ConcreteModel, task: Task, response: Response) -> None:
    tanks, steps = range(len(task.low)), range(len(response.surplus))
    least = LEAST_LEVEL_M * task.area / (response.slots[:, None] * task.slot_h)

    def inflow(m, k, t):
        gains = sum(
            float(own[k, j, t]) * m.share[k, s, int(j)]
            for s, own in enumerate(response.gain)
            for j in np.flatnonzero(np.abs(own[k, :, t]) > least[k, t])
        )
        return float(response.surplus[k, t]) + gains - (m.spill[k, t] if task.exempt[t] else 0.0)

    model.inflow = pyo.Var(steps, tanks)
    model.water = pyo.Constraint(steps, tanks, rule=lambda m, k, t: m.inflow[k, t] == inflow(m, k, t))

    def rule(m, k, t):
        carry, lift = response.carry[k, t], response.lift[k, t]
        carried = sum(
            float(carry[u]) * (level_at(m, response, k, u) - float(response.level[k, u]))
            for u in np.flatnonzero(np.abs(carry) > LEAST_LEVEL_M).tolist()
        )
        lifted = sum(float(lift[u]) * m.inflow[k, u] for u in np.flatnonzero(lift > LEAST_LEVEL_M * lift.max()).tolist())
        return m.level[k + 1, t] == float(response.level[k + 1, t]) + carried + lifted

    model.balance = pyo.Constraint(steps, tanks, rule=rule)


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


def _end(model: pyo.ConcreteModel, task: Task, response: Response, margins: Margins, cyclic_steps: int | None) -> None:
    tanks, steps = range(len(task.low)), len(response.surplus)
    if cyclic_steps is None:
        wanted = np.minimum(task.end + margins.end, task.high)
        model.end = pyo.Constraint(tanks, rule=lambda m, t: m.level[steps, t] + m.short[t] >= float(wanted[t]))
        return
    floor = np.array([task.problem.end_level_floor.get(name, -np.inf) for name in task.engine.tanks])
    floor = np.maximum(floor, task.low)
    model.end = pyo.Constraint(
        tanks, rule=lambda m, t: m.level[steps, t] + m.short[t] >= level_at(m, response, steps - cyclic_steps, t)
    )
    model.floor = pyo.Constraint(tanks, rule=lambda m, t: m.level[steps, t] + m.short[t] >= float(floor[t]))


def _misses(model: pyo.ConcreteModel, task: Task, response: Response):
    price, step_h = MISS_PRICE * hourly_scale(task), response.slots * task.slot_h
    outside = sum(float(step_h[k - 1]) * (under + model.over[k, t]) for (k, t), under in model.under.items())
    outside += sum(float(step_h[k]) * beyond for (k, *_), beyond in model.clashing.items())
    return price * (outside + 10 * sum(model.short.values())) + 1e-3 * price * sum(model.spill.values()) / 1e3


def _energy(model: pyo.ConcreteModel, task: Task, response: Response):
    price = response.mean(task.price) * task.slot_h * response.slots[:, None]
    per_metre = np.einsum("kp,kpt->kt", price, response.power_slope)
    terms = [float((price * response.known_power).sum())]
    for s, station in enumerate(task.stations):
        money = np.einsum("kp,kmp->km", price, response.power[s]) + response.mean(task.change[s]) * response.slots[:, None]
        terms += [float(money[k, m]) * model.share[k, s, m] for k in range(len(money)) for m in range(len(station.modes))]
    for k in range(1, len(per_metre)):
        terms += [float(per_metre[k, t]) * (model.level[k, t] - float(response.level[k, t])) for t in range(len(task.low))]
    return sum(terms)


def _read(
    task: Task, response: Response, model: pyo.ConcreteModel, water_value: np.ndarray, loss: tuple[np.ndarray, ...]
) -> LinearPlan:
    steps, tanks = len(response.surplus), len(task.low)
    share = tuple(
        np.clip([[model.share[k, s, m].value for m in range(len(station.modes))] for k in range(steps)], 0, 1)
        for s, station in enumerate(task.stations)
    )
    level = np.array([[pyo.value(level_at(model, response, k, t)) for t in range(tanks)] for k in range(steps + 1)])
    miss = np.zeros_like(level)
    miss[1:] = [[model.under[k, t].value + model.over[k, t].value for t in range(tanks)] for k in range(1, steps + 1)]
    if not all(np.isfinite(each).all() for each in (level, miss, water_value, *share)):
        raise SolverError(Reason("no_numbers"))
    return LinearPlan(share, level, float(pyo.value(model.cost)), miss, water_value, loss)
