"""Always a plan: what is wrong with levels, limits or the solver lowers the rung and says why; the last plan stays otherwise."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from wss import cycle, notebooks
from wss.cli import app
from wss.steps.apply import apply_tenant
from wss.steps.plan.optimize import run_optimize
from wss.steps.run import Run, open_run
from wss.store import open_store

pytestmark = pytest.mark.slow
NO_SOLVER = 'raise ImportError("highspy is not installed")\n'
OPTIMIZE = "import json, sys, wss; run = wss.open_run('litoral'); wss.steps.run_optimize(run); json.dump(run.summary, sys.stdout)"


def draft(hours_later: float = 0.0) -> Run:
    run = open_run("litoral")
    return open_run("litoral", str(run.now + pd.Timedelta(hours=hours_later)))


def test_a_tank_that_cannot_hold_its_limits(litoral):
    path = litoral.tenant("litoral") / "tenant.yml"
    path.write_text(
        re.sub(
            r'(id: "2".*level_min_m: )[\d.]+(, level_max_m: )[\d.]+',
            r"\g<1>11.7\g<2>11.8",
            path.read_text().replace("horizon_hours: 24", "horizon_hours: 6"),
        )
    )
    apply_tenant(litoral, "litoral", "tests", "a band that no plan can hold")
    run = draft()
    run_optimize(run)
    summary = run.summary
    assert summary["rung"] == "relaxed"
    assert "tank 2 cannot stay above 11.70 m" in summary["reason"]
    assert any("tank 2 is up to" in violation for violation in summary["violations"])
    assert summary["saving_percent"] < 80, "the price of a broken limit is no price of water"
    assert run.load(run.id, "plan")["pump_speed"].sizes["pump"] == 2


def test_stale_levels_are_carried_on_by_a_replay(litoral):
    run = draft(hours_later=4)
    run_optimize(run)
    assert 90 < run.summary["level_age_minutes"] < 720
    assert run.summary["violations"] == []


def test_dead_levels_lower_the_rung(litoral):
    run = draft(hours_later=13)
    run_optimize(run)
    assert run.summary["level_age_minutes"] > 720
    assert run.summary["rung"] in ("last_plan", "level_control", "none")
    assert "level" in run.summary["reason"]


def test_a_plan_without_the_solver(litoral, tmp_path):
    (tmp_path / "highspy").mkdir()
    (tmp_path / "highspy" / "__init__.py").write_text(NO_SOLVER)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", OPTIMIZE], capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout)
    assert summary["rung"] in ("last_plan", "level_control")
    assert "solver" in summary["reason"].lower() or "highs" in summary["reason"].lower()


def test_a_notebook_that_fails_leaves_the_last_plan(litoral, monkeypatch):
    monkeypatch.setattr(notebooks, "CELL_TIMEOUT_S", 1)
    with open_store(litoral, "litoral") as store:
        before = store.published()["plan"]
    result = CliRunner().invoke(app, ["cycle", "litoral", "--json"])
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert told["rung"] == "last_plan"
    assert "stays in force" in told["reason"]
    assert "CellTimeoutError" in told["error"]
    assert Path(told["notebooks"][0]).is_file()
    with open_store(litoral, "litoral") as store:
        assert store.published()["plan"] == before


def test_a_second_cycle_of_the_same_tenant_waits_for_the_first(litoral):
    with open_store(litoral, "litoral") as store, store.lease("cycle", "another", pd.Timestamp.now("UTC").tz_localize(None), 60):
        told = cycle.run_cycle("litoral")
    assert "another" in told.error
