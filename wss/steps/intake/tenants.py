"""Intake and replay of one tenant by its name, told and never raised, so that a broken tenant stops no other."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from wss.config import Configuration
from wss.errors import WssError
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.steps.intake.replay import Chosen, run_replay
from wss.store import Store, Workspace, find_home, open_store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IntakeResult:
    """What one intake of one tenant did."""

    tenant: str
    files: list[dict[str, Any]] = field(default_factory=list)
    """Each file: name, state and the counts of its readings."""
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def intake_of(
    tenant: str,
    workspace: Workspace | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    told: Callable[[dict], None] | None = None,
) -> IntakeResult:
    """Read one tenant's inbox; `progress` is told the files done, of all, and a name, `told` each file's row."""
    return _told(tenant, workspace, lambda c, store, ws: run_intake(c, store, ws, progress=progress, told=told))


def replay_of(
    tenant: str,
    chosen: Chosen,
    workspace: Workspace | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    told: Callable[[dict], None] | None = None,
) -> IntakeResult:
    """Read one tenant's archived files again, as `run_replay` does; `progress` and `told` as of `intake_of`."""
    return _told(tenant, workspace, lambda c, store, ws: run_replay(c, store, ws, chosen, progress=progress, told=told))


def _told(
    tenant: str, workspace: Workspace | None, do: Callable[[Configuration, Store, Workspace], pd.DataFrame]
) -> IntakeResult:
    try:
        workspace = workspace or Workspace(find_home())
        with open_store(workspace, tenant) as store:
            return IntakeResult(tenant, do(active(store), store, workspace).to_dict("records"))
    except WssError as error:
        return IntakeResult(tenant, error=str(error))
    except Exception as error:
        log.exception("intake of %s", tenant)
        return IntakeResult(tenant, error=f"unexpected {type(error).__name__}: {error}")
