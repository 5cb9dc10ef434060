"""The connection to a tenant's database: how a transaction begins and what its errors mean to a user."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.exc import DisconnectionError, StatementError

from wss.errors import StoreError
from wss.store import migrations

BUSY_TIMEOUT_S = 30
"""How long a transaction waits for another one to end [s]."""


class Database(ABC):
    """A tenant's database. Any number of readers see one state each; one writer at a time."""

    name: str
    """What messages call it."""
    engine: Engine
    read_options: dict
    write_options: dict

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is a place for the tenant's tables."""

    @abstractmethod
    def prepare(self) -> None:
        """Make that place."""

    @abstractmethod
    def upgrade(self) -> str | None:
        """Bring an earlier schema to today's, in one transaction; return where the copy from before is, if one was made."""

    @abstractmethod
    def aside(self, stamp: str) -> str:
        """Where `replaced` puts the present store."""

    @abstractmethod
    def replaced(self, stamp: str) -> AbstractContextManager[Connection]:
        """Connection to a new store, without rows, that takes the place of the present one at the end; nothing after an error."""

    @abstractmethod
    def damage(self) -> list[str]:
        """What the database itself finds wrong with its contents."""

    @abstractmethod
    def close(self) -> None:
        """Forget every connection that nobody else uses."""

    @abstractmethod
    def _begin(self, connection: Connection, writes: bool) -> None:
        """What a transaction of this tenant begins with."""

    @abstractmethod
    def _meaning(self, error: BaseException) -> str | None:
        """What an error of the driver means to a user, if we know it."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Connection for reading one consistent state; StoreError says what is wrong with the store."""
        with self._explained(), self.engine.connect() as connection:
            connection.execution_options(**self.read_options)
            with connection.begin():
                self._begin(connection, writes=False)
                yield connection

    @contextmanager
    def write(self, keep: bool = True) -> Iterator[Connection]:
        """Connection in a transaction of the only writer: commits at the end if `keep`; StoreError leaves nothing."""
        with self._explained(), self.engine.connect() as connection:
            connection.execution_options(**self.write_options)
            with connection.begin() as transaction:
                self._begin(connection, writes=True)
                yield connection
                if not keep:
                    transaction.rollback()

    def create(self) -> None:
        """Create the tables where there are none, and bring those of an earlier schema to today's."""
        self.prepare()
        with self.write() as connection:
            if not inspect(connection).get_table_names():
                migrations.create(connection)
        if migrations.is_older(self.version()):
            self.upgrade()

    def version(self) -> str:
        """Number of the schema; StoreError if there is none."""
        with self.read() as connection:
            found = migrations.found(connection)
        if found is None:
            raise StoreError(
                f"{self.name} is not a store of wss: its schema has no number; put it aside and restore the last backup"
            )
        return found

    def check_version(self) -> None:
        """StoreError unless the store has the schema that this code knows."""
        found = self.version()
        if found != migrations.head():
            older, newer = "`wss store upgrade` brings it up to date", "update wss to the version that wrote it"
            mend = older if migrations.is_older(found) else newer
            raise StoreError(f"{self.name} has schema version {found}, this wss knows {migrations.head()}: {mend}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (StatementError, UnicodeError, self.engine.dialect.dbapi.Error) as error:
            cause = getattr(error, "orig", None) or error
            meaning = self._meaning(cause) or "refused what was asked"
            raise StoreError(f"{self.name} {meaning} (the database says: {str(cause).strip()})") from error


def own_connections(engine: Engine) -> None:
    """Let a process open connections of its own: one that came over a fork is left to the parent."""

    @event.listens_for(engine, "connect")
    def _mark(_connection, record) -> None:
        record.info["process"] = os.getpid()

    @event.listens_for(engine, "checkout")
    def _own(_connection, record, proxy) -> None:
        if record.info["process"] != os.getpid():
            record.dbapi_connection = proxy.dbapi_connection = None
            raise DisconnectionError("the connection belongs to the parent process")
