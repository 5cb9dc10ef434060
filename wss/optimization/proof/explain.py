"""What each switch of a plan would cost one decision step earlier or later, and which limit is in its way: replays in EPANET."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss.errors import HydraulicError
from wss.hydraulics import Engine, tanks
from wss.optimization.core.problem import Problem
from wss.optimization.core.replay import Replay, departures, replay
from wss.optimization.core.task import Task, make_task
from wss.optimization.proof import ladder
from wss.optimization.proof.limits import Limit, first_limit, room_taken
from wss.optimization.proof.verify import TOLERANCE
from wss.quantities import labelled

LEAST_REPLAYS, MOST_REPLAYS = 12, 60
"""Replays that an explanation may spend on a large network and on a small one; the next switches come first."""
REPLAY_WORK = 2e7
"""Links of the network times hydraulic steps that all its replays together may have."""
MOVES = {"earlier": -1, "later": 1}
COLUMNS = (
    "time", "pump", "action", "move", "minutes", "energy_cost", "charge", "start_cost", "water_m3", "water_cost", "cost",
    "limit", "item", "amount", "bound", "at", "end_tank", "end_short", "room_tank", "room_less", "departs",
)  # fmt: skip
"""Of the table of moves."""


@dataclass(frozen=True)
class Switch:
    """A moment at which a plan sets a pump otherwise than before."""

    slot: int
    """Slot of the decision grid from which the pump is set otherwise."""
    pump: str
    before: float
    """Speed until then [1]"""
    after: float
    """Speed from then on [1]"""

    @property
    def action(self) -> str:
        """start, stop or speed."""
        return "start" if self.before == 0 else "stop" if self.after == 0 else "speed"


def switches(problem: Problem, pump_speed: xr.DataArray) -> list[Switch]:
    """Switches of a plan (time, pump) [1] on the decision grid, those of this moment included, by time and pump."""
    found = []
    for pump in map(str, pump_speed.pump.values):
        speed = pump_speed.sel(pump=pump).to_numpy()
        before = _before(problem, pump, speed)
        for k in np.flatnonzero(speed != np.concatenate([[before], speed[:-1]])):
            found.append(Switch(int(k), pump, float(speed[k - 1]) if k else before, float(speed[k])))
    return sorted(found, key=lambda s: (s.slot, s.pump))


def _before(problem: Problem, pump: str, speed: np.ndarray) -> float:
    """Speed of a pump just before the plan begins: one that runs on has not been switched. [1]"""
    if not problem.initial_status.get(pump, False):
        return 0.0
    return float(speed[0]) if speed[0] > 0 else problem.speed_of(pump)[1]


@dataclass(frozen=True)
class Change:
    """How a plan differs from the plan in force while that lasts; what pins and service made of that plan is no difference."""

    switches: int
    """Switches that are new, gone or moved."""
    pump_hours: float
    """Time in which a pump is set otherwise [h]."""
    saves: float
    """What it would cost to keep the plan in force until its end, and then follow the new one [currency]."""
    limit: Limit | None
    """What that would break, beyond what the new plan breaks."""
    room_tank: str = ""
    """The tank whose reserve it would take most of, beyond what the new plan takes, where it would; see `limits.room_taken`."""
    room_less: float = 0.0
    """How much deeper it would be in that reserve at most [m]."""


@dataclass(frozen=True)
class Explanation:
    """Why a plan is as it is."""

    moves: pd.DataFrame
    """A row a switch and `move` (earlier, later), the next switches first: `time` [UTC], pump, action (start, stop, speed) and
    `minutes` by which it is moved. What the plan would cost more by the move: `energy_cost`, `charge`, `start_cost`, `water_cost`
    (value of the `water_m3` [m3] that the tanks would end with less) and `cost`, their sum [currency]. The `limit` in the way
    (see `Limit.kind`; empty: none) with its `item`, `amount`, `bound` [m] and `at` [UTC]; `end_tank` and `end_short`: the tank
    that would miss its level at the end most, and by how much [m]; `room_tank` and `room_less`: the tank of whose reserve it
    takes most, and how much deeper [m]; `departs`: what departing more from the plan in force counts [currency]. Costs are NaN
    where a move is out of the question: into the past, or against what an operator holds."""
    change: Change | None
    """None without a plan in force."""


def explain(problem: Problem, pump_speed: xr.DataArray, water_value: Mapping[str, float]) -> Explanation:
    """Move each switch of a plan by one decision step, alone, and say what that would cost and what it would break.

    Parameters
    ----------
    problem
        As solved, with its end levels.
    pump_speed : (time, pump)
        The plan on its decision grid. [1]
    water_value
        Tank -> what a cubic metre more at the end is worth [currency/m3].

    Raises
    ------
    HydraulicError
        If EPANET gives up on the plan itself.
    """
    with Engine(problem.network, dict(problem.tied)) as engine:
        task = make_task(problem, engine)
        speed = _rows(task, pump_speed)
        base = replay(task, speed)
        kept = ladder.last_plan(problem)
        change = None if kept is None else _change(task, base, kept, water_value)
        return Explanation(_moves(task, base, switches(problem, pump_speed), water_value), change)


def kept_on(problem: Problem, pump_speed: xr.DataArray, kept: xr.DataArray) -> tuple[xr.DataArray, int, float]:
    """The plan in force as long as it lasts, and then the new one.

    Parameters
    ----------
    pump_speed, kept : (time, pump)
        The new plan, and the plan in force as `ladder.last_plan` gives it. [1]

    Returns
    -------
    (time, pump), int, float
        That plan [1]; how many switches of the new one are new, gone or moved; and the pump hours that are set otherwise [h].
    """
    last = pd.Timestamp(problem.previous.time.values[-1]) + problem.decision_step
    kept = kept.reindex(pump=pump_speed.pump.values, fill_value=0.0).transpose(*pump_speed.dims)
    stay = kept.where(kept.time < last, pump_speed)
    own, other = ({(s.pump, s.action, s.slot) for s in switches(problem, one)} for one in (pump_speed, stay))
    return stay, changed(own, other), float((stay != pump_speed).sum()) * (problem.decision_step / pd.Timedelta(hours=1))


def changed(switches: set[tuple], others: set[tuple]) -> int:
    """How many switches (pump, action, moment) are new, gone or moved between two plans; one that is moved counts once."""
    kinds = {one[:2] for one in switches | others}
    counts = [max(sum(one[:2] == kind for one in only) for only in (switches - others, others - switches)) for kind in kinds]
    return sum(counts)


def _moves(task: Task, base: Replay, which: list[Switch], water_value: Mapping[str, float]) -> pd.DataFrame:
    rows, spent = [], 0
    each = len(task.engine.links) * task.slots * task.slot_s / task.problem.replay_step_s
    most = int(np.clip(REPLAY_WORK / each, LEAST_REPLAYS, MOST_REPLAYS))
    for switch in which:
        if spent + len(MOVES) > most:
            break
        for move, shift in MOVES.items():
            changed, limit = _moved(task, base.speed, switch, shift)
            spent += limit is None
            found = _difference(task, base, changed, water_value) if limit is None else limit_columns(task.problem, limit)
            of = {"time": task.problem.time[switch.slot], "pump": switch.pump, "action": switch.action}
            rows.append(of | {"move": move, "minutes": task.slot_s / 60} | found)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _moved(task: Task, speed: np.ndarray, switch: Switch, shift: int) -> tuple[np.ndarray, Limit | None]:
    """The plan (slot, pump) with one switch a slot earlier or later; or what forbids that without any replay."""
    at, pump = (switch.slot if shift > 0 else switch.slot - 1), task.engine.pumps.index(switch.pump)
    if at < 0:
        return speed, Limit("now")
    wanted = switch.before if shift > 0 else switch.after
    if wanted > 0 and not task.may_run[at, pump]:
        kind = "out" if switch.pump in task.problem.out_of_service else "held"
        return speed, Limit(kind, switch.pump)
    if wanted == 0 and not task.may_stand[at, pump]:
        return speed, Limit("held", switch.pump)
    changed = speed.copy()
    changed[at, pump] = wanted
    return changed, None


def _difference(task: Task, base: Replay, speed: np.ndarray, water_value: Mapping[str, float]) -> dict:
    """What a changed plan (slot, pump) costs more than `base` [currency], and the first limit that it passes."""
    try:
        run = replay(task, speed)
    except HydraulicError:
        return limit_columns(task.problem, Limit("warning"))
    limit = limit_columns(task.problem, first_limit(task, base, run))
    room = dict(zip(("room_tank", "room_less"), room_taken(task, base, run), strict=True))
    departs = {"departs": departures(task, speed) - departures(task, base.speed)}
    return _costs(task, base, run, water_value) | limit | _end(task, base, run) | room | departs


def _change(task: Task, base: Replay, kept: xr.DataArray, water_value: Mapping[str, float]) -> Change:
    """The plan that `base` replays against `kept` (time, pump) [1], the plan in force on the same grid."""
    stay, count, hours = kept_on(task.problem, _labelled(task, base.speed), kept)
    if not hours:
        return Change(0, 0.0, 0.0, None)
    run = replay(task, _rows(task, stay))
    saves = _costs(task, base, run, water_value)["cost"]
    return Change(count, hours, saves, first_limit(task, base, run), *room_taken(task, base, run))


def _rows(task: Task, pump_speed: xr.DataArray) -> np.ndarray:
    """A plan (time, pump) in the order of the engine: (slot, pump) [1]."""
    return pump_speed.reindex(pump=task.engine.pumps, fill_value=0.0).transpose("time", "pump").to_numpy()


def _labelled(task: Task, speed: np.ndarray) -> xr.DataArray:
    return labelled("pump_speed", speed, time=task.problem.time, pump=task.engine.pumps)


def _costs(task: Task, base: Replay, run: Replay, water_value: Mapping[str, float]) -> dict[str, float]:
    """What `run` costs more than `base`, by parts and in all [currency], and the water that it leaves less [m3]."""
    lost = _content(task, base) - _content(task, run)
    parts = {
        "energy_cost": run.cost - base.cost,
        "charge": run.charge - base.charge,
        "start_cost": task.problem.start_cost * float(run.starts.sum() - base.starts.sum()),
        "water_cost": float(lost @ [water_value.get(t, 0.0) for t in task.engine.tanks]),
    }
    return parts | {"cost": sum(parts.values()), "water_m3": float(lost.sum())}


def _content(task: Task, run: Replay) -> np.ndarray:
    """Water in the tanks at the end (tank,) [m3]."""
    level = labelled("level", run.level[-1:], time=pd.DatetimeIndex([task.problem.end]), tank=task.engine.tanks)
    return tanks.volume(task.problem.network, level).to_numpy()[0]


def _end(task: Task, base: Replay, run: Replay) -> dict:
    """The tank that misses its level at the end most, beyond what `base` misses [m]; nothing where none does."""
    if task.problem.end_level is None:
        return {"end_tank": "", "end_short": 0.0}
    short = np.maximum(task.end - run.level[-1], 0) - np.maximum(task.end - base.level[-1], 0)
    worst = int(short.argmax())
    enough = TOLERANCE * task.engine.length_m
    missed = float(short[worst]) > enough
    return {"end_tank": task.engine.tanks[worst] if missed else "", "end_short": float(short[worst]) if missed else 0.0}


def limit_columns(problem: Problem, limit: Limit | None) -> dict:
    """A limit as columns of the table of moves: `limit`, `item`, `amount`, `bound` [m], `at` [UTC]; blank where there is none."""
    if limit is None:
        return {"limit": "", "item": "", "amount": 0.0, "bound": 0.0, "at": pd.NaT}
    at = pd.NaT if limit.slot is None else problem.start + limit.slot * problem.decision_step
    return {"limit": limit.kind, "item": limit.item, "amount": limit.amount, "bound": limit.bound, "at": at}
