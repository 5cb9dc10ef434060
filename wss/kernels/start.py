"""Starting and ending parents, and whether one serves."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning import KernelProvisionerFactory

from wss.errors import KernelError
from wss.kernels import parent, places, wire

START_S = 60.0
"""How long a parent may take to load [s]."""
WAITING = 128
"""Launches that may wait while it loads."""


@dataclass(frozen=True)
class Status:
    """How a parent stands."""

    pid: int
    socket: Path
    kernels: tuple[int, ...]
    """Processes of its running kernels."""
    modules: int
    """Modules that it has loaded."""
    cpu_seconds: float
    """CPU of its kernels that have ended [s]."""


def served() -> bool:
    """Whether a launch of the kernel `wss` by this process would find a parent."""
    try:
        spec = KernelSpecManager().get_kernel_spec("wss")
        if not KernelProvisionerFactory.instance().is_provisioner_available(spec):
            return False
        wire.connect(places.socket_for(os.environ), 1.0).close()
    except (NoSuchKernel, KernelError, OSError):
        return False
    return True


def status() -> Status | None:
    """The parent that this process would use, once it has loaded; None if there is none."""
    path = places.socket_for(os.environ)
    try:
        with wire.connect(path, START_S) as connection:
            wire.send(connection, {"do": "status"})
            told, _ = wire.receive(connection)
    except OSError:
        return None
    return Status(told["pid"], path, tuple(told["kernels"]), told["modules"], told["cpu_seconds"]) if told else None


def start() -> Status:
    """Start the user's parent in the background, unless it runs; return once it has loaded. KernelError if it does not."""
    _linux()
    path = places.own_socket(os.environ)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = status()
        if running:
            return running
        record = path.with_suffix(".log")
        with _listen(path) as listener, record.open("w") as out:
            _start(listener, 0, out, start_new_session=True)
        running = status()
    if not running:
        raise KernelError(f"the parent of kernels did not start; {record} says why")
    return running


def stop() -> bool:
    """End the user's parent; its kernels go on. Whether there was one."""
    running = status()
    if not running:
        return False
    process = os.pidfd_open(running.pid)
    waiting = select.poll()
    waiting.register(process, select.POLLIN)
    signal.pidfd_send_signal(process, signal.SIGTERM)
    waiting.poll(START_S * 1000)
    os.close(process)
    running.socket.unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def warm(wanted: bool = True) -> Iterator[None]:
    """A parent for the time of the block, for this process and those that it starts; the kernel `wss` can be found meanwhile.

    Nothing is started where `wanted` is false, where a parent serves already and where there can be none: kernels are then stock
    ones. The parent loads while the block goes on; the first launch waits for it.
    """
    if not wanted or sys.platform != "linux" or served():
        yield
        return
    folder = places.folder()
    path = folder / f"{os.getpid()}-{time.monotonic_ns()}.sock"
    with _listen(path) as listener:
        process = _start(listener, os.getpid(), subprocess.DEVNULL)
    before = {name: os.environ.get(name) for name in (places.SOCKET, "JUPYTER_PATH")}
    os.environ[places.SOCKET] = str(path)
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(places.SPECS), before["JUPYTER_PATH"])))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        process.terminate()
        process.wait()
        path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    """A listening socket that only this user can reach, in place of one that nobody serves."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(WAITING)
    return listener


def _start(listener: socket.socket, owner: int, record, **options) -> subprocess.Popen:
    """Start a parent at `listener` that ends with the process `owner` (0: with none)."""
    return subprocess.Popen(
        parent.command(listener.fileno(), owner),
        env=places.scrubbed(os.environ),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=record,
        stderr=record,
        pass_fds=[listener.fileno()],
        **options,
    )


def _linux() -> None:
    if sys.platform != "linux":
        raise KernelError("warm kernels are forked on Linux only; everywhere else the stock ones serve")
