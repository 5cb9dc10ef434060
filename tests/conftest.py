"""What all tests share: exact joins, a workspace of their own, and the benchmark cases."""

import fcntl
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import xarray as xr
from hypothesis import settings

from wss.store import Workspace

ROOT = Path(__file__).parent.parent
xr.set_options(arithmetic_join="exact")
settings.register_profile("shared_machine", deadline=None)  # a slow moment of the machine is no fault of the code
settings.load_profile("shared_machine")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")


TOGETHER = {
    "litoral": (
        "apps/test_operator",
        "cli/test_backtest",
        "demo/test_quality_faults",
        "faults/test_plans",
        "flows/test_flows",
        "notebooks/test_notebooks",
        "steps/test_plan_change",
        "test_cycle",
    ),
    "fitted_model": ("steps/test_backtest", "steps/test_refit"),
}
"""Test files that one process runs, so that no other waits while it makes what they share."""


def pytest_xdist_make_scheduler(config, log):
    """Keep the files of `TOGETHER` together: with pytest 9.2 the marks that pytest-xdist 3.8 has for that are without effect."""
    from xdist.scheduler import LoadScopeScheduling

    group_of = {f"tests/{file}.py": group for group, files in TOGETHER.items() for file in files}

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of.get(nodeid.partition("::")[0], nodeid)

    return Together(config, log)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """No test ever touches the user's workspace or configuration."""
    monkeypatch.setenv("WSS_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request) -> str:
    """What wss.toml says: a test that asks for it runs on both databases."""
    return request.getfixturevalue("postgresql") if request.param == "postgresql" else request.param


@pytest.fixture
def fresh_workspace(database, tmp_path_factory, request) -> Callable[[], Workspace]:
    """fresh_workspace(): an empty workspace without any store; on PostgreSQL those made before lose theirs."""

    def fresh() -> Workspace:
        home = tmp_path_factory.mktemp("home")
        (home / "wss.toml").write_text(f'database = "{database}"\n')
        if database != "sqlite":
            request.getfixturevalue("empty_postgresql")()
        return Workspace(home)

    return fresh


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory) -> str:
    """Address of a database of this test process on a real server, which ends with the tests."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [p for p in [shutil.which("initdb")] if p]
    if not found:
        pytest.skip("PostgreSQL's server is not installed: apt-get install postgresql")
    root, main = tmp_path_factory.getbasetemp(), os.getpid()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root, main = root.parent, os.getppid()
    with (root / "postgresql.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first process starts it for all
        lock.seek(0)
        folder = lock.read() or _start_postgresql(Path(found[-1]).parent, main)
        lock.seek(0)
        lock.truncate()
        lock.write(folder)
    name = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with psycopg.connect(f"host={folder} user=wss dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://wss@/{name}?host={folder}"


@pytest.fixture(scope="session")
def empty_postgresql(postgresql) -> Iterator[Callable[[], None]]:
    """Function that removes every tenant from the database."""
    with psycopg.connect(postgresql, autocommit=True) as connection:

        def empty() -> None:
            for (name,) in connection.execute(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'wss\_%'").fetchall():
                connection.execute(f'DROP SCHEMA "{name}" CASCADE')

        yield empty


def _start_postgresql(binaries: Path, main: int) -> str:
    """Start a server that only its folder's socket leads to and that ends with the process `main`; return its folder."""
    folder = Path(tempfile.mkdtemp(prefix="wss-postgresql-", dir="/tmp"))  # short: the path of a socket is limited
    rights = {}
    if os.geteuid() == 0:  # which the server refuses
        user = next((u for u in pwd.getpwall() if u.pw_name == "postgres"), pwd.getpwnam("nobody"))
        os.chown(folder, user.pw_uid, user.pw_gid)
        rights = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    folder.chmod(0o755)
    data = folder / "data"
    make = [binaries / "initdb", "-D", data, "-U", "wss", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd=folder, **rights)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "autovacuum": "off",
        "max_connections": 200,
        "shared_buffers": "64MB",
    }
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
    rules = data / "pg_hba.conf"  # the first line that fits a user counts
    rules.write_text(f"local all guarded scram-sha-256\nlocal all barred reject\n{rules.read_text()}")
    start = [binaries / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log", "start"]
    subprocess.run(start, check=True, cwd=folder, **rights)
    stop = f"while kill -0 {main}; do sleep 0.5; done; kill -QUIT $(head -n 1 {data}/postmaster.pid); sleep 0.5; rm -rf {folder}"
    subprocess.Popen(
        ["sh", "-c", stop],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    return str(folder)


@pytest.fixture(scope="session")
def bench() -> Path:
    """Folder of the benchmark cases and their judges."""
    return ROOT / "benchmarks" / "cases"


@pytest.fixture(scope="session")
def litoral_made(tmp_path_factory) -> Path:
    """Workspace of the demo utility: three weeks of history, a cycle, a day lived under its plan, another cycle, the day's KPIs.

    It plans a day in whole hours, at a fifth of the cost of the demo's own settings. Made once for all test processes; take
    `litoral` to change it.
    """
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    home, claim = root / "litoral", root / "litoral.claim"
    try:
        claim.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 300
        while not home.is_dir() and claim.is_dir() and time.monotonic() < deadline:
            time.sleep(0.5)
        assert home.is_dir(), "another test process could not make the demo utility's workspace"
        return home
    part = root / "litoral.part"
    try:
        _live_a_day(Workspace(part))
        part.rename(home)
    except BaseException:
        claim.rmdir()
        raise
    return home


@pytest.fixture
def litoral(litoral_made) -> Workspace:
    """A copy of the demo utility's workspace, as WSS_HOME of this test."""
    home = Path(os.environ["WSS_HOME"])
    shutil.copytree(litoral_made, home, dirs_exist_ok=True)
    return Workspace(home)


def _live_a_day(workspace: Workspace) -> None:
    import pandas as pd

    from wss import cycle, demo
    from wss.demo.plant import Plant
    from wss.steps.apply import apply_tenant

    settings = demo.install(workspace, "litoral") / "tenant.yml"
    text = settings.read_text()
    for key, value in {"horizon_hours": 24, "decision_minutes": 60, "replay_seconds": 300}.items():
        text = re.sub(rf"{key}: \d+", f"{key}: {value}", text)
    settings.write_text(text)
    apply_tenant(workspace, "litoral", "tests", "")
    plant = Plant(workspace, "litoral")
    plant.history(pd.Timestamp("2022-07-03T21:00"), pd.Timestamp("2022-07-24T21:00"))  # so that the plan covers a local day
    first = cycle.run_cycle("litoral", workspace=workspace)
    assert first.error is None, first.error
    plant.advance(26)
    second = cycle.run_cycle("litoral", workspace=workspace)
    assert second.error is None, second.error
    daily = cycle.run_daily("litoral", workspace=workspace)
    assert daily.error is None, daily.error
