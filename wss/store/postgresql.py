"""PostgreSQL: one schema a tenant, one writer of a tenant at a time; a process shares few connections among all tenants."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b

from sqlalchemy import URL, Connection, Engine, create_engine, text

from wss.store import database, migrations
from wss.store.settings import shown

CONNECTIONS, MORE = 2, 14
"""Connections that a process keeps, and how many more its threads may have open at once."""
BEGIN = text("SELECT set_config('search_path', :path, true), set_config('lock_timeout', :wait, true)")
BEGIN_WRITE = text(f"{BEGIN.text}, pg_advisory_xact_lock(:lock)")
EXISTS = text("SELECT to_regnamespace(:path) IS NOT NULL")
STATES = {
    "42P01": "is not a store of wss: a table is missing; restore the last backup",
    "3F000": "is not a store of wss: its schema is missing; `wss apply` creates it",
    "42501": "does not let this user do this; give the user the right to make schemas in the database, and to use the tenants'",
    "25006": "cannot be written: the server is a copy or set to read only; give the address of the one that is written",
    "53100": "cannot grow: the server's disk is full; make room",
    "53200": "has no memory left for this; give the server more, or end other work on it",
    "53300": "has no connection free; raise the server's max_connections, or run fewer processes",
    "55P03": "was locked by another process for too long; end that process or try again",
    "57P01": "was stopped by its administrator; try again when the server runs",
    "57P03": "is starting or stopping; try again in a moment",
    "XX001": "is damaged; put it aside and restore the last backup",
    "XX002": "has a damaged index; REINDEX the database, or restore the last backup",
}
WORDS = {
    "password": "refused the password; put the right one into PGPASSWORD or ~/.pgpass",
    "pg_hba.conf": "does not let this user in from here; the server's pg_hba.conf says who may come from where",
    "role": "does not know this user; create it on the server, or give another in wss.toml",
    "database": "is a database that the server does not have; create it, or give another in wss.toml",
    "too many": STATES["53300"],
    "starting up": STATES["57P03"],
    "shutting down": STATES["57P03"],
    "resolve": "is on a machine that is not known here; correct the host in wss.toml",
    "connection": "cannot be reached; start the server, or correct host and port in wss.toml",
}
"""Of a connection that could not be made, which comes without a state; the first that fits."""


class Postgresql(database.Database):
    """A tenant's schema."""

    read_options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    write_options = {"isolation_level": "READ COMMITTED"}  # each statement sees what the writer before has left

    def __init__(self, url: URL, tenant: str):
        self.schema = f"wss_{tenant}"
        self.name = f"{shown(url)} schema {self.schema}"
        self.engine = _engine(url)
        lock = int.from_bytes(blake2b(self.schema.encode(), digest_size=8).digest(), signed=True)
        self._begins = {"path": f'"{self.schema}"', "wait": f"{int(database.BUSY_TIMEOUT_S * 1000)}ms"}
        self._lock = {"lock": lock}

    def exists(self) -> bool:
        """Whether the schema is there."""
        with self.read() as connection:
            return connection.execute(EXISTS, {"path": self._begins["path"]}).scalar()

    def prepare(self) -> None:
        """Make the schema."""
        if not self.exists():  # who may not create a schema may use one that an administrator made
            with self.write() as connection:
                connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"')

    def close(self) -> None:
        """Nothing: the connections are the process's, for all tenants."""

    def upgrade(self) -> str | None:
        """Bring an earlier schema to today's, in one transaction."""
        with self.write() as connection:
            if migrations.is_older(migrations.found(connection)):
                migrations.upgrade(connection)
        return None

    def aside(self, stamp: str) -> str:
        """Where `replaced` puts the present schema."""
        return f"schema {self._aside(stamp)} of the same database"

    @contextmanager
    def replaced(self, stamp: str) -> Iterator[Connection]:
        """Connection to a new schema that takes the place of the present one at the end; nothing is left of it after an error."""
        with self.write() as connection:
            if connection.execute(EXISTS, {"path": self._begins["path"]}).scalar():
                connection.exec_driver_sql(f'ALTER SCHEMA "{self.schema}" RENAME TO "{self._aside(stamp)}"')
            connection.exec_driver_sql(f'CREATE SCHEMA "{self.schema}"')
            migrations.create(connection)
            yield connection

    def damage(self) -> list[str]:
        """Nothing: PostgreSQL says so when it reads what is damaged."""
        return []

    def _aside(self, stamp: str) -> str:
        return f"{self.schema}_{stamp.lower()}"

    def _begin(self, connection: Connection, writes: bool) -> None:
        if writes:
            connection.execute(BEGIN_WRITE, self._begins | self._lock)
        else:
            connection.execute(BEGIN, self._begins)

    def _meaning(self, error: BaseException) -> str | None:
        state = getattr(error, "sqlstate", None)
        said = str(error).lower()
        return STATES.get(state) or (None if state else next((m for words, m in WORDS.items() if words in said), None))


@cache
def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=MORE,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "application_name": "wss"},
    )
    database.own_connections(engine)
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))  # the pool asks before a listener can refuse
    return engine
