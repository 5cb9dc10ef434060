"""Mutation fuzzer: `python benchmarks/fuzz.py [FILES] [--seed 1] [--workers 2] [--first 0] [--keep FOLDER] [--json]` (100,000).

Reads hostile files of every layout, and takes one of INTAKE_EVERY in with the whole intake. Each must give readings or a
refusal in words: no other exception, no more than LONGEST_S of CPU time, no more than MOST_MB of memory in the process that
reads it, and every cell is a reading, missing or quarantined, as an independent count says. What fails is kept in FOLDER.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from multiprocessing.connection import wait
from pathlib import Path
from typing import get_args

import pandas as pd
from accounts import expected
from hostile import NAMES, TAGS, Hostile, hostile
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from wss.config import Configuration, Intake, Limits, Sensor, System, Tenant
from wss.config.quality import Quality, Rule
from wss.errors import DataError
from wss.ingestion import readers
from wss.steps.intake import folders
from wss.steps.intake.inbox import run_intake
from wss.store import Store, Workspace, open_store

LONGEST_S = 5
MOST_MB = 512
ADDRESS_SPACE = 6 * 2**30
"""Limit of a worker that protects the machine [bytes]; libraries reserve much that never becomes resident."""
SMALL = 3000
"""Files up to this size [bytes] are read a second time, in small blocks."""
INTAKE_EVERY = 200
TOLD_EVERY = 20
DELIVERED = pd.Timestamp("2022-11-15T12:00")
COUNTS = ("stored", "duplicate", "corrected", "missing", "set_aside", "quarantined")


class Fault(Exception):
    """Something that must not happen to a file."""


def look(file: Hostile) -> dict[str, int]:
    """Read a file and count what came of it; Fault if not every cell is accounted for."""
    try:
        blocks = _blocks(file)
    except DataError as error:
        if not str(error).startswith(file.name) or len(str(error)) > 2000:
            raise Fault(f"the refusal is not in words: {str(error)[:200]!r}") from error
        return {"refused": 1}
    counts = [sum(column) for column in zip(*map(_counts, blocks), strict=True)]
    span = expected(file.data, file.profile)
    found = [sum(counts)]
    if span is not None and len(file.data) < SMALL:
        found.append(sum(sum(_counts(block)) for block in _blocks(file, size=200)))
    if span is not None and not all(span[0] <= cells <= span[1] for cells in found):
        raise Fault(f"{' or, in small blocks, '.join(map(str, found))} cells came out of {span[0]} to {span[1]}")
    if not all(b.readings["value"].abs().lt(float("inf")).all() and b.quarantine["reason"].str.len().gt(0).all() for b in blocks):
        raise Fault("a reading that is no number, or a refused row without a reason")
    return {"read": 1, "counted": span is not None} | dict(zip(("readings", "missing", "quarantined"), counts, strict=True))


def _blocks(file: Hostile, size: int = readers.BLOCK_BYTES) -> list[readers.Parsed]:
    return list(readers.blocks(file.data, file.name, file.profile, DELIVERED, size=size))


def _counts(block: readers.Parsed) -> tuple[int, int, int]:
    return len(block.readings), block.missing, len(block.quarantine)


def take_in(file: Hostile, name: str, store: Store, workspace: Workspace) -> dict[str, int]:
    """Take a file in with the whole intake, under a hostile name; Fault if its counts are not those of what it says."""
    path = workspace.inbox("fuzz") / name
    path.write_bytes(file.data)
    os.utime(path, (DELIVERED.timestamp(), DELIVERED.timestamp()))
    with contextlib.suppress(OSError):  # where the name is too long for the marker the intake judges by age
        path.with_name(name + ".done").touch()
    row = run_intake(_configuration(file), store, workspace).iloc[0].to_dict()
    if row["state"] not in ("stored", "known", "quarantined") or row["read"] != sum(row[count] for count in COUNTS):
        raise Fault(f"intake: {row}")
    left = [p.name for folder in (workspace.inbox, workspace.work) for p in folder("fuzz").iterdir()]
    if left:
        raise Fault(f"intake left {left}")
    try:
        parsed = readers.read(file.data, folders.safe_name(name), file.profile, DELIVERED)
        said = len(parsed.readings) + parsed.missing + len(parsed.quarantine)
    except DataError:
        said = 0
    if row["state"] != "known" and row["read"] != said and "newline" not in row["reason"]:
        raise Fault(f"intake: {row['read']} readings of {said}: {row}")
    return {"taken in": 1, f"taken in: {row['state']}": 1}


def _configuration(file: Hostile) -> Configuration:
    system, off = System.model_construct(zones=(), tanks=(), pumps=()), Quality(off=get_args(Rule))
    tenant = Tenant.model_construct(name="fuzz", clock="replay", time_zone="UTC", intake=Intake(), quality=off, system=system)
    return Configuration.model_construct(tenant=tenant, sensors=_sensors(), profiles=(file.profile,), network="")


def _sensors() -> tuple[Sensor, ...]:
    limits = Limits(low=0, high=1000, max_rate_per_h=100, stuck_h=3)
    return tuple(Sensor(tag=tag, quantity="flow", item=str(n), unit="m3/h", limits=limits) for n, tag in enumerate(TAGS[:3]))


def peak_mb() -> float:
    """Most memory since `forget_peak` [MB]."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def forget_peak() -> None:
    """Start the peak of memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


def work(numbers: range, seed: int, pipe, at) -> None:
    """Look at the files of `numbers`; the number at hand is in `at`, so that the parent knows what killed the process."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace(Path(home))
        with open_store(workspace, "fuzz", create=True) as store:
            store.configure({}, _sensors(), "benchmark", "sensors", pd.Timestamp("2022-01-01"))
            workspace.prepare("fuzz")
            tally, faults, slowest, largest = Counter(), [], (0.0, -1), (0.0, -1)
            for done, number in enumerate(numbers, start=1):
                at.value = number
                file = hostile(number, seed)
                started = time.process_time()
                forget_peak()
                signal.setitimer(signal.ITIMER_PROF, LONGEST_S)  # which ends the process
                try:
                    tally.update(look(file))
                    if number % INTAKE_EVERY == 0:
                        name = NAMES[number // INTAKE_EVERY % len(NAMES)]
                        tally.update(take_in(file, name, store, workspace))
                except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
                    faults.append((number, traceback.format_exc(limit=-4) if not isinstance(error, Fault) else str(error)))
                signal.setitimer(signal.ITIMER_PROF, 0)
                tally["files"] += 1
                tally.update({f"done: {kind}": 1 for kind in file.done})
                slowest, peak = max(slowest, (time.process_time() - started, number)), peak_mb()
                largest = max(largest, (peak, number))
                if peak > MOST_MB:
                    faults.append((number, f"{peak:.0f} MB of memory"))
                if done % TOLD_EVERY == 0 or number == numbers[-1]:
                    pipe.send((number, tally, faults, slowest, largest))
                    tally, faults = Counter(), []
    pipe.close()


class Worker:
    """A process that looks at files, and is started again after the file that killed it."""

    def __init__(self, numbers: range, seed: int):
        self._context, self.seed = multiprocessing.get_context("spawn"), seed
        self._start(numbers)

    def _start(self, numbers: range) -> None:
        self.numbers, self.at = numbers, self._context.Value("q", -1)
        self.pipe, end = self._context.Pipe(duplex=False)
        self.process = self._context.Process(target=work, args=(numbers, self.seed, end, self.at), daemon=True)
        self.process.start()
        end.close()

    def after_death(self) -> tuple[int, str] | None:
        """What killed the process, after starting another for the files that follow; None if it had looked at all."""
        self.process.join()
        if self.process.exitcode == 0:
            return None
        number, code = self.at.value, self.process.exitcode
        if number < 0:
            raise SystemExit(f"a worker cannot start (exit code {code})")
        why = f"over {LONGEST_S} s of CPU time" if code == -signal.SIGPROF else f"the process died (exit code {code})"
        self._start(range(number + self.numbers.step, self.numbers.stop, self.numbers.step))
        return number, why


def run(first: int, files: int, seed: int, workers: int, told) -> dict:
    """Look at all files; told(number of files, new faults) is called as they are done."""
    crew = {w.pipe: w for w in (Worker(range(first + n, first + files, workers), seed) for n in range(min(workers, files)))}
    tally, faults, slowest, largest, started = Counter(), {}, (0.0, -1), (0.0, -1), time.monotonic()
    while crew:
        for pipe in wait(list(crew)):
            try:
                _, new, found, slow, large = pipe.recv()
            except EOFError:
                worker = crew.pop(pipe)
                killed = worker.after_death()
                if killed is not None:
                    faults[killed[0]] = killed[1]
                    tally["files"] += 1
                    crew[worker.pipe] = worker
                    told(tally["files"], dict([killed]))
                continue
            tally += new
            faults.update(found)
            slowest, largest = max(slowest, slow), max(largest, large)
            told(tally["files"], dict(found))
    return {
        "seed": seed,
        "tally": dict(tally),
        "faults": faults,
        "seconds": time.monotonic() - started,
        "slowest_s": slowest,
        "largest_mb": largest,
    }


def keep(folder: Path, seed: int, faults: dict[int, str]) -> None:
    """Write each file that failed, with what was wrong, under its seed and number."""
    if faults:
        folder.mkdir(parents=True, exist_ok=True)
    for number, why in faults.items():
        file = hostile(number, seed)
        stem = folder / f"{seed}-{number}-{file.profile.name}"
        stem.with_suffix(".bin").write_bytes(file.data)
        stem.with_suffix(".txt").write_text(f"profile {file.profile.name}, {', '.join(file.done)}\n{why}\n", errors="replace")


def show(result: dict, console: Console) -> None:
    """Tables of what happened and of what failed."""
    tally = result["tally"]
    table = Table(title=f"Hostile files, seed {result['seed']}", title_justify="left")
    table.add_column("what")
    table.add_column("number", justify="right")
    for key in sorted(key for key in tally if not key.startswith("done: ")):
        table.add_row(key, f"{tally[key]:,}")
    table.add_row("slowest [CPU s] (file)", "{:.2f} ({})".format(*result["slowest_s"]))
    table.add_row("most memory of a worker [MB] (file)", "{:.0f} ({})".format(*result["largest_mb"]))
    table.add_row("wall clock [s]", f"{result['seconds']:.0f}")
    table.add_row("faults", f"{len(result['faults']):,}")
    console.print(table)
    for number, why in sorted(result["faults"].items())[:20]:
        console.print(f"file {number}: {why}", markup=False, highlight=False)


def main() -> None:
    """Run, show, keep what failed; exit code 1 if something did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=int, nargs="?", default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="folder for the files that fail")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    args = parser.parse_args()
    err = Console(stderr=True)
    columns = (TextColumn("hostile files"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=args.files)

        def told(done: int, found: dict[int, str]) -> None:
            bar.update(task, completed=done)
            keep(args.keep, args.seed, found)

        result = run(args.first, args.files, args.seed, args.workers, told)
    if args.json:
        json.dump(result, sys.stdout)
    else:
        show(result, Console())
    sys.exit(bool(result["faults"]))


if __name__ == "__main__":
    main()
