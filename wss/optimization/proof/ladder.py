"""Always a plan: what to fall back on where the search has none."""

import numpy as np
import pandas as pd
import xarray as xr

from wss.hydraulics import Engine, schedule
from wss.optimization.core.problem import Problem
from wss.quantities import labelled


def last_plan(problem: Problem) -> xr.DataArray | None:
    """The plan in force (time, pump) [1] on the problem's grid; beyond its end the same time a day before. None without one.

    Pins and pumps out of service are obeyed.
    """
    if problem.previous is None or not problem.previous.sizes["time"]:
        return None
    given = problem.previous.transpose("time", "pump").to_pandas().sort_index()
    day, end = pd.Timedelta(days=1), given.index[-1] + problem.decision_step
    source = [t - day * max(0, int(np.ceil((t - end + problem.decision_step) / day))) if t >= end else t for t in problem.time]
    wanted = pd.DatetimeIndex(source)
    rows = given.reindex(given.index.union(wanted.unique())).ffill().reindex(wanted)
    if rows.isna().to_numpy().any():
        return None
    pumps = [str(p) for p in given.columns]
    return _obeyed(problem, labelled("pump_speed", rows.to_numpy(float), time=problem.time, pump=pumps))


def level_control(problem: Problem) -> xr.DataArray:
    """What the network's own controls would do from the initial levels, (time, pump) [1] on the decision grid; pins are obeyed.

    Raises
    ------
    HydraulicError
        If EPANET gives up on the run.
    """
    seconds = [int(span / pd.Timedelta(seconds=1)) for span in (problem.horizon, problem.decision_step)]
    with Engine(problem.network, dict(problem.tied), own_controls=True) as engine:
        engine.take_out(problem.out_of_service)
        run = engine.simulate_own(
            problem.initial_level,
            problem.initial_status,
            problem.start_clock_s,
            problem.start,
            seconds[0],
            problem.replay_step_s,
            seconds[1],
        )
    return _obeyed(problem, schedule.snap(run, problem.decision_step))


def _obeyed(problem: Problem, speed: xr.DataArray) -> xr.DataArray:
    """`speed` (time, pump) [1] with pins, service and what the drives can do respected."""
    pumps = [str(p) for p in speed.pump.values]
    may_stand, may_run = problem.free(pumps)
    high = np.array([problem.speed_of(p)[1] for p in pumps])
    nearest = np.column_stack([problem.nearest_speed(p, speed.to_numpy()[:, k]) for k, p in enumerate(pumps)])
    values = np.where(speed.to_numpy() > 0, nearest, 0.0)
    values = np.where(~may_stand & (values == 0), high, values)
    return labelled("pump_speed", np.where(may_run, values, 0.0), time=speed.time.values, pump=pumps)
