"""The Prefect flows run over the same functions; one of them really runs through Prefect."""

import ast
from pathlib import Path

import pytest

from wss import cycle, shipped

FLOWS = sorted(shipped.folder("flows").glob("*.py"))
ALLOWED = {"os", "sys", "json", "time", "prefect", "report", "wss.cycle", "wss.steps", "wss"}


@pytest.mark.parametrize("path", FLOWS, ids=lambda p: p.stem)
def test_flows_are_short_and_only_call_the_cycle(path: Path):
    tree = ast.parse(path.read_text())
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert imported <= ALLOWED
    assert len(path.read_text().splitlines()) <= 50


def test_prefect_is_told_where_to_live_and_to_stay_quiet(monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "7")
    told = cycle.prefect_environment()
    assert told["PREFECT_HOME"].endswith("/.prefect")
    assert told["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "7", "what an administrator sets stays"
    assert (told["DO_NOT_TRACK"], told["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")


@pytest.mark.slow
def test_the_daily_flow_runs_through_prefect(litoral):
    told = cycle.run_flow("daily", "litoral")
    assert (told["name"], told["state"]) == ("daily", "Completed")
    assert len(told["flow_run_id"]) == 36
    (result,) = told["results"]
    assert result["error"] is None
    assert Path(result["notebook"]).is_file()
    assert Path(result["quality_notebook"]).is_file()
