"""From a problem to a proven plan: linear program, realization and replay in turns, then the polish, then the verdict."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from wss.errors import HydraulicError, SolverError
from wss.hydraulics import Engine
from wss.hydraulics.facts import facts
from wss.optimization.core.modes import choice_of, speeds_of
from wss.optimization.core.problem import Problem, Progress
from wss.optimization.core.replay import Replay, replay
from wss.optimization.core.tables import is_large
from wss.optimization.core.task import LEVEL_TOLERANCE_M, Task, make_task
from wss.optimization.dynamic_programming.bound import lower_bound
from wss.optimization.dynamic_programming.few_tanks import FewTanks
from wss.optimization.local_search.polish import THOROUGH, Polished, polish
from wss.optimization.proof import ladder
from wss.optimization.proof.verify import Verdict, verify, verify_with
from wss.optimization.relaxation.fractional import LinearPlan
from wss.optimization.relaxation.relax_and_fix import Windowed, plan_in_windows, worth_windows
from wss.optimization.relaxation.successive_linearization import Rounds, linear_rounds
from wss.quantities import labelled
from wss.records import Fact, Reason, Rung, reason_of, sentence

POLISH_BUDGET, LARGE_BUDGET = 60, 140
"""Simulations that each polish may spend, and the only one of a large network."""
LARGE_STEPS, LARGE_SLOTS = 15_000, 9_000
"""Hydraulic steps and slots that the simulations of the latter may have in all."""
THOROUGH_PLANS, THOROUGH_BUDGET, THOROUGH_WORK = 2, 120, 180_000
"""The best plans are searched around thoroughly, with so many simulations each, which may come to so much in all: each counts as
many as it has slots, times tanks, times stations."""
DYNAMIC_PLANS = 6
"""Plans of the dynamic program that are polished as well."""
PROVEN = 1e-3
"""A plan that costs at most this share more than the bound counts as proven."""
SHORT_M = 5e-3
"""A limit that the linear program misses by more than this cannot be held."""


@dataclass(frozen=True)
class Solution:
    """A plan, how far it can be trusted, and what it cost to find."""

    problem: Problem
    """As solved: end levels of a settled optimum are filled in."""
    pump_speed: xr.DataArray
    """(time, pump) on the decision grid [1]"""
    rung: Rung
    reasons: tuple[Fact, ...]
    """Why it is on this rung."""
    verdict: Verdict | None
    """None only on the rung `none`."""
    iterations: int = 0
    simulations: int = 0
    snapshots: int = 0
    bound: float | None = None
    """Cost that no plan undercuts, where it was asked for and can be proven [currency]."""
    marginal_cost: dict[str, float] | None = None
    """Tank -> what a cubic metre more at the end would cost [currency/m3]; None where no linear program was solved."""

    @property
    def reason(self) -> str:
        """Why it is on this rung, in an English sentence."""
        return sentence(self.reasons)


def solve(problem: Problem, progress: Progress | None = None, bound: bool = False) -> Solution:
    """Plan the pumps of `problem`; always returns a plan, on the rung of the ladder that could be reached.

    With `bound`, it is also computed what no plan can cost less than, where that can be proven.

    Raises
    ------
    DataError, NetworkError
        If the problem contradicts itself or its network. What cannot be computed leads to a lower rung instead.
    """
    with Engine(problem.network, dict(problem.tied)) as engine:
        try:
            found = _search(make_task(problem, engine), progress)
        except (SolverError, HydraulicError) as error:
            return fall_back(problem, (reason_of(error),))
        least = _least(found.problem, engine) if bound else None
    if least == np.inf and found.rung == "relaxed":
        found = replace(found, reasons=(*found.reasons, Reason("none_holds")))
    elif least is not None and np.isfinite(least) and found.rung != "relaxed":
        found = replace(found, bound=least)
        if found.verdict.cost <= least * (1 + PROVEN):
            found = replace(found, rung="proven", reasons=(Reason("proven", amount=least, text=problem.currency),))
    if found.rung != "relaxed":
        return found
    instead = [s for s in _alternatives(found.problem, found.reasons) if s.verdict.feasible and not s.verdict.band_violations]
    return instead[0] if instead else found


def _least(problem: Problem, engine: Engine) -> float | None:
    """Cost that no plan undercuts [currency], infinite if there is none; None where nothing can be proven or EPANET gives up."""
    try:
        return lower_bound(make_task(problem, engine))
    except HydraulicError:
        return None


def fall_back(problem: Problem, reasons: tuple[Fact, ...]) -> Solution:
    """The plan in force, else the network's own controls: the first that keeps all limits, or the first at all."""
    found = _alternatives(problem, reasons)
    if not found:
        pumps = list(facts(problem.network).pumps)
        still = labelled("pump_speed", np.zeros((len(problem.time), len(pumps))), time=problem.time, pump=pumps)
        return Solution(problem, still, "none", (*reasons, Reason("no_controls")), None)
    return next((s for s in found if s.verdict.feasible), found[0])


