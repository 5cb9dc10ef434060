"""Intake and reads: how many readings a CPU second takes in, and what a read costs, in SQLite, PostgreSQL and InfluxDB 1.x.

    python benchmarks/intake.py [READINGS] [--sensors 100] [--tenants 20] [--only sqlite] [--json]

Writes one long CSV of all sensors at 5 minutes with a quality column. Each database takes it in, in a process of its own;
ours with all checks, flags and the commit, then as small files. Figures are CPU seconds of that process and of the server.
InfluxDB gets the same readings without their quality in its line protocol, which is made outside of its server.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path

import influx
import numpy as np
import pandas as pd
import psutil
import servers
from rich.console import Console
from rich.table import Table

import wss.demo
from wss import times
from wss.config import Configuration, ImportProfile, Limits, Sensor, load, read_folder
from wss.ingestion.resample import step_means
from wss.steps.intake.inbox import run_intake
from wss.store import Workspace, open_store

START = pd.Timestamp("2022-01-01")
STEP = pd.Timedelta(minutes=5)
QUARTER_S = 900
SMALL_FILES = 50
PROFILE = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag", quality_column="quality")
LIMITS = Limits(low=0, high=1000, max_rate_per_h=1e5, stuck_h=6)
FIGURES = {
    "rate": "readings a CPU second",
    "client": "CPU s, wss or client",
    "server": "CPU s, server",
    "settled": "CPU s, server, until it is at rest",
    "peak": "peak memory [MB]",
    "bytes": "bytes a reading on disk",
    "small": "a small file [CPU ms]",
    "tenants": "of a tenant of many, store opened [CPU ms]",
    "sensor": "read one sensor, all its readings [CPU ms]",
    "fifty": "read 50 sensors, 7 days at 15 min [CPU ms]",
    "latest": "read the latest of all sensors [CPU ms]",
    "as_of": "read the latest as of a week ago [CPU ms]",
}
MILLI = ("small", "tenants", "sensor", "fifty", "latest", "as_of")


def tags(sensors: int) -> list[str]:
    """Names of the sensors in the export."""
    return [f"PLANT.FT{i:04}.PV" for i in range(sensors)]


def export(path: Path, rows: int, sensors: int) -> None:
    """Write a long CSV as SCADA would: time after time, all tags."""
    chance, all_times = np.random.default_rng(1), pd.date_range(START, periods=rows // sensors, freq=STEP)
    with path.open("w") as file:
        for first in range(0, len(all_times), 5000):
            file.write(_csv(all_times[first : first + 5000], tags(sensors), chance))


def _csv(at: pd.DatetimeIndex, names: list[str], chance: np.random.Generator) -> str:
    day = 450 + 150 * np.sin(2 * np.pi * times.epoch(at) / 86400)
    value = (day[:, None] + chance.normal(0, 25, (len(at), len(names)))).round(2)
    frame = pd.DataFrame(
        {
            "time": np.repeat(at.strftime("%Y-%m-%dT%H:%M:%S"), len(names)),
            "tag": np.tile(names, len(at)),
            "value": value.ravel() / 3.6,
            "quality": "GOOD",
        }
    )
    return frame.to_csv(index=False, header=at[0] == START, float_format="%.2f")


def configuration(sensors: int, tenant: str = "bench") -> Configuration:
    """The demo's, with other sensors and a live clock."""
    entries = tuple(Sensor(tag=tag, quantity="flow", item=tag, unit="L/s", limits=LIMITS) for tag in tags(sensors))
    demo = load(read_folder(Path(wss.demo.__file__).parent / "tenants" / "litoral"))
    about = demo.tenant.model_copy(update={"name": tenant, "clock": "live"})
    return demo.model_copy(update={"tenant": about, "sensors": entries, "profiles": (PROFILE,)})


