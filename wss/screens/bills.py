"""What the plan costs against level control, for the cost panel."""

from pathlib import Path

import pandas as pd
import xarray as xr

from wss import tariffs, times
from wss.hydraulics import tanks
from wss.records import Group, PlanSummary
from wss.screens.committed import result
from wss.steps.observed import observed
from wss.steps.run import Run
from wss.store import RunRecord
from wss.views.situation import Bill

LEAST_MEASURED = 0.9
"""Share of today's steps whose power must be measured for a sum to be shown."""
LEAST_DIFFERENCE_M3 = 1.0
"""Two plans that leave less difference than this in the tanks say nothing about what water is worth [m3]."""


def bills(run: Run, plan: RunRecord | None) -> tuple[Bill, ...]:
    """Lines of the cost panel at `run.now`: today measured and planned, the horizon, its demand charge, yesterday. [currency]"""
    lines = [_spent_today(run)]
    if plan is not None:
        figures = PlanSummary.of(plan.summary)
        lines += [_rest_of_today(run, plan, figures), Bill("bill_horizon", figures.plan_cost, figures.baseline_cost)]
        if figures.demand_charge or figures.baseline_demand_charge:
            lines.append(Bill("bill_charge", figures.demand_charge, figures.baseline_demand_charge))
    lines.append(_yesterday(run))
    return tuple(line for line in lines if line is not None)


def _spent_today(run: Run) -> Bill | None:
    """Measured power from local midnight to the newest reading at the tariff's prices; None where too much is missing."""
    step = pd.Timedelta(minutes=run.tenant.plan.decision_minutes)
    newest = run.store.latest(["power"], known_by=run.now)["time"].min()
    midnight, _ = _today(run)
    if newest is pd.NaT or times.floor(min(run.now, newest), step) <= midnight:
        return None
    end = times.floor(min(run.now, newest), step)
    power = observed(run, ["power"], midnight, end, step)["power"]
    if float(power.notnull().mean()) < LEAST_MEASURED:
        return None
    return Bill("bill_spent", _cost(run, power.fillna(power.mean("time"))), None)


def _rest_of_today(run: Run, plan: RunRecord, figures: PlanSummary) -> Bill | None:
    """From the moment of the plan to local midnight, the water that both leave then valued as at the end of the horizon."""
    _, midnight = _today(run)
    if plan.now >= midnight - times.HOUR:
        return None
    folder = run.workspace.runs(run.tenant.name) / plan.folder
    today = {"time": slice(plan.now, midnight - pd.Timedelta("1ns"))}
    own, other = (_cost(run, result(folder, name)["power"].sel(today)) for name in (Group.SIMULATED, Group.BASELINE))
    then, end = (_more_water(run, folder, moment) for moment in (midnight, None))
    value = figures.stored_value
    if value is None or abs(end) < LEAST_DIFFERENCE_M3:
        return Bill("bill_today", own, None)
    return Bill("bill_today", own, other + then * value / end)


def _more_water(run: Run, folder: Path, moment: pd.Timestamp | None) -> float:
    """How much more the plan has in the tanks than level control at a moment, or at the end. [m3]"""
    levels = [result(folder, name)["level"] for name in (Group.LEVELS, Group.BASELINE_LEVELS)]
    at = [level.isel(time=[-1]) if moment is None else level.sel(time=[moment], method="nearest") for level in levels]
    own, other = (float(tanks.volume(run.configuration.network, level).sum()) for level in at)
    return own - other


def _yesterday(run: Run) -> Bill | None:
    """Cost of the last local day as run against level control, once the daily run has computed it."""
    today, _ = _today(run)
    kpis = run.store.kpis(start=today - pd.Timedelta(hours=26), end=today)
    cost = kpis[kpis["name"] == "cost"].groupby("item")["value"].last()
    if "actual" not in cost or "baseline" not in cost:
        return None
    return Bill("bill_yesterday", float(cost["actual"]), float(cost["baseline"]))


def _today(run: Run) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Start and end of the local day of `run.now`. [UTC]"""
    return times.local_day(times.local_date(run.now, run.tenant.time_zone), run.tenant.time_zone)


def _cost(run: Run, power: xr.DataArray) -> float:
    """Cost of powers (time, pump) [kW] on the decision grid. [currency]"""
    step_h = run.tenant.plan.decision_minutes / 60
    return float((power.sum("pump") * tariffs.price(run.configuration.tariff, power.get_index("time"))).sum()) * step_h
