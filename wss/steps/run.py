"""What every step is given: a run, that is a tenant, its store, a moment and a folder to save into."""

import atexit
import json
import math
import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from wss import quantities, times
from wss.config import Configuration, Tenant
from wss.errors import NotebookError, NotFoundError
from wss.steps.configuration import active
from wss.store import Store, Workspace, find_home, open_store

TICKET = "run.json"
"""File by which the notebook runner tells a kernel which run it works for."""
RESULT = "result.nc"
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Run:
    """One execution of a step: where it reads, what moment it is about, and where it saves."""

    configuration: Configuration
    store: Store
    workspace: Workspace
    now: pd.Timestamp
    """Moment the run is about [UTC], on the decision grid; only what was known then is read."""
    folder: Path
    """Folder that it saves into: the runner's staging folder, or a temporary one for a draft."""
    id: str
    kind: str
    """Name of the notebook, or `draft`."""
    draft: bool
    """Whether nothing will be committed."""

    @property
    def tenant(self) -> Tenant:
        """The tenant's settings."""
        return self.configuration.tenant

    @property
    def summary(self) -> dict[str, Any]:
        """What the steps have summed up so far (units as the names say)."""
        return read_summary(self.folder)

    def save(self, name: str, ds: xr.Dataset) -> xr.Dataset:
        """Check `ds` (quantities in our units), save it as group `name` of the run's NetCDF file and return it; else DataError"""
        quantities.check(ds, f"saving {name} of {self.kind} {self.id}")
        path = self.folder / RESULT
        with h5py.File(path, "a") as file:
            file.pop(name, None)
        compact = {v: {"zlib": True, "complevel": 1} for v in ds.data_vars}
        ds.to_netcdf(path, mode="a", group=name, engine="h5netcdf", encoding=compact)
        return ds

    def load(self, run_id: str, name: str) -> xr.Dataset:
        """Group `name` that a run saved (quantities in our units); NotFoundError if there is no such run or group."""
        return read_result(self._folder_of(run_id), name)

    def save_table(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Save `frame` (units as its columns say) as `name`.csv with the run and return it."""
        frame.to_csv(self.folder / f"{name}.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        return frame

    def load_table(self, run_id: str, name: str) -> pd.DataFrame:
        """Table `name` that a run saved (units as its columns say); NotFoundError if there is no such run or table."""
        return read_table(self._folder_of(run_id), name)

    def save_summary(self, **values: Any) -> dict[str, Any]:
        """Merge `values` (units as their names say) into the run's summary, with the CPU [s] and peak memory [MB] so far."""
        summary = {**read_summary(self.folder), **values, **usage()}
        (self.folder / SUMMARY).write_text(json.dumps(plain(summary), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return summary

    def _repr_markdown_(self) -> str:
        """Which run this is, at the head of a notebook."""
        tenant = self.tenant
        wall = times.to_local(pd.DatetimeIndex([self.now]), tenant.time_zone)[0]
        simulated = " Plant and readings are **simulated**." if tenant.simulated else ""
        kind = "Draft: nothing of it is published." if self.draft else f"Run `{self.id}` of {self.kind}."
        return (
            f"**{tenant.title}** · now is **{wall:%A %d %B %Y %H:%M}** ({tenant.time_zone}), {times.iso(self.now)}. "
            f"{kind} Only what was known then is read.{simulated}"
        )

    def _folder_of(self, run_id: str) -> Path:
        if run_id == self.id:
            return self.folder
        return self.workspace.runs(self.tenant.name) / self.store.run(run_id).folder


def open_run(tenant: str, now: str = "") -> Run:
    """The run that a notebook works in.

    In the folder where the notebook runner put its ticket it is that run; anywhere else it is a draft, whose results go
    into a temporary folder and are never published.

    Parameters
    ----------
    tenant
        Name of the tenant.
    now
        Moment [ISO, UTC]; empty: see `resolve_now`.

    Raises
    ------
    NotebookError
        If the ticket is of another tenant or moment than the notebook's parameters say.
    StoreError
        If the tenant has no store yet.
    """
    ticket = json.loads(Path(TICKET).read_text(encoding="utf-8")) if Path(TICKET).is_file() else {}
    workspace = Workspace(Path(ticket["home"]) if ticket else find_home())
    store = open_store(workspace, tenant)
    atexit.register(store.close)
    configuration = active(store)
    moment = resolve_now(configuration, store, now)
    if not ticket:
        folder = Path(tempfile.mkdtemp(prefix="wss-draft-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Run(configuration, store, workspace, moment, folder, uuid.uuid4().hex[:12], "draft", draft=True)
    if (tenant, moment) != (ticket["tenant"], times.utc(ticket["now"])):
        raise NotebookError(
            f"this folder is of a run of {ticket['tenant']} at {ticket['now']}, but the notebook asks for"
            f" {tenant} at {times.iso(moment)}: pass both parameters on to wss.open_run"
        )
    xr.set_options(arithmetic_join="exact")
    run = Run(configuration, store, workspace, moment, Path.cwd(), ticket["id"], ticket["kind"], draft=False)
    atexit.register(run.save_summary)
    return run


def resolve_now(configuration: Configuration, store: Store, now: str | pd.Timestamp = "") -> pd.Timestamp:
    """Moment that a run is about [UTC], on the decision grid: the one given, floored.

    Empty means the wall clock, floored; where the tenant's clock is `replay`, the first moment at which the last reading has
    usually been delivered, so that it is known. NotFoundError if there is no reading.
    """
    tenant = configuration.tenant
    step = pd.Timedelta(minutes=tenant.plan.decision_minutes)
    if now:
        return times.floor(times.utc(now), step)
    if tenant.clock == "live":
        return times.floor(times.utc(pd.Timestamp.now("UTC")), step)
    last = store.last_time()
    if last is None:
        raise NotFoundError(
            f"{tenant.name} has no reading yet, so there is no moment to replay: put files into its inbox and run"
            f" `wss ingest {tenant.name}`, or give --now"
        )
    return (last + pd.Timedelta(minutes=tenant.intake.usual_delay_minutes)).ceil(step)


def read_result(folder: Path, name: str) -> xr.Dataset:
    """Group `name` (quantities in our units) of the NetCDF file in a run's folder; NotFoundError if it is not there."""
    try:
        ds = xr.load_dataset(folder / RESULT, group=name, engine="h5netcdf")
    except (FileNotFoundError, OSError) as error:
        raise NotFoundError(f"{folder / RESULT} has no group {name!r}: {error}") from error
    text = {c: ds[c].astype(str) for c in ds.coords if ds[c].dtype.kind in "OT"}
    return ds.assign_coords(text)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Table `name` (units as its columns say) in a run's folder, `time` in UTC, ids as text; NotFoundError if it is not there."""
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise NotFoundError(f"{path} does not exist")
    frame = pd.read_csv(path, dtype={"pump": str, "item": str, "tank": str, "end_tank": str, "room_tank": str})
    if "time" in frame:
        frame["time"] = pd.to_datetime(frame["time"], utc=True).dt.tz_localize(None).dt.as_unit("ns")
    return frame


def read_summary(folder: Path) -> dict[str, Any]:
    """Summary (units as its names say) in a run's folder; empty if it has none."""
    path = folder / SUMMARY
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def usage() -> dict[str, float]:
    """CPU [s] and peak memory [MB] of this process so far. The peak is 0 where /proc is not there to tell it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    peak_kb = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    return {"cpu_seconds": round(time.process_time(), 2), "peak_memory_mb": round(peak_kb / 1024, 1)}


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: times as ISO text, arrays as lists, NaN and infinity as null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, np.datetime64):
        return times.iso(pd.Timestamp(value))
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, pd.Timestamp):
        return times.iso(value)
    return str(value) if isinstance(value, (pd.Timedelta, Path)) else value
