"""What the Prefect flows share, so that they stay free of logic."""

import json
import os
import subprocess
import sys
from typing import Any

from wss import shipped
from wss.errors import WssError
from wss.store import Workspace, find_home


def tenants(named: list[str] | None = None) -> list[str]:
    """The tenants that were named, else all of the workspace."""
    return named or Workspace(find_home()).names()


def prefect_environment() -> dict[str, str]:
    """Settings that Prefect must find in the environment when it is imported; what is set already stays.

    Its data goes under WSS_HOME, nothing is reported to anyone, and its temporary server gets the time that it needs.
    """
    settings = {
        "PREFECT_HOME": str(find_home() / ".prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    return {name: os.environ.get(name, value) for name, value in settings.items()}


def run_flow(name: str, *named: str) -> dict[str, Any]:
    """Run flow `name` once through Prefect, in a process of its own, for the named tenants or all.

    Returns
    -------
    dict
        flow_run_id, name, state, seconds [s] and results, a list with a dict a tenant.

    Raises
    ------
    WssError
        If Prefect did not get as far as a run.
    """
    command = [sys.executable, str(shipped.folder("flows") / f"{name}.py"), *named]
    environment = os.environ | prefect_environment() | {"WSS_HOME": str(find_home())}
    out = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if not out.stdout.strip():
        raise WssError(f"the flow {name} did not run; the end of what Prefect said:\n{out.stderr[-2000:]}")
    return json.loads(out.stdout.splitlines()[-1])
