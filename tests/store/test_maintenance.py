"""Backup, restore and move lose nothing and leave nothing half done, from and to either database; check finds damage."""

import shutil
from contextlib import contextmanager

import pandas as pd
import pytest
from sqlalchemy import delete, insert, select, update

from wss.errors import ConfigError, NotFoundError, StoreError
from wss.steps.intake.folders import sha256_of
from wss.store import RunRecord, maintenance, open_store, transfer
from wss.store.check import check
from wss.store.opening import open_database
from wss.store.schema import intake_file, metadata, reading, set_aside

SEVEN = reading.c.value == 7
AT, LATER = pd.Timestamp("2022-03-02T06:00"), pd.Timestamp("2022-03-02T07:00")


@pytest.fixture
def full(store, give, workspace, sensors):
    """The tenant demo with something of everything."""
    give("2022-03-01T01:00", {"2022-03-01T00:00": 0.1, "2022-03-01T00:05": -0.0, "2022-03-01T00:10": 1e308})
    give("2022-03-01T02:00", {"2022-03-01T00:00": 0.2, "2022-03-01T00:15": 5e-324})
    give("2022-03-01T02:00", {"2022-03-01T00:00": 7.0}, tag="F")
    store.configure({"tenant.yml": "name: demo\n", "a": "ção €"}, sensors, "ana", "first", AT)
    for number in (1, 2):
        run = RunRecord(f"r{number}", "optimize", AT, AT, AT, "ok", True, {"z": 1, "a": [1.5, None]}, folder=f"optimize/{number}")
        orders = pd.DataFrame({"time": [AT, LATER], "pump": "P", "speed": [1.0, 0.0]})
        kpis = pd.DataFrame({"time": [AT], "name": "cost", "item": "plan", "value": [float("nan")], "unit": "EUR"})
        store.commit_run(run, orders, kpis)
        (workspace.runs("demo") / run.folder).mkdir(parents=True)
        (workspace.runs("demo") / run.folder / "manifest.json").touch()
    store.publish({"plan": "r1"}, AT)
    store.write_journal("note", "ana", AT, {"said": "\0"}, "why\0", "r1")
    return store


@pytest.fixture
def other(database, postgresql, empty_postgresql, workspace) -> str:
    """Address of the database that the workspace does not use."""
    if database == "sqlite":
        empty_postgresql()
    return postgresql if database == "sqlite" else "sqlite"


def contents(workspace) -> dict[str, list[str]]:
    """Rows of every table, sorted: the same in both databases."""
    with open_database(workspace, "demo").read() as connection:
        return {t.name: sorted(map(shown, connection.execute(select(t)))) for t in metadata.sorted_tables}


def shown(row) -> str:
    """A row in words, in which 0 has no sign."""
    return repr([value + 0.0 if isinstance(value, float) else value for value in row])


@contextmanager
def tampered(workspace):
    with open_database(workspace, "demo").write() as connection:
        yield connection


def test_a_backup_restored_is_the_same_store(full, workspace, sensors, tmp_path):
    before = contents(workspace)
    file, rows = maintenance.backup(workspace, "demo", AT, tmp_path / "b.db")
    assert rows["reading"] == 5
    assert rows["reading_old"] == 1
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["b.db", "b.db.sha256"]
    full.configure({}, sensors, "ana", "later", LATER)
    with pytest.raises(StoreError, match="demo has a store, .*: with --force it is put aside"):
        maintenance.restore(workspace, "demo", file, LATER)
    assert contents(workspace) != before
    full.close()
    again, aside = maintenance.restore(workspace, "demo", file, LATER, force=True)
    assert again == rows
    assert aside
    assert contents(workspace) == before


def test_what_was_put_aside_is_still_there(full, workspace, database, sensors, tmp_path):
    file, _ = maintenance.backup(workspace, "demo", AT, tmp_path / "b.db")
    full.configure({}, sensors, "ana", "later", LATER)
    full.close()
    now = contents(workspace)
    _, aside = maintenance.restore(workspace, "demo", file, LATER, force=True)
    if database == "sqlite":
        shutil.copyfile(aside, workspace.data("demo") / "wss.db")
    else:
        with open_database(workspace, "demo").write() as connection:
            connection.exec_driver_sql("DROP SCHEMA wss_demo CASCADE")
            connection.exec_driver_sql(f"ALTER SCHEMA {aside.split()[1]} RENAME TO wss_demo")
    assert contents(workspace) == now


def test_a_move_there_and_back_changes_nothing(full, workspace, database, other):
    before = contents(workspace)
    settings = workspace.home / "wss.toml"
    seen = []
    rows, name, aside = maintenance.move(workspace, "demo", other, AT, progress=lambda *done: seen.append(done))
    assert aside is None
    assert "demo" in name
    assert seen[-1] == (2 * sum(rows.values()),) * 2
    assert contents(workspace) == before
    settings.write_text(f'database = "{database}"\n[tenants]\ndemo = "{other}"\n')
    assert contents(workspace) == before
    with pytest.raises(StoreError, match="there is a store in .* --force"):
        maintenance.move(workspace, "demo", database, LATER)
    full.close()
    maintenance.move(workspace, "demo", database, LATER, force=True)
    settings.write_text(f'database = "{database}"\n')
    assert contents(workspace) == before
    assert check(workspace, "demo", contents=False)[0][1:] == []


