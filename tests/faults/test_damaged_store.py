"""A store that is damaged on the disk: nothing is half done, what can be found is named, and the archive brings it back."""

import struct
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from wss.steps.configuration import active
from wss.store import open_store

NAME = "LIT_T1_LEVEL_20220725T0100.csv"
GOOD = "2022-07-25 01:00:00,12.5,Good\n2022-07-25 01:05:00,12.6,Good\n"
MORE = "".join(f"2022-07-24 {m // 60:02}:{m % 60:02}:{s:02},12.5,Good\n" for m in range(1440) for s in range(0, 60, 2))
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "header": lambda b: b"\xff" * 32 + b[32:],
    "middle": lambda b: b[:4096] + bytes(255 for _ in range(len(b) - 8192)) + b[-4096:],
    "cut": lambda b: b[: len(b) // 2],
    "text": lambda b: b"Please see the other file.\n" * 500,
    "empty": lambda b: b"",
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_store_takes_nothing_and_check_says_what_to_do(utility, kind):
    path = utility.workspace.data("litoral") / "wss.db"
    whole = path.read_bytes()
    utility.deliver(NAME, GOOD)
    path.write_bytes(DAMAGES[kind](whole))
    assert "restore the last backup" in utility.refused()
    check = utility.wss("store", "check", "litoral")
    assert check.exit_code == 1
    assert "restore the last backup" in check.stderr
    assert "Traceback" not in check.output
    path.write_bytes(whole)
    utility.goes_in(2)


@pytest.mark.parametrize("kind", ["damaged", "deleted"])
def test_without_the_log_the_store_is_as_before_it_or_says_that_it_is_damaged(utility, kind):
    path = utility.workspace.data("litoral") / "wss.db"
    utility.deliver(NAME, GOOD)
    with open_store(utility.workspace, "litoral") as store:
        store.configure(store.documents(), active(store).sensors, "tests", "in the log only", pd.Timestamp("2022-07-25"))
        copies = {ending: Path(f"{path}{ending}").read_bytes() for ending in ("", "-wal")}
    path.write_bytes(copies[""])
    Path(f"{path}-shm").unlink(missing_ok=True)
    log = Path(f"{path}-wal")
    log.write_bytes(b"\xff" * len(copies["-wal"])) if kind == "damaged" else log.unlink(missing_ok=True)
    with open_store(utility.workspace, "litoral") as store:
        assert len(store.versions()) in (0, 1)
    utility.goes_in(2)


def test_commits_that_a_damaged_log_dropped_are_found_and_taken_in_again(utility):
    path = utility.workspace.data("litoral") / "wss.db"
    utility.deliver(NAME, GOOD)
    with open_store(utility.workspace, "litoral") as store:  # so that SQLite does not copy its log into the file
        store.last_version()
        before = Path(f"{path}-wal").stat().st_size
        utility.goes_in(2)
        copies = {ending: Path(f"{path}{ending}").read_bytes() for ending in ("", "-wal")}
    log = copies["-wal"]
    path.write_bytes(copies[""])
    Path(f"{path}-wal").write_bytes(log[: before + 40] + bytes(255 - byte for byte in log[before + 40 :]))
    check = utility.wss("store", "check", "litoral")
    assert check.exit_code == 1
    said = " ".join(check.stderr.split())
    assert f"/{NAME}" in said
    assert "are not in the ledger" in said
    assert f"move them to {utility.workspace.inbox('litoral')}" in said
    assert utility.levels() == 0, "SQLite says nothing of it"
    (kept,) = utility.workspace.archive("litoral").rglob("*.csv")
    kept.rename(utility.workspace.inbox("litoral") / NAME)
    utility.goes_in(2)
    assert utility.wss("store", "check", "litoral").exit_code == 0


def test_a_digit_that_flipped_on_the_disk_is_found_by_comparing_with_the_archive(utility):
    path = utility.workspace.data("litoral") / "wss.db"
    utility.deliver(NAME, MORE.replace("00:30,12.5", "00:30,12.25"))
    utility.goes_in(43_200)
    value, content = struct.pack(">d", 12.25 * 0.3048), path.read_bytes()
    place = content.index(value, len(content) // 2)
    path.write_bytes(content[: place + 1] + bytes([content[place + 1] ^ 1]) + content[place + 2 :])
    assert utility.wss("store", "check", "litoral").exit_code == 0, "the page is in order, and SQLite keeps no sum of it"
    damaged = path.read_bytes()
    check = utility.wss("store", "check", "litoral", "--values")
    assert check.exit_code == 1
    assert f"what {NAME} says" in check.stderr
    assert "of 43,200 readings 1 differ" in check.stderr
    assert path.read_bytes() == damaged, "a check writes nothing"
    (file,) = utility.ingest("--replay")[1]["files"]
    assert (file["duplicate"], file["corrected"]) == (43_199, 1)
    assert utility.wss("store", "check", "litoral", "--values").exit_code == 0
    with open_store(utility.workspace, "litoral") as store:
        read = store.read(["level"], pd.Timestamp("2022-07-23"), pd.Timestamp("2022-07-26"))["value"]
    assert read.round(9).isin([round(v * 0.3048, 9) for v in (12.25, 12.5)]).all()
