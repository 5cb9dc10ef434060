"""Faults of disk and database during intake: said clearly, the file stays, nothing is half done, and later it goes in once."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil
import psycopg
import pytest

from wss.store import database as store_database
from wss.store import ledger, open_store

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")
sys.path.append(BENCHMARKS)
servers = importlib.import_module("servers")
sys.path.remove(BENCHMARKS)
NAME = "LIT_T1_LEVEL_20220725T0100.csv"
GOOD = "2022-07-25 01:00:00,12.5,Good\n2022-07-25 01:05:00,12.6,Good\n"
MORE = "".join(f"2022-07-24 {m // 60:02}:{m % 60:02}:{s:02},12.5,Good\n" for m in range(1440) for s in range(0, 60, 2))
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "header": lambda b: b"\xff" * 32 + b[32:],
    "middle": lambda b: b[:4096] + bytes(255 for _ in range(len(b) - 8192)) + b[-4096:],
    "cut": lambda b: b[:len(b) // 2],
    "text": lambda b: b"Please see the other file.\n" * 500,
    "empty": lambda b: b"",
}


def where(utility) -> list[str]:
    """Folders that hold a file of SCADA."""
    top = utility.workspace.data("litoral")
    return sorted(p.relative_to(top).parts[0] for p in top.rglob("*.csv"))


def told(result) -> dict:
    """What `wss ingest --json` said."""
    assert "Traceback" not in result.output
    (one,) = json.loads(result.stdout)
    return one


def levels(utility) -> int:
    with open_store(utility.workspace, "litoral") as store:
        return len(store.read(["level"], pd.Timestamp("2022-07-23"), pd.Timestamp("2022-07-26")))


def refused(utility) -> str:
    """The error of an intake that fails, leaving its one file where a later one finds it."""
    result = utility.wss("ingest", "litoral", "--json")
    assert result.exit_code != 0
    error = told(result)["error"]
    assert error
    assert "unexpected" not in error
    assert where(utility) in (["inbox"], ["work"])
    return error


def goes_in(utility, readings: int) -> None:
    """The file goes in, exactly once."""
    (file,) = told(utility.wss("ingest", "litoral", "--json"))["files"]
    assert (file["state"], file["read"], file["stored"]) == ("stored", readings, readings)
    assert levels(utility) == readings
    assert where(utility) == ["archive"]
    with open_store(utility.workspace, "litoral") as store:
        assert len(store.files()) == 1


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_store_takes_nothing_and_check_says_what_to_do(utility, kind):
    path = utility.workspace.data("litoral") / "wss.db"
    whole = path.read_bytes()
    utility.deliver(NAME, GOOD)
    path.write_bytes(DAMAGES[kind](whole))
    assert "restore the last backup" in refused(utility)
    check = utility.wss("store", "check", "litoral")
    assert check.exit_code == 1
    assert "restore the last backup" in check.stderr
    assert "Traceback" not in check.output
    path.write_bytes(whole)
    goes_in(utility, 2)


@pytest.mark.parametrize("kind", ["damaged", "deleted"])
def test_without_the_log_the_store_is_as_before_it_or_says_that_it_is_damaged(utility, kind):
    path = utility.workspace.data("litoral") / "wss.db"
    utility.deliver(NAME, GOOD)
    with open_store(utility.workspace, "litoral") as store:
        store.put_documents(store.documents(), "tests", "a change that is in the log only", pd.Timestamp("2022-07-25"))
        copies = {ending: Path(f"{path}{ending}").read_bytes() for ending in ("", "-wal")}
    path.write_bytes(copies[""])
    Path(f"{path}-shm").unlink(missing_ok=True)
    log = Path(f"{path}-wal")
    log.write_bytes(b"\xff" * len(copies["-wal"])) if kind == "damaged" else log.unlink(missing_ok=True)
    with open_store(utility.workspace, "litoral") as store:
        assert len(store.versions()) in (0, 1)
    goes_in(utility, 2)


@pytest.fixture
def small_disk(utility):
    """The tenant's data on a disk of its own, of 6 MB."""
    data = utility.workspace.data("litoral")
    aside = data.with_name("aside")
    data.rename(aside)
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", data], capture_output=True, check=False).returncode:
        data.rmdir()
        aside.rename(data)
        pytest.skip("this user may not mount a file system")
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", data], check=True)
        yield data
    finally:
        subprocess.run(["umount", "-l", data], check=True)