def test_after_a_move_numbers_go_on(full, workspace, other, sensors):
    maintenance.move(workspace, "demo", other, AT)
    (workspace.home / "wss.toml").write_text(f'database = "{other}"\n')
    with open_store(workspace, "demo") as there:
        assert there.write_journal("note", "ana", LATER, {}) == 2
        there.publish({"plan": "r2"}, LATER)
        assert there.published()["plan"].id == "r2"
        assert there.configure({}, sensors, "ana", "", LATER) == (3, 0)


def test_a_move_to_where_it_is_says_so(full, workspace, database):
    with pytest.raises(ConfigError, match="is in .* already"):
        maintenance.move(workspace, "demo", database, AT)
    with pytest.raises(ConfigError, match="is not the address of a database"):
        maintenance.move(workspace, "demo", "elsewhere", AT)


def test_a_copy_that_lacks_rows_of_any_table_is_refused(full, workspace, monkeypatch, tmp_path):
    real = transfer._written
    with open_database(workspace, "demo").read() as connection:
        filled = [name for name, rows in transfer.count(connection).items() if rows]
    assert len(filled) >= 12
    for lost in filled:

        def without(to, of, block, lost=lost):
            return block if of.name == lost else real(to, of, block)

        monkeypatch.setattr(transfer, "_written", without)
        with pytest.raises(StoreError):
            maintenance.backup(workspace, "demo", AT, tmp_path / "b.db")
        assert [p for p in tmp_path.iterdir() if p.is_file()] == []


def test_a_backup_that_was_changed_is_refused(full, workspace, tmp_path):
    file, _ = maintenance.backup(workspace, "demo", AT, tmp_path / "b.db")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    before = contents(workspace)
    with pytest.raises(StoreError, match="is not as it was written: its SHA-256"):
        maintenance.restore(workspace, "demo", file, LATER, force=True)
    file.with_name("b.db.sha256").unlink()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(StoreError, match="is damaged"):
        maintenance.restore(workspace, "demo", file, LATER, force=True)
    assert contents(workspace) == before
    assert list(workspace.work("demo").iterdir()) == []


def test_a_backup_of_another_tenant_is_refused(full, workspace, tmp_path):
    file, _ = maintenance.backup(workspace, "demo", AT, tmp_path / "b.db")
    with pytest.raises(StoreError, match="is a backup of demo, not of serra"):
        maintenance.restore(workspace, "serra", file, AT)
    with pytest.raises(NotFoundError, match="does not exist"):
        maintenance.restore(workspace, "demo", tmp_path / "no.db", AT)
    with pytest.raises(StoreError, match="is there already"):
        maintenance.backup(workspace, "demo", AT, file)
    with pytest.raises(StoreError, match="serra has no store yet"):
        maintenance.backup(workspace, "serra", AT)


def test_a_whole_store_is_good(full, workspace):
    faults, rows = check(workspace, "demo", contents=False)
    assert [f.split(":")[0] for f in faults] == [f"files that were taken in are not in {workspace.archive('demo')}"]
    assert rows["reading"] == 5


def test_an_archived_file_that_changed_is_found(store, give, workspace):
    path = workspace.archive("demo") / "2022" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"time,value\n")
    give("2022-03-01T01:00", {"2022-03-01": 1}, name="a.csv", sha256=sha256_of(path))
    assert check(workspace, "demo")[0] == []
    path.write_bytes(b"time,valuf\n")
    assert check(workspace, "demo", contents=False)[0] == []
    assert "not as they were taken in: a.csv; bring them back" in check(workspace, "demo")[0][0]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (update(intake_file).values(read=9), "the counts of these files do not add up"),
        (update(reading).where(SEVEN).values(file_id=99), "reading has rows of a file_id that intake_file does not have: 99"),
        (update(reading).where(SEVEN).values(sensor_id=99), "reading has rows of a sensor_id that sensor does not have: 99"),
        (delete(reading).where(SEVEN), "readings of these files are missing"),
        (insert(set_aside).values(file_id=1, line=1, tag="", text="", reason=""), "rows of these files in set_aside"),
    ],
)
def test_rows_that_do_not_fit_are_found(full, workspace, damage, said):
    with tampered(workspace) as connection:
        connection.execute(damage)
    faults, _ = check(workspace, "demo")
    assert any(said in fault for fault in faults), faults


def test_a_published_run_without_its_folder_is_found(full, workspace):
    (workspace.runs("demo") / "optimize/1/manifest.json").unlink()
    (workspace.runs("demo") / "optimize/2/manifest.json").unlink()  # which is not published
    assert any("published runs have no manifest.json" in f and "r1;" in f for f in check(workspace, "demo")[0])
