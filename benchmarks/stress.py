"""Many processes on one tenant: `python benchmarks/stress.py [SECONDS [WRITERS [READERS]]]` (default 60, 4 and 4).

On SQLite, and on PostgreSQL where it is installed. A feeder puts files into the inbox by rename: new readings, some said again,
corrections, files that come late, and the same contents twice under two names. Writers race for them. Readers look at readings,
now and as known at past moments, and at the ledger, and hold every answer against what the files say: of each file all or
nothing, the last delivered wins, counts add up. In the end the store must hold what one undisturbed intake makes of the files.
"""

import json
import logging
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from slots import DELIVERED, MOST, ROWS, SPAN, STEP_S, TAGS, Plan, held_against, plan

from wss.config import Configuration, ImportProfile, Intake, Limits, Sensor, System, Tenant
from wss.config.quality import Quality
from wss.errors import WssError
from wss.steps.intake.inbox import run_intake
from wss.store import Store, Workspace, open_store

WAITING = 40
"""Files that wait in the inbox at most."""
fork = multiprocessing.get_context("fork")


def configuration() -> Configuration:
    """A tenant with a flow sensor a tag, whose files are delivered at their own time."""
    sensors = tuple(Sensor(tag=tag, quantity="flow", item=tag, unit="m3/h", limits=Limits(low=0, high=1e6)) for tag in TAGS)
    system = System.model_construct(zones=(), tanks=(), pumps=())
    quality = Quality(off=("balance",))  # which asks the network
    tenant = Tenant.model_construct(name="demo", clock="replay", time_zone="UTC", intake=Intake(), quality=quality, system=system)
    profile = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag")
    return Configuration.model_construct(tenant=tenant, sensors=sensors, profiles=(profile,), network="")


def prepare(workspace: Workspace) -> None:
    """An empty store with the sensors."""
    with open_store(workspace, "demo", create=True) as store:
        store.configure({}, configuration().sensors, "benchmark", "sensors", pd.Timestamp("2022-01-01"))


def deliver(workspace: Workspace, plan: Plan, number: int, name: str) -> None:
    """Put a file into the inbox as a good sender does: under another name, then by rename."""
    part = workspace.inbox("demo") / f"{name}.part"
    part.write_text(plan.body(number), encoding="utf-8")
    os.utime(part, (DELIVERED + number,) * 2)
    part.rename(part.with_suffix(""))


def feed(workspace: Workspace, plan: Plan, seconds: float, seed: int) -> list[tuple[int, str]]:
    """Deliver files for a time [s]; their numbers and names in the order of arrival, which is not quite that of delivery."""
    rng, sent, until = random.Random(seed), [], time.monotonic() + seconds
    for start in range(0, MOST, 8):
        some = [
            (n, f"f{n:05d}{again}.csv")
            for n in range(start, start + 8)
            for again in ("", "-again")
            if not again or rng.random() < 0.2
        ]
        rng.shuffle(some)
        for number, name in some:
            while len(os.listdir(workspace.inbox("demo"))) >= WAITING and time.monotonic() < until:
                time.sleep(0.02)
            deliver(workspace, plan, number, name)
            sent.append((number, name))
        if time.monotonic() >= until:
            break
    return sent


