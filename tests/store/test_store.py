"""The workspace, and what a user is told when the store is missing, damaged, of another version, locked or not writable."""

import os
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from wss.errors import ConfigError, NotFoundError, StoreError
from wss.store import RunRecord, Workspace, database, find_home, open_store
from wss.store.schema import metadata


def test_a_missing_store_says_how_to_make_one(workspace):
    with pytest.raises(StoreError, match=r"demo has no store yet .*wss.db does not exist.*`wss apply demo`"):
        open_store(workspace, "demo")


def test_open_create_open(workspace):
    with open_store(workspace, "demo", create=True) as store:
        store.put_documents({"a": "1"}, "me", "first", pd.Timestamp("2022-01-01"))
    with open_store(workspace, "demo", create=True) as store:
        assert store.documents() == {"a": "1"}
    assert workspace.inbox("demo").is_dir()


def test_a_forked_process_opens_a_connection_of_its_own(store):
    store.put_documents({"a": "1"}, "me", "parent", pd.Timestamp("2022-01-01"))
    child = os.fork()
    if child == 0:
        store.put_documents({"a": "2"}, "me", "child", pd.Timestamp("2022-01-02"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    store.put_documents({"a": "3"}, "me", "parent", pd.Timestamp("2022-01-03"))
    assert store.versions()["note"].tolist() == ["parent", "child", "parent"]


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


@pytest.mark.parametrize(("version", "mend"), [(2, "update wss"), (0, "restore a backup")])
def test_another_schema_version_is_refused(workspace, store, version, mend):
    path = workspace.data("demo") / "wss.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version = ?", [version])
    connection.close()
    with pytest.raises(StoreError, match=rf"wss\.db has schema version {version}, this wss knows 1: {mend}"):
        open_store(workspace, "demo")


def test_a_database_of_something_else_is_refused(workspace):
    workspace.prepare("demo")
    connection = sqlite3.connect(workspace.data("demo") / "wss.db")
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(StoreError, match="is not a store of wss: a table is missing"):
        open_store(workspace, "demo")


def test_a_store_locked_for_too_long_says_so(workspace, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    with open_store(workspace, "demo", create=True) as store:
        other = sqlite3.connect(workspace.data("demo") / "wss.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="was locked by another process"):
            store.put_documents({}, "me", "", pd.Timestamp("2022-01-01"))
        assert store.documents() == {}  # readers do not wait
        other.close()


def test_nothing_is_left_of_a_transaction_that_fails(store):
    twice = pd.DataFrame({"time": pd.to_datetime(["2022-03-01"] * 2), "pump": "P", "speed": 1.0})
    at = pd.Timestamp("2022-03-01")
    with pytest.raises(StoreError, match="refused what was asked"):
        store.commit_run(RunRecord("r", "optimize", at, at, at, "ok", cycle=True), twice)
    assert store.runs() == []


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(StoreError, match=r"cannot be created .*give this user the right to write"):
        open_store(Workspace(tmp_path / "home"), "demo", create=True)


def test_a_read_only_store_says_so(workspace, store):
    path = workspace.data("demo") / "wss.db"
    store.close()

    def try_to_write() -> str:
        try:
            with open_store(workspace, "demo") as mine:
                mine.put_documents({}, "me", "", pd.Timestamp("2022-01-01"))
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


def test_a_store_opened_before_a_fork_works_in_the_child(store, give):
    give("2022-03-01T01:00", {"2022-03-01": 1})
    child = os.fork()
    if child == 0:
        os._exit(0 if store.last_time() == pd.Timestamp("2022-03-01") else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.last_time() == pd.Timestamp("2022-03-01")


def test_names_that_would_leave_the_workspace_are_refused(workspace):
    for name in ("../other", "Demo", "", "a/b", "x" * 32):
        with pytest.raises(NotFoundError, match="is not the name of a tenant"):
            workspace.inbox(name)


def test_tenants_are_the_folders_with_a_tenant_file(workspace):
    assert workspace.names() == []
    for name in ("porto", "evora", "empty"):
        workspace.tenant(name).mkdir(parents=True)
    for name in ("porto", "evora"):
        (workspace.tenant(name) / "tenant.yml").touch()
    assert workspace.names() == ["evora", "porto"]


def test_home_is_given_or_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("WSS_HOME", str(tmp_path))
    assert find_home() == tmp_path
    monkeypatch.setenv("WSS_HOME", "somewhere")
    with pytest.raises(ConfigError, match="give an absolute path"):
        find_home()
    monkeypatch.delenv("WSS_HOME")
    (tmp_path / "first").mkdir()
    monkeypatch.chdir(tmp_path / "first")
    assert find_home() == tmp_path / "first" / "workspace"
    monkeypatch.chdir(tmp_path)
    assert find_home() == tmp_path / "first" / "workspace"


def test_the_tables_are_for_postgresql_too():
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))
