"""Backtest a tenant's forecast: moments of the past forecast again from what was known then, and scored by what came."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import pandas as pd
import xarray as xr

from wss import shipped, times
from wss.errors import DataError, raise_all
from wss.forecasting import backtest
from wss.forecasting.backtest import Tables
from wss.records import BacktestSummary, Table
from wss.steps.forecast import backtest_origins as one
from wss.steps.forecast.backtest_origins import MODELS, Work
from wss.steps.forecast.backtest_special import what_was_special
from wss.steps.observed import derived_demand
from wss.steps.run import Run

Progress = Callable[[str, int, int], None]
"""Told what is being made, how many of it are done, and of how many."""

USUAL_DAYS = 28
"""Span of the origins where none is given [d]."""
AT_ONCE = 56 * times.DAY
"""Readings of this span are in memory at a time."""
WORST = 10
"""Origins that are looked at one by one."""


@dataclass(frozen=True)
class Asked:
    """What is to be tested."""

    start: pd.Timestamp
    """First origin [UTC]."""
    end: pd.Timestamp
    """Moment before which the last origin lies [UTC]."""
    every: pd.Timedelta
    hours: int
    """How far each origin forecasts [h]."""
    model: str = "fitted"
    """fitted (the profile where the history is too short), profile or naive."""
    refit_days: int = 28
    """How often the model is fitted again [d]."""


@dataclass(frozen=True)
class Backtest:
    """What a backtest found."""

    scores: xr.Dataset
    """As `forecasting.backtest.score` gives them; see there for units."""
    tables: Tables
    """The scores summed up."""
    origins: pd.DataFrame
    """origin [UTC], state (kept, new or failed), error, model, model_reason, weather, refit, repairs (number)."""
    worst: pd.DataFrame
    """The origins with the largest error over all zones, and what was special; see `what_was_special`."""
    summary: dict[str, Any]
    """What was asked and what was done; also the run's."""


def ask_backtest(
    run: Run, start: str = "", end: str = "", every_days: float = 1.0, hours: int = 0, model: str = "fitted", refit_days: int = 28
) -> Asked:
    """What is to be tested, with the usual where nothing is given.

    Parameters
    ----------
    start, end : str
        Span of the origins [ISO]; empty: the last 28 days of which all has been measured by `run.now`.
    every_days : float
        Time between origins; whole days keep the clock on the wall. [d]
    hours : int
        How far each forecasts [h]; 0: as far as the tenant plans.

    Raises
    ------
    DataError
        Lists every fault.
    """
    step, every = pd.Timedelta(minutes=run.tenant.forecast.step_minutes), pd.Timedelta(seconds=round(every_days * 86_400))
    faults = []
    if hours < 0:
        faults.append(f"hours {hours}: must be at least 1, or 0 for as far as the tenant plans")
    if every < step or every % step:
        minutes = run.tenant.forecast.step_minutes
        faults.append(f"every {every / times.HOUR:g} h: must be a multiple of the forecast's step, {minutes} min")
    if refit_days < 1:
        faults.append(f"refit days {refit_days}: must be at least 1")
    if model not in MODELS:
        faults.append(f"model {model!r} is unknown; there are {', '.join(MODELS)}")
    moments = {}
    for name, text in (("from", start), ("to", end)):
        try:
            moments[name] = times.utc(text) if text else None
        except DataError as error:
            faults.append(f"{name}: {error}")
    hours = hours or run.tenant.plan.horizon_hours
    last = times.floor(run.now, step) - hours * times.HOUR + step
    until = moments.get("to") or last
    since = moments.get("from") or until - USUAL_DAYS * times.DAY
    if since >= min(until, run.now):
        faults.append(f"from {times.iso(since)} must be before to, {times.iso(until)}, and before now, {times.iso(run.now)}")
    raise_all(faults, "reading what to test")
    return Asked(since, min(until, times.floor(run.now, step)), every, hours, model, refit_days)


def run_backtest(
    run: Run, asked: Asked, jobs: int = 1, fresh: bool = False, progress: Progress = lambda _what, _done, _of: None
) -> Backtest:
    """Forecast moments of the past again, score them by what is measured by `run.now`, and save the tables with the run.

    What is done is kept, and a later call goes on. What an origin forecasts depends on the tenant's data, its configuration, the
    code and what is asked but its span, so that what another span left on disk counts too. Each origin reads what was known at
    its moment, and so does each refit.

    Parameters
    ----------
    jobs
        Processes that work at the same time; the result is the same for any number.
    fresh
        Whether to begin anew.
    progress
        Told what is being made, how many of it are done, and of how many.

    Raises
    ------
    DataError
        If no origin could be forecast; it says why.
    """
    step = pd.Timedelta(minutes=run.tenant.forecast.step_minutes)
    work = _work(run, asked, step, fresh)
    moments = backtest.origins(asked.start, asked.end, asked.every, step, run.tenant.time_zone)
    missing = [moment for moment in moments if not one.is_kept(work, moment)]
    failed = _make(run, work, asked, pd.DatetimeIndex(missing), jobs, progress)
    issued, told = one.kept(work, moments)
    if issued is None:
        reasons = "; ".join(dict.fromkeys(failed.values())) or "there is none in the span"
        raise DataError(f"backtest of {run.tenant.name}: no origin from {times.iso(asked.start)} could be forecast: {reasons}")
    demand = _measured(run, asked)
    scores = backtest.score(issued, demand, step, run.tenant.calendar, run.tenant.time_zone)
    tables = backtest.tables(scores)
    origins = _origins(moments, set(missing), failed, told)
    worst = what_was_special(run, tables.by_origin, told, asked.hours, WORST)
    for name, table in ((Table.ORIGINS, origins), (Table.WORST, worst), *vars(tables).items()):
        run.save_table(name, table)
    return Backtest(scores, tables, origins, worst, run.save_summary(**_summary(work, asked, origins).as_dict()))


