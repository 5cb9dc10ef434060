"""Who accepted, overrode or changed what, and why; append-only."""

import pandas as pd
from sqlalchemy import Connection, insert, select

from wss import times
from wss.store.schema import journal


def write(connection: Connection, kind: str, who: str, at: pd.Timestamp, body: dict, reason: str, run_id: str | None) -> int:
    """Record what somebody did at `at` [UTC] and why; return the entry's number."""
    values = {"kind": kind, "who": who, "at": times.seconds(at), "body": body, "reason": reason, "run_id": run_id}
    return connection.execute(insert(journal).values(values)).inserted_primary_key[0]


def read(connection: Connection, kind: str | None, since: pd.Timestamp | None) -> pd.DataFrame:
    """Entries of a kind from a moment on (None: all), oldest first: id, at [UTC], kind, who, reason, run_id, body (dict)."""
    columns = ["id", "at", "kind", "who", "reason", "run_id", "body"]
    query = select(*(journal.c[c] for c in columns)).order_by(journal.c.at, journal.c.id)
    if kind is not None:
        query = query.where(journal.c.kind == kind)
    if since is not None:
        query = query.where(journal.c.at >= times.seconds(since))
    frame = pd.DataFrame(connection.execute(query).all(), columns=columns)
    return frame.assign(at=times.from_epoch(frame["at"]))
