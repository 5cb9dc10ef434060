"""Servers that a benchmark starts for itself, in a folder and on a port of their own, and the CPU seconds that they use."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

WAIT_S = 60
INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
"""


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and of its children, those that have ended and were waited for included."""
    used = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            spent = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += spent.user + spent.system + (spent.children_user + spent.children_system if one.pid == process.pid else 0)
    return used


def postgresql_binaries() -> Path | None:
    """Folder of PostgreSQL's programs; None where they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(p) for p in [shutil.which("initdb")] if p]
    return found[-1].parent if found else None


@contextmanager
def postgresql() -> Iterator[tuple[str, psutil.Process]]:
    """A server with PostgreSQL's own settings (every commit reaches the disk): its address and process."""
    binaries = postgresql_binaries()
    with tempfile.TemporaryDirectory(prefix="bench-pg-", dir="/tmp") as name:  # short: the path of a socket is limited
        folder, rights = Path(name), {}
        if os.geteuid() == 0:  # which the server refuses
            user = next((u for u in pwd.getpwall() if u.pw_name == "postgres"), pwd.getpwnam("nobody"))
            os.chown(folder, user.pw_uid, user.pw_gid)
            rights = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data, quiet = folder / "data", {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder, **rights}
        subprocess.run([binaries / "initdb", "-D", data, "-U", "wss", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"], **quiet)
        options = f"-c listen_addresses= -c unix_socket_directories={folder}"
        subprocess.run([binaries / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log", "-o", options, "start"], **quiet)
        try:
            server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
            yield f"postgresql://wss@/postgres?host={folder}", server
        finally:
            subprocess.run([binaries / "pg_ctl", "-D", data, "-w", "-s", "-m", "immediate", "stop"], **quiet)


@contextmanager
def influxdb() -> Iterator[tuple[int, psutil.Process, Path]]:
    """A server with InfluxDB's own settings: its port, process and folder."""
    with tempfile.TemporaryDirectory(prefix="bench-influx-") as name:
        folder, port = Path(name), _free_port()
        config = folder / "influxdb.conf"
        config.write_text(INFLUX.format(folder=folder, http=port, rpc=_free_port()))
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(["influxd", "-config", str(config)], stdout=log, stderr=log)
            try:
                _wait(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).status == 204)
                yield port, psutil.Process(server.pid), folder
            finally:
                server.terminate()
                server.wait()


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _wait(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            if ready():
                return
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
        time.sleep(0.1)
