"""Where a plan starts from: the levels and pumps at `now`, carried on by a replay from the last moment that is known."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.errors import HydraulicError
from wss.hydraulics import Engine
from wss.hydraulics.facts import facts
from wss.quantities import labelled
from wss.records import PlanSummary, Reason
from wss.steps.masked import Masked
from wss.steps.observed import observed
from wss.steps.run import Run


@dataclass(frozen=True)
class Start:
    """State of the plant at `now`, as well as it can be known."""

    levels: dict[str, float]
    """Tank -> level [m]"""
    status: dict[str, bool]
    """Pump -> whether it runs"""
    age_minutes: float | None
    """Age of the newest levels that it rests on; None if there are none."""
    dead: Reason | None
    """Why no plan should be made from it; None if all is well."""
    masked: Masked = field(default_factory=Masked)
    """Readings of levels and pumps that were left out."""


def find_start(run: Run, node_demand: xr.DataArray, previous: xr.DataArray | None) -> Start:
    """State at `run.now`.

    Parameters
    ----------
    node_demand : (time, node)
        Forecast demand; before its first time, that of the same hour a day later is taken. [m3/h]
    previous : (time, pump) or None
        Plan in force. [1]

    Returns
    -------
    Start
        From the newest moment of the decision grid at which every tank has a good level, replayed up to now with the pumps
        as measured, or as the plan in force had them where nothing was measured.
    """
    step = pd.Timedelta(minutes=run.tenant.plan.decision_minutes)
    reach = pd.Timedelta(minutes=2 * run.tenant.intake.dead_minutes)
    masked = Masked()
    seen = observed(run, ["level", "pump_status"], run.now - reach, run.now + step, step, masked)
    return replace(_from_seen(run, seen, node_demand, previous), masked=masked)


def _from_seen(run: Run, seen: xr.Dataset, node_demand: xr.DataArray, previous: xr.DataArray | None) -> Start:
    """State at `run.now` from what was seen of levels and pumps before it."""
    running = _running(run, seen["pump_status"], previous)
    known = seen["level"].notnull().all("tank").to_numpy() & (seen.sizes["time"] > 0)
    status = {str(p): bool(v > 0) for p, v in zip(running["pump"].values, running.values[-1], strict=True)}
    if not known.any():
        initial = {t: first for t, (_, first, _) in facts(run.configuration.network).levels_m().items()}
        return Start(initial, status, None, Reason("no_levels", amount=2 * run.tenant.intake.dead_minutes))
    moment = seen.get_index("time")[np.flatnonzero(known)[-1]]
    levels = {str(t): float(v) for t, v in zip(seen["tank"].values, seen["level"].sel(time=moment).values, strict=True)}
    age = (run.now - moment) / pd.Timedelta(minutes=1)
    longest = run.tenant.intake.dead_minutes
    dead = Reason("old_levels", amount=age, bound=longest) if age > longest else None
    try:
        return Start(_carried_on(run, levels, moment, running, node_demand), status, age, dead)
    except HydraulicError as error:
        return Start(
            _inside(run, levels),
            status,
            age,
            dead or Reason("not_carried", start=moment, text=str(error)),
        )


def plan_in_force(run: Run) -> xr.DataArray | None:
    """The plan published at `run.now`, on its decision grid over its whole horizon: (time, pump) [1]. None if there is none."""
    record = run.store.published(as_of=run.now).get("plan")
    if record is None:
        return None
    orders = run.store.orders(record.id)
    if orders.empty:
        return None
    settings = run.tenant.plan
    grid = times.grid(
        record.now, record.now + pd.Timedelta(hours=settings.horizon_hours), pd.Timedelta(minutes=settings.decision_minutes)
    )
    wide = orders.pivot(index="time", columns="pump", values="speed")
    speed = wide.reindex(wide.index.union(grid)).ffill().reindex(grid).reindex(columns=run.configuration.pump_ids).fillna(0.0)
    return labelled("pump_speed", speed.to_numpy(float), time=grid, pump=run.configuration.pump_ids)


def pump_hour_cost(run: Run, previous: xr.DataArray | None) -> float:
    """What energy an hour of a pump costs in the plan in force, `previous` (time, pump) [1]; 0 without one. [currency/h]"""
    record = run.store.published(as_of=run.now).get("plan")
    if record is None or previous is None:
        return 0.0
    hours = float((previous > 0).sum()) * run.tenant.plan.decision_minutes / 60
    return PlanSummary.of(record.summary).plan_cost / hours if hours > 0 else 0.0


def _running(run: Run, measured: xr.DataArray, previous: xr.DataArray | None) -> xr.DataArray:
    """What the pumps did up to now (time, pump) [1]: as measured; where nothing was, as planned; where neither, as before.

    What a plan orders from now on is not yet done, even if it was published at this very moment.
    """
    pumps = run.configuration.pump_ids
    status = measured.reindex(pump=pumps).to_pandas()
    speed = (status > 0.5).astype(float).where(status.notna())
    if previous is not None:
        planned = (
            previous.to_pandas()
            .reindex(columns=pumps)
            .reindex(speed.index, method="ffill", tolerance=measured.get_index("time").freq)
        )
        speed = speed.fillna(planned[planned.index < run.now])
    return labelled("pump_speed", speed.ffill().fillna(0.0).to_numpy(float), time=measured.get_index("time"), pump=pumps)


def _carried_on(
    run: Run, levels: dict[str, float], moment: pd.Timestamp, running: xr.DataArray, node_demand: xr.DataArray
) -> dict[str, float]:
    """Levels at now from those at `moment`, by a replay of what the pumps did. [m]"""
    levels = _inside(run, levels)
    length_s, step_s = round((run.now - moment).total_seconds()), run.tenant.plan.decision_minutes * 60
    if length_s <= 0:
        return levels
    tied = {link.link: link.open_when_off for link in run.tenant.system.tied_links}
    ahead = node_demand.get_index("time")
    past = times.grid(moment, run.now, pd.Timedelta(seconds=step_s))
    shifted = past + np.maximum(np.ceil((ahead[0] - past) / times.DAY), 0).astype(int) * times.DAY
    demand = node_demand.isel(time=np.clip(ahead.searchsorted(shifted, side="right") - 1, 0, len(ahead) - 1)).assign_coords(
        time=past
    )
    with Engine(run.configuration.network, tied) as engine:
        engine.set_demands(demand, step_s)
        after = engine.simulate(running, levels, moment, length_s, 300, length_s)
    return _inside(run, {str(t): float(v) for t, v in zip(after.level["tank"].values, after.level.values[-1], strict=True)})


def _inside(run: Run, levels: dict[str, float]) -> dict[str, float]:
    """Levels within the tanks' own limits. [m]"""
    own = facts(run.configuration.network).levels_m()
    return {t: min(max(v, own[t][0]), own[t][2]) for t, v in levels.items()}
