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
    assert "room" in utility.refused()
    filler.unlink()
    utility.goes_in(43_200)
    assert utility.wss("store", "check", "litoral").exit_code == 0


def test_a_disk_that_is_read_only_takes_nothing_and_later_the_file_once(utility, small_disk):
    utility.deliver(NAME, GOOD)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "mount its disk for writing" in utility.refused()
    assert utility.where() == ["inbox"]
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    utility.goes_in(2)
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
    assert len(utility.where()) == 1
    code, out = as_nobody(utility, ["ingest", "litoral", "--json"])
    assert code == 0
    assert utility.where() == ["archive"]
    assert utility.levels() == 2


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
        assert "try again" in on_postgresql.refused()
    on_postgresql.goes_in(2)


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
            said = utility.refused()
        assert "try again" in said or "start the server" in said, said
        assert "start the server" in utility.refused()
        again = subprocess.Popen(start, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **rights)
        for _ in range(300):
            if utility.wss("ingest", "--unknown").exit_code == 0:
                break
            time.sleep(0.1)
        utility.goes_in(2)
    again.wait(30)


def test_a_lock_that_is_held_too_long(utility, monkeypatch):
    monkeypatch.setattr(store_database, "BUSY_TIMEOUT_S", 0.2)
    utility.deliver(NAME, GOOD)
    with open_store(utility.workspace, "litoral") as other, other._database.write():
        assert "locked by another process" in utility.refused()
    utility.goes_in(2)


def test_a_lock_on_the_server_that_is_held_too_long(on_postgresql, monkeypatch):
    monkeypatch.setattr(store_database, "BUSY_TIMEOUT_S", 0.2)
    on_postgresql.deliver(NAME, GOOD)
    with open_store(on_postgresql.workspace, "litoral") as other, other._database.write():
        assert "locked by another process" in on_postgresql.refused()
    on_postgresql.goes_in(2)
