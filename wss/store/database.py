"""The connection to a tenant's database: how it is opened, how a transaction begins, what its errors mean to a user."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError, DisconnectionError

from wss.errors import StoreError
from wss.store import schema

BUSY_TIMEOUT_S = 30
"""How long a transaction waits for another one to end [s]."""
MEANINGS = {
    "not a database": "is damaged or not a store at all; put it aside and restore the last backup",
    "malformed": "is damaged; put it aside and restore the last backup",
    "disk i/o error": "cannot be read or written; check the disk, and that it is a local one",
    "readonly": "cannot be written; give this user the right to write the file and its folder",
    "unable to open": "cannot be opened; give this user the right to read and write the file and its folder",
    "locked": f"was locked by another process for more than {BUSY_TIMEOUT_S} s; end that process or try again",
    "disk is full": "cannot grow: the disk is full; make room",
    "no such table": "is not a store of wss: a table is missing; put it aside and restore the last backup",
}


class Database:
    """A tenant's database. Connections are kept, because SQLite copies its log into the file whenever the last one closes."""

    def __init__(self, path: Path):
        self.path = path
        self._engine = _sqlite(path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Connection for reading one consistent state; StoreError says what is wrong with the store."""
        with self._explained(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Connection in a transaction of the only writer: commits at the end, leaves nothing after an error; else StoreError."""
        with self._explained(), self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def create(self) -> None:
        """Create the tables and record the schema's version."""
        with self.write() as connection:
            if not inspect(connection).has_table("schema_version"):
                schema.metadata.create_all(connection)
                connection.execute(insert(schema.schema_version).values(version=schema.VERSION))

    def check_version(self) -> None:
        """StoreError unless the store has the schema that this code knows."""
        with self.read() as connection:
            found = connection.execute(select(schema.schema_version.c.version)).scalars().all()
        if found != [schema.VERSION]:
            has = found[0] if found else "no number"
            mend = "update wss to the version that wrote it" if found and found[0] > schema.VERSION else "restore a backup of it"
            raise StoreError(f"{self.path} has schema version {has}, this wss knows {schema.VERSION}: {mend}")

    def close(self) -> None:
        """Forget every connection."""
        self._engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            said = str(error.orig)
            meaning = next((m for words, m in MEANINGS.items() if words in said.lower()), None)
            raise StoreError(f"{self.path} {meaning or 'refused what was asked'} (the database says: {said})") from error


def _sqlite(path: Path) -> Engine:
    """SQLite with a write-ahead log. The driver's own transactions are off: a writer begins with its lock, a reader without.

    A process opens connections of its own: one that came over a fork is left to the parent.
    """
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "checkout")
    def _own(_connection, record, proxy) -> None:
        if record.info["process"] != os.getpid():
            record.dbapi_connection = proxy.dbapi_connection = None
            raise DisconnectionError("the connection belongs to the parent process")

    @event.listens_for(engine, "connect")
    def _prepare(connection, record) -> None:
        record.info["process"] = os.getpid()
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -64000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine
