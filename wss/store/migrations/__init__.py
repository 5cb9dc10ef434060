"""How a store of an earlier schema becomes one of today's.

A change of `schema.py` needs a new file in `versions/`, named NNNN_what.py: `revision` is its number, `down_revision` the
number before, `upgrade()` makes the change with `alembic.op` (a change of a column in `op.batch_alter_table`, which SQLite
needs). A file that a release has had is never changed. Tests compare what the migrations make with `schema.py`.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from wss.store import schema

FOLDER = Path(__file__).parent
BEFORE_FIRST, FIRST = "0000", "0001"


@cache
def head() -> str:
    """Number of the schema that this code knows: that of the newest migration."""
    return max(path.name[:4] for path in (FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def create(connection: Connection) -> None:
    """Create the tables of today's schema in an empty database, inside the connection's transaction."""
    schema.metadata.create_all(connection, checkfirst=False)
    stamp(connection, head())


def stamp(connection: Connection, revision: str) -> None:
    """Record that a store, which has no record yet, has the schema of a revision."""
    schema.alembic_version.create(connection)
    connection.execute(insert(schema.alembic_version).values(version_num=revision))


def found(connection: Connection) -> str | None:
    """Number of the schema that a store has; None if it says none.

    A store from before the migrations numbered its schema in a table of its own; it has the first.
    """
    has_table = inspect(connection).has_table
    if has_table("alembic_version"):
        return connection.execute(select(schema.alembic_version.c.version_num)).scalar()
    return BEFORE_FIRST if has_table("schema_version") else None


def is_older(number: str | None) -> bool:
    """Whether a store with this number needs an upgrade."""
    return number is not None and number < head()


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring a store, or an empty database, to the schema of a number, inside the connection's transaction."""
    from alembic.command import upgrade as run
    from alembic.config import Config

    if found(connection) == BEFORE_FIRST:
        stamp(connection, FIRST)
        connection.exec_driver_sql("DROP TABLE schema_version")
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    run(config, to)
