"""What every run of a tenant is done under: one at a time of its kind, and no error that would stop another tenant's."""

import logging
import os
import socket
from collections.abc import Callable
from typing import TypeVar

import pandas as pd

from wss import notebooks, times
from wss.errors import WssError
from wss.store import Store, Workspace, find_home, open_store

log = logging.getLogger(__name__)

LEASE_S = 2 * notebooks.CELL_TIMEOUT_S
"""After which a lease counts no more, as who took it must be gone [s]."""


Result = TypeVar("Result")


def guarded(
    kind: str,
    tenant: str,
    workspace: Workspace | None,
    work: Callable[[Store, Workspace], Result],
    failed: Callable[[str], Result],
) -> Result:
    """What `work` gives; where it raises, what `failed` makes of the error. Never raises for what is wrong with one tenant.

    Parameters
    ----------
    kind
        `cycle`, `daily` or `weekly`. It names the lease: a tenant has one run of a kind at a time, and runs of other kinds go on
        beside it, as each of their writes is a transaction of its own.
    workspace
        Absent: that of WSS_HOME.
    """
    try:
        workspace = workspace or Workspace(find_home())
        began = times.utc(pd.Timestamp.now("UTC"))
        with open_store(workspace, tenant) as store, store.lease(kind, _owner(), began, LEASE_S):
            return work(store, workspace)
    except WssError as error:
        return failed(str(error))
    except Exception as error:
        log.exception("%s run of %s", kind, tenant)
        return failed(f"unexpected {type(error).__name__}: {error}")


def _owner() -> str:
    """Who holds a lease: this process."""
    return f"{socket.gethostname()}:{os.getpid()}"