class _Errors(logging.Handler):
    """Keeps what is logged as an error: some steps log it and go on."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        trouble = record.exc_info[1] if record.exc_info else ""
        self.found.append(f"{record.getMessage()}: {trouble}")


def write(workspace: Workspace, fed, results) -> None:
    """A writer: take in what waits until all is fed and nothing waits any more."""
    errors, states = _Errors(), Counter()
    logging.getLogger("wss").addHandler(errors)
    try:
        with open_store(workspace, "demo") as store:
            while True:
                last = fed.is_set()
                states.update(run_intake(configuration(), store, workspace)["state"])
                if last and not waiting(workspace):
                    break
                time.sleep(0.05)
    except (WssError, OSError, ValueError, LookupError) as error:
        errors.found.append(f"{type(error).__name__}: {error}")
    results.put(("writer", dict(states), errors.found))


def waiting(workspace: Workspace) -> list[str]:
    """Files that are not taken in yet."""
    return [name for folder in (workspace.inbox("demo"), workspace.work("demo")) for name in os.listdir(folder)]


def look(workspace: Workspace, plan: Plan, fed, seed: int, results) -> None:
    """A reader: look at everything again and again."""
    rng, looks, faults = random.Random(seed), Counter(), []
    try:
        with open_store(workspace, "demo") as store:
            while not fed.is_set():
                faults += _look_once(store, plan, rng, looks)
    except (WssError, OSError, ValueError, LookupError) as error:
        faults.append(f"{type(error).__name__}: {error}")
    results.put(("reader", dict(looks), faults))


def _look_once(store: Store, plan: Plan, rng: random.Random, looks: Counter) -> list[str]:
    """One look at the ledger, a window of readings now and as of a moment, the latest ones, and the ledger again."""
    before, told = _ledger(store)
    top = max(before, default=0)
    slots = max((slot for n in before for slot in plan.files[n]), default=0) + 1
    first = rng.randrange(slots) if rng.random() < 0.5 else 0
    start = SPAN[0] + pd.Timedelta(seconds=first * ROWS * STEP_S)
    as_of = rng.randrange(top + 1)
    known_by = pd.Timestamp(DELIVERED + as_of, unit="s")
    now, then = store.read(["flow"], start, SPAN[1]), store.read(["flow"], start, SPAN[1], known_by)
    latest, old = store.latest(["flow"]), store.latest(["flow"], known_by)
    after, told_after = _ledger(store)
    looks.update(["files", "files", "read", "as of", "latest", "latest as of"])
    faults = told + told_after
    faults += held_against(plan, now, before, after, first, MOST) + held_against(plan, then, before, after, first, as_of)
    for frame, limit in ((latest, MOST), (old, as_of)):
        newest = max((slot for n in before if n <= limit for slot in plan.files[n]), default=-1)
        if len(frame.drop_duplicates(["time", "value"])) > 1 or len(frame) not in (0, len(TAGS)):
            faults.append(f"the latest readings are of more than one file: {frame.to_dict('list')}")
        elif newest >= 0 and (frame.empty or frame["time"].iloc[0] < SPAN[0] + pd.Timedelta(seconds=newest * ROWS * STEP_S)):
            faults.append(f"the latest readings are not those of slot {newest}")
    if first == 0:
        rows = [sum(before.values()), sum(after.values())]
        if not rows[0] <= len(now) <= rows[1]:
            faults.append(f"{len(now)} readings, and between {rows[0]} and {rows[1]} in the ledger")
    return faults


def _ledger(store: Store) -> tuple[dict[int, int], list[str]]:
    """Numbers of the files that are stored, each with its readings that were new, and what is wrong with their entries."""
    files = store.files()
    numbers = files["name"].str.slice(1, 6).astype(int)
    sums = files[["stored", "duplicate", "corrected", "missing", "set_aside", "quarantined"]].sum(axis=1)
    faults = [f"{name}: the counts do not add up" for name in files["name"][files["read"] != sums]]
    faults += [f"file {n} is in the ledger twice" for n in numbers[numbers.duplicated()]]
    faults += [f"{row.name}: {row.error}" for row in files.itertuples(index=False) if row.state != "stored"]
    return dict(zip(numbers.tolist(), files["stored"].tolist(), strict=True)), faults


def content(workspace: Workspace, limits: list[int]) -> dict:
    """What a store holds in the end: readings now and as known after some files, and which files."""
    with open_store(workspace, "demo") as store:
        ids = store.sensors().set_index("tag")["sensor_id"]
        rows = store.readings_of(ids.tolist(), 0, 2**40)
        now = rows.assign(sensor_id=rows["sensor_id"].map({i: tag for tag, i in ids.items()}))
        then = [store.read(["flow"], *SPAN, pd.Timestamp(DELIVERED + n, unit="s")).drop(columns="flag") for n in limits]
        numbers = sorted(_ledger(store)[0])
    return {
        "now": now.sort_values(["sensor_id", "time"]).to_numpy().tolist(),
        "files": numbers,
        "then": [frame.to_numpy().tolist() for frame in then],
    }


def play(workspace: Workspace, seconds: float, writers: int, readers: int, seed: int = 1) -> dict:
    """Feed, write and read at the same time in a prepared workspace; what came of it."""
    from faults import import_late

    made = plan(seed)
    import_late()
    prepare(workspace)
    fed, results = fork.Event(), fork.Queue()
    crowd = [fork.Process(target=write, args=(workspace, fed, results)) for _ in range(writers)]
    crowd += [fork.Process(target=look, args=(workspace, made, fed, k, results)) for k in range(readers)]
    for process in crowd:
        process.start()
    start = time.monotonic()
    sent = feed(workspace, made, seconds, seed)
    fed.set()
    told = [results.get(timeout=600) for _ in crowd]
    for process in crowd:
        process.join()
    lasted = time.monotonic() - start
    calm = replace(workspace, home=Path(tempfile.mkdtemp(prefix="wss-calm-")))
    prepare(calm)
    with open_store(calm, "demo") as store:
        for number, name in sorted(sent):
            deliver(calm, made, number, name)
        run_intake(configuration(), store, calm)
    limits = [int(n) for n in np.linspace(0, max(n for n, _ in sent), 5)]
    ours, theirs = content(workspace, limits), content(calm, limits)
    with open_store(workspace, "demo") as store:
        ledger = store.files()
    kept = {path.name for path in workspace.archive("demo").rglob("*.csv")}
    shutil.rmtree(calm.home)
    return {
        "seconds": round(lasted, 1),
        "sent": len(sent),
        "files": len(ledger),
        "readings": int(ledger["read"].sum()),
        "stored": int(ledger["stored"].sum()),
        "duplicate": int(ledger["duplicate"].sum()),
        "corrected": int(ledger["corrected"].sum()),
        "looks": sum((Counter(looks) for kind, looks, _ in told if kind == "reader"), Counter()),
        "states": sum((Counter(states) for kind, states, _ in told if kind == "writer"), Counter()),
        "errors": [fault for _, _, faults in told for fault in faults],
        "differences": [part for part in ours if ours[part] != theirs[part]],
        "lost": sorted({name for _, name in sent} - kept),
        "waiting": waiting(workspace),
    }


def in_a_process(home: Path, seconds: float, writers: int, readers: int) -> dict:
    """`play` in a process of its own, which forks its writers and readers without the threads of this one."""
    command = [sys.executable, __file__, "play", str(home), str(seconds), str(writers), str(readers)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main(seconds: float, writers: int, readers: int) -> int:
    """Run and print everything; 0 if there was no error, nothing was lost, and no database differs from an undisturbed intake."""
    from faults import databases
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "database",
        "s",
        "files sent",
        "contents",
        "readings",
        "stored",
        "duplicate",
        "corrected",
        "looks",
        "errors",
        "lost",
        "differences",
    )
    faults = 0
    with databases() as fresh_ones:
        for name, fresh in fresh_ones.items():
            done = in_a_process(fresh().home, seconds, writers, readers)
            numbers = [done[key] for key in ("seconds", "sent", "files", "readings", "stored", "duplicate", "corrected")]
            lost = len(done["lost"]) + len(done["waiting"])
            faults += len(done["errors"]) + lost + len(done["differences"])
            table.add_row(
                name,
                *(f"{n:,}" for n in numbers),
                f"{sum(done['looks'].values()):,}",
                str(len(done["errors"])),
                str(lost),
                str(len(done["differences"])),
            )
            for fault in [*done["errors"][:5], *done["lost"][:5], *done["waiting"][:5], *done["differences"], done["states"]]:
                Console(stderr=True).print(f"{name}: {fault}", markup=False, highlight=False, soft_wrap=True)
    Console().print(table)
    return 1 if faults else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["play"]:
        done = play(Workspace(Path(sys.argv[2])), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
        sys.stdout.write(json.dumps(done))
    else:
        given = [float(number) for number in sys.argv[1:]]
        sys.exit(main(*given[:1] or [60.0], *(int(n) for n in (*given[1:], *(4, 4)[len(given[1:]) :]))))