def _alternatives(problem: Problem, reasons: tuple[Fact, ...]) -> list[Solution]:
    found = []
    ways: tuple[tuple[Rung, Callable[[Problem], xr.DataArray | None]], ...] = (
        ("last_plan", ladder.last_plan),
        ("level_control", ladder.level_control),
    )
    for rung, make in ways:
        try:
            speed = make(problem)
            if speed is not None:
                found.append(Solution(problem, speed, rung, reasons, verify(problem, speed), simulations=1))
        except HydraulicError as error:
            reasons = (*reasons, Reason("rung_failed", rung, text=str(error)))
    return found


def _search(task: Task, progress: Progress | None) -> Solution:
    found = linear_rounds(task, progress)
    few, large, water = FewTanks.of(found.task), is_large(found.task), found.linear.water_value
    choices = [*(few.candidates(DYNAMIC_PLANS) if few else []), *found.choices, *_in_force(found.task)]
    own = [] if not large and _only_pressures_may_lack(found.task, found.linear) else _own_controls(found.task)
    windowed = _in_windows(found, progress) if large else None
    nearest = min([*choices, *own, *([windowed.choice] if windowed else [])], key=lambda choice: _rank(found.task, choice))
    choices = [nearest, *(choice for choice in choices if choice is not nearest and not large)]
    budget = _large_budget(found.task) if large else POLISH_BUDGET
    tries = [polish(found.task, choice, water, budget, progress) for choice in choices]
    least = min(one.replay.miss for one in tries)
    if not large and least > 0:
        windowed = _in_windows(found, progress)
        if windowed and _rank(found.task, windowed.choice)[0] < least:
            tries.append(polish(found.task, windowed.choice, water, budget, progress))
    tries.sort(key=lambda one: one.replay.rank)
    if not large:
        near = [one.choice for one in tries if one.replay.miss <= tries[0].replay.miss]
        tries += _thorough(found.task, near[:THOROUGH_PLANS], water, progress)
    if few:
        beside = few.around(min((one.replay for one in tries), key=lambda run: run.rank))
        tries += [polish(found.task, beside, water, budget, progress)] if beside is not None else []
    polished = min(tries, key=lambda one: one.replay.rank)
    snapshots, replays = (few.table.snapshots, few.replays) if few else (0, 0)
    for one in (found, windowed, *tries):
        snapshots, replays = snapshots + (one.snapshots if one else 0), replays + (one.simulations if one else 0)
    task, problem, engine = found.task, found.task.problem, task.engine
    speed = labelled("pump_speed", polished.replay.speed, time=problem.time, pump=engine.pumps)
    verdict = verify_with(engine, problem, speed)
    rung: Rung = "converged" if polished.converged else "limit"
    reason: Fact = Reason("no_better") if polished.converged else Reason("budget")
    if not verdict.feasible or verdict.band_violations:
        rung = "relaxed"
        reason = _shortfall(task, found.linear, polished.replay) or (verdict.violations + verdict.band_violations)[0]
    return Solution(
        problem,
        speed,
        rung,
        (reason,),
        verdict,
        found.rounds,
        replays,
        snapshots,
        marginal_cost=dict(zip(engine.tanks, water.tolist(), strict=True)),
    )


