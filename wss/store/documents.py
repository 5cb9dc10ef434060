"""The versions of a tenant's configuration, append-only."""

import pandas as pd
from sqlalchemy import Connection, func, insert, select

from wss import times
from wss.errors import NotFoundError
from wss.store.schema import document, version

KIND = "configuration"


def put(connection: Connection, bodies: dict[str, str], author: str, note: str, at: pd.Timestamp) -> int:
    """Record the texts of all files (by path relative to the tenant's folder) as a new version and return its number."""
    number = (connection.execute(select(func.max(version.c.version))).scalar() or 0) + 1
    connection.execute(insert(version).values(version=number, at=times.seconds(at), author=author, note=note))
    if bodies:
        connection.execute(insert(document), [{"version": number, "kind": KIND, "key": k, "body": b} for k, b in bodies.items()])
    return number


def get(connection: Connection, number: int | None) -> dict[str, str]:
    """Texts of a version by their keys, of the last one if `number` is None; empty if there is none at all.

    Raises
    ------
    NotFoundError
        If there is no version of that number.
    """
    last = connection.execute(select(func.max(version.c.version))).scalar()
    if number is not None and not 1 <= number <= (last or 0):
        raise NotFoundError(f"there is no version {number} of the configuration; there are 1 to {last or 0}")
    query = select(document.c.key, document.c.body).where(document.c.version == (number or last), document.c.kind == KIND)
    return dict(connection.execute(query.order_by(document.c.key)).all())


def last(connection: Connection) -> int:
    """Number of the last version; 0 if there is none."""
    return connection.execute(select(func.max(version.c.version))).scalar() or 0


def versions(connection: Connection) -> pd.DataFrame:
    """Every version: version, at [UTC], author, note; oldest first."""
    rows = connection.execute(select(version).order_by(version.c.version)).all()
    frame = pd.DataFrame(rows, columns=["version", "at", "author", "note"])
    return frame.assign(at=times.from_epoch(frame["at"]))
