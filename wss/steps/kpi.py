"""The KPIs of a local day: as measured, as planned, and as the network's own level controls would have done."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import xarray as xr

from wss import tariffs, times
from wss.config import Tank, Tariff
from wss.errors import DataError, HydraulicError, NotFoundError, raise_all
from wss.hydraulics import network
from wss.hydraulics.results import Simulation
from wss.kpi import Course, baseline, courses, energy, tabulate
from wss.records import Group, KpiSummary, PlanSummary, Table
from wss.steps.observed import derived_demand, observed, readings
from wss.steps.run import Run

Terms = tuple[pd.Timestamp, Tariff, Sequence[Tank]]
"""First moment of the day [UTC], tariff and tanks: what is the same for all sources."""


def run_kpi(run: Run, day: str = "") -> pd.DataFrame:
    """KPIs of one local day for each source that is known: `actual`, `plan`, `baseline`; saved as table `kpi`.

    The plan is what the plans in force through the day said, one after the other; it is left out unless they cover the
    whole day. The baseline starts from the day's first levels under the demand that was measured; its cost contains the
    value of the water by which its tanks end the day lower than the real ones did.

    Parameters
    ----------
    day : str
        Local date, `2022-07-25`; empty: the last complete one before `run.now`.

    Returns
    -------
    DataFrame[time, name, item, value, unit]
        `time` is the first moment of the day [UTC].

    Raises
    ------
    DataError
        If the day is not over at `run.now`, or nothing was measured on it.
    """
    zone = run.tenant.time_zone
    wanted = date.fromisoformat(day) if day else times.local_date(run.now, zone) - timedelta(days=1)
    start, end = times.local_day(wanted, zone)
    if end > run.now:
        raise DataError(f"KPIs of {wanted}: it ends at {times.iso(end)}, after now, {times.iso(run.now)}; take an earlier day")
    demand = derived_demand(run, start, end)["demand"]
    actual = _actual(run, start, end, demand)
    if bool(actual.power.isnull().all() & actual.level.isnull().all()):
        raise DataError(f"KPIs of {wanted}: no power and no level was measured; look at `wss status {run.tenant.name}`")
    terms: Terms = (start, run.configuration.tariff, run.tenant.system.tanks)
    parts, plan_missing, baseline_missing = [tabulate("actual", actual, *terms)], None, None
    plan = _plan(run, start, end, actual.running)
    if plan is None:
        plan_missing = "the plans in force did not cover the whole day"
    else:
        parts.append(tabulate("plan", plan, *terms))
    try:
        own = _level_control(run, start, end, demand, actual)
        parts.append(_baseline_table(run, own, actual, terms))
    except (DataError, HydraulicError) as error:
        baseline_missing = str(error)
    table = run.save_table(Table.KPI, pd.concat(parts, ignore_index=True))
    summary = KpiSummary(
        day=wanted.isoformat(),
        sources=sorted({item.split("/")[0] for item in table["item"]}),
        missing_power_share=round(energy.missing_share(actual.power), 4),
        missing_demand_share=round(float(demand.isnull().mean()), 4),
        plan_missing=plan_missing,
        baseline_missing=baseline_missing,
    )
    run.save_summary(**summary.as_dict())
    return table


def _actual(run: Run, start: pd.Timestamp, end: pd.Timestamp, demand: xr.DataArray) -> Course:
    """The day as measured, under a demand (time, zone) [m3/h]."""
    pumps = observed(run, ["power", "pump_status"], start, end, courses.QUARTER)
    level = observed(run, ["level"], start, end + courses.QUARTER, courses.QUARTER)["level"]  # also at the day's last moment
    return courses.measured(pumps, readings(run, "pump_status", start - times.HOUR, end), level, demand, start)


def _plan(run: Run, start: pd.Timestamp, end: pd.Timestamp, measured: xr.DataArray) -> Course | None:
    """What the plans in force through the day said; None unless they cover all of it."""
    history = run.store.published_history("plan", start, end)
    parts = []
    for (begin, run_id), (following, _) in pairwise([*history, (end, "")]):
        span = slice(max(begin, start), following - pd.Timedelta(1, "ns"))
        try:
            groups = [run.load(run_id, name) for name in (Group.PLAN, Group.SIMULATED, Group.LEVELS)]
            source = PlanSummary.of(run.store.run(run_id).summary).forecast_run or ""
            forecast = run.load(source, Group.FORECAST)["demand"].sel(quantile=0.5, drop=True)
        except NotFoundError:
            return None
        found = [groups[0]["pump_speed"], groups[1]["power"], groups[2]["level"], forecast]
        parts.append([values.sel(time=span) for values in found])
    return courses.planned(parts, courses.standing(measured), start, end)


def _level_control(run: Run, start: pd.Timestamp, end: pd.Timestamp, demand: xr.DataArray, actual: Course) -> Simulation:
    """The day under the network's own controls, from its first levels and pump states, with the demand that was measured.

    Raises
    ------
    DataError
        If a level is not known at the day's start, or a zone's demand on most of the day.
    """
    level = actual.level.sel(time=start)
    faults = [f"tank {t} has no level at {times.iso(start)}" for t in level["tank"].values[level.isnull().values]]
    sparse = demand.isnull().mean("time").values > 0.5
    faults += [f"zone {z}: less than half of the day's demand is known" for z in demand["zone"].values[sparse]]
    raise_all(faults, "the baseline of the day")
    text, system = run.configuration.network, run.tenant.system
    return baseline.level_control(
        text,
        network.zone_to_node(courses.without_gaps(demand), network.demand_shares(text, system.zones)),
        {str(t): float(v) for t, v in zip(level["tank"].values, level.values, strict=True)},
        courses.standing(actual.running),
        start,
        end - start,
        run.tenant.time_zone,
        decision_step=pd.Timedelta(minutes=run.tenant.plan.decision_minutes),
        replay_step_s=run.tenant.plan.replay_seconds,
        tied={link.link: link.open_when_off for link in system.tied_links},
    ).own


def _baseline_table(run: Run, own: Simulation, actual: Course, terms: Terms) -> pd.DataFrame:
    """KPIs of the level controls; water that their tanks lack at the end costs what they paid for an average cubic metre."""
    start, tariff, operated = terms
    course = courses.controlled(own, actual.supplied_m3, start, actual.level.get_index("time")[-1])
    price = tariffs.price(tariff, course.power.get_index("time"))
    average = energy.cost_per_m3(energy.energy(course.power), price, course.supplied_m3)
    stored = baseline.left_value(run.configuration.network, actual.level, own.level, average)
    return tabulate("baseline", course, start, tariff, operated, stored)
