"""The parent of warm kernels: who may ask it, what it holds, new code, many kernels, and its own end."""

import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.kernels.conftest import Kernel, is_zombie, runs, until
from wss import kernels, shipped
from wss.errors import KernelError
from wss.kernels import places, preload, provisioner, wire
from wss.kernels.provisioner import ForkedKernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture
def told(monkeypatch, caplog):
    """Warnings of launches that were not warm; none has been told before."""
    monkeypatch.setattr(provisioner, "_told", set())
    caplog.set_level(logging.WARNING)
    return lambda: [r.getMessage() for r in caplog.records if "No warm kernel" in r.getMessage()]


def _open_files(pid: int) -> list[str]:
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(link))
        except FileNotFoundError:
            continue
    return found


def test_it_has_one_thread_no_secrets_and_no_files(parent, monkeypatch):
    status = kernels.status()
    assert len(os.listdir(f"/proc/{status.pid}/task")) == 1
    environment = dict(v.split("=", 1) for v in Path(f"/proc/{status.pid}/environ").read_text().split("\0") if v)
    assert set(environment) <= places.KEPT | set(places.QUIET) | {
        n for n in environment if n.startswith(("LC_", "PYTHON", "LD_"))
    }
    assert not [name for name in _open_files(status.pid) if ".db" in name or "wss.toml" in name]
    secrets = {"PGPASSWORD": "x", "WSS_TOKEN_FILE": "x", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/home/x", "PYTHONPATH": "/x"}
    assert places.scrubbed(secrets) == {"HOME": "/home/x", "PYTHONPATH": "/x"} | places.QUIET


def test_only_its_user_reaches_it(parent, monkeypatch, tmp_path):
    path = kernels.status().socket
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent.stat().st_uid == os.getuid()
    assert len(str(path)) < 100
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "wss").mkdir(mode=0o755)
    (tmp_path / "wss").chmod(0o755)
    with pytest.raises(KernelError, match="only you can enter"):
        places.folder()
    (tmp_path / "wss").rmdir()
    (tmp_path / "wss").symlink_to(path.parent)
    with pytest.raises(KernelError, match="only you can enter"):
        places.folder()


def test_nonsense_does_not_harm_it(parent):
    status = kernels.status()
    for message in (
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"do": "launch"}',
        b'{"do": "launch", "launch": {"key": 1}}',
        b'{"do": "nothing"}',
    ):
        with wire.connect(status.socket, 5) as connection:
            if message:
                connection.send(message)
    assert until(lambda: kernels.status() is not None)
    assert kernels.status().pid == status.pid


def test_without_a_parent_a_stock_kernel_serves_with_one_warning(unserved, told):
    for _ in range(2):
        kernel = Kernel("wss")
        assert isinstance(kernel.process, subprocess.Popen)
        assert kernel.value("1 + 1") == 2
        kernel.close()
    assert len(told()) == 1
    assert "FileNotFoundError" in told()[0]


@pytest.mark.parametrize(
    ("launch_with", "why"),
    [
        ({"env": os.environ | {"PYTHONHASHSEED": "7"}}, "another interpreter, or other variables"),
        ({"memory_mb": 900}, "900 MB is too little"),
    ],
    ids=["other start", "little memory"],
)
def test_what_a_fork_cannot_do_is_left_to_a_stock_kernel(parent, launch, told, launch_with, why):
    kernel = launch("wss", **launch_with)
    assert isinstance(kernel.process, subprocess.Popen)
    assert kernel.value("1 + 1") == 2
    assert why in told()[0]


def test_twenty_kernels_at_once(parent, launch):
    started = [launch("wss") for _ in range(20)]
    assert all(isinstance(kernel.process, ForkedKernel) for kernel in started)
    for number, kernel in enumerate(started):
        kernel.client.execute(f"import os\nmine = ({number}, os.getpid())")
    found = [kernel.value("mine") for kernel in started]
    assert [number for number, _ in found] == list(range(20))
    pids = [pid for _, pid in found]
    assert pids == [kernel.process.pid for kernel in started]
    assert set(pids) <= set(kernels.status().kernels)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: not any(kernel.manager.is_alive() for kernel in started))
    assert {kernel.process.poll() for kernel in started} == {-9}
    assert not [pid for pid in pids if is_zombie(pid)]
    assert not set(pids) & set(kernels.status().kernels)


