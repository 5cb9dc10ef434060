"""The command that serves SFTP."""

import asyncio
import logging
import resource
import signal
import time
from typing import TYPE_CHECKING, Annotated

import typer

from wss.cli.console import open_workspace, out

if TYPE_CHECKING:
    from wss.sftp import Limits
    from wss.store import Workspace


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel="Operate")(sftp)


def sftp(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any free one.")] = 2022,
    file_mb: Annotated[int, typer.Option(min=1, help="Largest file [MB].")] = 1024,
    inbox_mb: Annotated[int, typer.Option(min=1, help="All files of one inbox together [MB].")] = 4096,
    files: Annotated[int, typer.Option(min=1, help="Files in one inbox.")] = 10_000,
    tenant_connections: Annotated[int, typer.Option(min=1, help="Connections of one tenant at a time.")] = 32,
    connections: Annotated[int, typer.Option(min=1, help="Connections of all tenants at a time.")] = 256,
    handles: Annotated[int, typer.Option(min=1, help="Files that one connection holds open at a time.")] = 32,
    login_seconds: Annotated[float, typer.Option(min=1, help="Seconds in which to log in.")] = 30,
    idle_seconds: Annotated[float, typer.Option(min=1, help="Seconds without a request that end a connection.")] = 600,
) -> None:
    """Serve the inbox and outbox of every tenant over SFTP, one key per tenant. Ctrl-C or SIGTERM ends it.

    A tenant logs in under its own name with a key listed in tenants/NAME/sftp_keys (as in authorized_keys). It may write into
    /inbox and read from /outbox, and nothing else. Keys and tenants count from the next login. Every login, file and refusal is
    a line on standard error.

    [dim]Example:[/dim]
      wss sftp --host 0.0.0.0
    """
    from wss.sftp.limits import MEGABYTE, Limits

    limits = Limits(
        file_bytes=file_mb * MEGABYTE,
        inbox_bytes=inbox_mb * MEGABYTE,
        files=files,
        tenant_connections=tenant_connections,
        connections=connections,
        handles=handles,
        login_s=login_seconds,
        idle_s=idle_seconds,
    )
    _log_plainly()
    _allow_open_files()
    asyncio.run(_serve(open_workspace(), host, port, limits))


async def _serve(workspace: "Workspace", host: str, port: int, limits: "Limits") -> None:
    from wss.sftp import start

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = await start(workspace, host, port, limits)
    out.print(f"SFTP on {host} port {server.port}, host key {server.fingerprint}", highlight=False, soft_wrap=True)
    await stop.wait()
    await server.close()


def _log_plainly() -> None:
    """One line an event on standard error, with the time in UTC, as a journal wants it."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    handler.formatter.converter = time.gmtime
    log = logging.getLogger("wss.sftp")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)


def _allow_open_files() -> None:
    """Let the process hold as many files open as the system allows it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
