"""The notebook runner: declared parameters only, a staging folder, a manifest, one commit."""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from traitlets.config import Config

from wss import kernels, shipped, times
from wss.errors import NotebookError, NotFoundError, raise_all
from wss.records import Table
from wss.steps import masked
from wss.steps.run import TICKET, plain, read_summary, read_table
from wss.store import RunRecord, Store, Workspace

log = logging.getLogger(__name__)

KERNEL = "python3"
"""The kernel that the notebooks name; a warm one, where one is to be had, is the same in all but the time that it takes."""
CELL_TIMEOUT_S = 1800
STALE_STAGING_S = 86_400
TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool}
"""Annotation in the parameters cell -> what may be given."""


@dataclass(frozen=True)
class Notebook:
    """A notebook that can be run: its file, and its parameters with their types."""

    name: str
    path: Path
    parameters: dict[str, str]


def find(name: str) -> Notebook:
    """The notebook called `name`; NotFoundError if none ships, NotebookError if it does not declare `tenant` and `now`."""
    path = shipped.folder("notebooks") / f"{name}.ipynb"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.ipynb")))
        raise NotFoundError(f"there is no notebook {name!r}; there are: {there}")
    declared = {n: p["inferred_type_name"] for n, p in papermill.inspect_notebook(str(path)).items()}
    raise_all(
        [f"{name}.ipynb: its parameters cell does not declare {p}" for p in ("tenant", "now") if p not in declared],
        "reading a notebook",
        NotebookError,
    )
    return Notebook(name, path, declared)


def check_parameters(notebook: Notebook, given: dict[str, Any]) -> None:
    """NotebookError with every parameter that `notebook` does not declare, or declares with another type.

    papermill only warns of an unknown parameter, and executes its name as code.
    """
    known = notebook.parameters
    faults = [f"{p}: not a parameter of this notebook; it has {', '.join(known)}" for p in given if p not in known]
    for name, value in given.items():
        wanted = TYPES.get(known.get(name, ""))
        if wanted and (not isinstance(value, wanted) or isinstance(value, bool) is not (wanted is bool)):
            faults.append(f"{name}: {value!r} is a {type(value).__name__}, the notebook declares {known[name]}")
    raise_all(faults, f"checking the parameters of {notebook.name}", NotebookError)


def run_notebook(
    name: str,
    tenant: str,
    now: pd.Timestamp,
    parameters: dict[str, Any],
    *,
    workspace: Workspace,
    store: Store,
    cycle: bool,
    reason: str = "",
) -> RunRecord:
    """Execute a notebook in a folder of its own and commit what it saved.

    The folder is complete and in its final place, `runs/<tenant>/<notebook>/<yyyy>/<mm>/<dd>/<HHMMSS>Z-<id>` of `now`,
    before the store knows the run. A notebook that fails is kept and committed too, with status `failed` and no orders.

    Parameters
    ----------
    name, tenant
        Notebook, and the tenant it runs for.
    now
        Moment that it is about [UTC].
    parameters
        Its other parameters, by declared name.
    cycle
        Whether a cycle started it: only then may its results be published.
    reason
        Why it runs, for the record.

    Raises
    ------
    NotebookError
        If the notebook does not declare the parameters. Nothing has been executed then.
    StoreError
        If the run cannot be committed.
    """
    notebook = find(name)
    given = {"tenant": tenant, "now": times.iso(now), **parameters}
    check_parameters(notebook, given)
    runs = workspace.runs(tenant)
    run_id, staging = _stage(runs / ".staging")
    ticket = {"id": run_id, "kind": name, "tenant": tenant, "now": times.iso(now), "cycle": cycle, "home": str(workspace.home)}
    (staging / TICKET).write_text(json.dumps(ticket), encoding="utf-8")
    started = _wall_clock()
    error = _execute(notebook, given, staging)
    (staging / TICKET).unlink()
    summary = read_summary(staging)
    record = RunRecord(
        id=run_id, kind=name, now=now, started_at=started, finished_at=_wall_clock(), status="failed" if error else "ok",
        cycle=cycle, parameters=given, inputs=_inputs(store, now, {**parameters, **summary}, reason) | _masked(staging),
        summary=summary, code_version=shipped.code_version(), config_version=_configuration_version(store),
        cpu_seconds=summary.get("cpu_seconds", 0.0), peak_memory_mb=summary.get("peak_memory_mb", 0.0),
        folder=f"{name}/{now:%Y/%m/%d/%H%M%S}Z-{run_id}", error=error,
    )  # fmt: skip
    _write_manifest(staging, record, tenant, notebook)
    final = runs / record.folder
    final.parent.mkdir(parents=True, exist_ok=True)
    os.rename(staging, final)
    store.commit_run(record, *((None, None) if error else (_table(final, Table.ORDERS), _table(final, Table.KPI))))
    return record


