"""The weekly run of a tenant: fit its forecast model again."""

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from wss import notebooks, times
from wss.cycle.guard import guarded
from wss.records import RefitSummary
from wss.steps.configuration import active
from wss.steps.run import resolve_now
from wss.store import RunRecord, Store, Workspace


@dataclass(frozen=True)
class WeeklyResult:
    """What the weekly run of one tenant did."""

    tenant: str
    now: str | None = None
    model: str = "none"
    """fitted or none."""
    reason: str = ""
    """Why there is no model; empty: there is."""
    days: int = 0
    """Days of demand that were known [d]."""
    first_day: str | None = None
    """Local date of the first day that was learnt from."""
    last_day: str | None = None
    modes: list[str] = field(default_factory=list)
    """`none`, and `weather` where it was learnt with weather."""
    zones: list[str] = field(default_factory=list)
    notebook: str | None = None
    """Path of the executed notebook."""
    run_folder: str | None = None
    """Folder of the refit run, with model.npz."""
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def run_weekly(
    tenant: str, now: str | pd.Timestamp | None = None, workspace: Workspace | None = None, reason: str = "weekly"
) -> WeeklyResult:
    """Refit the forecast model of one tenant; every later forecast uses it. Never raises for what is wrong with one tenant.

    Parameters
    ----------
    tenant
        Name of the tenant.
    now
        Moment to learn up to [UTC]; absent: see `steps.run.resolve_now`.
    workspace
        Absent: that of WSS_HOME.
    reason
        Why it runs, for the record.
    """

    def work(store: Store, workspace: Workspace) -> WeeklyResult:
        moment = resolve_now(active(store), store, now or "")
        record = notebooks.run_notebook("refit", tenant, moment, {}, workspace=workspace, store=store, cycle=True, reason=reason)
        return _result(workspace, tenant, record)

    return guarded("weekly", tenant, workspace, work, lambda error: WeeklyResult(tenant, error=error))


def _result(workspace: Workspace, tenant: str, record: RunRecord) -> WeeklyResult:
    refit = RefitSummary.of(record.summary)
    return WeeklyResult(
        tenant,
        times.iso(record.now),
        notebook=str(notebooks.executed(workspace, tenant, record)),
        run_folder=str(workspace.runs(tenant) / record.folder),
        cpu_seconds=record.cpu_seconds,
        peak_memory_mb=record.peak_memory_mb,
        error=record.error,
        model=refit.model,
        reason=refit.reason,
        days=refit.days,
        first_day=refit.first_day,
        last_day=refit.last_day,
        modes=refit.modes or [],
        zones=refit.zones or [],
    )