def _large_budget(task: Task) -> int:
    """Simulations for the polish of a large network: fewer where each has many hydraulic steps or slots."""
    steps = task.slots * task.slot_s // task.problem.replay_step_s
    return max(min(LARGE_BUDGET, LARGE_STEPS // steps, LARGE_SLOTS // task.slots), 1)


def _thorough(task: Task, choices: list[np.ndarray], water: np.ndarray, progress: Progress | None) -> list[Polished]:
    """Search around plans (slot, station) once more, as far as the work goes."""
    left = THOROUGH_WORK // (task.slots * max(len(task.low), 1) * max(len(task.stations), 1))
    found = []
    for choice in choices:
        if left > 1:
            found.append(polish(task, choice, water, min(THOROUGH_BUDGET, left), progress, THOROUGH))
            left -= found[-1].simulations
    return found


def _in_windows(found: Rounds, progress: Progress | None) -> Windowed | None:
    """A plan made in windows; None for horizons too long for it, and if a program has no solution, which other plans survive."""
    try:
        windows = worth_windows(found.task)
        return plan_in_windows(found.task, found.table, found.planned, found.margins, progress) if windows else None
    except SolverError:
        return None


def _in_force(task: Task) -> list[np.ndarray]:
    """The plan in force as modes (slot, station), to start from as well."""
    speed = ladder.last_plan(task.problem)
    return [] if speed is None else [choice_of(task.stations, speed.reindex(pump=task.engine.pumps, fill_value=0.0).to_numpy())]


def _own_controls(task: Task) -> list[np.ndarray]:
    """What the network's own controls would do as modes (slot, station): where limits are hard to hold they may come nearest."""
    try:
        speed = ladder.level_control(task.problem)
    except HydraulicError:
        return []
    return [choice_of(task.stations, speed.reindex(pump=task.engine.pumps, fill_value=0.0).to_numpy())]


def _only_pressures_may_lack(task: Task, linear: LinearPlan) -> bool:
    """Whether the tanks can keep their limits and pressures have some: own controls would give up the tanks for pressures."""
    return bool(np.isfinite(task.floor).any()) and linear.miss.max() < SHORT_M


def _rank(task: Task, choice: np.ndarray) -> tuple[float, float, float]:
    return replay(task, speeds_of(task.stations, choice, len(task.engine.pumps))).rank


def _shortfall(task: Task, linear: LinearPlan, best: Replay) -> Reason | None:
    """What even the best fractions of modes cannot hold and the `best` plan does not; None if there is nothing."""
    held = (best.band_miss.max(axis=0) <= LEVEL_TOLERANCE_M) & (best.shut_s == 0)
    miss = np.where(held, 0.0, linear.miss)
    at, tank = np.unravel_index(int(miss.argmax()), miss.shape)
    if miss[at, tank] < SHORT_M:
        short = np.where(best.end_miss > 0, task.end - linear.level[-1], 0.0)
        tank = int(short.argmax())
        name, end = task.engine.tanks[tank], task.end[tank]
        enough = short[tank] < SHORT_M
        return None if enough else Reason("cannot_end", name, amount=short[tank], bound=end)
    first = int((miss[:, tank] > SHORT_M).argmax())
    moment = task.problem.start + task.problem.horizon / (len(miss) - 1) * first
    low = linear.level[at, tank] < task.low[tank]
    about = {"element": task.engine.tanks[tank], "start": moment, "amount": miss[at, tank]}
    return (
        Reason("cannot_above", bound=task.low[tank], **about) if low else Reason("cannot_below", bound=task.high[tank], **about)
    )
