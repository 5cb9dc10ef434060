"""Make the workspace `v<version>.tar.xz` with the product itself: what a utility has after a season, small.

    python tests/workspaces/make.py v0.1.tar.xz

A released version keeps its archive for good: `test_before.py` opens it with the code of today. Make one with each release, and
never again afterwards: only the code of that time writes what that code wrote.

Two utilities run the same small waterworks (folder `tenants`): `serra` in Portuguese, from 93 days of readings, with a fitted
model; `hills` in English, from its last days only. What happens to `serra`, in the order of the moments below:

* a second version of its configuration; a cycle before there were any readings, which fails;
* a file of an unknown kind is quarantined, one has a cell that is no number and a tag that nobody knows, one corrects a reading;
* a sensor falls silent for some hours, and two read once what they cannot: doubtful readings;
* a refit, a cycle whose plan keeps every limit, its acceptance on the operator's page, an override there;
* the booster stands still from ten to five, so that the next plan cannot keep the upper tank in its band;
* the day's key figures and report of doubtful readings, a backup; a file waits in the inbox.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from wss import cycle, times
from wss.hydraulics import Engine
from wss.screens.operator import OperatorPage
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.steps.run import open_run
from wss.store import Workspace, open_store
from wss.store.maintenance import backup

HERE = Path(__file__).parent
START, END = times.utc("2025-03-02T00:00"), times.utc("2025-06-04T02:00")
LEARNT, FIRST, STOOD, TYPED, SECOND, DAILY, LAST = (
    times.utc(f"2025-{moment}:00")
    for moment in ("06-02T00", "06-02T22", "06-03T10", "06-03T16", "06-03T17", "06-04T00", "06-04T01")
)
STEP_S = 900
SHARES = {"J": 45, "F": 30, "K": 10, "L": 15}
"""Mean demand of each node [m3/h]."""
DELIVERED = {"archive", "inbox", "quarantine"}
"""Folders whose files keep their times: when they were delivered."""
ALWAYS = ["LT_T1", "LT_T2", "FT_01", "FT_02", "FT_03"]
"""Tags of the history; later files have those of power and status too."""


def demand(time: pd.DatetimeIndex) -> xr.DataArray:
    """Demand (time, node) [m3/h] of quarters of an hour: a day's course, fuller weekends, a level that wanders."""
    rng, wall = np.random.default_rng(7), times.wall(time, "Europe/Lisbon")
    hour = wall.hour.to_numpy() + wall.minute.to_numpy() / 60
    course = 1 + 0.45 * np.sin((hour - 8) / 24 * 2 * np.pi) + 0.15 * np.sin((hour - 5) / 12 * 2 * np.pi)
    wander = np.zeros(-(-len(time) // 4))
    for k in range(1, len(wander)):
        wander[k] = 0.96 * wander[k - 1] + 0.02 * rng.standard_normal()
    whole = course * np.where(wall.day_of_week >= 5, 1.1, 1.0) * (1 + np.repeat(wander, 4)[: len(time)])
    values = np.outer(whole, list(SHARES.values()))
    return xr.DataArray(values, dims=("time", "node"), coords={"time": time, "node": list(SHARES)})


def course() -> pd.DataFrame:
    """What the meters of the waterworks read (time [UTC], tag) [the sensors' units], by its own controls."""
    network = (HERE / "tenants" / "serra" / "serra.inp").read_text()
    stood = re.sub(r"LINK 03 OPEN .*", "LINK 03 CLOSED IF NODE T2 ABOVE 0", network)
    levels, status, parts = None, None, []
    for text, start, end in ((network, START, STOOD), (stood, STOOD, SECOND), (network, SECOND, END)):
        time = times.grid(start, end, pd.Timedelta(seconds=STEP_S))
        with Engine(text, own_controls=True) as engine:
            engine.set_demands(demand(times.grid(START, END, pd.Timedelta(seconds=STEP_S))).sel(time=time), STEP_S)
            length_s = int((end - start).total_seconds())
            run = engine.simulate_own(levels, status, 0, start, length_s, STEP_S, STEP_S, ["01", "02", "03"])
        running = run.pump_speed.to_pandas().reindex(time, method="ffill") > 0
        levels = {str(t): float(v) for t, v in zip(run.level.tank.values, run.level.values[-1], strict=True)}
        status = {str(p): bool(v > 0) for p, v in zip(run.pump_speed.pump.values, run.pump_speed.values[-1], strict=True)}
        parts.append(
            pd.concat(
                [
                    run.level.isel(time=slice(0, -1)).to_pandas().add_prefix("LT_").round(2),
                    (run.flow.to_pandas() / 1.8).add_prefix("FT_").round(0) / 2,
                    run.power.to_pandas().add_prefix("JT_").round(1),
                    running.astype(float).add_prefix("XS_"),
                ],
                axis=1,
            )
        )
    return pd.concat(parts)


def told(readings: pd.DataFrame, tags: list[str] | None = None) -> str:
    """Readings (time [UTC], tag) as the export of the waterworks writes them."""
    wall = times.wall(readings.index, "Europe/Lisbon").strftime("%d/%m/%Y %H:%M").rename("instante")
    return readings.set_axis(wall)[tags or list(readings.columns)].to_csv(sep=";", decimal=",", lineterminator="\n")


def deliver(workspace: Workspace, tenant: str, name: str, text: str, at: pd.Timestamp) -> None:
    """Put a file into the inbox, delivered at a moment [UTC]."""
    path = workspace.inbox(tenant) / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at.timestamp(), at.timestamp()))


