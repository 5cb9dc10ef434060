"""The main job of `wss demo`: files in, plans out, for one demo utility; each further run lets an hour pass."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from wss import cycle, demo, times
from wss.demo.plant import Plant
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.store import Workspace, open_store

FIRST_RUN_H, LATER_RUN_H = (9, 24), (1,)
"""How far the plant runs under each plan: into the first morning and then a whole day; an hour in each later run. [h]"""
COUNTS = ["read", "stored", "duplicate", "corrected", "missing", "set_aside", "quarantined"]


def run_demo(workspace: Workspace, console: Console | None = None, name: str = "litoral") -> dict[str, Any]:
    """Run a demo utility: the first time from nothing to plans that its plant has followed, then an hour a run.

    Parameters
    ----------
    workspace
        Where everything is written.
    console
        Shows what is being done; absent: nothing is shown.

    Returns
    -------
    dict
        `tenant`, `version` (of its configuration), `first` (whether this run wrote the history), `now` (of the last cycle, ISO),
        `history_days` [d], `files` (that intake took), `readings` (what became of them: read, stored, duplicate ...),
        `redelivered` (name of a file sent once more, or None), `refit` (result of the first run's refit of the forecast model,
        else None), `cycles` and `daily` (results of the cycles and of the daily KPIs,
        as `wss.cycle` gives them), `folders` (name -> path).

    Raises
    ------
    WssError
        Where a step fails that the others need; a cycle that fails says so in its result.
    """
    show = _shown(console or Console(quiet=True))
    demo.install(workspace, name)
    with show("configuration"):
        version, _ = apply_tenant(workspace, name, "wss demo", "demo utility")
    with show("virtual plant: demand"):
        plant = Plant(workspace, name)
    first = not plant.started
    intakes, cycles, redelivered, refit = [], [], None, None
    if first:
        with show("virtual plant: history") as progress:
            plant.history(progress=progress)
        intakes.append(_intake(workspace, plant, show))
        with show("forecast model: fitted to the history"):
            refit = cycle.run_weekly(name, plant.clock, workspace, reason="demo").as_dict()
        cycles.append(_cycle(workspace, plant, show))
    else:
        redelivered = _deliver_again(workspace, name)
    before = plant.now
    for hours in FIRST_RUN_H if first else LATER_RUN_H:
        with show(f"virtual plant: {hours} h under the released plan") as progress:
            plant.advance(hours, progress)
        intakes.append(_intake(workspace, plant, show))
        cycles.append(_cycle(workspace, plant, show))
    files = pd.concat(intakes, ignore_index=True)
    return {
        "tenant": name, "version": version, "first": first, "now": times.iso(plant.clock), "history_days": _history_days(plant),
        "files": len(files), "readings": {c: int(files[c].sum()) for c in COUNTS}, "redelivered": redelivered,
        "refit": refit, "cycles": cycles, "daily": _daily(workspace, plant, before, show),
        "folders": {k: str(getattr(workspace, k)(name)) for k in ("tenant", "data", "runs")},
    }  # fmt: skip


Show = Callable[[str], Any]
"""Context manager: shows a task while it runs and gives a function to call with the share that is done."""


def _shown(console: Console) -> Show:
    @contextmanager
    def show(task: str) -> Iterator[Callable[[float], None]]:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as bars:
            bar = bars.add_task(task, total=None)
            yield lambda share: bars.update(bar, total=1.0, completed=share)
            bars.update(bar, total=1.0, completed=1.0)

    return show


def _intake(workspace: Workspace, plant: Plant, show: Show) -> pd.DataFrame:
    with show("intake") as progress, open_store(workspace, plant.configuration.name) as store:
        return run_intake(active(store), store, workspace, plant.clock, lambda done, files, _: progress(done / files))


def _cycle(workspace: Workspace, plant: Plant, show: Show) -> dict[str, Any]:
    tenant = plant.configuration.tenant
    local = times.to_local(pd.DatetimeIndex([plant.clock]), tenant.time_zone)[0]
    with show(f"cycle of {local:%a %d %b %H:%M}: forecast, plan, proof in EPANET"):
        return cycle.run_cycle(tenant.name, plant.clock, workspace=workspace, intake=False, reason="demo").as_dict()


def _daily(workspace: Workspace, plant: Plant, before: pd.Timestamp, show: Show) -> list[dict[str, Any]]:
    """KPIs of each local day that ended between `before` and now and lies wholly after the history."""
    tenant = plant.configuration.tenant
    first, today = (times.local_date(moment, tenant.time_zone) for moment in (before, plant.now))
    ended = pd.date_range(first, today, inclusive="left")
    days = [d for d in ended if times.local_day(d, tenant.time_zone)[0] >= times.utc(plant.settings.history_end)]
    results = []
    for day in days:
        with show(f"key figures of {day:%a %d %b}"):
            results.append(cycle.run_daily(tenant.name, day.date().isoformat(), workspace=workspace).as_dict())
    return results


def _history_days(plant: Plant) -> float:
    return round((plant.now - times.utc(plant.settings.history_start)) / times.DAY, 1)


def _deliver_again(workspace: Workspace, name: str) -> str | None:
    """Copy the newest archived file into the inbox once more, as SCADA systems do: none of its readings may be stored twice."""
    archived = sorted(workspace.archive(name).rglob("*.csv"), key=lambda path: (path.stat().st_mtime, path.name))
    if not archived:
        return None
    unfinished = workspace.inbox(name) / f"{archived[-1].name}.part"
    shutil.copy2(archived[-1], unfinished)
    os.replace(unfinished, unfinished.with_suffix(""))
    return archived[-1].name