def _work(run: Run, asked: Asked, step: pd.Timedelta, fresh: bool) -> Work:
    """Where what is kept lies, by all that it depends on; a backfill says other things of the past than was known before it."""
    files = run.store.files()
    backfills = sorted(files.loc[files["backfill"], "sha256"])
    about = {
        "model": asked.model,
        "hours": asked.hours,
        "refit_days": asked.refit_days if asked.model == "fitted" else None,
        "code_version": shipped.code_version(),
        "config_version": run.store.last_version(),
        "backfills": hashlib.sha256("".join(backfills).encode()).hexdigest(),
    }
    name = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]
    folder = run.workspace.runs(run.tenant.name) / "backtest" / name
    if fresh and folder.is_dir():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return Work(run.configuration, run.workspace.home, folder, asked.model, int(asked.hours * times.HOUR / step))


def _make(run: Run, work: Work, asked: Asked, missing: pd.DatetimeIndex, jobs: int, progress: Progress) -> dict[Any, str]:
    """Forecast origins, after the refits that they need; what was wrong, by origin."""
    refits: list[pd.Timestamp | None] = [None] * len(missing)
    failed: dict[Any, str] = {}
    if asked.model == "fitted" and len(missing):
        refits = list(backtest.refit_moments(missing, asked.refit_days))
        wanted = [moment for moment in dict.fromkeys(refits) if not one.is_fitted(work, moment)]
        failed = dict(_done(run, work, one.refit, wanted, jobs, progress, "refits"))
    broken = {m: f"the refit of {times.iso(r)}: {failed[r]}" for m, r in zip(missing, refits, strict=True) if failed.get(r)}
    origins = [(m, r) for m, r in zip(missing, refits, strict=True) if m not in broken]
    found = _done(run, work, one.issue, origins, jobs, progress, "origins")
    return broken | {moment: error for (moment, _), error in found if error}


def _done(run: Run, work: Work, task: Callable, of: list, jobs: int, progress: Progress, what: str) -> Iterator[tuple[Any, str]]:
    """Each of `of` with what was wrong with it, empty if nothing was."""
    progress(what, 0, len(of))
    for done, (item, error) in enumerate(_attempts(run, work, task, of, min(jobs, len(of))), 1):
        progress(what, done, len(of))
        yield item, error


def _attempts(run: Run, work: Work, task: Callable, of: list, jobs: int) -> Iterator[tuple[Any, str]]:
    if jobs <= 1:
        for item in of:
            yield item, one.attempt(task, work, run.store, item)
        return
    spawn = get_context("spawn")  # a fork would carry the store's connection over
    pool = ProcessPoolExecutor(jobs, spawn, one.own_process)
    try:
        waiting = {pool.submit(one.in_worker, task, work, item): item for item in of}
        for future in as_completed(waiting):
            yield waiting[future], _outcome(future)
    finally:
        pool.shutdown(cancel_futures=True)


def _outcome(future: Future) -> str:
    try:
        return future.result()
    except BrokenProcessPool:
        return "a process ended abruptly, perhaps for lack of memory: run again, with fewer --jobs"


def _measured(run: Run, asked: Asked) -> xr.DataArray:
    """Derived demand (time, zone) from the first origin to the end of the last, as known at `run.now`. [m3/h]"""
    end = min(asked.end + asked.hours * times.HOUR, run.now)
    starts = pd.date_range(asked.start.floor("h"), end, freq=AT_ONCE, inclusive="left")
    parts = [derived_demand(run, start, min(start + AT_ONCE, end))["demand"] for start in starts]
    return xr.concat(parts, "time", join="exact").assign_attrs(parts[0].attrs)


def _origins(moments: pd.DatetimeIndex, made: set, failed: dict, told: dict) -> pd.DataFrame:
    rows = []
    for moment in moments:
        about = told.get(moment, {})
        state = "failed" if moment not in told else "new" if moment in made else "kept"
        rows.append(
            {
                "origin": moment,
                "state": state,
                "error": failed.get(moment, ""),
                **{name: about.get(name) for name in ("model", "model_reason", "weather", "refit")},
                "repairs": len(about.get("repairs", ())),
            }
        )
    return pd.DataFrame(rows)


def _summary(work: Work, asked: Asked, origins: pd.DataFrame) -> BacktestSummary:
    states, models = origins["state"].value_counts(), origins["model"].value_counts()
    return BacktestSummary(
        start=asked.start,
        end=asked.end,
        every_hours=asked.every / times.HOUR,
        hours=asked.hours,
        model=asked.model,
        refit_days=asked.refit_days,
        id=work.folder.name,
        kept_in=work.folder,
        origins=len(origins),
        **{name: int(states.get(name, 0)) for name in ("new", "kept", "failed")},
        models={str(name): int(count) for name, count in models.items()},
    )


def usual_jobs() -> int:
    """Processes that leave one CPU to everything else, at least 1."""
    return max(1, (os.cpu_count() or 1) - 1)
