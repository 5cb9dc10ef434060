"""A real server and the OpenSSH client, each test with two tenants, their keys and folders."""

import asyncio
import logging
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wss.sftp import Limits, SftpServer, start
from wss.store import Workspace

NEEDED = ("ssh", "sftp", "scp", "ssh-keygen")


@pytest.fixture(autouse=True)
def log_as_by_default(monkeypatch):
    """Commands and libraries that other tests run in this process take the log for themselves, or switch it off."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.NOTSET)
    for name in ("wss", "wss.sftp"):
        log = logging.getLogger(name)
        monkeypatch.setattr(log, "handlers", [])
        monkeypatch.setattr(log, "propagate", True)
        monkeypatch.setattr(log, "disabled", False)
        monkeypatch.setattr(log, "_cache", {})


@dataclass
class Client:
    """The OpenSSH client, as one tenant with one key."""

    port: int
    user: str
    key: Path
    options: list[str] = field(default_factory=list)

    def command(self, program: str, *words: str) -> list[str]:
        """Command line of `program` (sftp, scp or ssh) with what all calls share."""
        port = "-p" if program == "ssh" else "-P"
        settings = [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=no",
            "LogLevel=ERROR",
            "UserKnownHostsFile=/dev/null",
            *self.options,
        ]
        return [program, "-F", "none", port, str(self.port), "-i", str(self.key), *(f"-o{s}" for s in settings), *words]

    def sftp(self, *batch: str, timeout: float = 60) -> subprocess.CompletedProcess:
        """Run lines of a batch; it ends at the first that fails, unless the line starts with `-`."""
        command = self.command("sftp", "-b", "-", f"{self.user}@127.0.0.1")
        return subprocess.run(command, input="\n".join(batch) + "\n", capture_output=True, text=True, timeout=timeout)

    def ssh(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess:
        """Run ssh with options before and a command after the host, told apart by a leading `-`."""
        options, rest = [w for w in words if w.startswith("-")], [w for w in words if not w.startswith("-")]
        command = self.command("ssh", *options, f"{self.user}@127.0.0.1", *rest)
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)


class Running:
    """A server on a free port in a thread of this process."""

    def __init__(self, workspace: Workspace, limits: Limits):
        self._loop, self._ready, self._workspace, self._limits = asyncio.new_event_loop(), threading.Event(), workspace, limits
        self.server: SftpServer | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    def stop(self) -> None:
        """End it, as a signal would."""
        asyncio.run_coroutine_threadsafe(self.server.close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self.server = self._loop.run_until_complete(start(self._workspace, limits=self._limits))
        self._ready.set()
        self._loop.run_forever()


@pytest.fixture(scope="session", autouse=True)
def _client_is_there():
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        pytest.skip(f"the OpenSSH client is not installed ({', '.join(missing)})")


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Private keys by name, the public half beside each."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("north", "south", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
    return {name: folder / name for name in ("north", "south", "stranger")}


@pytest.fixture
def workspace(tmp_path, keys) -> Workspace:
    """Tenants north and south, each with its key."""
    workspace = Workspace(tmp_path / "home")
    for name in ("north", "south"):
        workspace.tenant(name).mkdir(parents=True)
        (workspace.tenant(name) / "tenant.yml").write_text("title: x\n")
        (workspace.tenant(name) / "sftp_keys").write_text(keys[name].with_suffix(".pub").read_text())
        workspace.prepare(name)
    return workspace


@pytest.fixture
def serve(workspace):
    """Function (limits as keywords) -> running server; all end with the test."""
    running = []

    def make(**limits) -> Running:
        running.append(Running(workspace, Limits(**limits)))
        return running[-1]

    yield make
    for server in running:
        server.stop()


@pytest.fixture
def connect(keys):
    """Function (server, tenant="north", key=the tenant's) -> client."""

    def make(server: Running, tenant: str = "north", key: str | None = None, options: tuple[str, ...] = ()) -> Client:
        return Client(server.port, tenant, keys[key or tenant], list(options))

    return make


@pytest.fixture
def north(serve, connect) -> Client:
    """A client of tenant north at a server with the usual limits."""
    return connect(serve())
