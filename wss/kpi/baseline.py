"""What the network's own level controls would have done: the honest yardstick of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from wss import times
from wss.hydraulics import schedule, tanks
from wss.hydraulics.engine import Engine, Simulation


@dataclass(frozen=True)
class Baseline:
    """A run under the network's own controls, and the same on the grid on which a plan may switch."""

    own: Simulation
    """As the controls switch, at any second."""
    pump_speed: xr.DataArray
    """(time, pump) the same switches on the decision grid [1]."""
    snapped: Simulation
    """`pump_speed` replayed without controls."""


def level_control(
    network: str,
    demand: xr.DataArray,
    levels: Mapping[str, float],
    status: Mapping[str, bool] | None,
    start: pd.Timestamp,
    duration: pd.Timedelta,
    time_zone: str,
    *,
    decision_step: pd.Timedelta,
    replay_step_s: int = 60,
    tied: Mapping[str, str] | None = None,
    out_of_service: Sequence[str] = (),
    links: Sequence[str] = (),
    nodes: Sequence[str] = (),
) -> Baseline:
    """Run the network's own controls from what was measured, under the same demand as a plan.

    Parameters
    ----------
    network : str
        Text of the EPANET input file, with its controls.
    demand : (time, node)
        Demand of each node, on a regular grid from `start` on. [m3/h]
    levels, status : mapping
        Level of each tank [m] and whether each pump runs at `start`; the network's own where absent. A measured level
        beyond a tank's end counts as at it.
    time_zone : str
        IANA zone in which the controls' clock times are meant.
    decision_step : Timedelta
        Grid on which the switches are snapped, and on which results are reported.
    tied : mapping
        Link -> pump that it is open without.
    out_of_service : sequence
        Pumps that the controls cannot use.

    Raises
    ------
    HydraulicError
        If EPANET cannot compute the run.
    """
    grid_s, demand_s = int(decision_step.total_seconds()), _step_s(demand)
    local = times.wall(pd.DatetimeIndex([start]), time_zone)[0]
    span = {
        "start": start,
        "duration_s": int(duration.total_seconds()),
        "step_s": replay_step_s,
        "report_s": grid_s,
        "links": tuple(links),
        "nodes": tuple(nodes),
    }
    with Engine(network, tied=dict(tied or {}), own_controls=True) as engine:
        engine.set_demands(demand, demand_s)
        engine.take_out(out_of_service)
        levels = {t: min(max(v, engine.level_min[t]), engine.level_max[t]) for t, v in levels.items()}
        own = engine.simulate_own(levels, status, start_local_s=int((local - local.normalize()).total_seconds()), **span)
    speed = schedule.snap(own, decision_step)
    with Engine(network, tied=dict(tied or {})) as engine:
        engine.set_demands(demand, demand_s)
        return Baseline(own, speed, engine.simulate(speed, levels, **span))


def stored_water_value(volume: xr.DataArray, reference: xr.DataArray, marginal_cost: xr.DataArray | float) -> float:
    """What the water that one run leaves in the tanks beyond another's is worth; negative if it leaves less. [currency]

    Parameters
    ----------
    volume, reference : (tank,)
        Volume in each tank at the end of the two runs. [m3]
    marginal_cost : (tank,) or float
        What one more cubic metre in the tank costs to pump. [currency/m3]
    """
    volume, reference = xr.align(volume, reference, join="exact")
    return float(((volume - reference) * marginal_cost).sum())


def left_value(network: str, level: xr.DataArray, own: xr.DataArray, marginal_cost: float) -> float:
    """What the water is worth that a run leaves in the tanks beyond what level control leaves. [currency]

    Parameters
    ----------
    network : str
        Text of the INP file.
    level, own : (time, tank)
        Levels of the run and of level control, the last of which count; a tank whose level is not known in the run is as
        under level control. [m]
    marginal_cost : float
        What one more cubic metre costs to pump. [currency/m3]
    """
    last = own.isel(time=[-1])
    real = level.isel(time=[-1]).reindex(tank=last["tank"]).fillna(last)
    volume, reference = (tanks.volume(network, end).isel(time=0, drop=True) for end in (real, last))
    return stored_water_value(volume, reference, marginal_cost)


def _step_s(demand: xr.DataArray) -> int:
    time = demand.get_index("time")
    return int((time[1] - time[0]).total_seconds()) if len(time) > 1 else 3600
