"""Intake and reads of a store: `python benchmarks/intake.py [READINGS]` (default 1,000,000), on a temporary workspace.

Writes one long CSV of 100 sensors at 5 minutes with quality column, takes it in with all checks, then the same contents
as 100 small files of overlapping readings, and reads. Figures are CPU seconds of this process.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from wss.config import Configuration, ImportProfile, Intake, Limits, Sensor, Tenant
from wss.steps.intake import run_intake
from wss.store import Store, Workspace, open_store

SENSORS = 100
TAGS = [f"PLANT.FT{i:03}.PV" for i in range(SENSORS)]
START = pd.Timestamp("2022-01-01")
SMALL_FILES = 100
PROFILE = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag", quality_column="quality")
LIMITS = Limits(low=0, high=1000, max_rate_per_h=1e5, stuck_h=6)


def export(rows: int) -> str:
    """A long CSV of `rows` readings, as SCADA would export them: time after time, all tags."""
    times = pd.date_range(START, periods=-(-rows // SENSORS), freq="5min").strftime("%Y-%m-%dT%H:%M:%S")
    values = np.random.default_rng(1).uniform(0, 900, len(times) * SENSORS).round(2)
    columns = {"time": np.repeat(times, SENSORS), "tag": np.tile(TAGS, len(times)), "value": values, "quality": "GOOD"}
    frame = pd.DataFrame(columns)
    return frame.head(rows).to_csv(index=False)


def cpu(do: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds that `do` takes, and what it returns."""
    start = time.process_time()
    result = do()
    return time.process_time() - start, result


def intake(configuration: Configuration, store: Store, workspace: Workspace, files: dict[str, str]) -> None:
    """Take `files` in and print the speed."""
    for name, text in files.items():
        part = workspace.inbox("bench") / f"{name}.part"
        part.write_text(text)
        time.sleep(0.01)
        part.rename(part.with_suffix(""))
    seconds, report = cpu(lambda: run_intake(configuration, store, workspace))
    read = int(report["read"].sum())
    assert read == report[["stored", "duplicate"]].sum().sum()
    print(f"intake of {len(files)} file(s), {read:,} readings ({int(report['duplicate'].sum()):,} duplicates):"
          f" {seconds:.2f} CPU s, {read / seconds:,.0f} readings/CPU s, {1000 * seconds / len(files):.1f} ms a file")


def main(rows: int) -> None:
    """Run and print everything."""
    sensors = tuple(Sensor(tag=tag, quantity="flow", item=tag, unit="L/s", limits=LIMITS) for tag in TAGS)
    tenant = Tenant.model_construct(name="bench", clock="live", intake=Intake())
    configuration = Configuration.model_construct(tenant=tenant, sensors=sensors, profiles=(PROFILE,))
    text = export(rows)
    with tempfile.TemporaryDirectory() as home, open_store(Workspace(Path(home)), "bench", create=True) as store:
        workspace = Workspace(Path(home))
        store.sync_sensors(sensors)
        intake(configuration, store, workspace, {"long.csv": text})
        size = (workspace.data("bench") / "wss.db").stat().st_size
        print(f"store: {size / rows:.1f} bytes a reading")
        head, *lines = text.splitlines()
        parts = np.array_split(lines[:200 * SENSORS], SMALL_FILES)
        intake(configuration, store, workspace, {f"{i:03}.csv": "\n".join([head, *part, ""]) for i, part in enumerate(parts)})
        end = START + pd.Timedelta(minutes=5) * (rows // SENSORS)
        for what, do in {
            "all readings of all sensors": lambda: store.read(["flow"], START, end),
            "the last 7 days of all sensors": lambda: store.read(["flow"], end - pd.Timedelta("7D"), end),
            "the same as of now": lambda: store.read(["flow"], end - pd.Timedelta("7D"), end, pd.Timestamp.now("UTC")),
            "the latest of all sensors": lambda: store.latest(["flow"]),
        }.items():
            seconds, frame = cpu(do)
            print(f"read {what}: {len(frame):,} rows in {1000 * seconds:.1f} ms CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