def export(workspace: Workspace, tenant: str, read: pd.DataFrame, start: str, end: str, name: str = "") -> None:
    """Deliver the readings (time [UTC], tag) of [start, end), five minutes before that is over."""
    first, last = times.utc(start), times.utc(end)
    part = read[(read.index >= first) & (read.index < last)]
    deliver(workspace, tenant, name or f"serra_{first:%Y%m%dT%H%M}.csv", told(part), last - pd.Timedelta(minutes=5))


def intake(workspace: Workspace, tenant: str) -> None:
    """Take in what waits."""
    with open_store(workspace, tenant) as store:
        run_intake(active(store), store, workspace)


def good(result) -> None:
    """Stop where something went wrong."""
    if result.error:
        raise SystemExit(f"{result.tenant}: {result.error}")


def install(workspace: Workspace, tenant: str, changes: dict[str, str], note: str) -> None:
    """Copy the files of the small utility, with other words for some, and apply them."""
    shutil.copytree(HERE / "tenants" / "serra", workspace.tenant(tenant), dirs_exist_ok=True)
    for file in ("tenant.yml", "tariff.yml"):
        path = workspace.tenant(tenant) / file
        text = path.read_text(encoding="utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    apply_tenant(workspace, tenant, "Rui", note, START)
    workspace.prepare(tenant)


def history(workspace: Workspace, read: pd.DataFrame) -> None:
    """Three months of levels and flows, one of the sensors silent for some hours, and a file that is none."""
    silent = read[ALWAYS].copy()
    silent.loc["2025-06-01T03:00":"2025-06-01T06:45", "FT_03"] = np.nan
    for k, (first, last) in enumerate(zip(range(0, 92, 31), range(31, 124, 31), strict=True)):
        start, end = START + first * times.DAY, min(START + last * times.DAY, LEARNT)
        part = silent[(silent.index >= start) & (silent.index < end)]
        deliver(workspace, "serra", f"serra_hist_{k}.csv", told(part), LEARNT + pd.Timedelta(minutes=k))
    deliver(workspace, "serra", "relatorio.txt", "Relatório do turno: nada de novo\n", LEARNT)
    intake(workspace, "serra")


def first_day(workspace: Workspace, read: pd.DataFrame) -> None:
    """Up to the first plan: two readings are what their sensors cannot read."""
    odd = read.copy()
    odd.loc["2025-06-02T12:30", ["JT_01", "LT_T2"]] = 99.0
    export(workspace, "serra", odd, "2025-06-02T00:00", "2025-06-02T22:00")
    good(cycle.run_cycle("serra", FIRST, workspace))


def operator(workspace: Workspace, read: pd.DataFrame) -> None:
    """An operator accepts the plan; on the next day he holds a pump off, after he saw what that costs."""
    page = OperatorPage(open_run("serra"))
    page.who.value = "Marta"
    page.accept.click()
    page.run.store.close()
    night = read[(read.index >= FIRST) & (read.index < FIRST + 15 * times.HOUR)].assign(QT_CLORO=0.4)
    text = told(night).replace("03/06/2025 10:30;2,16", "03/06/2025 10:30;2,l6")
    deliver(workspace, "serra", "serra_20250602T2200.csv", text, FIRST + 15 * times.HOUR)
    export(workspace, "serra", read, "2025-06-03T12:30", "2025-06-03T16:00")
    again = read.loc[["2025-06-03T11:15"], ["LT_T2"]] + 0.04
    deliver(workspace, "serra", "serra_correcao.csv", told(again), TYPED - pd.Timedelta(minutes=2))
    intake(workspace, "serra")
    page = OperatorPage(open_run("serra"))
    form, page.who.value = page.form, "Marta"
    form.pump.value, form.state.value, form.reason.value = "02", False, "limpeza do furo"
    form.end.value = SECOND + 3 * times.HOUR
    form.show.click()
    form.confirm.click()
    page.run.store.close()


def serra(workspace: Workspace, read: pd.DataFrame) -> None:
    """Everything that happens to the Portuguese utility."""
    install(workspace, "serra", {"start_cost: 0.5": "start_cost: 0"}, "first")
    install(workspace, "serra", {}, "a start wears a pump")
    history(workspace, read)
    failed = cycle.run_cycle("serra", START, workspace, intake=False)
    if not failed.error:
        raise SystemExit("a cycle before there were any readings should fail")
    good(cycle.run_weekly("serra", LEARNT, workspace))
    first_day(workspace, read)
    operator(workspace, read)
    export(workspace, "serra", read, "2025-06-03T16:00", "2025-06-03T17:00")
    good(cycle.run_cycle("serra", SECOND, workspace))
    export(workspace, "serra", read, "2025-06-03T17:00", "2025-06-04T00:00")
    intake(workspace, "serra")
    good(cycle.run_daily("serra", workspace=workspace))
    backup(workspace, "serra", DAILY)
    export(workspace, "serra", read, "2025-06-04T00:00", "2025-06-04T01:00")


def hills(workspace: Workspace, read: pd.DataFrame) -> None:
    """The same waterworks, where English is spoken: three days of readings and a plan."""
    install(
        workspace,
        "hills",
        {
            "name: serra": "name: hills",
            "Águas da Serra": "Hills Water",
            "language: pt": "language: en",
            "Zona baixa": "Lower town",
            "Zona alta": "Upper town",
            "Reservatório do Vale": "Valley tank",
            "Reservatório do Alto": "Hill tank",
            "Furo": "Well",
            "Elevatória": "Booster",
            "Ponta": "Peak",
            "Vazio": "Low",
            "currency: EUR": "currency: GBP",
        },
        "first",
    )
    export(workspace, "hills", read, "2025-05-31T00:00", "2025-06-02T22:00")
    good(cycle.run_cycle("hills", FIRST, workspace))


def slim(folder: Path) -> None:
    """Take from a run what makes it large and says nothing to a program, and renew the sums in its manifest.

    The images of the executed notebook go, and with them the path of the checkout; the arrays of a model are no longer deflated,
    because xz packs them to half of that.
    """
    notebook, model, manifest = (folder / name for name in ("notebook.ipynb", "model.npz", "manifest.json"))
    found = json.loads(notebook.read_text(encoding="utf-8").replace(str(HERE.parent.parent), "/opt/wss"))
    for output in (output for cell in found["cells"] for output in cell.get("outputs", ())):
        output.get("data", {}).pop("image/png", None)
    notebook.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if model.is_file():
        with np.load(model) as arrays:
            kept = dict(arrays)
        np.savez(model, **kept)
    said = json.loads(manifest.read_text(encoding="utf-8"))
    said["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in said["files"]}
    manifest.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def pack(home: Path, archive: Path) -> None:
    """All files of a workspace, the same bytes for the same files: sorted, of nobody, of one time but for what was delivered."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mode = 0o755 if info.isdir() else 0o644
        info.mtime = int(info.mtime) if info.isfile() and DELIVERED.intersection(info.name.split("/")) else int(LAST.timestamp())
        return info

    with tarfile.open(archive, "w:xz", format=tarfile.PAX_FORMAT, preset=9) as tar:
        for path in sorted(home.rglob("*")):
            tar.add(path, path.relative_to(home).as_posix(), recursive=False, filter=plain)


def main(archive: str) -> None:
    """Make the workspace in a temporary folder and pack it."""
    xr.set_options(arithmetic_join="exact")
    read = course()
    with tempfile.TemporaryDirectory(prefix="wss-") as folder:
        os.environ["WSS_HOME"] = folder
        workspace = Workspace(Path(folder))
        hills(workspace, read)
        serra(workspace, read)
        for manifest in workspace.home.glob("runs/*/*/*/*/*/*/manifest.json"):
            slim(manifest.parent)
        pack(workspace.home, Path(archive))


if __name__ == "__main__":
    main(sys.argv[1])
