"""Plan the pumps from what was known at a moment, prove the plan in EPANET, and say what it saves and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import xarray as xr

from wss import times
from wss.errors import HydraulicError, NotFoundError
from wss.hydraulics import Simulation
from wss.optimization import Pin, Solution, case, fall_back, solve
from wss.optimization.local_search.polish import Progress
from wss.optimization.proof.explain import COLUMNS as MOVE_COLUMNS
from wss.optimization.proof.explain import Change, Explanation, explain, limit_columns
from wss.records import Fact, Group, PlanChange, PlanSummary, Table, as_one
from wss.steps import masked
from wss.steps.forecast.issue import run_forecast
from wss.steps.plan import comparison, level_band, overrides
from wss.steps.plan.problem import Inputs, gather
from wss.steps.plan.reasons import actions
from wss.steps.run import Run


@dataclass(frozen=True)
class PlanResult:
    """A plan with its proof and its comparison; nothing of it is saved yet."""

    inputs: Inputs
    solution: Solution
    pump_speed: xr.DataArray
    """(time, pump) on the decision grid, pumps in the order of tenant.yml [1]"""
    simulation: Simulation
    """On the decision grid, under the median demand."""
    plan_cost: float
    """Energy [currency]"""
    demand_charge: float
    """Increase of the demand charge [currency]"""
    violations: tuple[Fact, ...]
    """Limits of network, contract and operator that it breaks."""
    baseline: comparison.Baseline | None
    """None where EPANET gives up on the network's own controls."""

    @property
    def levels(self) -> xr.DataArray:
        """Levels (time, tank) under the plan, the end included. [m]"""
        return self.simulation.level

    @property
    def saving_percent(self) -> float | None:
        """How much less energy costs than under the baseline. [%]"""
        if self.baseline is None or self.baseline.cost <= 0:
            return None
        return 100 * (1 - self.plan_cost / self.baseline.cost)


def run_optimize(run: Run, forecast_run: str = "") -> xr.Dataset:
    """Plan the pumps over the horizon, save everything about the plan with the run, and return it.

    Parameters
    ----------
    forecast_run
        Run whose forecast is used; empty: the published one if it covers the horizon, else a new one within this run.

    Returns
    -------
    Dataset
        `pump_speed` (time, pump) [1] and `price` (time,) [currency/kWh] on the decision grid; group `plan`.
    """
    source = forecast_run or _published_forecast(run)
    forecast = run.load(source, Group.FORECAST) if source else run_forecast(run)
    result = plan(run, forecast, pins=tuple(o.pin for o in overrides.active(run.store, run.now)))
    return _save(run, result, source or run.id)