def _stage(folder: Path) -> tuple[str, Path]:
    """Id of a new run and the empty folder in which it begins, once what dead runs left there is gone."""
    sweep(folder)
    run_id = uuid.uuid4().hex[:12]
    staging = folder / run_id
    staging.mkdir(parents=True)
    return run_id, staging


def executed(workspace: Workspace, tenant: str, record: RunRecord) -> Path:
    """Path of the executed notebook of a run."""
    return workspace.runs(tenant) / record.folder / "notebook.ipynb"


def sweep(staging: Path) -> None:
    """Remove staging folders that runs killed more than a day ago left behind."""
    for folder in staging.iterdir() if staging.is_dir() else ():
        if time.time() - folder.stat().st_mtime > STALE_STAGING_S:
            log.warning("removing %s, left behind by a run that was killed", folder)
            shutil.rmtree(folder)


def _execute(notebook: Notebook, given: dict[str, Any], staging: Path) -> str | None:
    """Run the notebook with `staging` as the kernel's folder; None, or what went wrong.

    The folder goes to nbclient and not to papermill, which would change that of this whole process. The kernel talks over
    sockets that only this user can open, not over TCP ports that every user of the machine can reach.
    """
    out = staging / "notebook.ipynb"
    nb = nbformat.read(notebook.path, as_version=4)
    try:
        with tempfile.TemporaryDirectory(prefix="wss-") as sockets:
            papermill.execute_notebook(
                nb,
                str(out),
                parameters=given,
                kernel_name=kernels.KERNEL if kernels.served() else KERNEL,
                progress_bar=False,
                execution_timeout=CELL_TIMEOUT_S,
                resources={"metadata": {"path": str(staging)}},
                config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
            )
    except papermill.PapermillExecutionError as error:
        return f"{notebook.name}.ipynb, cell {error.exec_count}: {error.ename}: {error.evalue}"
    except (DeadKernelError, CellTimeoutError) as error:
        return f"{notebook.name}.ipynb: {type(error).__name__}: {error}"
    return None


def _inputs(store: Store, now: pd.Timestamp, told: dict[str, Any], reason: str) -> dict[str, Any]:
    """What the run could see: the last reading known at `now`, the runs that it was given or says that it used, why it ran."""
    last = store.last_time(known_by=now)
    runs = {k: v for k, v in told.items() if k.endswith("_run") and v is not None}
    return {"readings_until": times.iso(last) if last is not None else None, "reason": reason, **runs}


def _masked(folder: Path) -> dict[str, Any]:
    """What the run did without because it is doubtful, and what stood in for it, by sensor."""
    table = _table(folder, masked.TABLE)
    return {} if table is None else {"masked": masked.by_sensor(table)}


def _configuration_version(store: Store) -> int | None:
    versions = store.versions()
    return int(versions["version"].max()) if len(versions) else None


def _write_manifest(folder: Path, record: RunRecord, tenant: str, notebook: Notebook) -> None:
    source = hashlib.sha256(notebook.path.read_bytes()).hexdigest()
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir()) if p.is_file()}
    manifest = {
        **vars(record),
        "tenant": tenant,
        "libraries": shipped.library_versions(),
        "notebook": {"name": notebook.name, "sha256": source},
        "files": files,
    }
    text = json.dumps(plain(manifest), indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _table(folder: Path, name: str) -> pd.DataFrame | None:
    return read_table(folder, name) if (folder / f"{name}.csv").is_file() else None


def _wall_clock() -> pd.Timestamp:
    return times.utc(pd.Timestamp.now("UTC")).floor("s")
