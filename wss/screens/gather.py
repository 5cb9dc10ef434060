"""Read from the store what an operator's page shows."""

from pathlib import Path

import pandas as pd

from wss import times
from wss.records import ForecastSummary, Group, PlanSummary, Table
from wss.screens.bills import bills
from wss.screens.committed import result
from wss.steps.observed import observed
from wss.steps.plan import overrides
from wss.steps.run import Run, read_table, resolve_now
from wss.store import RunRecord
from wss.views.operator_figure import PAST
from wss.views.situation import ShownOverride, ShownPlan, Situation


def clock(run: Run) -> pd.Timestamp:
    """The moment that a page shows [UTC]: the machine's clock, or that of a replay (see `steps.run.resolve_now`)."""
    if run.tenant.clock == "replay":
        return resolve_now(run.configuration, run.store)
    return times.utc(pd.Timestamp.now("UTC")).floor("s")


def read_situation(run: Run) -> Situation:
    """Everything on the operator's page at `run.now` [levels in m, speeds relative, costs in the tenant's currency]."""
    store, now = run.store, run.now
    published = store.published()
    plan = _plan(run, published.get("plan"))
    step = pd.Timedelta(minutes=run.tenant.plan.decision_minutes)
    past = observed(run, ["level", "pump_status"], times.floor(now - PAST, step), times.floor(now, step) + step, step)
    entries = store.journal(since=now - pd.Timedelta(days=7))
    accepted = entries[(entries["kind"] == "accept") & (entries["run_id"] == (plan.run_id if plan else ""))]
    newest = next(iter(store.runs(limit=1)), None)
    return Situation(
        tenant=run.tenant,
        tariff=run.configuration.tariff,
        now=now,
        data_time=store.last_time(known_by=now),
        forecast_time=published["forecast"].now if "forecast" in published else None,
        forecast_summary=ForecastSummary.of(published["forecast"].summary if "forecast" in published else {}),
        plan=plan,
        past_level=past["level"],
        past_speed=(past["pump_status"] > 0.5).astype(float),
        bills=bills(run, published.get("plan")),
        overrides=tuple(_shown(o) for o in overrides.active(store, now)),
        journal=entries[entries["at"] <= now],
        accepted_by=accepted["who"].iloc[-1] if len(accepted) else "",
        trouble=(newest.error or "").strip().splitlines()[-1] if newest and newest.status == "failed" and newest.error else "",
    )


def _plan(run: Run, record: RunRecord | None) -> ShownPlan | None:
    if record is None:
        return None
    folder = run.workspace.runs(run.tenant.name) / record.folder
    return ShownPlan(
        run_id=record.id,
        now=record.now,
        speed=result(folder, Group.PLAN)["pump_speed"],
        level=result(folder, Group.LEVELS)["level"],
        baseline_level=result(folder, Group.BASELINE_LEVELS)["level"],
        band=result(folder, Group.BAND)["level"],
        actions=_actions(folder),
        summary=PlanSummary.of(record.summary),
    )


def _actions(folder: Path) -> pd.DataFrame:
    """Switches of a run; one of an older version of the program says less about them."""
    told = read_table(folder, Table.ACTIONS)
    texts = ["period", "why", "earlier", "later"]
    return told.reindex(columns=[*told.columns.drop(texts, errors="ignore"), *texts]).fillna(dict.fromkeys(texts, ""))


def _shown(override: overrides.Override) -> ShownOverride:
    pin = override.pin
    return ShownOverride(override.id, pin.pump, pin.on, pin.start, pin.end, override.who, override.reason)
