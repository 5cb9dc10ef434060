"""The optimization problem of a run: configuration, forecast demand, state of the plant, pins, tariff."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from wss import tariffs, times
from wss.config import System, Tariff
from wss.errors import DataError, raise_all
from wss.hydraulics import network
from wss.optimization import Pin, Problem
from wss.steps.observed import observed
from wss.steps.plan.start import Start, find_start, plan_in_force, pump_hour_cost
from wss.steps.run import Run

RESERVE_COUNTS = 0.2
"""What an hour without a tank's reserve counts, in hours of a pump."""
CHANGES = ("out_of_service", "demand_factor", "tariff")
"""What a what-if may change: further pumps that are out (ids), a factor on demand [1], another Tariff."""


@dataclass(frozen=True)
class Inputs:
    """All that a plan is made from."""

    problem: Problem
    start: Start
    demand: xr.DataArray
    """(time, zone, quantile) on the decision grid [m3/h]"""
    shares: xr.DataArray
    """(zone, node) [1]"""
    tariff: Tariff
    peaks_so_far_kw: Mapping[str, float]
    """Component of the tariff -> highest power of the billing month up to now, by its windows [kW]; those that charge peaks."""

    def node_demand(self, quantile: float) -> xr.DataArray:
        """Demand of each node (time, node) at one quantile on the decision grid. [m3/h]"""
        return network.zone_to_node(self.demand.sel(quantile=quantile, drop=True), self.shares)


def gather(run: Run, forecast: xr.Dataset, pins: tuple[Pin, ...], changes: Mapping[str, Any]) -> Inputs:
    """Build the problem that `run` has to solve at `run.now`.

    Parameters
    ----------
    forecast : demand (time, zone, quantile)
        Covers the horizon from `run.now` on. [m3/h]
    pins
        Pumps that the operator holds.
    changes
        See `CHANGES`.

    Raises
    ------
    DataError
        If the forecast does not cover the horizon, or `changes` has an unknown name.
    """
    raise_all(
        [f"{name}: not one of {', '.join(CHANGES)}" for name in changes if name not in CHANGES], "reading what is to be changed"
    )
    plan, text = run.tenant.plan, run.configuration.network
    tariff = changes.get("tariff", run.configuration.tariff)
    step, horizon = pd.Timedelta(minutes=plan.decision_minutes), pd.Timedelta(hours=plan.horizon_hours)
    demand = on_grid(forecast["demand"] * changes.get("demand_factor", 1.0), times.grid(run.now, run.now + horizon, step))
    shares = network.demand_shares(text, run.tenant.system.zones)
    median = network.zone_to_node(demand.sel(quantile=0.5, drop=True), shares)
    previous = plan_in_force(run)
    start = find_start(run, median, previous)
    clock = times.wall(pd.DatetimeIndex([run.now]), run.tenant.time_zone)[0]
    clock_s = int((clock - clock.normalize()).total_seconds())
    written = network.write_inp(text, start.levels, median, int(step.total_seconds()), clock_s)
    quarters = times.grid(run.now, run.now + horizon, min(step, pd.Timedelta(minutes=15)))
    peaks, hour_cost = _peaks_so_far(run, tariff), pump_hour_cost(run, previous)
    problem = Problem(
        network=written,
        start=run.now,
        horizon=horizon,
        decision_step=step,
        currency=tariff.currency,
        replay_step_s=plan.replay_seconds,
        price=tariffs.price(tariff, quarters),
        initial_level=start.levels,
        start_cost=plan.start_cost,
        pins=pins,
        previous=previous,
        change_cost=plan.change_percent / 100 * hour_cost,
        level_reserve=reserves(run.tenant.system, plan.reserve_percent),
        reserve_cost=hour_cost * RESERVE_COUNTS,
        initial_status=start.status,
        start_clock_s=clock_s,
        charges=tariffs.peak_charges(tariff, quarters, peaks),
        **limits(run.tenant.system, horizon, changes.get("out_of_service", ())),
    )
    return Inputs(problem, start, demand, shares, tariff, peaks)


def reserves(system: System, percent: float) -> dict[str, float]:
    """Tank -> so many percent of its band. [m]"""
    return {t.id: percent / 100 * (t.level_max_m - t.level_min_m) for t in system.tanks}


def limits(system: System, horizon: pd.Timedelta, out: Iterable[str]) -> dict[str, Any]:
    """What the configuration says that a plan must hold, as fields of a Problem."""
    ends = {t.id: t.end_level_min_m for t in system.tanks if t.end_level_min_m is not None}
    days = int(np.ceil(horizon / times.DAY))
    return {
        "end_level": ends if len(ends) == len(system.tanks) else None,
        "end_level_floor": ends,
        "level_min": {t.id: t.level_min_m for t in system.tanks},
        "level_max": {t.id: t.level_max_m for t in system.tanks},
        "pressure_min": {p.node: p.min_m for p in system.pressures},
        "pressure_min_everywhere": system.pressure_min_everywhere_m,
        "tied": {link.link: link.open_when_off for link in system.tied_links},
        "clamp_exempt": system.clamp_exempt,
        "max_starts": {p.id: p.max_starts_per_day * days for p in system.pumps if p.max_starts_per_day},
        "speed_range": {p.id: p.speed_range for p in system.pumps if p.speed_range},
        "speed_steps": {p.id: p.speeds for p in system.pumps if p.speeds},
        "out_of_service": tuple(sorted({p.id for p in system.pumps if not p.in_service} | set(out))),
    }


def on_grid(demand: xr.DataArray, time: pd.DatetimeIndex) -> xr.DataArray:
    """Demand (time, zone, ...) of the forecast's step that holds each of `time` [m3/h]; DataError if it does not cover them."""
    known = demand.get_index("time")
    step = known[1] - known[0] if len(known) > 1 else times.HOUR
    if time[0] < known[0] or time[-1] >= known[-1] + step:
        raise DataError(
            f"the forecast covers {times.iso(known[0])} to {times.iso(known[-1] + step)}, the plan {times.iso(time[0])}"
            f" to {times.iso(time[-1])}: run the forecast for this moment first"
        )
    at = known.searchsorted(time, side="right") - 1
    return demand.isel(time=at).assign_coords(time=time).assign_attrs(units="m3/h")


def _peaks_so_far(run: Run, tariff: Tariff) -> dict[str, float]:
    """Component -> highest mean power of the local month up to now, over its billing windows that are over and count. [kW]"""
    local = times.local_date(run.now, tariff.time_zone)
    first, _ = times.local_day(max(local.replace(day=1), tariff.versions[0].valid_from), tariff.time_zone)
    highest: dict[str, float] = {}
    for charge in tariffs.peak_charges(tariff, pd.DatetimeIndex([run.now])):
        highest.setdefault(charge.key, 0.0)
        end = charge.begins[0]
        if end <= first:
            continue
        power = observed(run, ["power"], first, end, pd.Timedelta(minutes=charge.window_minutes))["power"]
        total = power.sum("pump", skipna=True)
        time = total.get_index("time")
        past = [one for one in tariffs.peak_charges(tariff, time) if one.key == charge.key]
        so_far = [float(one.windows(time).highest(total.to_numpy())) for one in past]
        highest[charge.key] = max([highest[charge.key], *so_far])
    return highest
