"""Quality rules: faults put into the demo plant's noisy readings, which are found, and what a pass costs.

    python benchmarks/quality.py [--days 35] [--hours 12] [--seed 1] [--json]

The plant of the demo utility runs under its own controls; its files, with their noise, spikes and gaps, are taken in. Then each
flow, level, pressure and power in turn reads for some hours what another unit would give (and, to see false alarms, what a
change of demand would), and each pump's status the contrary of the truth, at a moment that the seed draws. A fault counts as
found if the rule flags the sensor; `covered` is the share of its readings that are flagged.
"""

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wss import demo, times
from wss.demo.plant import Plant
from wss.ingestion.quality.factor import FACTORS
from wss.quantities import Flag
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.steps.quality.examine import run_quality
from wss.store import IntakeFile, Store, Workspace, open_store

START = pd.Timestamp("2022-05-30")
HARMLESS = (0.5, 2.0)
"""Factors that a change of demand or of a pump's speed can have."""


def main() -> None:
    """Make the plant's readings, try each fault and print what came out."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--days", type=int, default=35)
    arguments.add_argument("--hours", type=int, default=12)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    xr.set_options(arithmetic_join="exact")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "home")
        demo.install(workspace, "litoral")
        apply_tenant(workspace, "litoral", "benchmark", "")
        plant = Plant(workspace, "litoral")
        plant.history(START, START + given.days * times.DAY)
        with open_store(workspace, "litoral") as store:
            run_intake(active(store), store, workspace, plant.clock)
        rows = _trials(workspace, given.days, given.hours, np.random.default_rng(given.seed))
    table = pd.DataFrame(rows)
    if given.json:
        Console().print_json(json.dumps(rows))
        return
    grouped = (
        table.groupby(["fault", "rule"], sort=False)
        .agg(
            trials=("found", "size"),
            found=("found", "sum"),
            covered=("covered", "mean"),
            elsewhere=("elsewhere", "sum"),
            cpu_ms=("cpu_ms", "median"),
        )
        .reset_index()
    )
    shown = Table(*grouped.columns, title=f"{len(table)} faults of {given.hours} h in {given.days} days of the demo plant")
    for row in grouped.itertuples(index=False):
        shown.add_row(
            row.fault, row.rule, str(row.trials), str(row.found), f"{row.covered:.0%}", str(row.elsewhere), f"{row.cpu_ms:.0f}"
        )
    Console().print(shown)


def _trials(workspace: Workspace, days: int, hours: int, rng: np.random.Generator) -> list[dict]:
    """A row a trial: fault, rule, found, covered, elsewhere (other sensors with UNIT or PUMP), cpu_ms of the pass."""
    with open_store(workspace, "litoral") as store:
        configuration = active(store)
    sensors = configuration.sensors
    faults = [
        (s.quantity, s.item, f"x {f:.4g}", Flag.UNIT, f)
        for s in sensors
        for pair in FACTORS.get(s.quantity, ())
        for f in (pair, 1 / pair)
    ]
    faults += [(s.quantity, s.item, f"harmless x {f:g}", Flag.UNIT, f) for s in sensors for f in HARMLESS if s.quantity == "flow"]
    faults += [(s.quantity, s.item, "inverted", Flag.PUMP, None) for s in sensors if s.quantity == "pump_status"]
    out = []
    for quantity, item, name, rule, change in track(faults, "faults", console=Console(stderr=True), transient=True):
        start = START + (days - 1 - int(rng.integers(1, 14))) * times.DAY + int(rng.integers(0, 24)) * times.HOUR
        home = Path(tempfile.mkdtemp(dir=workspace.home.parent))
        shutil.copytree(
            workspace.data("litoral"),
            home / "data" / "litoral",
            ignore=shutil.ignore_patterns("archive", "inbox", "work", "plant*"),
        )
        with open_store(Workspace(home), "litoral") as store:
            out.append(
                {
                    "fault": f"{quantity} {name}",
                    "rule": rule.name.lower(),
                    **_trial(configuration, store, quantity, item, rule, change, start, start + hours * times.HOUR),
                }
            )
        shutil.rmtree(home)
    return out


def _trial(configuration, store: Store, quantity: str, item: str, rule: Flag, change: float | None, start, end) -> dict:
    """Spoil one sensor for a while, and see what the rules say."""
    sensor = int(store.sensors().set_index(["quantity", "item"])["sensor_id"][quantity, item])
    rows = store.readings_of([sensor], times.seconds(start), times.seconds(end))
    rows = rows.assign(value=1 - rows["value"].round() if change is None else rows["value"] * change)
    nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
    file = IntakeFile("fault", "fault", store.last_time() + times.DAY)
    store.write_file(file, rows, 0, nothing, nothing[["line", "text", "reason"]])
    cpu = time.process_time()
    run_quality(configuration, store, start, end, store.last_time() + times.DAY)
    cpu = time.process_time() - cpu
    spans = store.quality.spans(start - times.DAY, end + times.DAY)
    flags = store.readings_of([sensor], times.seconds(start), times.seconds(end), with_spans=True)["flag"]
    others = spans[spans["flag"].isin([Flag.UNIT, Flag.PUMP]) & spans["sensor_id"].ne(sensor)]
    covered = float((flags.to_numpy() & int(rule) > 0).mean())
    return {"found": covered > 0, "covered": covered, "elsewhere": int(others["sensor_id"].nunique()), "cpu_ms": 1000 * cpu}


if __name__ == "__main__":
    main()
