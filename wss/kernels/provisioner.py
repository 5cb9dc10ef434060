"""The kernel provisioner `wss-warm`: launches by a fork of the parent, else as the stock provisioner does."""

import asyncio
import contextlib
import logging
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from wss.errors import KernelError
from wss.kernels import places, wire

log = logging.getLogger("wss.kernels")

MEMORY = "WSS_KERNEL_MEMORY_MB"
"""Variable of a launch's environment: most address space of its kernel [MB]."""
ANSWER_S = 60.0
"""How long a launch waits for a parent, which may be loading [s]."""
REPORT_S = 2.0
"""How long after a kernel's end its parent may take to say how it ended [s]."""
UNKNOWN = 255
"""Exit code of a kernel whose parent ended before it."""
STREAMS = {"stdin", "stdout", "stderr"}
KNOWN = STREAMS | {"env", "cwd", "independent", "extra_arguments", "kernel_id", "memory_mb"}
_told: set[str] = set()


class ForkedKernel:
    """A kernel that the parent forked, with what `subprocess.Popen` offers of a process."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, process: int, parent: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._process = process
        self._parent = parent

    def poll(self) -> int | None:
        """Exit code, negative for a signal; None while it runs; `UNKNOWN` if its parent is gone."""
        if self.returncode is None and _readable(self._process, 0):
            self.returncode = self._report()
            os.close(self._process)
            self._parent.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Exit code, once it has ended; subprocess.TimeoutExpired if it has not within `timeout` [s]."""
        if self.returncode is None and not _readable(self._process, timeout):
            raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return self.poll() or 0

    def send_signal(self, which: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, which)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _report(self) -> int:
        try:
            if _readable(self._parent.fileno(), REPORT_S):
                return int(wire.receive(self._parent)[0]["ended"])
        except (OSError, ValueError, KeyError):
            return UNKNOWN
        return UNKNOWN


class WarmProvisioner(LocalProvisioner):
    """Kernels forked from a preloaded parent; where it cannot serve, stock ones, with one warning a reason."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch a kernel.

        Parameters
        ----------
        cmd
            Command of the stock kernel.
        kwargs
            As for the stock provisioner; and `memory_mb`, the most address space of the kernel [MB].
        """
        memory_mb = int(kwargs.get("memory_mb") or kwargs["env"].get(MEMORY) or 0)
        try:
            forked = await _fork(cmd, memory_mb, kwargs)
        except (KernelError, OSError, ValueError, TimeoutError) as error:
            why = f"{type(error).__name__}: {error}"
            if why not in _told:
                _told.add(why)
                log.warning("No warm kernel, a stock one is started instead: %s", why)
            info = await super().launch_kernel(cmd, **{name: value for name, value in kwargs.items() if name != "memory_mb"})
            if memory_mb and self.pid and hasattr(resource, "prlimit"):
                resource.prlimit(self.pid, resource.RLIMIT_AS, (memory_mb << 20,) * 2)
            return info
        self.process: Any = forked
        self.pid = self.pgid = forked.pid
        self.cwd = kwargs.get("cwd") or os.getcwd()
        return self.connection_info


async def _fork(cmd: list[str], memory_mb: int, kwargs: dict[str, Any]) -> ForkedKernel:
    """Have the parent fork; KernelError, OSError, ValueError or TimeoutError if it does not."""
    launch, descriptors = _launch(cmd, memory_mb, kwargs)
    try:
        parent = wire.connect(places.socket_for(launch.environment), REPORT_S)
        try:
            wire.send(parent, {"do": "launch", "launch": launch.as_dict()}, descriptors)
            ends, pause = time.monotonic() + ANSWER_S, 0.001
            while not _readable(parent.fileno(), 0):
                if time.monotonic() > ends:
                    wire.send(parent, {"do": "abandon"})
                    raise TimeoutError(f"the parent did not answer within {ANSWER_S:.0f} s")
                await asyncio.sleep(pause := min(1.2 * pause, 0.05))
            answer, got = wire.receive(parent)
            if "pid" not in answer or len(got) != 1:
                raise KernelError(answer.get("refused") or "the parent ended instead of an answer")
        except BaseException:
            parent.close()
            raise
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    return ForkedKernel(answer["pid"], got[0], parent)


def _launch(cmd: list[str], memory_mb: int, kwargs: dict[str, Any]) -> tuple[wire.Launch, list[int]]:
    """What is asked of the parent, and new descriptors to go with it; KernelError for what only a stock launch can do."""
    if sys.platform != "linux":
        raise KernelError("warm kernels are forked on Linux only")
    if cmd[1:3] != ["-m", "ipykernel_launcher"] or not os.path.samefile(cmd[0], sys.executable):
        raise KernelError("the kernelspec starts something else than ipykernel with this interpreter")
    strange = [name for name in kwargs if name not in KNOWN] + [n for n in STREAMS if kwargs.get(n) == subprocess.PIPE]
    if strange or kwargs.get("stdin") not in (None, subprocess.DEVNULL):
        raise KernelError(f"only a stock launch knows {', '.join(strange) or 'an input'}")
    environment = {name: str(value) for name, value in kwargs["env"].items()}
    independent = bool(kwargs.get("independent"))
    if not independent:
        environment["JPY_PARENT_PID"] = str(os.getpid())
    launch = wire.Launch(
        places.key(environment), os.getpid(), cmd[3:], environment, os.path.abspath(kwargs.get("cwd") or os.getcwd()), _umask(),
        os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0)),
        _limits(), memory_mb, independent,
    )  # fmt: skip
    if not os.path.isdir(launch.folder):
        raise KernelError(f"{launch.folder} is no folder")
    output = _stream(kwargs.get("stdout"), 1)
    errors = os.dup(output) if kwargs.get("stderr") == subprocess.STDOUT else _stream(kwargs.get("stderr"), 2)
    return launch, [output, errors, os.pidfd_open(os.getpid())]


def _stream(given: Any, own: int) -> int:
    """A new descriptor of what a launch gives as a standard stream: nothing (`own`), a descriptor or a file."""
    if given == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR)
    return os.dup(own if given is None else given if isinstance(given, int) else given.fileno())


def _readable(descriptor: int, timeout_s: float | None) -> bool:
    """Whether something comes from `descriptor` within a time [s]; None: wait for it."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(None if timeout_s is None else timeout_s * 1000))


def _limits() -> dict[int, tuple[int, int]]:
    names = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    return {which: resource.getrlimit(which) for which in sorted(names)}


def _umask() -> int:
    """Mask of this process; read where asking does not change it."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1], 8) for line in file if line.startswith("Umask:"))
