"""Watch the inboxes of many tenants and take in each file within seconds of its being complete."""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from wss.config import Configuration
from wss.errors import WssError
from wss.steps.configuration import active
from wss.steps.intake.inbox import QUALITY_EVERY, run_intake
from wss.steps.quality.after_intake import examine_anew
from wss.store import Store, Workspace, open_store

log = logging.getLogger(__name__)

POLL_S = 1.0
"""How often each inbox is looked at [s]."""
NAMES_S = 10.0
"""How often new tenants are looked for [s]."""
RETRY_S = 30.0
"""Pause after the intake of a tenant failed, and between looks at files that only time completes [s]."""
RACY_S = 2.0
"""An inbox changed this recently is looked at once more: file systems do not tell two changes of one moment apart [s]."""
EXAMINE_S = QUALITY_EVERY.total_seconds()
"""How long after a file came the readings are looked at that its intake left to later [s]."""
WORKERS = 4
"""Tenants that are taken in at the same time; so a huge file of one does not delay the others."""
OPEN_STORES = 64
"""Stores that are kept open."""


@dataclass
class _Tenant:
    """What the watch remembers of a tenant."""

    inbox: str
    changed_ns: int = -1
    """Time of the inbox's last change that was looked at [ns]."""
    look_at: float = 0.0
    """Monotonic time of the next look even if nothing changes [s]."""
    error: str = ""
    examine_at: float = float("inf")
    """Monotonic time from which on doubtful readings are looked for in what came and was left to later [s]."""
    work: Future | None = None
    search: Future | None = None
    """The search for doubtful readings that goes on."""
    store: Store | None = None
    version: int = 0
    configuration: Configuration | None = None
    used: float = field(default=0.0)

    def close(self) -> None:
        """Close the store."""
        if self.store is not None:
            self.store.close()
        self.store, self.configuration = None, None


class Watch:
    """The inboxes of some tenants, or of all that there are and will be."""

    def __init__(
        self, workspace: Workspace, names: list[str] | None, told: Callable[[dict], None], failed: Callable[[str, str], None]
    ):
        """`told` is called with the row of each file (see `run_intake`), `failed` with a tenant and what is newly wrong."""
        self._workspace, self._names, self._told, self._failed = workspace, names, told, failed
        self._tenants: dict[str, _Tenant] = {}
        self._stop = threading.Event()
        self._names_at = 0.0

    def stop(self) -> None:
        """End `run` once the files at hand are finished; may be called from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Watch until `stop` is called."""
        with ThreadPoolExecutor(WORKERS, "intake") as pool, ThreadPoolExecutor(1, "quality") as idle:
            while not self._stop.is_set():
                self.look(pool)
                self.examine(idle)
                self._stop.wait(POLL_S)
            idle.shutdown(cancel_futures=True)
        for tenant in self._tenants.values():
            tenant.close()

    def look(self, pool: ThreadPoolExecutor) -> int:
        """Start the intake of every tenant whose inbox changed or is due; returns how many."""
        now = time.monotonic()
        if now >= self._names_at:
            self._names_at = now + NAMES_S
            for name in self._names or self._workspace.names():
                self._tenants.setdefault(name, _Tenant(str(self._workspace.inbox(name))))
        started = 0
        for name, tenant in self._tenants.items():
            if _busy(tenant.work):
                continue
            changed_ns = _changed_ns(tenant.inbox)
            if changed_ns == tenant.changed_ns and now < tenant.look_at:
                continue
            tenant.changed_ns = changed_ns
            tenant.look_at = now + POLL_S if time.time_ns() - changed_ns < RACY_S * 1e9 else float("inf")
            tenant.work = pool.submit(self._take_in, name, tenant)
            started += 1
        self._close_idle()
        return started

    def examine(self, pool: Executor) -> int:
        """Start the search for doubtful readings in what an intake has left to later, of each tenant that is at rest; how many.

        A tenant's new files do not wait for it.
        """
        due = [
            (name, tenant)
            for name, tenant in self._tenants.items()
            if time.monotonic() >= tenant.examine_at and not _busy(tenant.work) and not _busy(tenant.search)
        ]
        for name, tenant in due:
            tenant.examine_at = float("inf")
            tenant.search = pool.submit(self._examine, name)
        return len(due)

    def _examine(self, name: str) -> None:
        try:
            with open_store(self._workspace, name) as store:
                examine_anew(active(store), store)
        except WssError:
            log.exception("quality of %s", name)

    def _take_in(self, name: str, tenant: _Tenant) -> None:
        rows: dict[str, tuple] = {}
        try:
            self._refresh(name, tenant)
            run_intake(
                tenant.configuration, tenant.store, self._workspace, told=lambda row: self._row(row, rows), stop=self._stop.is_set
            )
        except WssError as error:
            self._trouble(name, tenant, str(error))
        except Exception as error:
            log.exception("intake of %s", name)
            self._trouble(name, tenant, f"unexpected {type(error).__name__}: {error}")
        else:
            tenant.error = ""
            if "waiting" in rows.values():
                tenant.look_at = time.monotonic() + POLL_S
            if "stored" in rows.values():
                tenant.examine_at = min(tenant.examine_at, time.monotonic() + EXAMINE_S)

    def _row(self, row: dict, rows: dict[str, str]) -> None:
        rows[row["name"]] = row["state"]
        if row["state"] not in ("waiting", "ignored"):
            self._told(row)

    def _refresh(self, name: str, tenant: _Tenant) -> None:
        """Open the store and read the active configuration, if it is another one by now."""
        tenant.used = time.monotonic()
        if tenant.store is None:
            tenant.store = open_store(self._workspace, name)
        version = tenant.store.last_version()
        if tenant.configuration is None or version != tenant.version:
            tenant.configuration, tenant.version = active(tenant.store), version

    def _trouble(self, name: str, tenant: _Tenant, error: str) -> None:
        tenant.close()
        tenant.look_at = time.monotonic() + RETRY_S
        if error != tenant.error:
            self._failed(name, error)
        tenant.error = error

    def _close_idle(self) -> None:
        """Close the stores that were used longest ago, where many are open."""
        idle = [t for t in self._tenants.values() if t.store is not None and not _busy(t.work)]
        for tenant in sorted(idle, key=lambda t: t.used)[: max(0, len(idle) - OPEN_STORES)]:
            tenant.close()


def _busy(work: Future | None) -> bool:
    return work is not None and not work.done()


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except FileNotFoundError:
        return 0