@pytest.mark.parametrize("left_kb", [0, 100, 500])
def test_a_full_disk_takes_nothing_and_later_the_file_once(utility, small_disk, left_kb):
    utility.deliver(NAME, MORE)
    filler = small_disk / "filler"
    space = os.statvfs(small_disk)
    filler.write_bytes(b"\0" * (space.f_bavail * space.f_frsize - left_kb * 1024))
    assert "room" in refused(utility)
    filler.unlink()
    goes_in(utility, 43_200)
    assert utility.wss("store", "check", "litoral").exit_code == 0


@contextmanager
def not_writable(*folders: Path):
    """Nobody but root may write in some folders."""
    for folder in folders:
        folder.chmod(0o555)
    try:
        yield
    finally:
        for folder in folders:
            folder.chmod(0o755)


def as_nobody(utility, words: list[str]):
    """Exit code and output of a command by a user without root's rights, to whom the workspace belongs."""
    if os.geteuid() != 0:
        result = utility.wss(*words)
        return result.exit_code, result.stdout
    home = utility.workspace.home
    for path in [home, *home.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    for folder in home.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        result = utility.wss(*words)
        os.write(writer, json.dumps([result.exit_code, result.stdout]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = json.loads(pipe.read())
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("locked", [("",), ("inbox",), ("work",), ("archive",), ("", "inbox", "work", "archive", "quarantine")])
def test_folders_that_may_not_be_written(utility, locked):
    utility.deliver(NAME, GOOD)
    data = utility.workspace.data("litoral")
    with not_writable(*(data / name for name in locked)):
        code, out = as_nobody(utility, ["ingest", "litoral", "--json"])
    (one,) = json.loads(out)
    reasons = [one["error"] or "", *(file["reason"] for file in one["files"])]
    assert any("give this user the right" in reason for reason in reasons), (code, one)
    assert len(where(utility)) == 1
    code, out = as_nobody(utility, ["ingest", "litoral", "--json"])
    assert code == 0
    assert where(utility) == ["archive"]
    assert levels(utility) == 2


@pytest.fixture
def on_postgresql(utility, postgresql, empty_postgresql):
    """The utility on a real server."""
    (utility.workspace.home / "wss.toml").write_text(f'database = "{postgresql}"\n')
    (utility.workspace.data("litoral") / "wss.db").rename(utility.workspace.home / "aside.db")
    empty_postgresql()
    assert utility.wss("apply", "litoral").exit_code == 0
    return utility


@contextmanager
def in_the_transaction(do: Callable[[int], None]):
    """`do` something between the readings of a file and its commit; it is given the number of the server's process."""
    write = ledger.write_file

    def written(connection, *given):
        counts = write(connection, *given)
        do(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar())
        return counts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "write_file", written)
        yield


def test_a_connection_that_is_ended_in_the_transaction(on_postgresql, postgresql):
    def end(pid: int) -> None:
        with psycopg.connect(postgresql, autocommit=True) as server:
            server.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    on_postgresql.deliver(NAME, GOOD)
    with in_the_transaction(end):
        assert "try again" in refused(on_postgresql)
    goes_in(on_postgresql, 2)


@pytest.mark.slow
def test_a_server_that_stops_in_the_transaction_and_starts_again(utility):
    if servers.postgresql_binaries() is None:
        pytest.skip("PostgreSQL's server is not installed: apt-get install postgresql")
    with servers.postgresql() as (address, server):
        (utility.workspace.home / "wss.toml").write_text(f'[tenants]\nlitoral = "{address}"\n')
        (utility.workspace.data("litoral") / "wss.db").rename(utility.workspace.home / "aside.db")
        assert utility.wss("apply", "litoral").exit_code == 0
        utility.deliver(NAME, GOOD)
        start, folder = server.cmdline(), server.cwd()
        rights = {"user": server.uids().real, "group": server.gids().real, "extra_groups": []} if os.geteuid() == 0 else {}

        def stop(_pid: int) -> None:
            server.send_signal(signal.SIGQUIT)  # what pg_ctl stop -m immediate sends
            psutil.wait_procs([server], timeout=30)

        with in_the_transaction(stop):
            said = refused(utility)
        assert "try again" in said or "start the server" in said, said
        assert "start the server" in refused(utility)
        again = subprocess.Popen(start, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **rights)
        for _ in range(300):
            if utility.wss("ingest", "--unknown").exit_code == 0:
                break
            time.sleep(0.1)
        goes_in(utility, 2)
    again.wait(30)


def test_a_lock_that_is_held_too_long(utility, monkeypatch):
    monkeypatch.setattr(store_database, "BUSY_TIMEOUT_S", 0.2)
    utility.deliver(NAME, GOOD)
    with open_store(utility.workspace, "litoral") as other, other._database.write():
        assert "locked by another process" in refused(utility)
    goes_in(utility, 2)
