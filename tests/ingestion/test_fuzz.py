"""Mutated exports and hostile names through the readers and the whole intake; the benchmark does the same with 100,000."""

import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from wss.config import Configuration, ImportProfile, Intake, Limits, Sensor, System, Tenant
from wss.config.quality import Quality, Rule
from wss.ingestion import readers
from wss.ingestion.sources import gz
from wss.steps.intake import folders
from wss.steps.intake.inbox import run_intake
from wss.store import Workspace, open_store

LONG = ImportProfile(name="long", files="*", layout="long", tag_column="tag")
TEXT = b"time,tag,value\n2022-03-01T11:00:00,LEVEL,1\n"
DELIVERED = pd.Timestamp("2022-03-01T12:00")
NAMES = [
    "a\nb.csv",
    "\x1b[2J\x07.csv",
    "a..\\..\\etc.csv",
    "-rf.csv",
    os.fsdecode(b"\xff\xfe\xc3.csv"),
    "x" * 251 + ".csv",
    "a'\";$(id)`id`.csv",
    "\u202egnp.csv",
    "%s%n.csv",
    "é" * 120 + ".csv",
]
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"


@pytest.mark.slow
def test_a_thousand_hostile_files(tmp_path):
    """None crashes, hangs or takes much memory, and every cell is accounted for; some go through the whole intake."""
    keep = tmp_path / "failures"
    done = subprocess.run(
        [sys.executable, SCRIPT, "1000", "--seed", "3", "--workers", "1", "--keep", keep, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["faults"] == {}
    assert told["tally"]["files"] == 1000
    assert told["tally"]["counted"] > 300
    assert told["tally"]["taken in"] == 5


@pytest.fixture
def take_in(tmp_path):
    """take_in(): what an intake makes of the inbox of a fresh workspace; its folder is take_in.inbox."""
    workspace = Workspace(tmp_path)
    sensors = (Sensor(tag="LEVEL", quantity="level", item="1", unit="m", limits=Limits(low=0, high=30)),)
    system, off = System.model_construct(zones=(), tanks=(), pumps=()), Quality(off=get_args(Rule))
    tenant = Tenant.model_construct(name="demo", clock="replay", time_zone="UTC", intake=Intake(), quality=off, system=system)
    configuration = Configuration.model_construct(tenant=tenant, sensors=sensors, profiles=(LONG,), network="")
    with open_store(workspace, "demo", create=True) as store:
        store.configure({}, sensors, "tests", "sensors", DELIVERED)
        workspace.prepare("demo")

        def take() -> pd.DataFrame:
            return run_intake(configuration, store, workspace)

        take.inbox, take.archive = workspace.inbox("demo"), workspace.archive("demo")
        yield take


def deliver(path: Path, data: bytes = TEXT) -> None:
    path.write_bytes(data)
    os.utime(path, (DELIVERED.timestamp(), DELIVERED.timestamp()))


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_hostile_name_is_stored_under_a_safe_one(take_in, name):
    deliver(take_in.inbox / name)
    row = take_in().iloc[0]
    assert (row["state"], row["read"], row["stored"]) == ("stored", 1, 1)
    assert row["name"] == folders.safe_name(name)
    assert row["name"].isprintable()
    assert [p.name for p in take_in.archive.rglob("*.csv")] == [row["name"]]
    assert not list(take_in.inbox.iterdir())


def test_only_regular_files_are_taken_in(take_in, tmp_path):
    secret = tmp_path / "secret.csv"
    deliver(secret)
    inbox = take_in.inbox
    (inbox / "link.csv").symlink_to(secret)
    (inbox / "hard.csv").hardlink_to(secret)
    (inbox / "folder.csv").mkdir()
    os.mkfifo(inbox / "pipe.csv")
    special = ["folder.csv", "link.csv", "pipe.csv"]
    if os.geteuid() == 0:
        try:
            os.mknod(inbox / "device.csv", stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero, which never ends
            special.append("device.csv")
        except PermissionError:  # a container may forbid it
            pass
    found = take_in().set_index("name")["state"]
    assert found[special].tolist() == ["ignored"] * len(special)
    assert found["hard.csv"] == "stored"
    secret.write_bytes(b"changed by its other name\n")
    assert next(take_in.archive.rglob("hard.csv")).read_bytes() == TEXT


def test_a_year_that_no_clock_reaches_costs_its_row_alone():
    text = TEXT + b"3022-03-01T11:00:00,LEVEL,1\n0001-01-01T00:00:00,LEVEL,1\n2022-03-01T11:05:00,LEVEL,2\n"
    parsed = readers.read(text, "x.csv", LONG)
    assert (parsed.readings["line"].tolist(), parsed.quarantine["line"].tolist()) == ([2, 5], [3, 4])


def test_a_row_behind_thousands_of_blanks_is_not_lost():
    parsed = readers.read(TEXT + b" " * 3000 + b"a,b\n", "x.csv", LONG)
    assert parsed.quarantine[["line", "text"]].to_numpy().tolist() == [[3, "a,b"]]


def test_many_members_are_one_file():
    assert gz.expand(gzip.compress(b"a\n") * 100_000, "x.gz") == b"a\n" * 100_000


@pytest.mark.parametrize("change", [{}, {"comments": ("#",)}, {"tag_column": None, "section_pattern": r"\[(?P<tag>.+)\]"}])
def test_blocks_of_any_size_say_the_same(change):
    profile = LONG.model_copy(update=change)
    rows = [f"2022-03-01T{hour:02}:{minute:02}:00,T{hour % 3},{hour}" for hour in range(20) for minute in (0, 30)]
    lines = [f"# note\n[S{n // 7}]\n{row}\n" if n % 7 == 0 else f"{row}\n" for n, row in enumerate(rows)]
    text = "time,tag,value\n" + "".join(lines)
    whole = readers.read(text.encode(), "x", profile)
    for size in (1, 50, 300):
        blocks = list(readers.blocks(text.encode(), "x", profile, size=size))
        assert len(blocks) > 2
        for part in ("readings", "quarantine"):
            mine = pd.concat([getattr(block, part).astype({"tag": "str"} if part == "readings" else {}) for block in blocks])
            theirs = getattr(whole, part).astype({"tag": "str"} if part == "readings" else {})
            pd.testing.assert_frame_equal(mine.reset_index(drop=True), theirs)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_comments_are_left_out_whatever_ends_a_line(end):
    lines = [
        "time,tag,value",
        "# a",
        "2022-03-01T10:00:00,T,1",
        "",
        "  #b,c,d",
        "2022-03-01T10:05:00,#T,2",
        "#",
        "x,y,z",
        "# last",
    ]
    parsed = readers.read(end.join(lines).encode(), "x.csv", LONG.model_copy(update={"comments": ("#",)}))
    assert parsed.readings[["line", "tag"]].astype({"tag": "str"}).to_numpy().tolist() == [[3, "T"], [6, "#T"]]
    assert parsed.quarantine["line"].tolist() == [8]
