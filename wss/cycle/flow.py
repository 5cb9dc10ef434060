"""What the Prefect flows share, so that they stay free of logic."""

import json
import os
import subprocess
import sys
from typing import Any

from wss import shipped
from wss.errors import NotFoundError, WssError
from wss.store import Workspace, find_home


def tenants(named: list[str] | None = None) -> list[str]:
    """The tenants that were named, else all of the workspace; NotFoundError if there is none, as under a wrong WSS_HOME."""
    home = find_home()
    found = named or Workspace(home).names()
    if not found:
        raise NotFoundError(f"there is no tenant in {home}: let WSS_HOME name the folder that has them, or `wss tenant new NAME`")
    return found


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
        flow_run_id, name, state, seconds [s], results, a list with a dict a tenant, and error: why there are none, else None.

    Raises
    ------
    WssError
        If Prefect did not get as far as a run, or the file ran no flow of that name, as an empty one.
    """
    command = [sys.executable, str(shipped.folder("flows") / f"{name}.py"), *named]
    environment = os.environ | prefect_environment() | {"WSS_HOME": str(find_home())}
    out = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    told = _told(out.stdout)
    if told.get("name") != name:
        raise WssError(
            f"the flow {name} did not run (exit code {out.returncode}, and no report of it on standard output); the"
            f" end of what Prefect said:\n{out.stderr[-2000:] or '(nothing)'}"
        )
    return told


def _told(stdout: str) -> dict[str, Any]:
    """What the last line of a flow's standard output reports; empty where it is no report."""
    try:
        told = json.loads(stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
