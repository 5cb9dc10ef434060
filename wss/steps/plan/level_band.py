"""How levels may stray under a plan: it is replayed in EPANET under sampled paths of demand, which tanks feel as a sum."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.errors import HydraulicError
from wss.hydraulics import Engine, network
from wss.records import LevelRisk
from wss.steps.plan.problem import Inputs, on_grid
from wss.steps.run import Run

PATHS = 24
"""Paths under which a plan is replayed."""
STEP_S = 900
"""Longest hydraulic step of these replays, as in the search for a plan [s]; its proof takes the plan's own."""
EDGES = (0.1, 0.9)
"""Share of the paths below the lower and the upper edge of the band [1]."""
TOLERANCE_M = 0.01
"""A limit counts as crossed from here on: a plan may lean on it [m]."""


@dataclass(frozen=True)
class Band:
    """Where the levels go when demand is not the median."""

    level: xr.DataArray
    """(time, tank, quantile) quantiles of the levels, 0.5 as planned; NaN where no path could be replayed [m]."""
    paths: int
    """Number of paths that were replayed."""
    risks: tuple[LevelRisk, ...]
    """Limits that some paths cross."""


def level_band(run: Run, inputs: Inputs, pump_speed: xr.DataArray, planned: xr.DataArray, members: xr.DataArray) -> Band:
    """Levels under the plan when demand takes other paths.

    Parameters
    ----------
    pump_speed : (time, pump)
        The plan. [1]
    planned : (time, tank)
        Levels under the median demand; the band always holds them. [m]
    members : (member, time, zone)
        Sampled paths of demand that cover the horizon. [m3/h]
    """
    levels = np.array(list(_replays(inputs, pump_speed, spread_out(members, PATHS), list(planned["tank"].values))))
    middle = planned.transpose("time", "tank").to_numpy()
    low, high = np.quantile(levels, EDGES, axis=0) if len(levels) else np.full((2, *middle.shape), np.nan)
    value = np.stack([np.minimum(low, middle), middle, np.maximum(high, middle)], axis=-1)
    wide = planned.transpose("time", "tank").expand_dims(quantile=[EDGES[0], 0.5, EDGES[1]], axis=-1).copy(data=value)
    return Band(wide, len(levels), tuple(_risks(run, levels, planned)))


def spread_out(members: xr.DataArray, count: int) -> xr.DataArray:
    """At most `count` of the paths (member, time, zone), evenly spread from the least to the most water drawn in all. [m3/h]"""
    order = np.argsort(members.sum(["time", "zone"]).to_numpy(), kind="stable")
    if len(order) <= count:
        return members
    return members.isel(member=order[((np.arange(count) + 0.5) * len(order) / count).astype(int)])


def _replays(inputs: Inputs, pump_speed: xr.DataArray, members: xr.DataArray, tanks: list[str]) -> Iterator[np.ndarray]:
    """Levels (time, tank) of each path on the decision grid [m]; those on which EPANET gives up are left out."""
    problem = inputs.problem
    step_s, duration_s = (round(span / pd.Timedelta(seconds=1)) for span in (problem.decision_step, problem.horizon))
    with Engine(problem.network, dict(problem.tied)) as engine:
        second, speed = engine.schedule_arrays(pump_speed, problem.start)
        order = [engine.tanks.index(tank) for tank in tanks]
        grid = inputs.demand.get_index("time")
        for _, member in members.groupby("member", squeeze=False):
            path = on_grid(member.isel(member=0, drop=True), grid)
            engine.set_demands(network.zone_to_node(path, inputs.shares), step_s)
            try:
                found = engine.run(
                    second,
                    speed,
                    problem.initial_level,
                    duration_s=duration_s,
                    step_s=max(problem.replay_step_s, min(step_s, STEP_S)),
                    report_s=step_s,
                )
            except HydraulicError:
                continue
            yield found.level[:, order]


def _risks(run: Run, levels: np.ndarray, planned: xr.DataArray) -> Iterator[LevelRisk]:
    """Limits of the operator that paths (path, time, tank) cross after the start. [m]"""
    time, place = planned.get_index("time"), {str(t): k for k, t in enumerate(planned["tank"].values)}
    for tank in run.tenant.system.tanks if len(levels) else ():
        level = levels[:, 1:, place[tank.id]]
        for side, limit, beyond in (
            ("low", tank.level_min_m, tank.level_min_m - level),
            ("high", tank.level_max_m, level - tank.level_max_m),
        ):
            crossed = beyond > TOLERANCE_M
            if crossed.any():
                worst = limit + float(beyond.max()) * (-1 if side == "low" else 1)
                yield LevelRisk(
                    tank=tank.id,
                    side=side,
                    limit_m=limit,
                    paths=int(crossed.any(axis=1).sum()),
                    of=len(levels),
                    worst_m=round(worst, 2),
                    first=times.iso(time[1 + int(crossed.any(axis=0).argmax())]),
                )
