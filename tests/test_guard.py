"""Runs of a tenant: one of a kind at a time, kinds beside each other, and every error in the result."""

import logging
import shutil
from pathlib import Path

import pandas as pd
import pytest

from wss import cycle, times
from wss.cycle.guard import guarded
from wss.errors import WssError
from wss.steps.apply import apply_tenant
from wss.store import Workspace, open_store

FILES = Path(__file__).parent / "config" / "data" / "tenant"
RUNS = {"cycle": cycle.run_cycle, "daily": cycle.run_daily, "weekly": cycle.run_weekly}


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """Workspace with the utility `serra`, applied and without readings."""
    found = Workspace(tmp_path)
    shutil.copytree(FILES, found.tenant("serra"))
    apply_tenant(found, "serra", "ana", "first", times.utc("2024-05-06T08:00"))
    return found


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_says_who_is_at_one_of_its_kind(workspace, kind):
    with open_store(workspace, "serra") as store, store.lease(kind, "another", times.utc(pd.Timestamp.now("UTC")), 60):
        result = RUNS[kind](tenant="serra", workspace=workspace)
    assert result.error.startswith(f"{kind} is held by another")
    assert result.tenant == "serra"


def test_runs_of_other_kinds_go_on_and_the_lease_is_given_back(workspace):
    def work(store, place):
        assert place == workspace
        with store.lease("cycle", "another", times.utc(pd.Timestamp.now("UTC")), 60):
            return "done"

    told = [guarded("daily", "serra", workspace, work, str) for _ in range(2)]
    assert told == ["done", "done"]


@pytest.mark.parametrize(
    ("error", "told", "logged"),
    [(WssError("no plan"), "no plan", 0), (KeyError("x"), "unexpected KeyError: 'x'", 1)],
)
def test_every_error_is_told_and_the_unexpected_logged(workspace, caplog, error, told, logged):
    def work(_store, _workspace):
        raise error

    with caplog.at_level(logging.ERROR):
        assert guarded("weekly", "serra", workspace, work, str) == told
    assert [record.getMessage() for record in caplog.records] == ["weekly run of serra"] * logged
    with open_store(workspace, "serra") as store, store.lease("weekly", "next", times.utc(pd.Timestamp.now("UTC")), 60):
        assert store.last_version() == 1


@pytest.mark.parametrize("kind", RUNS)
def test_a_tenant_without_a_store_is_an_error_of_its_own(tmp_path, kind):
    result = RUNS[kind](tenant="nobody", workspace=Workspace(tmp_path))
    assert "nobody" in result.error
    assert set(result.as_dict()) > {"tenant", "error", "cpu_seconds"}
