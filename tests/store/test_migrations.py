"""A store of any earlier schema becomes one of today's without loss, on both databases."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Connection, Float, Integer, MetaData, Numeric, Table, inspect, select

from wss.errors import StoreError
from wss.store import migrations, open_store
from wss.store.database import Database
from wss.store.opening import open_database
from wss.store.schema import metadata


@pytest.fixture
def empty(workspace) -> Database:
    workspace.prepare("demo")
    database = open_database(workspace, "demo")
    database.prepare()
    yield database
    database.close()


def fill(connection: Connection) -> dict[str, list]:
    """Write two rows into every table that the database has, and say what they are."""
    there = MetaData()
    there.reflect(connection)
    for table in there.sorted_tables:
        if table.name not in ("alembic_version", "schema_version"):
            for number in (1, 2):
                connection.execute(table.insert().values({c.name: _value(c, number) for c in table.columns}))
    return contents(connection, there.sorted_tables)


def _value(column, number: int):
    if column.foreign_keys:
        return _value(next(iter(column.foreign_keys)).column, number)
    kind = column.type
    if isinstance(kind, JSON):
        return {"key": number}
    if isinstance(kind, Boolean):
        return number == 1
    if isinstance(kind, Integer):
        return number
    return number + 0.5 if isinstance(kind, Float | Numeric) else f"{column.name} {number}"[: kind.length]


def contents(connection: Connection, tables: list[Table]) -> dict[str, list]:
    return {t.name: _rows(connection, t.columns) for t in tables if t.name in metadata.tables}


def _rows(connection: Connection, columns) -> list[tuple]:
    return sorted(map(tuple, connection.execute(select(*columns))), key=repr)


def _tables(tables: dict[str, list], connection: Connection, names: dict[str, list[str]]) -> dict[str, list]:
    """The rows of today's tables in the columns of then."""
    now = MetaData()
    now.reflect(connection)
    return {name: _rows(connection, [now.tables[name].c[c] for c in names[name]]) for name in tables}


def test_the_migrations_and_the_tables_agree(empty):
    with empty.write() as connection:
        migrations.upgrade(connection)
    with empty.read() as connection:
        assert migrations.found(connection) == migrations.head()
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


@pytest.mark.parametrize("old", ["0000", *(f"{n:04}" for n in range(1, int(migrations.head())))])
def test_a_store_of_an_earlier_schema_keeps_everything(empty, workspace, old):
    with empty.write() as connection:
        migrations.upgrade(connection, max(old, "0001"))
        rows = fill(connection)
        columns = {name: [c["name"] for c in inspect(connection).get_columns(name)] for name in rows}
        if old == "0000":  # as before the migrations
            connection.exec_driver_sql("DROP TABLE alembic_version")
            connection.exec_driver_sql("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)")
            connection.exec_driver_sql("INSERT INTO schema_version VALUES (1)")
    with pytest.raises(StoreError, match=rf"has schema version {old}, .* `wss store upgrade` brings it up to date"):
        open_store(workspace, "demo")
    open_store(workspace, "demo", create=True).close()
    with empty.read() as connection:
        assert _tables(rows, connection, columns) == rows
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert not inspect(connection).has_table("schema_version")
    copies = [p.name for p in workspace.data("demo").glob("wss.db.*") if p.name.removeprefix("wss.db.").isdigit()]
    assert copies == ([f"wss.db.{old}"] if empty.engine.name == "sqlite" else [])


def test_a_migration_that_fails_leaves_the_store_as_it_was(empty, monkeypatch):
    with empty.write() as connection:
        migrations.upgrade(connection, "0001")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr(migrations, "upgrade", _half)
    with pytest.raises(StoreError, match="nowhere"):
        empty.upgrade()
    assert empty.version() == "0000"
    with empty.read() as connection:
        assert not inspect(connection).has_table("half")


def _half(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (x INTEGER)")
    connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


def test_a_newer_schema_is_refused_and_not_touched(empty, workspace, store):
    number = "9999"
    with empty.write() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{number}'")
    for create in (False, True):
        with pytest.raises(StoreError, match=f"has schema version {number}, this wss knows {migrations.head()}: update wss"):
            open_store(workspace, "demo", create)
    assert empty.version() == number


def test_the_numbers_of_the_migrations_follow_each_other():
    files = sorted(p.name for p in (migrations.FOLDER / "versions").glob("*.py"))
    assert [name[:4] for name in files] == [f"{n:04}" for n in range(1, len(files) + 1)]


def test_who_opens_a_store_of_today_does_not_pay_for_alembic(tmp_path):
    code = (
        "import sys; from pathlib import Path; from wss.store import Workspace, open_store; "
        f"open_store(Workspace(Path({str(tmp_path)!r})), 'demo', create=True); "
        "assert not {'alembic', 'psycopg'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
