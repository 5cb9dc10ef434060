"""One process at a time. Who holds a lease says until when, so that one who died never blocks the others for ever."""

import math

import pandas as pd
from sqlalchemy import Connection, delete, insert, select

from wss import times
from wss.errors import LeaseError
from wss.store.schema import lease


def take(connection: Connection, name: str, owner: str, at: pd.Timestamp, seconds: float) -> None:
    """Take the lease `name` from `at` [UTC] for `seconds` [s].

    Raises
    ------
    LeaseError
        If it is held and has not expired at `at`.
    """
    held = connection.execute(select(lease).where(lease.c.name == name)).first()
    if held is not None and held.expires_at > times.seconds(at):
        raise LeaseError(
            f"{name} is held by {held.owner} since {times.iso(times.moment(held.at))} and until"
            f" {times.iso(times.moment(held.expires_at))}: wait for it, or until then if that process is gone"
        )
    connection.execute(delete(lease).where(lease.c.name == name))
    values = {"name": name, "owner": owner, "at": times.seconds(at), "expires_at": times.seconds(at) + math.ceil(seconds)}
    connection.execute(insert(lease).values(values))


def give_back(connection: Connection, name: str, owner: str, at: pd.Timestamp) -> None:
    """Give the lease back that `owner` took at `at` [UTC]; one that expired and was taken by another stays with the other."""
    mine = (lease.c.name == name, lease.c.owner == owner, lease.c.at == times.seconds(at))
    connection.execute(delete(lease).where(*mine))
