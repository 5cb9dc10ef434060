"""The daily run of a tenant: the key figures of a day, and which readings are doubtful by now."""

from dataclasses import asdict, dataclass, field
from typing import Any

from wss import notebooks
from wss.cycle.guard import guarded
from wss.records import KpiSummary
from wss.steps.configuration import active
from wss.steps.run import resolve_now
from wss.store import Store, Workspace


@dataclass(frozen=True)
class DailyResult:
    """What the daily run of one tenant did."""

    tenant: str
    day: str
    kpis: list[dict[str, Any]] = field(default_factory=list)
    """Key figures: name, item, value, unit."""
    notebook: str | None = None
    """Path of the executed notebook of the key figures."""
    quality_notebook: str | None = None
    """Path of the executed notebook of the doubtful readings."""
    run_folder: str | None = None
    cpu_seconds: float = 0.0
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def run_daily(tenant: str, day: str = "", workspace: Workspace | None = None) -> DailyResult:
    """Key figures of one local day (ISO date; empty: the last complete one), and which readings are doubtful by now.

    One notebook each; if one fails, the other still runs. Never raises for what is wrong with one tenant.
    """

    def work(store: Store, workspace: Workspace) -> DailyResult:
        now = resolve_now(active(store), store)
        record, doubts = (
            notebooks.run_notebook(name, tenant, now, given, workspace=workspace, store=store, cycle=True, reason="daily")
            for name, given in (("kpi", {"day": day}), ("quality", {}))
        )
        kpis = [] if record.error else store.kpis(run_id=record.id)[["name", "item", "value", "unit"]].to_dict("records")
        return DailyResult(
            tenant,
            KpiSummary.of(record.summary).day or day,
            kpis,
            notebook=str(notebooks.executed(workspace, tenant, record)),
            quality_notebook=str(notebooks.executed(workspace, tenant, doubts)),
            run_folder=str(workspace.runs(tenant) / record.folder),
            cpu_seconds=record.cpu_seconds + doubts.cpu_seconds,
            error="; ".join(run.error for run in (record, doubts) if run.error) or None,
        )

    return guarded("daily", tenant, workspace, work, lambda error: DailyResult(tenant, day, error=error))
