"""A workspace with the demo utility in it; the real demand is read from its package once for all tests."""

import shutil

import pandas as pd
import pytest

from wss import demo
from wss.demo.demand import area_inflow
from wss.demo.plant import Plant
from wss.store import Workspace

START, END = pd.Timestamp("2022-07-01"), pd.Timestamp("2022-07-04")


@pytest.fixture(scope="session")
def demand_cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demand")
    area_inflow(folder)
    return folder


@pytest.fixture(scope="session")
def inflow(demand_cache):
    return area_inflow(demand_cache)


@pytest.fixture
def new_workspace(demand_cache, tmp_path):
    """Function that makes a workspace with `litoral` installed."""

    def make(name="home") -> Workspace:
        workspace = Workspace(tmp_path / name)
        shutil.copytree(demand_cache, workspace.home / ".cache")
        demo.install(workspace)
        return workspace

    return make


@pytest.fixture
def workspace(new_workspace):
    return new_workspace()


@pytest.fixture
def plant(workspace):
    """Plant with three days of history."""
    plant = Plant(workspace, "litoral")
    plant.history(START, END)
    return plant
