"""Linear program, realization and replay in turns: each round linearizes around a truer trajectory.

Successive linear programming; the linear program is over running times of combinations of pumps.

References
----------
.. [1] F. Palacios-Gomez, L. Lasdon, M. Engquist, "Nonlinear Optimization by Successive Linear Programming", Management Science
       28 (10), 1982, doi:10.1287/mnsc.28.10.1106.
.. [2] P. W. Jowitt, G. Germanopoulos, "Optimal Pump Scheduling in Water-Supply Networks", Journal of Water Resources Planning and
       Management 118 (4), 1992.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wss.optimization.core.modes import speeds_of
from wss.optimization.core.problem import Progress
from wss.optimization.core.replay import Replay, replay
from wss.optimization.core.response import Known, Response, respond, shares
from wss.optimization.core.tables import Table, every, hour_slots, is_large, table_slots, tabulate
from wss.optimization.core.task import Task
from wss.optimization.relaxation.fractional import LinearPlan, Margins
from wss.optimization.relaxation.program import solve_fractions
from wss.optimization.relaxation.relax_and_fix import worth_windows
from wss.optimization.relaxation.rounding import realize
from wss.optimization.relaxation.terms import weak_modes

MODEL_ROUNDS = 3
"""Linear programs around their own trajectories, before EPANET is asked."""
REPLAY_ROUNDS = 9
"""Linear programs around replayed plans, at most."""
FEW_ROUNDS = 3
"""The same for large networks, none where their plans are made in windows; of these only one plan is handed on."""
PATIENCE = 3
"""So many rounds without a better plan are the last."""
START_WEIGHTS = (3.0, 0.5, 12.0)
"""How much starts count when fractions are realized, in squared slots; the next round builds on the first."""
LIMITED_START_WEIGHTS = (60.0, 300.0, 1500.0)
"""Further weights where the number of starts is limited."""
KEPT_PLANS = 2
"""Plans that are handed on."""
LINEAR_STEPS = 96
"""About how many steps the linear program has."""
MARGIN = 0.02
"""Share of a tank's band that the linear program keeps free at first."""
PRESSURE_MARGIN_M = 0.05
"""What the linear program keeps pressures above their limits."""
MEMORY = 0.9
"""What is left in the next round of a pressure that a mode could not hold in this one."""


@dataclass(frozen=True)
class Rounds:
    """The best realized plans of the rounds, with the last linear program."""

    task: Task
    choices: list[np.ndarray]
    """The best first, each (slot, station)"""
    linear: LinearPlan
    planned: Known
    """What the linear program plans, on slots"""
    table: Table
    """The snapshots that it is based on"""
    margins: Margins
    rounds: int
    simulations: int
    snapshots: int


def linear_rounds(task: Task, progress: Progress | None) -> Rounds:
    """Alternate linear program, realization and replay until no better plan comes of it."""
    step_slots, large = linear_slots(task), is_large(task)
    most = MODEL_ROUNDS + (REPLAY_ROUNDS if not large else 0 if worth_windows(task) else FEW_ROUNDS)
    reserve = 0.0 if task.reserve is None else task.reserve.low[-1] - task.low
    margins = Margins(np.maximum(MARGIN * (task.high - task.low), reserve), np.zeros(len(task.low)), PRESSURE_MARGIN_M)
    choice = np.zeros((task.slots, len(task.stations)), int)
    known = Known(np.repeat(task.start[None], task.slots + 1, axis=0), shares(task, choice))
    found: list[tuple[Replay, np.ndarray]] = []
    weights = START_WEIGHTS + (LIMITED_START_WEIGHTS if np.isfinite(task.most_starts).any() else ())
    snapshots, warned, best = 0, False, 0
    for k in range(most):
        table = tabulate(task, known.level, choice, every(task, table_slots(task)), warned and len(task.stations) > 1)
        snapshots += table.snapshots
        cyclic = cyclic_steps(task, step_slots) if task.problem.end_level is None else None
        response = respond(task, table, known, every(task, step_slots))
        linear = solve_fractions(task, response, margins, cyclic)
        margins = replace(margins, weak=_remembered(task, response, margins, step_slots)) if k >= MODEL_ROUNDS - 1 else margins
        if cyclic and k == MODEL_ROUNDS - 1:
            task = task.with_end(np.minimum(linear.level[-1], task.high))
        tries = [realize(task, linear.share, step_slots, weight, table) for weight in weights]
        replays = [replay(task, speeds_of(task.stations, c, len(task.engine.pumps))) for c in tries]
        if task.problem.end_level is not None:
            before = min((run.rank for run, _ in found), default=None)
            found += zip(replays, tries, strict=True)
            best = k if before is None or min(run.rank for run in replays) < before else best
        planned = Known(
            _on_slots(linear.level, task.slots, step_slots), tuple(np.repeat(y, step_slots, axis=0) for y in linear.share)
        )
        run, choice = replays[0], tries[0]
        warned |= len(run.warned) > 0
        if k >= MODEL_ROUNDS - 1 and not (run.shut_s > 0).any():
            known = Known(run.level, shares(task, choice), run)
            margins = replace(margins, end=np.clip(margins.end + _correction(task, run), 0, None))
        else:
            known = planned
        if progress is not None:
            progress("linear programs", (k + 1) / most)
        if k >= MODEL_ROUNDS + PATIENCE and k - best >= PATIENCE:
            break
    distinct = {choice.tobytes(): choice for _, choice in sorted(found, key=lambda pair: pair[0].total * (1 + pair[0].miss))}
    kept = list(distinct.values())[: 1 if large else KEPT_PLANS]
    return Rounds(task, kept, linear, planned, table, margins, k + 1, (k + 1) * len(weights), snapshots)


def _remembered(task: Task, response: Response, margins: Margins, step_slots: int) -> tuple[np.ndarray, ...]:
    """What pressures lacked with each mode in this round and, fading, in those before: one (slot, mode) for each station. [m]"""
    return tuple(MEMORY * np.repeat(short, step_slots, axis=0) for short in weak_modes(task, response, margins))


def _correction(task: Task, run: Replay) -> np.ndarray:
    """Change of the end margins (tank,) after a replay: all of what was short, half of what was more than asked for. [m]"""
    short = task.end - run.level[-1]
    return np.where(short > 0, short, 0.5 * short)


def _on_slots(level: np.ndarray, slots: int, step_slots: int) -> np.ndarray:
    """Levels (step instant, tank) on every slot instant. [m]"""
    known, wanted = np.arange(0, slots + 1, step_slots), np.arange(slots + 1)
    return np.column_stack([np.interp(wanted, known, column) for column in level.T])


def linear_slots(task: Task) -> int:
    """Slots in a step of the linear program: the shortest that gives about `LINEAR_STEPS` steps, at most an hour.

    An hour where the tables are coarser still.
    """
    least = hour_slots(task) if is_large(task) else max(task.slots // LINEAR_STEPS, 1)
    fitting = [n for n in range(1, hour_slots(task) + 1) if task.slots % n == 0 and hour_slots(task) % n == 0]
    return next((n for n in fitting if n >= least), fitting[-1])


def cyclic_steps(task: Task, step_slots: int) -> int:
    """Steps of the linear program in a day, or in the horizon if that is shorter."""
    day = round(pd.Timedelta(days=1) / task.problem.decision_step / step_slots)
    return min(day, task.slots // step_slots)
