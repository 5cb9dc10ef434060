"""The parent of warm kernels: it imports once, forks a kernel for each launch, and says how each ended.

`python -m wss.kernels.parent SOCKET_FD OWNER`. One thread; no store, no secrets; a copy of itself with the code of today takes
its place, with its kernels and those who wait, when the code has changed.
"""

import contextlib
import json
import logging
import os
import resource
import select
import signal
import socket
import sys
from dataclasses import dataclass, field

from wss.errors import KernelError
from wss.kernels import places, preload, wire
from wss.kernels.child import become_kernel

log = logging.getLogger("wss.kernels")

RECEIVE_S = 2.0
"""How long an accepted launcher may take to say what it wants [s]."""
STREAMS = 3
"""Descriptors of a launch: standard output, standard error, launcher."""


@dataclass(frozen=True)
class Forked:
    """What the forked process is to become."""

    launch: wire.Launch
    descriptors: list[int]


@dataclass
class Parent:
    """A parent at work."""

    listener: socket.socket
    owner: int
    """Process with which it ends; 0: none."""
    code: preload.Stamp
    kernels: dict[int, socket.socket | None] = field(default_factory=dict)
    """Running kernel -> who wants to know how it ends, while he is there."""
    ending: bool = False

    def serve(self) -> Forked | None:
        """Serve until told to end (None); in a forked process, return at once what it is to become."""
        wakeup, told = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for which in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, self._signalled)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        owner = _pidfd_of_parent(self.owner)
        self._reap()
        while not self.ending:
            waiting = select.poll()
            launchers = [connection.fileno() for connection in self.kernels.values() if connection]
            for descriptor in (wakeup, self.listener.fileno(), *launchers, *([owner] if owner else [])):
                waiting.register(descriptor, select.POLLIN)
            ready = {descriptor for descriptor, _ in waiting.poll()}
            if wakeup in ready:
                os.read(wakeup, 1 << 16)
                self._reap()
            if owner in ready:
                return None
            for pid, connection in list(self.kernels.items()):
                if connection and connection.fileno() in ready:
                    self._heard(pid, connection)
            if self.listener.fileno() in ready and (forked := self._accept()):
                for descriptor in (wakeup, told, *([owner] if owner else [])):
                    os.close(descriptor)
                return forked
        return None

    def _signalled(self, which: int, frame) -> None:
        self.ending |= which != signal.SIGCHLD

    def _accept(self) -> Forked | None:
        """Serve the next who waits."""
        if preload.stale(self.code):
            self._renew()
        connection, _ = self.listener.accept()
        connection.settimeout(RECEIVE_S)
        try:
            message, descriptors = wire.receive(connection)
        except (OSError, ValueError) as error:
            log.warning("a message that cannot be read: %s", error)
            connection.close()
            return None
        try:
            if message.get("do") == "launch" and wire.peer(connection)[1] == os.getuid():
                forked = self._launch(connection, message, descriptors)
                if forked:
                    return forked
            elif message.get("do") == "status":
                wire.send(connection, self._status())
        except (KernelError, OSError, TypeError, KeyError, ValueError) as error:
            with contextlib.suppress(OSError):
                wire.send(connection, {"refused": f"{type(error).__name__}: {error}"})
        for descriptor in descriptors:
            os.close(descriptor)
        if connection not in self.kernels.values():
            connection.close()
        return None

    def _status(self) -> dict:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_seconds = round(ended.ru_utime + ended.ru_stime, 3)
        return {"pid": os.getpid(), "kernels": sorted(self.kernels), "modules": len(sys.modules), "cpu_seconds": cpu_seconds}

    def _launch(self, connection: socket.socket, message: dict, descriptors: list[int]) -> Forked | None:
        """Fork: None in the parent."""
        launch = wire.Launch.of(message["launch"])
        if launch.key != places.key(os.environ):
            raise KernelError("the launch wants another interpreter, or other variables that one reads at its start")
        if wire.peer(connection)[0] != launch.launcher or len(descriptors) != STREAMS:
            raise KernelError("the launch does not come from the process that it names")
        if launch.memory_mb and launch.memory_mb << 20 < 2 * _address_space():
            raise KernelError(f"{launch.memory_mb} MB is too little for a kernel that begins with all libraries loaded")
        pid = os.fork()
        if pid == 0:
            for other in (self.listener, connection, *filter(None, self.kernels.values())):
                other.close()
            return Forked(launch, descriptors)
        self.kernels[pid] = connection
        process = os.pidfd_open(pid)
        try:
            wire.send(connection, {"pid": pid}, [process])
        except OSError:
            os.kill(pid, signal.SIGKILL)  # nobody knows of it
        finally:
            os.close(process)
        return None

    def _heard(self, pid: int, connection: socket.socket) -> None:
        """A launcher that gives up its kernel, or that is gone; a kernel itself sees whether its launcher has ended."""
        try:
            message, _ = wire.receive(connection)
        except (OSError, ValueError):
            message = {}
        if message.get("do") == "abandon":
            os.kill(pid, signal.SIGKILL)
        connection.close()
        self.kernels[pid] = None

    def _reap(self) -> None:
        """Take leave of the kernels that have ended and tell their launchers how."""
        while True:
            try:
                pid, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            connection = self.kernels.pop(pid, None)
            if connection:
                with contextlib.suppress(OSError):
                    wire.send(connection, {"ended": os.waitstatus_to_exitcode(ended)})
                connection.close()

    def _renew(self) -> None:
        """Let a parent with the code of today take the place of this one; its process, kernels and waiting launchers stay."""
        log.warning("the code has changed: loading it again")
        signal.set_wakeup_fd(-1)
        kept = {pid: connection.fileno() if connection else None for pid, connection in self.kernels.items()}
        for descriptor in (self.listener.fileno(), *filter(None, kept.values())):
            os.set_inheritable(descriptor, True)
        os.execv(sys.executable, command(self.listener.fileno(), self.owner, kept))


def command(listener: int, owner: int, kernels: dict[int, int | None] | None = None) -> list[str]:
    """How to start a parent that listens at a descriptor; `kernels`: those it has, with the descriptors of their launchers."""
    return [sys.executable, "-m", "wss.kernels.parent", str(listener), str(owner), json.dumps(kernels or {})]


def _pidfd_of_parent(owner: int) -> int:
    """Descriptor that tells when `owner`, which started this process, ends; 0: none. ProcessLookupError if it has ended."""
    if not owner:
        return 0
    descriptor = os.pidfd_open(owner)
    if os.getppid() != owner:
        raise ProcessLookupError("the owner of the parent of kernels is gone")
    return descriptor


def _address_space() -> int:
    """Address space of this process [bytes]."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def main(listener: str, owner: str, kernels: str) -> None:
    """Import everything, serve, and in forked processes be a kernel."""
    record = logging.StreamHandler()
    record.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(record)
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]
    connections = {int(pid): fd and socket.socket(fileno=fd) for pid, fd in json.loads(kernels).items()}
    for connection in filter(None, connections.values()):
        connection.set_inheritable(False)
    listening = socket.socket(fileno=int(listener))
    listening.set_inheritable(False)
    code, set_by_imports = preload.load()
    forked = Parent(listening, int(owner), code, connections).serve()
    log.removeHandler(record)
    if forked:
        become_kernel(forked.launch, forked.descriptors, set_by_imports)


if __name__ == "__main__":
    main(*sys.argv[1:])