def put(workspace: Workspace, tenant: str, source: Path, name: str) -> None:
    """Deliver a file as a sender should: under another name first."""
    part = workspace.inbox(tenant) / f"{name}.part"
    shutil.copyfile(source, part)
    time.sleep(0.02)  # a file that was renamed was changed after it was written
    part.rename(part.with_suffix(""))


def store(path: Path, rows: int, sensors: int, tenants: int, address: str | None, pid: int | None) -> dict[str, float]:
    """Figures of a store in SQLite, or in the PostgreSQL server of an address and process."""
    server, config = psutil.Process(pid) if pid else None, configuration(sensors)
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace(Path(home))
        (workspace.home / "wss.toml").write_text(f'database = "{address or "sqlite"}"\n')
        with open_store(workspace, "bench", create=True) as held:
            held.configure({}, config.sensors, "benchmark", "sensors", pd.Timestamp("2022-01-01"))
            workspace.prepare("bench")
            put(workspace, "bench", path, "long.csv")
            client, at_server, report = cost(lambda: run_intake(config, held, workspace), server)
            assert report["stored"].tolist() == [rows], report
            found = {
                "rate": rows / (client + at_server),
                "client": client,
                "server": at_server,
                "peak": _peak_mb(),
                "bytes": _size(workspace, address) / rows,
            }
            found |= reads(held, rows, sensors, server)
            small = [_small(workspace.home / f"{k}.csv", rows, sensors, k) for k in range(SMALL_FILES)]
            for file in small:
                put(workspace, "bench", file, file.name)
            delivered = START + STEP * (rows // sensors + SMALL_FILES)
            client, at_server, report = cost(lambda: run_intake(config, held, workspace, delivered), server)
            assert (report["stored"] == sensors).all(), report
            found["small"] = (client + at_server) / SMALL_FILES
        return found | {"tenants": many_tenants(workspace, small[-1], delivered, sensors, tenants, server)}


def reads(held, rows: int, sensors: int, server: psutil.Process | None) -> dict[str, float]:
    """CPU seconds of each read."""
    end, names = START + STEP * (rows // sensors), tags(sensors)
    week = end - pd.Timedelta(days=7)
    grid = np.arange(week.timestamp(), end.timestamp(), QUARTER_S).astype("int64")

    def fifty() -> list[np.ndarray]:
        of = held.read(["flow"], week, end, items=names[:50]).groupby("item")
        return [step_means(times.epoch(one["time"]), one["value"].to_numpy(), grid, QUARTER_S) for _, one in of]

    asked = {
        "sensor": lambda: held.read(["flow"], START, end, items=[names[sensors // 2]]),
        "fifty": fifty,
        "latest": lambda: held.latest(["flow"]),
        "as_of": lambda: held.latest(["flow"], week),
    }
    return {name: each(do, server) for name, do in asked.items()}


def cost(do: Callable[[], object], server: psutil.Process | None) -> tuple[float, float, object]:
    """CPU seconds that `do` takes here and at the server, and what it returns."""
    before, start = servers.cpu_of(server) if server else 0.0, time.process_time()
    result = do()
    client = time.process_time() - start
    return client, servers.cpu_of(server) - before if server else 0.0, result


def each(do: Callable[[], object], server: psutil.Process | None, repeat: int = 20) -> float:
    """CPU seconds of one of many calls, the first one apart, which compiles and opens."""
    do()
    client, at_server, _ = cost(lambda: [do() for _ in range(repeat)], server)
    return (client + at_server) / repeat


def many_tenants(
    workspace: Workspace, file: Path, delivered: pd.Timestamp, sensors: int, tenants: int, server: psutil.Process | None
) -> float:
    """CPU seconds of one of many tenants that each get a small file: open the store, take it in, close."""
    names = [f"t{k}" for k in range(tenants)]
    for name in names:
        with open_store(workspace, name, create=True) as held:
            held.configure({}, configuration(sensors, name).sensors, "benchmark", "sensors", pd.Timestamp("2022-01-01"))
        workspace.prepare(name)
        put(workspace, name, file, "small.csv")
    configurations = [configuration(sensors, name) for name in names]

    def all_of_them() -> None:
        for name, config in zip(names, configurations, strict=True):
            with open_store(workspace, name) as held:
                assert run_intake(config, held, workspace, delivered)["stored"].sum() == sensors

    client, at_server, _ = cost(all_of_them, server)
    return (client + at_server) / tenants


def _small(path: Path, rows: int, sensors: int, k: int) -> Path:
    """A file of one new reading of each sensor."""
    at = START + STEP * (rows // sensors + k)
    lines = [f"{at:%Y-%m-%dT%H:%M:%S},{tag},{100 + k / 100:.2f},GOOD" for tag in tags(sensors)]
    path.write_text("\n".join(["time,tag,value,quality", *lines, ""]))
    return path


def _size(workspace: Workspace, address: str | None) -> int:
    """Bytes that the readings take on disk."""
    if address is None:
        return (workspace.data("bench") / "wss.db").stat().st_size
    import psycopg

    with psycopg.connect(address) as connection:
        return connection.execute("SELECT pg_total_relation_size('wss_bench.reading')").fetchone()[0]


def _peak_mb() -> float:
    """Most memory that this process has had."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def measure(rows: int, sensors: int, tenants: int, only: str, console: Console) -> dict[str, dict[str, float]]:
    """Figures of each database that is installed."""
    found, fresh = {}, {"mp_context": get_context("spawn"), "max_tasks_per_child": 1}
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, **fresh) as pool:
        path = Path(folder) / "long.csv"
        with console.status(f"writing {rows:,} readings"):
            export(path, rows, sensors)
        for name in ("SQLite", "PostgreSQL", "InfluxDB"):
            there = {"SQLite": True, "PostgreSQL": servers.postgresql_binaries(), "InfluxDB": shutil.which("influxd")}[name]
            if only not in name.lower() or not there:
                console.print(f"{name}: left out" + ("" if there else ", it is not installed"))
                continue
            with console.status(f"{name} takes in {path.stat().st_size / 1e6:,.0f} MB"):
                if name == "InfluxDB":
                    week = (START + STEP * (rows // sensors), tags(sensors)[:50])
                    found[name] = pool.submit(influx.run, path, rows, week, tags(sensors)[sensors // 2]).result()
                    continue
                with servers.postgresql() if name == "PostgreSQL" else nullcontext((None, None)) as (address, server):
                    pid = server.pid if server else None
                    found[name] = pool.submit(store, path, rows, sensors, tenants, address, pid).result()
    return found


def show(found: dict[str, dict[str, float]], title: str) -> Table:
    """A row a figure, a column a database."""
    table = Table("", *found, title=title)
    for key, name in FIGURES.items():
        cells = [figures.get(key) for figures in found.values()]
        scale = 1000 if key in MILLI else 1
        table.add_row(name, *("" if c is None else f"{c * scale:,.{0 if key in ('rate', 'peak') else 1}f}" for c in cells))
    return table


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readings", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--sensors", type=int, default=100)
    parser.add_argument("--tenants", type=int, default=20, help="that each get a small file")
    parser.add_argument("--only", default="", help="only databases whose name contains this")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    given = parser.parse_args()
    rows, console = given.readings // given.sensors * given.sensors, Console(stderr=True)
    found = measure(rows, given.sensors, given.tenants, given.only.lower(), console)
    if given.json:
        print(json.dumps(found))
        return
    Console().print(show(found, f"{rows:,} readings of {given.sensors:,} sensors"))
    if "InfluxDB" in found:
        for name in [name for name in found if name != "InfluxDB"]:
            alone, both = (found[name]["rate"] / found["InfluxDB"][key] for key in ("alone", "rate"))
            Console().print(f"{name} / InfluxDB, readings a CPU second: {both:.1f}; against its server alone: {alone:.1f}")


if __name__ == "__main__":
    main()
