"""kill -9 during intake: `python benchmarks/faults.py [AT_EACH_POINT [AT_RANDOM]]` (default 20 and 200).

On SQLite, and on PostgreSQL where it is installed.
A process takes three files in, one of them unreadable, and reads the archive again; it is killed at every named failpoint and at
random moments. Then another process goes on. What the store and the folders hold in the end is compared with an undisturbed run:
lost, doubled and torn readings are counted, and there must be none. Random moments are uniform over the time that an undisturbed
run lasts; a kill that finds the process gone is drawn again.

The process that is killed is a fork of a prepared one, because starting Python anew takes longer than what it is killed in.
"""

import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pandas as pd

from wss import failpoints
from wss.config import Configuration, ImportProfile, Intake, Limits, Sensor, System, Tenant
from wss.config.quality import Quality, Rule
from wss.steps.intake.inbox import run_intake
from wss.steps.intake.replay import run_replay
from wss.store import Store, Workspace, open_store

POINTS = (
    "before_claim",
    "in_claim",
    "after_claim",
    "after_read",
    "in_transaction",
    "after_commit",
    "before_archive",
    "in_put_away",
    "after_archive",
    "before_quarantine",
    "after_quarantine",
    "in_replay",
)
TAGS = [f"FT{i}" for i in range(10)]
NOW = pd.Timestamp("2022-03-02T12:00")
SPAN = pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-03")
LINE = "{:<10} {:<18} {:>5} {:>5} {:>8} {:>5} {:>9} {:>7}"


def configuration(tags: list[str]) -> Configuration:
    """A tenant with a flow sensor a tag and one import profile."""
    limits = Limits(low=0, high=1000)
    sensors = tuple(Sensor(tag=tag, quantity="flow", item=tag, unit="L/s", limits=limits) for tag in tags)
    system = System.model_construct(zones=(), tanks=(), pumps=())
    off = Quality(off=get_args(Rule))
    tenant = Tenant.model_construct(name="demo", clock="live", time_zone="UTC", intake=Intake(), quality=off, system=system)
    profile = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag")
    return Configuration.model_construct(tenant=tenant, sensors=sensors, profiles=(profile,), network="")


def prepare(workspace: Workspace, rows: int = 300) -> None:
    """A store, and an inbox with two files that overlap and one that cannot be read."""
    with open_store(workspace, "demo", create=True) as store:
        store.configure({}, configuration(TAGS).sensors, "benchmark", "sensors", pd.Timestamp("2022-01-01"))
    time_of = pd.date_range(SPAN[0], periods=rows, freq="5min").strftime("%Y-%m-%dT%H:%M:%S")
    for number, name in enumerate(("a.csv", "b.csv", "c.csv")):
        lines = [f"{moment},{tag},{place * 7 + number * (place % 3)}.5" for moment in time_of for place, tag in enumerate(TAGS)]
        head = "time,tag,value" if name != "c.csv" else "moment,tag"
        path = workspace.inbox("demo") / name
        path.write_text("\n".join([head, *lines[number * rows :], ""]))
        os.utime(path, (1.6e9 + number, 1.6e9 + number))


def go(workspace: Workspace) -> None:
    """What is killed: an intake with nine of the ten sensors, and a replay with all of them."""
    with open_store(workspace, "demo") as store:
        run_intake(configuration(TAGS[:9]), store, workspace, NOW)
        run_replay(configuration(TAGS), store, workspace, now=NOW + pd.Timedelta("1h"))


def outcome(workspace: Workspace) -> dict:
    """All that an intake leaves behind: readings now and as known before the replay, ledger, what is refused, files by folder."""
    top = workspace.data("demo")
    folders = [top / folder for folder in ("inbox", "work", "archive", "quarantine")]
    with open_store(workspace, "demo") as store:
        return {
            "readings": _rows(store.read(["flow"], *SPAN)),
            "known": _rows(store.read(["flow"], *SPAN, NOW)),
            "ledger": _rows(store.files().drop(columns="known_at").sort_values("name")),
            "refused": _refused(store),
            "files": sorted(str(p.relative_to(top)) for folder in folders for p in folder.rglob("*") if p.is_file()),
        }


def _rows(frame: pd.DataFrame) -> list[tuple]:
    return [tuple(map(str, row)) for row in frame.itertuples(index=False)]


def _refused(store: Store) -> list:
    return [_rows(store.set_aside().drop(columns="time")), _rows(store.quarantined())]


