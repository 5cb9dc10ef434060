"""SQLite: one file a tenant, one writer at a time, readers that never wait."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event

from wss.errors import StoreError
from wss.store import database, migrations

MEANINGS = {
    "not a database": "is damaged or not a store at all; put it aside and restore the last backup",
    "malformed": "is damaged; put it aside and restore the last backup",
    "disk i/o error": "cannot be read or written; check that the disk has room, is whole, and is a local one",
    "readonly": "cannot be written; give this user the right to write the file and its folder, and mount its disk for writing",
    "unable to open": "cannot be opened; give this user the right to write it and its folder, and mount its disk for writing",
    "locked": "was locked by another process for too long; end that process or try again",
    "disk is full": "cannot grow: the disk is full; make room",
    "no such table": "is not a store of wss: a table is missing; put it aside and restore the last backup",
}

FILES = ("", "-wal", "-shm")
"""Endings of the files that are one database."""
COMPILED: dict[Any, Any] = {}
"""Statements as SQLite's text: made once in a process, not once a file."""


class Sqlite(database.Database):
    """A tenant's file. Connections are kept, because SQLite copies its log into the file whenever the last one closes."""

    read_options = {"writes": False}
    write_options = {"writes": True}

    def __init__(self, path: Path):
        self.path, self.name = path, str(path)
        self.engine = _engine(path)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.is_file()

    def prepare(self) -> None:
        """Nothing: the first connection makes the file."""

    def close(self) -> None:
        """Forget every connection."""
        self.engine.dispose()

    def upgrade(self) -> str | None:
        """Bring an earlier schema to today's, in one transaction; return the copy from before that is left beside the file."""
        plain = Sqlite(self.path)
        plain.engine = _engine(self.path, foreign_keys=False)  # a table that others refer to is made anew by some migrations
        try:
            with plain.write() as connection:
                found = migrations.found(connection)
                if not migrations.is_older(found):
                    return None
                copy = self.path.with_name(f"{self.path.name}.{found}")
                copy_file(self.path, copy)
                migrations.upgrade(connection)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3)
                if broken:
                    raise StoreError(
                        f"{self.name} was not upgraded: rows refer to others that are not there: {broken};"
                        " restore the last backup"
                    )
                return str(copy)
        finally:
            plain.close()

    def aside(self, stamp: str) -> str:
        """Where `replaced` puts the present file."""
        return f"{self.path}.{stamp}"

    @contextmanager
    def replaced(self, stamp: str) -> Iterator[Connection]:
        """Connection to a new file that takes the place of the present one at the end; nothing is left of it after an error."""
        part = Sqlite(self.path.with_name(f".{self.path.name}.part"))
        part.remove()
        try:
            with part.write() as connection:
                migrations.create(connection)
                yield connection
            part.close()
            with closing(sqlite3.connect(part.path)) as connection:
                connection.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
            self.close()
            for ending in FILES:
                if Path(f"{self.path}{ending}").exists():
                    Path(f"{self.path}{ending}").rename(f"{self.aside(stamp)}{ending}")
            part.path.rename(self.path)
        finally:
            part.remove()

    def remove(self) -> None:
        """Delete the file and its log."""
        self.close()
        for ending in FILES:
            Path(f"{self.path}{ending}").unlink(missing_ok=True)

    def damage(self) -> list[str]:
        """What SQLite finds wrong with its file."""
        try:
            with self.read() as connection:
                found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok"]
                keys = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20)
        except StoreError as error:
            return [str(error)]
        return found + [f"row {row} of {table} refers to a row of {parent} that is not there" for table, row, parent, _ in keys]

    def _begin(self, connection: Connection, writes: bool) -> None:
        pass  # SQLAlchemy's event below has begun already

    def _meaning(self, error: BaseException) -> str | None:
        return next((meaning for words, meaning in MEANINGS.items() if words in str(error).lower()), None)


def copy_file(path: Path, to: Path) -> None:
    """Copy a database that others may be using, as one consistent state; `to` is there only when it is complete."""
    part = to.with_name(f".{to.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    part.replace(to)


@cache
def _dialect() -> Dialect:
    """The dialect of all files, which knows SQLite's version after its first connection."""
    engine = create_engine("sqlite://")
    engine.connect().close()
    engine.dispose()
    return engine.dialect


def _engine(path: Path, foreign_keys: bool = True) -> Engine:
    """SQLite with a write-ahead log. The driver's own transactions are off: a writer begins with its lock, a reader without."""
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": database.BUSY_TIMEOUT_S}, execution_options={"compiled_cache": COMPILED}
    )
    engine.dialect = _dialect()  # a compiled statement is known by its dialect
    database.own_connections(engine)

    @event.listens_for(engine, "connect")
    def _prepare(connection, record) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        keys = "ON" if foreign_keys else "OFF"
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"foreign_keys = {keys}",
            "cache_size = -64000",
            "journal_size_limit = 64000000",
        ):  # a file of years leaves no log of its size behind
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine
