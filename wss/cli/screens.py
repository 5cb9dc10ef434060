"""Commands that open something to look at: dashboard, lab."""

import os
import signal
import subprocess
import sys
from typing import Annotated

import typer

from wss.cli.console import OneTenant, chosen, err, open_workspace, out


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (dashboard, lab):
        app.command(rich_help_panel="Look")(command)


def dashboard(
    tenant: OneTenant,
    port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 8866,
) -> None:
    """Serve the operator's dashboard of one tenant, on this machine only, behind a token.

    Prints the address with the token; open it in a browser. Ctrl-C ends it.

    [dim]Example:[/dim]
      wss dashboard litoral
    """
    from wss import screens

    workspace = open_workspace()
    chosen(workspace, [tenant])
    page = screens.dashboard(tenant, port, workspace)
    out.print(f"{tenant}: {page.url}", highlight=False, soft_wrap=True)
    raise typer.Exit(_ended(page.start()))


def lab(
    port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open it in a browser.")] = True,
) -> None:
    """Open JupyterLab on the notebooks, on this machine only. What is run there is a draft and never published.

    [dim]Example:[/dim]
      wss lab
    """
    from wss import shipped

    folder = shipped.folder("notebooks")
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--notebook-dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={browser}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    err.print(f"JupyterLab on {folder}; stop it with Ctrl-C", highlight=False, soft_wrap=True)
    environment = os.environ | {"WSS_HOME": str(open_workspace().home)}
    raise typer.Exit(_ended(subprocess.Popen(command, env=environment)))


def _ended(server: subprocess.Popen) -> int:
    """Exit code of a server, which ends with this command: by itself, by Ctrl-C or by a signal to terminate."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: server.terminate())
    try:
        code = server.wait()
    except KeyboardInterrupt:
        server.terminate()
        code = server.wait()
    return 0 if code == -signal.SIGTERM else code
