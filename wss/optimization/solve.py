"""From a problem to a proven plan: linear program, realization and replay in turns, then the polish, then the verdict."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from wss.errors import HydraulicError, SolverError
from wss.hydraulics import Engine
from wss.optimization import dynamic, ladder
from wss.optimization.linearize import tabulate
from wss.optimization.model import LinearPlan, Margins, solve_fractions
from wss.optimization.modes import speeds_of
from wss.optimization.polish import Progress, hour_slots, polish
from wss.optimization.problem import Problem
from wss.optimization.realize import realize
from wss.optimization.replay import Replay, replay
from wss.optimization.response import Known, respond, shares
from wss.optimization.task import Task, make_task
from wss.optimization.verify import Verdict, verify, verify_with
from wss.quantities import labelled

MODEL_ROUNDS = 3
"""Linear programs around their own trajectories, before EPANET is asked."""
REPLAY_ROUNDS = 4
"""Linear programs around replayed plans."""
START_WEIGHTS = (3.0, 12.0)
"""How much starts count when fractions are realized, in squared slots."""
LIMITED_START_WEIGHTS = (60.0, 300.0, 1500.0)
"""Further weights where the number of starts is limited."""
POLISH_STARTS = 2
"""Plans that are polished; the best result counts."""
POLISH_BUDGET = 60
"""Simulations that each polish may spend."""
DYNAMIC_PLANS = 6
"""Plans of the dynamic program that are polished as well."""
LINEAR_STEPS = 96
"""About how many steps the linear program has."""
MARGIN = 0.02
"""Share of a tank's band that the linear program keeps free at first."""
PRESSURE_MARGIN_M = 0.05
"""What the linear program keeps pressures above their limits."""
SHORT_M = 5e-3
"""A limit that the linear program misses by more than this cannot be held."""


@dataclass(frozen=True)
class Solution:
    """A plan, how far it can be trusted, and what it cost to find."""

    problem: Problem
    """As solved: end levels of a settled optimum are filled in."""
    pump_speed: xr.DataArray
    """(time, pump) on the decision grid [1]"""
    rung: ladder.Rung
    reason: str
    """Why it is on this rung, for people."""
    verdict: Verdict | None
    """None only on the rung `none`."""
    iterations: int = 0
    simulations: int = 0
    snapshots: int = 0
    marginal_cost: dict[str, float] | None = None
    """Tank -> what a cubic metre more at the end would cost [currency/m3]; None where no linear program was solved."""


def solve(problem: Problem, progress: Progress | None = None) -> Solution:
    """Plan the pumps of `problem`; always returns a plan, on the rung of the ladder that could be reached.

    Raises
    ------
    DataError, NetworkError
        If the problem contradicts itself or its network. What cannot be computed leads to a lower rung instead.
    """
    with Engine(problem.network, dict(problem.tied)) as engine:
        task = make_task(problem, engine)
        try:
            found = _search(task, progress)
        except (SolverError, HydraulicError) as error:
            return fall_back(problem, f"{error}")
    if found.rung != "relaxed":
        return found
    instead = [s for s in _alternatives(found.problem, found.reason) if s.verdict.feasible and not s.verdict.band_violations]
    return instead[0] if instead else found


def fall_back(problem: Problem, reason: str) -> Solution:
    """The plan in force, else the network's own controls: the first that keeps all limits, or the first at all."""
    found = _alternatives(problem, reason)
    if not found:
        pumps = [str(p) for p in (problem.price.pump.values if "pump" in problem.price.dims else [])]
        still = labelled("pump_speed", np.zeros((len(problem.time), len(pumps))), time=problem.time, pump=pumps)
        return Solution(problem, still, "none", f"{reason}; the network's own controls cannot be run either", None)
    return next((s for s in found if s.verdict.feasible), found[0])


def _alternatives(problem: Problem, reason: str) -> list[Solution]:
    found = []
    for rung, make in (("last_plan", ladder.last_plan), ("level_control", ladder.level_control)):
        try:
            speed = make(problem)
            if speed is not None:
                found.append(Solution(problem, speed, rung, reason, verify(problem, speed), simulations=1))
        except HydraulicError as error:
            reason = f"{reason}; {rung}: {error}"
    return found


@dataclass(frozen=True)
class _Found:
    """The best realized plans of the rounds, with the last linear program."""

    task: Task
    choices: list[np.ndarray]
    """The best first, each (slot, station)"""
    linear: LinearPlan
    rounds: int
    simulations: int
    snapshots: int


def _search(task: Task, progress: Progress | None) -> Solution:
    found = _rounds(task, progress)
    few, snapshots, replays = dynamic.candidates(found.task, DYNAMIC_PLANS)
    choices = [*few, *found.choices]
    tries = [polish(found.task, choice, found.linear.water_value, POLISH_BUDGET, progress) for choice in choices]
    polished = min(tries, key=lambda one: one.replay.rank)
    task, problem, engine = found.task, found.task.problem, task.engine
    speed = labelled("pump_speed", polished.replay.speed, time=problem.time, pump=engine.pumps)
    verdict = verify_with(engine, problem, speed)
    rung, reason = (
        ("converged", "no change of the plan lowers its cost")
        if polished.converged
        else ("limit", "the budget of simulations is spent")
    )
    if not verdict.feasible or verdict.band_violations:
        rung, reason = "relaxed", _shortfall(task, found.linear) or (verdict.violations + verdict.band_violations)[0]
    water = dict(zip(engine.tanks, found.linear.water_value.tolist(), strict=True))
    return Solution(
        problem,
        speed,
        rung,
        reason,
        verdict,
        found.rounds,
        found.simulations + replays + sum(one.simulations for one in tries),
        found.snapshots + snapshots + sum(one.snapshots for one in tries),
        water,
    )


