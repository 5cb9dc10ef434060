"""SQLite: what a user is told when the file is damaged, not a store, or not writable."""

import os
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from wss.errors import StoreError
from wss.store import open_store
from wss.store.check import check

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_store_that_is_no_database_says_so(workspace):
    workspace.prepare("demo")
    (workspace.data("demo") / "wss.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError, match=r"wss\.db is damaged or not a store at all; put it aside and restore the last backup"):
        open_store(workspace, "demo")


def test_a_damaged_page_says_so(workspace, store, give):
    give("2022-03-01T01:00", {pd.Timestamp("2022-03-01") + pd.Timedelta(minutes=i): i for i in range(5000)})
    store.close()  # the last connection's end copies the log into the file
    path = workspace.data("demo") / "wss.db"
    size = path.stat().st_size
    with path.open("r+b") as file:  # everything after the schema
        file.seek(size // 4)
        file.write(b"\xff" * (size // 2))
    with pytest.raises(StoreError, match="damaged; put it aside and restore"):
        store.read(["level"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-06"))
    assert "restore the last backup" in check(workspace, "demo")[0][0]


def test_check_finds_what_no_read_has_come_across(workspace, store, give):
    give("2022-03-01T01:00", {pd.Timestamp("2022-03-01") + pd.Timedelta(minutes=i): i for i in range(5000)})
    store.close()
    path = workspace.data("demo") / "wss.db"
    whole = path.read_bytes()
    page = int.from_bytes(whole[16:18], "big")

    def faults(data: bytes) -> list[str]:
        path.write_bytes(data)
        return [fault for fault in check(workspace, "demo", contents=False)[0] if "restore the last backup" in fault]

    assert faults(whole) == []
    last = len(whole) - page
    flipped = bytearray(whole)
    flipped[last] ^= 0x40  # the kind of the last page
    assert faults(bytes(flipped))
    assert faults(whole[:last])
    assert faults(whole[: len(whole) // 2])
    assert faults(whole) == []


def test_a_database_of_something_else_is_refused(workspace):
    workspace.prepare("demo")
    connection = sqlite3.connect(workspace.data("demo") / "wss.db")
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(StoreError, match="is not a store of wss: its schema has no number"):
        open_store(workspace, "demo")
    with pytest.raises(StoreError, match="is not a store of wss"):
        open_store(workspace, "demo", create=True)


def test_a_full_disk_says_so_and_leaves_nothing_half_done(workspace, store, give):
    give("2022-03-01T01:00", {"2022-03-01": 1})
    with store._database.write() as connection:  # the one connection that is kept
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="cannot grow: the disk is full; make room"):
        give("2022-03-01T02:00", {pd.Timestamp("2022-03-01") + pd.Timedelta(minutes=i): i for i in range(5000)})
    assert len(store.files()) == 1
    assert len(store.read(["level"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-06"))) == 1


def test_a_read_only_store_says_so(workspace, store):
    path = workspace.data("demo") / "wss.db"
    store.close()

    def try_to_write() -> str:
        try:
            with open_store(workspace, "demo") as mine:
                mine.configure({}, (), "me", "", pd.Timestamp("2022-01-01"))
        except StoreError as error:
            return str(error)
        return "nothing was said"

    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        said = _as_nobody(try_to_write, path) if os.geteuid() == 0 else try_to_write()
    finally:
        path.parent.chmod(0o755)
    assert "give this user the right" in said


def _as_nobody(do, path: Path) -> str:
    """What `do` returns in a child process without root's rights."""
    for folder in path.parents:
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        os.write(writer, do().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said