class Process:
    """A process that forks one for each intake that is to be killed."""

    def __init__(self):
        command = [sys.executable, __file__, "serve"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_exception) -> None:
        self._process.stdin.close()
        self._process.wait()

    def run(self, workspace: Workspace, point: str = "", after_s: float | None = None) -> int:
        """Run `go` in a process of its own, killed at a failpoint or after a time [s]; returns its exit code, -9 if it was."""
        self._process.stdin.write(json.dumps([str(workspace.home), point, after_s]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def import_late() -> None:
    """Import here, before a fork, what each intake would else import for itself when it needs it."""
    for name in ("wss.steps.quality", "wss.store.postgresql", "psycopg"):
        importlib.import_module(name)


def serve() -> None:
    """Fork a process for each line of standard input, and answer with its exit code."""
    import_late()
    for line in sys.stdin:
        home, point, after_s = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                failpoints.arm(point)
                go(Workspace(Path(home)))
                code = 0
            finally:
                os._exit(code)
        if after_s is not None:
            time.sleep(after_s)
            os.kill(child, signal.SIGKILL)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def compare(found: dict, wanted: dict) -> dict[str, int]:
    """How many readings were lost or doubled, and how many other differences there are."""
    ours, theirs = ([row[:3] for row in side["readings"]] for side in (found, wanted))
    return {
        "lost": len(set(theirs) - set(ours)),
        "doubled": len(ours) - len(set(ours)),
        "torn": sum(found[part] != wanted[part] for part in wanted),
    }


def main(at_each: int, at_random: int) -> None:
    """Run everything; a line for each point as it is done."""
    from rich.console import Console
    from rich.progress import Progress

    with Process() as process, databases() as fresh_ones, Progress(console=Console(width=120), transient=True) as bar:
        bar.console.print(LINE.format("database", "killed", "times", "lost", "doubled", "torn", "too late", "s each"))
        for name, fresh in fresh_ones.items():
            calm = fresh()
            prepare(calm)
            assert process.run(calm) == 0
            wanted, rng = outcome(calm), random.Random(1)
            for what, times in [*((point, at_each) for point in POINTS), ("at random", at_random)]:
                task, begun = bar.add_task(f"{name} {what}", total=times), time.monotonic()
                sums, late = {"lost": 0, "doubled": 0, "torn": 0}, 0
                lasts = _lasts(process, fresh) if what == "at random" else 0.0
                for _ in range(times):
                    workspace, missed = _killed(process, fresh, what if what in POINTS else "", lasts, rng)
                    late += missed
                    assert process.run(workspace) == 0
                    sums = {key: sums[key] + value for key, value in compare(outcome(workspace), wanted).items()}
                    shutil.rmtree(workspace.home)
                    bar.advance(task)
                bar.remove_task(task)
                each_s = (time.monotonic() - begun) / max(times, 1)
                bar.console.print(LINE.format(name, what, times, *sums.values(), late, f"{each_s:.2f}"))


def _killed(
    process: Process, fresh: Callable[[], Workspace], point: str, lasts: float, rng: random.Random
) -> tuple[Workspace, int]:
    """A workspace whose intake was killed at a point, or at a random moment of `lasts` [s]; how often the kill came too late."""
    late = 0
    while True:
        workspace = fresh()
        prepare(workspace)
        if process.run(workspace, point, None if point else rng.uniform(0, lasts)) == -signal.SIGKILL:
            return workspace, late
        assert not point, f"{point} is not reached"
        late += 1


def _lasts(process: Process, fresh: Callable[[], Workspace]) -> float:
    """How long an undisturbed run lasts, the middle of five [s]."""
    seconds = []
    for _ in range(5):
        workspace = fresh()
        prepare(workspace)
        start = time.monotonic()
        assert process.run(workspace) == 0
        seconds.append(time.monotonic() - start)
    return sorted(seconds)[2]


@contextmanager
def databases() -> Iterator[dict[str, Callable[[], Workspace]]]:
    """Functions that make an empty workspace, by database."""
    import psycopg
    import servers

    made = {"SQLite": lambda: Workspace(Path(tempfile.mkdtemp(prefix="wss-faults-")))}
    if servers.postgresql_binaries() is None:
        yield made
        return
    with servers.postgresql() as (address, _server), psycopg.connect(address, autocommit=True) as connection:

        def fresh() -> Workspace:
            connection.execute("DROP SCHEMA IF EXISTS wss_demo CASCADE")
            home = Path(tempfile.mkdtemp(prefix="wss-faults-"))
            (home / "wss.toml").write_text(f'database = "{address}"\n')
            return Workspace(home)

        yield made | {"PostgreSQL": fresh}


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        given = [int(number) for number in sys.argv[1:]]
        main(*given, *(20, 200)[len(given) :])