def _rounds(task: Task, progress: Progress | None) -> _Found:
    """Alternate linear program, realization and replay; the trajectory to linearize around gets truer each time."""
    step_slots, rounds = linear_slots(task), MODEL_ROUNDS + REPLAY_ROUNDS
    margins = Margins(MARGIN * (task.high - task.low), np.zeros(len(task.low)), PRESSURE_MARGIN_M)
    choice = np.zeros((task.slots, len(task.stations)), int)
    known = Known(np.repeat(task.start[None], task.slots + 1, axis=0), shares(task, choice))
    found: list[tuple[Replay, np.ndarray]] = []
    weights = START_WEIGHTS + (LIMITED_START_WEIGHTS if np.isfinite(task.most_starts).any() else ())
    snapshots, warned = 0, False
    for k in range(rounds):
        table = tabulate(task, known.level, choice, hour_slots(task), warned and len(task.stations) > 1)
        snapshots += table.snapshots
        cyclic = cyclic_steps(task, step_slots) if task.problem.end_level is None else None
        linear = solve_fractions(task, respond(task, table, known, step_slots), margins, cyclic)
        if cyclic and k == MODEL_ROUNDS - 1:
            task = task.with_end(np.minimum(linear.level[-1], task.high))
        tries = [realize(task, linear.share, step_slots, weight, table) for weight in weights]
        replays = [replay(task, speeds_of(task.stations, c, len(task.engine.pumps))) for c in tries]
        if task.problem.end_level is not None:
            found += zip(replays, tries, strict=True)
        run, choice = replays[0], tries[0]
        warned |= len(run.warned) > 0
        if k >= MODEL_ROUNDS - 1 and not (run.shut_s > 0).any():
            known = Known(run.level, shares(task, choice), run)
            margins = replace(margins, end=np.clip(margins.end + _correction(task, run), 0, None))
        else:
            known = Known(
                _on_slots(linear.level, task.slots, step_slots), tuple(np.repeat(y, step_slots, axis=0) for y in linear.share)
            )
        if progress is not None:
            progress("linear programs", (k + 1) / rounds)
    distinct = {choice.tobytes(): choice for _, choice in sorted(found, key=lambda pair: pair[0].rank)}
    return _Found(task, list(distinct.values())[:POLISH_STARTS], linear, rounds, rounds * len(weights), snapshots)


def _correction(task: Task, run: Replay) -> np.ndarray:
    """Change of the end margins (tank,) after a replay: all of what was short, half of what was more than asked for. [m]"""
    short = task.end - run.level[-1]
    return np.where(short > 0, short, 0.5 * short)


def _on_slots(level: np.ndarray, slots: int, step_slots: int) -> np.ndarray:
    """Levels (step instant, tank) on every slot instant. [m]"""
    known, wanted = np.arange(0, slots + 1, step_slots), np.arange(slots + 1)
    return np.column_stack([np.interp(wanted, known, column) for column in level.T])


def linear_slots(task: Task) -> int:
    """Slots in a step of the linear program: the shortest that gives about `LINEAR_STEPS` steps, at most an hour."""
    least = max(task.slots // LINEAR_STEPS, 1)
    fitting = [n for n in range(1, hour_slots(task) + 1) if task.slots % n == 0 and hour_slots(task) % n == 0]
    return next((n for n in fitting if n >= least), fitting[-1])


def cyclic_steps(task: Task, step_slots: int) -> int:
    """Steps of the linear program in a day, or in the horizon if that is shorter."""
    day = round(pd.Timedelta(days=1) / task.problem.decision_step / step_slots)
    return min(day, task.slots // step_slots)


def _shortfall(task: Task, linear: LinearPlan) -> str:
    """What even the best fractions of modes cannot hold; empty if they hold everything."""
    at, tank = np.unravel_index(int(linear.miss.argmax()), linear.miss.shape)
    if linear.miss[at, tank] < SHORT_M:
        return ""
    first = int((linear.miss[:, tank] > SHORT_M).argmax())
    moment = task.problem.start + task.problem.horizon / (len(linear.miss) - 1) * first
    low = linear.level[at, tank] < task.low[tank]
    side, limit = ("above", task.low[tank]) if low else ("below", task.high[tank])
    return (
        f"tank {task.engine.tanks[tank]} cannot stay {side} {limit:.2f} m from {moment:%Y-%m-%d %H:%M} on, whatever the pumps do:"
        f" {linear.miss[at, tank]:.2f} m {'short' if low else 'too much'}"
    )
