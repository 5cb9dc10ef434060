"""Kernels as any Jupyter client starts them, stock and warm, from one parent for all tests here."""

import os
import time
from collections.abc import Callable, Iterator

import pytest
from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

from wss import kernels
from wss.kernels import places

READY_S = 120


class Kernel:
    """A running kernel and its client."""

    def __init__(self, name: str, **launch) -> None:
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(**launch)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=READY_S)

    @property
    def process(self):
        """The kernel's process, as `Popen` or as what stands for it."""
        return self.manager.provisioner.process

    def run(self, code: str, timeout: float = READY_S) -> tuple[str, list[dict]]:
        """Text that a cell printed, and its other outputs."""
        outputs: list[dict] = []

        def keep(message):
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                outputs.append(message["content"])

        self.client.execute_interactive(code, output_hook=keep, timeout=timeout, allow_stdin=False)
        return "".join(o["text"] for o in outputs if "text" in o), [o for o in outputs if "text" not in o]

    def value(self, expression: str):
        """Value of an expression, if it can be written as a Python literal."""
        import ast

        text, others = self.run(f"print(repr({expression}))")
        assert not others, others
        return ast.literal_eval(text)

    def close(self) -> None:
        """Shut it down."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=False)


@pytest.fixture(scope="session")
def parent() -> Iterator[None]:
    """A parent for the tests of this process."""
    known = KernelProvisionerFactory.instance().get_provisioner_entries()
    assert "wss-warm" in known, "this environment was made before there were warm kernels: make setup"
    with kernels.warm():
        yield


@pytest.fixture
def launch(parent) -> Iterator[Callable[..., Kernel]]:
    """launch(name, **kwargs): a kernel that is shut down after the test."""
    started: list[Kernel] = []

    def launch(name: str, **kwargs) -> Kernel:
        started.append(Kernel(name, **kwargs))
        return started[-1]

    yield launch
    for kernel in started:
        kernel.close()


@pytest.fixture
def unserved(monkeypatch, tmp_path) -> None:
    """No parent for this test's launches."""
    monkeypatch.setenv(places.SOCKET, str(tmp_path / "nobody.sock"))
    monkeypatch.setenv("JUPYTER_PATH", str(places.SPECS))


def until(wanted: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something becomes true in time."""
    ends = time.monotonic() + seconds
    while not wanted():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def runs(pid: int) -> bool:
    """Whether a process is there, and more than a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and nobody has asked how."""
    return os.path.exists(f"/proc/{pid}") and not runs(pid)
