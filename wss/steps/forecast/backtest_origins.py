"""Forecast one moment of the past again, as it would have been made then, and keep it on disk: the work of one process."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from wss import times
from wss.config import Configuration
from wss.errors import DataError, WssError
from wss.forecasting import Fitted, load_fitted
from wss.forecasting.backtest import together, yardsticks
from wss.forecasting.issue import past as known_history
from wss.steps.forecast.issue import WEATHER_PAST, issued_at, known_past, moment_of
from wss.steps.forecast.refit import fitted_at
from wss.steps.forecast.weather import known_weather
from wss.steps.run import Run
from wss.store import Store, Workspace, open_store

log = logging.getLogger(__name__)

MODELS = {"fitted": "median_profile", "profile": "median_profile", "naive": "seasonal_naive"}
"""What can be tested, and what stands in for a model that cannot be fitted."""
POINTS = ("profile", "naive")


@dataclass(frozen=True)
class Work:
    """What every origin of a backtest shares; goes to other processes."""

    configuration: Configuration
    home: Path
    folder: Path
    """Where origins and models are kept."""
    model: str
    """One of MODELS."""
    steps: int

    def origin(self, moment: pd.Timestamp) -> Path:
        """File of one origin."""
        return self.folder / "origins" / f"{moment:%Y%m%dT%H%M}Z.parquet"

    def fitted(self, moment: pd.Timestamp) -> Path:
        """File of the model of one refit; where there is none, the same name ending in .txt says why."""
        return self.folder / "models" / f"{moment:%Y%m%dT%H%M}Z.npz"


def own_process() -> None:
    """Set up a process of a pool: arrays that do not align are an error; an interrupt is the parent's, with which it ends."""
    xr.set_options(arithmetic_join="exact")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed leaves the processes of its pool waiting for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def in_worker(task: Callable, work: Work, of: Any) -> str:
    """`attempt` in a process of a pool, which opens the store once, for itself."""
    return attempt(task, work, _store(work.home, work.configuration.name), of)


def attempt(task: Callable[[Work, Store, Any], None], work: Work, store: Store, of: Any) -> str:
    """Run a task; what was wrong with it, empty if nothing was, so that the others go on."""
    try:
        with threadpool_limits(1):  # the same figures, whatever the number of processes
            task(work, store, of)
    except WssError as error:
        return str(error)
    except Exception as error:
        log.exception("backtest of %s, %s", work.configuration.name, of)
        return f"unexpected {type(error).__name__}: {error}"
    return ""


def refit(work: Work, store: Store, moment: pd.Timestamp) -> None:
    """Fit the model to what was known at a moment and keep it, or why there is none."""
    fitted, told = fitted_at(_run(work, store, moment))
    path = work.fitted(moment)
    if fitted is None:
        _keep(path.with_suffix(".txt"), lambda part: part.write_text(str(told["reason"]), encoding="utf-8"))
    else:
        _keep(path, lambda part: part.write_bytes(fitted.to_bytes()))


def issue(work: Work, store: Store, origin: tuple[pd.Timestamp, pd.Timestamp | None]) -> None:
    """Forecast as of a moment with the model of a refit (None: without) and keep it, beside the yardsticks."""
    moment, refitted = origin
    run = _run(work, store, moment)
    at, step = moment_of(run)
    fitted, reason = (None, "") if refitted is None else _model(work, refitted)
    past = known_past(run)
    weather = None if fitted is None else known_weather(run, at - WEATHER_PAST)[0]
    issued = issued_at(run, past, work.steps, fitted, weather, MODELS[work.model])
    tenant = run.tenant
    history, _ = known_history(past, at, step, tenant.calendar, tenant.time_zone, tenant.forecast.history_weeks)
    wide = issued.demand.transpose("time", "zone", "quantile")
    points = yardsticks(history, wide.get_index("time"))
    zones = [str(zone) for zone in wide["zone"].values]
    frame = pd.DataFrame(wide.to_numpy().reshape(-1, wide.sizes["quantile"]), columns=[f"{q:g}" for q in wide["quantile"].values])
    frame = frame.assign(**{name: points[name].transpose("time", "zone").to_numpy().ravel() for name in POINTS})
    frame.insert(0, "zone", np.tile(zones, wide.sizes["time"]))
    frame.insert(0, "time", np.repeat(wide.get_index("time"), len(zones)))
    frame.attrs = {
        "model": issued.model,
        "model_reason": reason,
        "weather": issued.weather,
        "refit": None if fitted is None else times.iso(refitted),
        "repairs": [str(r) for r in issued.repairs],
    }
    _keep(work.origin(moment), lambda part: frame.to_parquet(part, index=False))


def kept(work: Work, moments: pd.DatetimeIndex) -> tuple[xr.Dataset | None, dict[pd.Timestamp, dict[str, Any]]]:
    """What is kept of origins: forecast (origin, lead, zone, quantile), profile, naive (origin, lead, zone) [m3/h], None where
    nothing is; and by origin how it came about: model, model_reason, weather, refit [ISO], repairs."""
    parts, told = [], {}
    for moment in moments:
        frame = _read(work.origin(moment))
        if frame is not None:
            parts.append(_arrays(frame))
            told[moment] = frame.attrs
    return (together(parts, pd.DatetimeIndex(list(told))) if parts else None), told


def is_kept(work: Work, moment: pd.Timestamp) -> bool:
    """Whether the origin is on disk and can be read."""
    return _read(work.origin(moment)) is not None


def is_fitted(work: Work, moment: pd.Timestamp) -> bool:
    """Whether the model of a refit, or why there is none, is on disk and can be read."""
    try:
        _model(work, moment)
    except DataError:
        return False
    return True


def _arrays(frame: pd.DataFrame) -> xr.Dataset:
    zones = frame["zone"].unique()
    quantiles = [name for name in frame if name not in ("time", "zone", *POINTS)]
    shape = (len(frame) // len(zones), len(zones))
    dims = ("lead", "zone")
    values = {name: (dims, frame[name].to_numpy().reshape(shape)) for name in POINTS}
    values["forecast"] = (*dims, "quantile"), frame[quantiles].to_numpy().reshape(*shape, -1)
    coords = {"lead": np.arange(shape[0]), "zone": zones.astype(str), "quantile": [float(q) for q in quantiles]}
    return xr.Dataset(values, coords)


def _read(path: Path) -> pd.DataFrame | None:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # a damaged file is made again
        log.warning("%s is not used: %s", path, error)
        return None


def _keep(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that is complete as soon as it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    write(part)
    os.replace(part, path)


def _model(work: Work, moment: pd.Timestamp) -> tuple[Fitted | None, str]:
    """Model of a refit; or None and why there is none."""
    path = work.fitted(moment)
    why = path.with_suffix(".txt")
    return (None, why.read_text(encoding="utf-8")) if why.is_file() else (load_fitted(path), "")


def _run(work: Work, store: Store, moment: pd.Timestamp) -> Run:
    """The tenant at a moment of the past."""
    return Run(work.configuration, store, Workspace(work.home), moment, work.folder, f"{moment:%Y%m%dT%H%M}Z", "backtest", True)


@cache
def _store(home: Path, tenant: str) -> Store:
    return open_store(Workspace(home), tenant)
