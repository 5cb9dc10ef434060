"""The workspace and the store in it; what a user is told when the store is missing or locked, or a transaction fails."""

import os
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from wss.errors import ConfigError, NotFoundError, StoreError
from wss.store import RunRecord, Workspace, database, documents, find_home, open_store
from wss.store.opening import open_database


def test_a_missing_store_says_how_to_make_one(workspace):
    with pytest.raises(StoreError, match=r"demo has no store yet .*demo.* does not exist.*`wss apply demo`"):
        open_store(workspace, "demo")


def test_open_create_open(workspace):
    with open_store(workspace, "demo", create=True) as store:
        store.configure({"a": "1"}, (), "me", "first", pd.Timestamp("2022-01-01"))
    with open_store(workspace, "demo", create=True) as store:
        assert store.documents() == {"a": "1"}
    assert workspace.inbox("demo").is_dir()


def test_a_forked_process_opens_a_connection_of_its_own(store):
    store.configure({"a": "1"}, (), "me", "parent", pd.Timestamp("2022-01-01"))
    child = os.fork()
    if child == 0:
        store.configure({"a": "2"}, (), "me", "child", pd.Timestamp("2022-01-02"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    store.configure({"a": "3"}, (), "me", "parent", pd.Timestamp("2022-01-03"))
    assert store.versions()["note"].tolist() == ["sensors", "parent", "child", "parent"]


def test_a_writer_waits_for_the_other_and_a_reader_for_nobody(workspace, store, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    with open_database(workspace, "demo").write(), open_store(workspace, "demo") as other:
        with pytest.raises(StoreError, match="was locked by another process"):
            other.configure({}, (), "me", "", pd.Timestamp("2022-01-01"))
        assert other.documents() == {}


def test_a_reader_sees_one_state(workspace, store):
    store.configure({"a": "1"}, (), "me", "", pd.Timestamp("2022-01-01"))
    with open_database(workspace, "demo").read() as connection:
        assert len(documents.versions(connection)) == 2
        store.configure({"a": "2"}, (), "me", "", pd.Timestamp("2022-01-02"))
        assert len(documents.versions(connection)) == 2
    assert len(store.versions()) == 3


def test_two_writers_at_once_lose_nothing(workspace, store):
    def write(name: str) -> None:
        with open_store(workspace, "demo") as mine:
            for _ in range(20):
                mine.configure({"a": name}, (), name, "", pd.Timestamp("2022-01-01"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    versions = store.versions()
    assert versions["version"].tolist() == list(range(1, 82))
    assert versions["author"].value_counts().to_dict() == dict.fromkeys("abcd", 20) | {"tests": 1}


def test_a_number_comes_back_as_it_went_in(give, levels, store):
    odd = [0.1, 1e308, 5e-324, -1.7976931348623157e308, 2.0**53 + 2, 1 / 3, -0.0]
    give("2022-03-01T01:00", {f"2022-03-01T00:0{k}": value for k, value in enumerate(odd)})
    assert [repr(value + 0.0) for value in levels().values()] == [repr(value + 0.0) for value in odd]


def test_a_value_that_is_no_number_is_refused(give, levels):
    with pytest.raises(StoreError, match="refused what was asked"):
        give("2022-03-01T01:00", {"2022-03-01": float("nan")})
    assert levels() == {}


def test_text_with_a_nul_is_kept_without_it(store):
    assert store.configure({"a\0b": "x\0y"}, (), "a\0", "n\0", pd.Timestamp("2022-01-01")) == (2, 0)
    assert store.documents() == {"a\ufffdb": "x\ufffdy"}
    store.write_journal("note", "ana", pd.Timestamp("2022-01-01"), {"said": "\0"})
    assert store.journal()["body"].tolist() == [{"said": "\0"}]


def test_text_that_is_not_text_is_refused(store):
    with pytest.raises(StoreError, match="refused what was asked .*surrogates not allowed"):
        store.configure({"a": "\udc80"}, (), "me", "", pd.Timestamp("2022-01-01"))


def test_names_sort_by_code_point(store):
    store.configure(dict.fromkeys(["b", "B", "é", "_", "a"], ""), (), "me", "", pd.Timestamp("2022-01-01"))
    assert list(store.documents()) == ["B", "_", "a", "b", "é"]


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
