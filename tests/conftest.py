"""What all tests share: exact joins, a workspace of their own, and the benchmark cases where they are at hand."""

import os
import re
import shutil
import time
from pathlib import Path

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


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """No test ever touches the user's workspace or configuration."""
    monkeypatch.setenv("WSS_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture(scope="session")
def bench() -> Path:
    """Folder of the benchmark cases and their judges; they are not part of the project."""
    folder = ROOT.parent / "shared" / "bench"
    if not folder.is_dir():
        pytest.skip("the benchmark cases are not beside the checkout (../shared/bench)")
    return folder


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