def plan(
    run: Run,
    forecast: xr.Dataset,
    pins: tuple[Pin, ...] = (),
    changes: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> PlanResult:
    """Plan the pumps from `run.now` on; nothing is saved, so that what-ifs and previews use the same function.

    Parameters
    ----------
    forecast : demand (time, zone, quantile)
        As `run_forecast` gives it. [m3/h]
    pins
        Pumps that are held on or off for a while.
    changes
        What differs from the configuration: `out_of_service` (further pumps), `demand_factor` [1], `tariff` (a Tariff).
    progress
        Is told what is being done and which share of it is.

    Raises
    ------
    DataError
        If the forecast does not cover the horizon or a change is unknown. What else goes wrong lowers the rung.
    """
    inputs = gather(run, forecast, pins, changes or {})
    solution = fall_back(inputs.problem, (inputs.start.dead,)) if inputs.start.dead else solve(inputs.problem, progress)
    speed = solution.pump_speed.reindex(pump=run.configuration.pump_ids, fill_value=0.0)
    simulation = comparison.replayed(run, inputs, speed, 0.5)
    verdict = solution.verdict
    try:
        baseline = comparison.compare(run, inputs, solution, simulation)
    except HydraulicError:
        baseline = None
    return PlanResult(
        inputs,
        solution,
        speed,
        simulation,
        plan_cost=verdict.cost if verdict else 0.0,
        demand_charge=comparison.charge(inputs, simulation),
        violations=verdict.violations + verdict.band_violations if verdict else (as_one(solution.reasons),),
        baseline=baseline,
    )


def reasons(run: Run, result: PlanResult) -> tuple[pd.DataFrame, Explanation]:
    """The switches of a plan in order with their reasons (see `plan_reasons.actions`), and what those rest on: EPANET replays.

    Where EPANET gives up on the plan itself, no switch is moved.
    """
    problem, speed = result.solution.problem, result.pump_speed
    try:
        told = explain(problem, speed, comparison.water_value(result.inputs, result.solution))
    except HydraulicError:
        told = Explanation(pd.DataFrame(columns=list(MOVE_COLUMNS)), None)
    return actions(run.configuration, result.inputs.tariff, problem, speed, told.moves), told


def forecast_for(run: Run) -> xr.Dataset:
    """Demand (time, zone, quantile) [m3/h] for a plan at `run.now`: published if it covers the horizon, else made now."""
    source = _published_forecast(run)
    return run.load(source, Group.FORECAST) if source else run_forecast(run)


def _published_forecast(run: Run) -> str:
    """The published forecast that covers the horizon from `run.now` on; empty if there is none."""
    record = run.store.published(as_of=run.now).get("forecast")
    if record is None:
        return ""
    try:
        time = run.load(record.id, Group.FORECAST).get_index("time")
    except NotFoundError:
        return ""
    end = run.now + pd.Timedelta(hours=run.tenant.plan.horizon_hours)
    step = pd.Timedelta(minutes=run.tenant.forecast.step_minutes)
    return record.id if time[0] <= run.now and end <= time[-1] + step else ""


def _save(run: Run, result: PlanResult, forecast_run: str) -> xr.Dataset:
    speed, simulation, inputs, baseline = result.pump_speed, result.simulation, result.inputs, result.baseline
    time = speed.get_index("time")
    decided = run.save(Group.PLAN, xr.Dataset({"pump_speed": speed, "price": comparison.priced(inputs, time)}))
    run.save(Group.LEVELS, simulation.level.to_dataset())
    run.save(Group.SIMULATED, _simulated(simulation))
    band = level_band.level_band(run, inputs, speed, simulation.level, _members(run, forecast_run))
    run.save(Group.BAND, band.level.to_dataset())
    compared = baseline.simulation if baseline else simulation
    compared_speed = baseline.pump_speed.reindex(pump=speed.pump.values) if baseline else speed
    run.save(Group.BASELINE, xr.merge([compared_speed.to_dataset(), _simulated(compared)], join="exact"))
    run.save(Group.BASELINE_LEVELS, compared.level.to_dataset())
    run.save_table(Table.ORDERS, case.orders(speed))
    switched, told = reasons(run, result)
    run.save_table(Table.ACTIONS, switched)
    run.save_table(Table.MOVES, told.moves)
    result.inputs.start.masked.save(run, masked.START)
    case.write(result.solution.problem, speed, compared_speed, run.folder, name=f"{run.tenant.name} {run.now:%Y-%m-%dT%H:%MZ}")
    summary = replace(
        _summary(result),
        change=_changed(inputs, told.change),
        forecast_run=forecast_run,
        band_paths=band.paths,
        level_risks=band.risks,
    )
    run.save_summary(**summary.as_dict())
    return decided


def _changed(inputs: Inputs, change: Change | None) -> PlanChange | None:
    """What the plan changes against the one in force, for the summary; None without one."""
    if change is None:
        return None
    found = limit_columns(inputs.problem, change.limit)
    found["at"] = None if pd.isna(found["at"]) else times.iso(found["at"])
    return PlanChange(
        since=times.iso(inputs.problem.previous.get_index("time")[0]),
        switches=change.switches,
        pump_hours=change.pump_hours,
        saves=change.saves,
        room_tank=change.room_tank,
        room_less=change.room_less,
        **found,
    )


def _members(run: Run, forecast_run: str) -> xr.DataArray:
    """Sampled paths of a forecast (member, time, zone) [m3/h]; of one that has none, its quantiles as paths."""
    try:
        return run.load(forecast_run, Group.MEMBERS)["demand"]
    except NotFoundError:
        return run.load(forecast_run, Group.FORECAST)["demand"].rename(quantile="member").transpose("member", "time", "zone")


def _simulated(simulation: Simulation) -> xr.Dataset:
    """Levels, flows, powers and pressures at the starts of the decision steps."""
    steps = {"time": slice(0, -1)}
    return xr.Dataset(
        {
            "level": simulation.level.isel(steps),
            "flow": simulation.flow,
            "power": simulation.power,
            "pressure": simulation.pressure.isel(steps),
        }
    )


def _summary(result: PlanResult) -> PlanSummary:
    solution, baseline = result.solution, result.baseline
    return PlanSummary(
        rung=solution.rung,
        reasons=solution.reasons,
        plan_cost=result.plan_cost,
        baseline_cost=baseline.cost if baseline else None,
        saving_percent=result.saving_percent,
        energy_kwh=float(result.simulation.energy.sum()),
        baseline_energy_kwh=baseline.energy_kwh if baseline else None,
        demand_charge=result.demand_charge,
        baseline_demand_charge=baseline.charge if baseline else None,
        stored_value=baseline.stored_value if baseline else None,
        violations=result.violations,
        level_age_minutes=result.inputs.start.age_minutes,
        starts=solution.verdict.starts if solution.verdict else {},
        peak_so_far_kw=result.inputs.peak_so_far_kw,
        end_level=dict(solution.problem.end_level or {}),
        iterations=solution.iterations,
        simulations=solution.simulations,
        snapshots=solution.snapshots,
    )