def test_its_kernels_outlive_it(told, monkeypatch):
    monkeypatch.setenv(places.SOCKET, "/nobody")
    with kernels.warm():
        kernel = Kernel("wss")
        kernel.run("kept = 5")
        os.kill(kernels.status().pid, signal.SIGKILL)
        assert until(lambda: not kernels.served())
        assert kernel.value("kept") == 5
        assert kernel.manager.is_alive()
        other = Kernel("wss")
        assert isinstance(other.process, subprocess.Popen)
        assert "No warm kernel" in told()[0]
        kernel.client.execute("import os\nos._exit(3)")
        assert until(lambda: not kernel.manager.is_alive())
        assert kernel.process.poll() == provisioner.UNKNOWN
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.value("'kept' in globals()") is False
        kernel.close()
        other.close()


def test_warm_starts_one_only_where_there_is_none(parent, unserved, monkeypatch):
    before = os.environ[places.SOCKET]
    with kernels.warm(wanted=False):
        assert not kernels.served()
    with kernels.warm():
        mine = kernels.status()
        with kernels.warm():
            assert kernels.status().pid == mine.pid
        assert kernels.served()
    assert not mine.socket.exists()
    assert not runs(mine.pid)
    assert os.environ[places.SOCKET] == before
    assert not kernels.served()


def test_it_ends_with_its_owner(tmp_path):
    code = "import time, wss.kernels as k\nwith k.warm():\n    print(k.status().pid, flush=True)\n    time.sleep(600)"
    environment = os.environ | {places.SOCKET: "/nobody"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as owner:
        pid = int(owner.stdout.readline())
        assert runs(pid)
        owner.kill()
    assert until(lambda: not runs(pid))


def test_start_and_stop(monkeypatch, tmp_path_factory):
    """The user's own parent: one, whoever starts it, until it is stopped."""
    monkeypatch.delenv(places.SOCKET, raising=False)
    monkeypatch.setenv("JUPYTER_PATH", str(places.SPECS))
    short = tmp_path_factory.mktemp("r")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    assert kernels.status() is None
    assert not kernels.stop()
    try:
        first = kernels.start()
        assert kernels.start().pid == first.pid
        assert first.socket.parent == short / "wss"
        assert kernels.served()
        kernel = Kernel("wss")
        assert isinstance(kernel.process, ForkedKernel)
    finally:
        assert kernels.stop()
    assert not runs(first.pid)
    assert kernels.status() is None
    assert kernel.value("1 + 1") == 2, "kernels go on"
    kernel.close()


def test_stamp_sees_what_changes(tmp_path):
    code = preload.stamp()
    assert not preload.stale(code)
    assert str(shipped.PACKAGE / "errors.py") in code
    file = tmp_path / "module.py"
    file.write_text("1")
    code = {str(file): preload._stamp_of(str(file))}
    file.write_text("2 ")
    assert preload.stale(code)
    file.unlink()
    assert preload.stale(code)


RENEWAL = """
    import os, pathlib, sys
    from tests.kernels.conftest import Kernel
    from wss import kernels
    with kernels.warm():
        old, parent = Kernel("wss"), kernels.status()
        assert old.value("__import__('wss').__version__") == "0.1.0"
        for version in ("7.8.9", "7.8.10"):
            path = pathlib.Path(sys.argv[1], "wss", "__init__.py")
            path.write_text(path.read_text().replace('__version__ = "', f'__version__ = "{version}-'))
            new = Kernel("wss")
            assert new.value("__import__('wss').__version__").startswith(version)
            now = kernels.status()
            assert now.pid == parent.pid and set(now.kernels) >= {old.process.pid, new.process.pid}, now
            assert old.value("__import__('wss').__version__") == "0.1.0"
        old.client.execute("import os; os._exit(3)")
        assert old.process.wait(30) == 3
        path.write_text("this is no Python")
        stock = Kernel("wss")
        assert type(stock.process).__name__ == "Popen"
        assert new.value("1 + 1") == 2
        new.close()
        stock.close()
    print("done")
"""


def test_new_code_is_served_and_running_kernels_go_on(tmp_path):
    shutil.copytree(shipped.PACKAGE, tmp_path / "wss", ignore=shutil.ignore_patterns("__pycache__"))
    root = Path(__file__).parent.parent.parent
    paths = [str(tmp_path), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), places.SOCKET: "/nobody"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RENEWAL), str(tmp_path)],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout == "done\n", done.stderr[-3000:]
    assert done.stderr.count("No warm kernel") == 1


def test_a_launcher_that_gives_up_gets_no_kernel(parent, monkeypatch, told):
    pid = kernels.status().pid
    before = set(kernels.status().kernels)
    monkeypatch.setattr(provisioner, "ANSWER_S", 0.3)
    os.kill(pid, signal.SIGSTOP)
    try:
        kernel = Kernel("wss")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert isinstance(kernel.process, subprocess.Popen)
    assert "did not answer" in told()[0]
    time.sleep(0.2)
    assert until(lambda: set(kernels.status().kernels) == before)
    kernel.close()
