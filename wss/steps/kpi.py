"""The KPIs of a local day: as measured, as planned, and as the network's own level controls would have done."""

from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import xarray as xr

from wss import tariffs, times
from wss.errors import DataError, HydraulicError, NotFoundError, raise_all
from wss.hydraulics import network, tanks
from wss.hydraulics.results import Simulation
from wss.kpi import Course, baseline, energy, tabulate
from wss.quantities import labelled
from wss.records import Group, KpiSummary, PlanSummary, Table
from wss.steps.observed import derived_demand, observed, readings
from wss.steps.run import Run

QUARTER = pd.Timedelta(minutes=15)
"""Tariff periods begin and end on quarters of an hour."""


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
    terms = (start, run.configuration.tariff, run.tenant.system.tanks)
    parts, plan_missing, baseline_missing = [tabulate("actual", actual, *terms)], None, None
    plan = _plan(run, start, end, actual.running)
    if plan is None:
        plan_missing = "the plans in force did not cover the whole day"
    else:
        parts.append(tabulate("plan", plan, *terms))
    try:
        own = _level_control(run, start, end, demand, actual)
        parts.append(_baseline_table(run, own, demand, actual, terms))
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
    """The day as measured; starts are counted in the readings themselves, energy in quarters of an hour.

    A lost reading of power is replaced by what the pump usually draws if its status tells that it ran.
    """
    pumps = observed(run, ["power", "pump_status"], start, end, QUARTER)
    level = observed(run, ["level"], start, end + QUARTER, QUARTER)["level"]  # also at the day's last moment
    status = readings(run, "pump_status", start - times.HOUR, end)
    known = status.copy(data=status.to_pandas().ffill())
    began = max(int((status.get_index("time") <= start).sum()) - 1, 0)
    power = energy.fill(pumps["power"], pumps["pump_status"].reindex(pump=pumps["pump"]))
    return Course(power, known.isel(time=slice(began, None)), level, _supplied(demand))


def _supplied(demand: xr.DataArray) -> float:
    """Water drawn by all zones; missing steps of a zone count as the mean of its others. [m3]"""
    hours = demand.sizes["time"] * (energy.regular_step(demand) / times.HOUR)
    return float(demand.mean("time").sum(skipna=False) * hours)


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
    if not parts:
        return None
    speed, power, level, demand = (xr.concat(pieces, "time") for pieces in zip(*parts, strict=True))
    step = energy.regular_step(power)
    if not power.get_index("time").equals(times.grid(start, end, step)) or len(demand) < 2:
        return None
    standing = _status(measured)
    before = [float(standing.get(str(p), speed.sel(pump=p)[0] > 0)) for p in speed["pump"].values]
    first = labelled("pump_speed", [before], time=pd.DatetimeIndex([start - step]), pump=speed["pump"].values)
    return Course(_quarters(power, start, end), xr.concat([first, speed], "time", join="exact"), level, _supplied(demand))


def _status(running: xr.DataArray) -> dict[str, bool]:
    """Whether each pump ran when the day began; without the pumps of which nothing is known."""
    frame = running.transpose("time", "pump").to_pandas().bfill()
    return {} if frame.empty else {str(p): bool(v > 0.5) for p, v in frame.iloc[0].dropna().items()}


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
    whole = demand.copy(data=demand.to_pandas().interpolate(limit_direction="both"))
    nodes = network.zone_to_node(whole, network.demand_shares(text, system.zones))
    return baseline.level_control(
        text,
        nodes,
        {str(t): float(v) for t, v in zip(level["tank"].values, level.values, strict=True)},
        _status(actual.running),
        start,
        end - start,
        run.tenant.time_zone,
        decision_step=pd.Timedelta(minutes=run.tenant.plan.decision_minutes),
        replay_step_s=run.tenant.plan.replay_seconds,
        tied={link.link: link.open_when_off for link in system.tied_links},
    ).own


def _baseline_table(run: Run, own: Simulation, demand: xr.DataArray, actual: Course, terms: tuple) -> pd.DataFrame:
    """KPIs of the level controls; water that their tanks lack at the end costs what they paid for an average cubic metre."""
    start, tariff, _ = terms
    supplied, power = _supplied(demand), _quarters(own.power, start, actual.level.get_index("time")[-1])
    spent = energy.cost(energy.energy(power), tariffs.price(tariff, power.get_index("time")))
    last = own.level.isel(time=[-1])
    real = actual.level.isel(time=[-1]).fillna(last)
    volume = [tanks.volume(run.configuration.network, level).isel(time=0) for level in (real, last)]
    stored = baseline.stored_water_value(*volume, marginal_cost=spent / supplied if supplied > 0 else 0.0)
    return tabulate("baseline", Course(power, own.pump_speed, own.level.isel(time=slice(0, -1)), supplied), *terms, stored=stored)


def _quarters(power: xr.DataArray, start: pd.Timestamp, end: pd.Timestamp) -> xr.DataArray:
    """Mean powers (time, pump) of a coarser grid on the quarters of an hour of the day; a finer grid stays. [kW]"""
    if energy.regular_step(power) <= QUARTER:
        return power
    return power.reindex(time=times.grid(start, end, QUARTER), method="ffill")
