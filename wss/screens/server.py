"""One Voilà process for one tenant: on the loopback, with a token from a file that only its owner can read."""

import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from wss import shipped
from wss.errors import NotFoundError
from wss.store import Workspace, find_home

TENANT, TOKEN_FILE = "WSS_TENANT", "WSS_TOKEN_FILE"
"""Environment variables by which a dashboard's process is told its tenant and where its token is."""
PORT = 8866


@dataclass(frozen=True)
class Dashboard:
    """How to start a tenant's dashboard."""

    command: list[str]
    environment: dict[str, str]
    folder: Path
    """Root of what the process serves: it holds that tenant's page and nothing else."""
    url: str
    """Address with the token, for the one who started it."""

    def start(self, **options) -> subprocess.Popen:
        """Start the process; `options` are those of subprocess.Popen."""
        return subprocess.Popen(self.command, env=self.environment, cwd=self.folder, **options)


def dashboard(tenant: str, port: int = PORT, workspace: Workspace | None = None, app: str = "operator") -> Dashboard:
    """Prepare the page and the token of a tenant's dashboard, and say how to start it.

    Raises
    ------
    NotFoundError
        If the tenant has no store yet.
    """
    workspace = workspace or Workspace(find_home())
    data, apps = workspace.data(tenant), shipped.folder("voila_apps")
    if not data.is_dir():
        raise NotFoundError(f"tenant {tenant!r} has no data in {workspace.home}: `wss apply {tenant}` creates it")
    page = data / "dashboard"
    page.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(apps / f"{app}.ipynb", page / f"{app}.ipynb")
    token_file = data / "dashboard.token"
    token = _token(token_file)
    environment = os.environ | {
        TENANT: tenant,
        TOKEN_FILE: str(token_file),
        "WSS_HOME": str(workspace.home),
        "JUPYTER_PATH": _before(str(apps / "share"), os.environ.get("JUPYTER_PATH")),
        "JUPYTER_CONFIG_PATH": _before(str(apps / "config"), os.environ.get("JUPYTER_CONFIG_PATH")),
    }
    command = [sys.executable, "-m", "voila", str(page / f"{app}.ipynb"), f"--port={port}", "--no-browser"]
    return Dashboard(command, environment, page, f"http://127.0.0.1:{port}/?token={token}")


def tenant_of_process() -> str:
    """The tenant that this process serves, from its environment and from nowhere else; NotFoundError if it names none."""
    tenant = os.environ.get(TENANT, "")
    if not tenant:
        raise NotFoundError(f"{TENANT} is not set: start the dashboard with `wss dashboard TENANT`")
    return tenant


def _token(path: Path) -> str:
    """The token in a file that only its owner may read; made where there is none."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        token = secrets.token_urlsafe(24)
        file.write(token + "\n")
    return token


def _before(first: str, rest: str | None) -> str:
    return first + (os.pathsep + rest if rest else "")
