"""How a tenant stands: ages of data, forecast and plan, the rung, what waits and what failed last."""

from typing import Any

import pandas as pd

from wss import shipped, times
from wss.errors import WssError
from wss.records import PlanSummary
from wss.steps.configuration import active
from wss.steps.run import resolve_now
from wss.store import Store, Workspace, open_store


def tenant_status(workspace: Workspace, name: str) -> dict[str, Any]:
    """State of one tenant; ages in minutes [min] before its clock: see `steps.run.resolve_now`.

    What cannot be read is said under `error`: this never raises for a tenant that is broken.
    """
    status: dict[str, Any] = {"tenant": name, "rung": "none", "reason": None, "code_version": shipped.code_version()}
    try:
        with open_store(workspace, name) as store:
            status |= _from_store(store)
    except WssError as error:
        status["error"] = str(error)
    inbox = workspace.inbox(name)
    status["files_waiting"] = sum(p.is_file() for p in inbox.iterdir()) if inbox.is_dir() else 0
    return status


def _from_store(store: Store) -> dict[str, Any]:
    configuration = active(store)
    last = store.last_time()
    replay = configuration.tenant.clock == "replay" and last is not None
    clock = resolve_now(configuration, store) if replay else times.utc(pd.Timestamp.now("UTC"))
    published = store.published()
    plan, forecast = published.get("plan"), published.get("forecast")
    summary = PlanSummary.of(plan.summary if plan else {})
    newest = next(iter(store.runs(limit=1)), None)
    versions = store.versions()
    return {
        "title": configuration.tenant.title,
        "now": times.iso(clock),
        "data_age_minutes": _minutes(clock, last),
        "forecast_age_minutes": _minutes(clock, forecast.now if forecast else None),
        "plan_age_minutes": _minutes(clock, plan.now if plan else None),
        "rung": summary.rung,
        "reason": summary.reason if plan else None,
        "plan_run": plan.id if plan else None,
        "configuration_version": int(versions["version"].max()) if len(versions) else None,
        "error": newest.error if newest else None,
    }


def _minutes(clock: pd.Timestamp, moment: pd.Timestamp | None) -> float | None:
    return None if moment is None else round((clock - moment).total_seconds() / 60, 1)
