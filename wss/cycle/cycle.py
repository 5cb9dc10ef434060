"""The one path from files to a published plan; the command line loops over it, a Prefect flow maps it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pandas as pd

from wss import notebooks, times
from wss.config import Configuration
from wss.cycle.guard import guarded
from wss.errors import WssError
from wss.records import Fact, ForecastSummary, PlanSummary, Reason, sentence
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.steps.plan.publish import later_plan, publish
from wss.steps.quality.examine import examine
from wss.steps.run import resolve_now, usage
from wss.store import RunRecord, Store, Workspace

log = logging.getLogger(__name__)

STAGES = ("intake", "forecast", "optimize", "publish")
FIGURES = ("rung", "reasons", "plan_cost", "baseline_cost", "saving_percent", "demand_charge", "baseline_demand_charge")
"""What a cycle reports of the optimize run's summary."""


@dataclass(frozen=True)
class CycleResult:
    """What one cycle of one tenant did. Costs are energy over the horizon [currency]; a demand charge is apart."""

    tenant: str
    now: str | None = None
    rung: str = "none"
    reasons: tuple[Fact, ...] = ()
    """Why the plan is on this rung, or not published."""
    plan_cost: float | None = None
    baseline_cost: float | None = None
    saving_percent: float | None = None
    demand_charge: float | None = None
    baseline_demand_charge: float | None = None
    violations: int | None = None
    forecast_wape: float | None = None
    files: int = 0
    """Files that came in."""
    cpu_seconds: float = 0.0
    """CPU of the whole cycle, notebooks included [s]."""
    peak_memory_mb: float = 0.0
    """Largest memory of one of its processes [MB]."""
    notebooks: list[str] = field(default_factory=list)
    """Paths of the executed notebooks."""
    run_folder: str | None = None
    """Folder of the optimize run, with case.yml, network.inp, plan.csv and baseline.csv."""
    error: str | None = None

    @property
    def reason(self) -> str | None:
        """The reasons in an English sentence; None: no cycle got that far."""
        return sentence(self.reasons) if self.reasons else None

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it: `reason` in a sentence, and beside it the records `reasons`."""
        figures = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "reasons"}
        about = {name: figures.pop(name) for name in ("tenant", "now", "rung")}
        return about | {"reason": self.reason} | figures | {"reasons": [fact.as_dict() for fact in self.reasons]}


def run_cycle(
    tenant: str,
    now: str | pd.Timestamp | None = None,
    workspace: Workspace | None = None,
    intake: bool = True,
    reason: str = "schedule",
    progress: Callable[[str], None] = lambda stage: None,
) -> CycleResult:
    """Intake, forecast, optimize and publish for one tenant.

    Never raises for what is wrong with one tenant, so that the others go on: `error` says it, the last published plan stays
    and the rung is then `last_plan`, or `none` where there is no plan.

    Parameters
    ----------
    tenant
        Name of the tenant.
    now
        Moment to plan from [UTC]; absent: see `steps.run.resolve_now`.
    workspace
        Absent: that of WSS_HOME.
    intake
        Whether to read the inbox first.
    reason
        Why the cycle runs, for the record.
    progress
        Told each of `STAGES` when it begins.
    """
    cpu = time.process_time()

    def work(store: Store, workspace: Workspace) -> CycleResult:
        return _Cycle(store, workspace, active(store), reason, progress).run(CycleResult(tenant), now, intake)

    done = guarded("cycle", tenant, workspace, work, lambda error: CycleResult(tenant, error=error))
    return replace(
        done,
        cpu_seconds=round(done.cpu_seconds + time.process_time() - cpu, 2),
        peak_memory_mb=max(done.peak_memory_mb, usage()["peak_memory_mb"]),
    )


@dataclass(frozen=True)
class _Cycle:
    """What the stages of one cycle share."""

    store: Store
    workspace: Workspace
    configuration: Configuration
    reason: str
    progress: Callable[[str], None]

    def run(self, done: CycleResult, now: str | pd.Timestamp | None, intake: bool) -> CycleResult:
        """The stages, one after another; the first notebook that fails ends the cycle."""
        trouble = None
        if intake:
            done, trouble = self.intake(done)
        moment = resolve_now(self.configuration, self.store, now or "")
        trouble = self.examine(moment) or trouble
        done = replace(done, now=times.iso(moment))
        forecast, done = self.notebook(done, "forecast", moment, {})
        if done.error:
            return self.fall_back(done)
        done = replace(done, forecast_wape=ForecastSummary.of(forecast.summary).forecast_wape)
        plan, done = self.notebook(done, "optimize", moment, {"forecast_run": forecast.id})
        done = replace(done, run_folder=str(self.workspace.runs(done.tenant) / plan.folder))
        if done.error:
            return self.fall_back(done)
        summary = PlanSummary.of(plan.summary)
        done = replace(done, **{name: getattr(summary, name) for name in FIGURES}, violations=len(summary.violations))
        self.progress("publish")
        later = later_plan(self.store, moment)
        if later:
            done = replace(done, reasons=(Reason("not_published", start=later.now), *done.reasons))
        else:
            publish(self.configuration, self.store, self.workspace, forecast.id, plan.id, self.switched_at(moment))
        return replace(done, error=trouble)

    def intake(self, done: CycleResult) -> tuple[CycleResult, str | None]:
        """Read the inbox. Trouble with it is reported, but a plan from older readings is better than none."""
        self.progress("intake")
        try:
            files = run_intake(self.configuration, self.store, self.workspace)
        except WssError as error:
            log.exception("intake of %s", done.tenant)
            return done, f"intake: {error}"
        return replace(done, files=len(files)), None

    def examine(self, moment: pd.Timestamp) -> str | None:
        """Look for doubtful readings. Trouble with it is reported, but a plan is made."""
        try:
            examine(self.configuration, self.store, moment)
        except WssError as error:
            log.exception("quality of %s", self.configuration.name)
            return f"quality: {error}"
        return None

    def notebook(self, done: CycleResult, name: str, moment: pd.Timestamp, parameters: dict) -> tuple[RunRecord, CycleResult]:
        """Run one notebook and add what it took to the result."""
        self.progress(name)
        record = notebooks.run_notebook(
            name, done.tenant, moment, parameters, workspace=self.workspace, store=self.store, cycle=True, reason=self.reason
        )
        paths = [*done.notebooks, str(notebooks.executed(self.workspace, done.tenant, record))]
        return record, replace(
            done,
            notebooks=paths,
            cpu_seconds=done.cpu_seconds + record.cpu_seconds,
            error=record.error,
            peak_memory_mb=max(done.peak_memory_mb, record.peak_memory_mb),
        )

    def fall_back(self, done: CycleResult) -> CycleResult:
        """The result of a cycle that failed: the published plan stays, with its age."""
        plan = self.store.published().get("plan")
        if plan is None:
            return replace(done, rung="none", reasons=(Reason("never"),))
        return replace(done, rung="last_plan", reasons=(Reason("kept", start=plan.now),))

    def switched_at(self, moment: pd.Timestamp) -> pd.Timestamp:
        """Moment of publishing on the tenant's clock [UTC]."""
        return moment if self.configuration.tenant.clock == "replay" else times.utc(pd.Timestamp.now("UTC")).floor("s")
