"""`wss optimize-case`: a plan, its figures in the agreed keys, and an exit code that says how it went."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from wss.cli import app
from wss.optimization import case, verify

NETWORK = """
[JUNCTIONS]
 J  10  40  day
[RESERVOIRS]
 R  0
[TANKS]
 T  50  2.0  0.5  4.0  10  0
[PIPES]
 rise  J  T  500  250  120  0  Open
[PUMPS]
 007  R  J  HEAD lift
[CURVES]
 lift  80  62
[PATTERNS]
 day  0.6 0.8 1.2 1.0
[TIMES]
 Pattern Timestep 2:00
[OPTIONS]
 Units CMH
[END]
"""
CASE = {"name": "small", "network": "small.inp", "start": "2026-01-05T06:00", "horizon_hours": 8, "decision_minutes": 60,
        "hydraulic_step_seconds": 300, "price": [0.1, 0.3], "price_step_minutes": 120, "currency": "EUR"}  # fmt: skip
KEYS = ["cost", "energy_kwh", "feasible", "rung", "violations", "starts", "bound", "gap_percent", "simulations", "snapshots",
        "cpu_seconds"]  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """written(key=value, ...): path of the case with these keys changed; None takes a key out."""

    def write(**changes) -> Path:
        (tmp_path / "small.inp").write_text(NETWORK)
        kept = {key: value for key, value in (CASE | changes).items() if value is not None}
        (tmp_path / "case.yml").write_text(yaml.safe_dump(kept))
        return tmp_path / "case.yml"

    return write


def run(*words) -> tuple[int, str, str]:
    told = CliRunner().invoke(app, ["optimize-case", *map(str, words)])
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told.exit_code, told.stdout, told.stderr


def test_a_feasible_plan(written, tmp_path):
    path = written()
    code, text, told = run(path, "--out", tmp_path / "plan.csv", "--json")
    said = json.loads(text)
    assert (code, list(said), told) == (0, KEYS, "")
    problem = case.read(path)
    verdict = verify(problem, case.read_plan(tmp_path / "plan.csv", problem))
    assert said["feasible"] is verdict.feasible is True
    assert said["cost"] == pytest.approx(verdict.cost)
    assert said["energy_kwh"] == pytest.approx(verdict.energy_kwh)
    assert said["starts"] == verdict.starts == {"007": said["starts"]["007"]}
    assert said["violations"] == []
    assert said["cpu_seconds"] > 0
    rows = pd.read_csv(tmp_path / "plan.csv", dtype={"pump": str})
    assert rows.columns.tolist() == ["time", "pump", "speed"]
    assert rows.iloc[0].tolist()[:2] == ["2026-01-05T06:00:00", "007"]


def test_words_for_people(written, tmp_path):
    code, text, told = run(written(), "--out", tmp_path / "plan.csv")
    assert (code, told) == (0, "")
    for part in ("Feasible plan", "converged", "EUR", "CPU s", "007", "hours on", "end at least"):
        assert part in text, part


def test_no_feasible_plan_names_tank_time_and_shortfall(written, tmp_path):
    path = written(end_level={"T": 3.9}, demand_multiplier=3)
    code, text, told = run(path, "--out", tmp_path / "plan.csv", "--json")
    said = json.loads(text)
    assert (code, said["feasible"], list(said)) == (3, False, KEYS)
    assert any(v.startswith("2026-01-05 14:00: tank T ends at") and "below 3.900 m" in v for v in said["violations"])
    assert (tmp_path / "plan.csv").read_text().startswith("time,pump,speed\n2026-01-05T06:00:00,007,")
    code, text, told = run(path, "--out", tmp_path / "plan.csv")
    assert code == 3
    assert "No feasible plan found" in text
    assert all(violation in told for violation in said["violations"])


def test_a_pressure_that_nothing_reaches_is_named(written, tmp_path):
    """The search ends where only a pressure is missed, and says which."""
    code, text, _ = run(written(pressure_min={"J": 70}), "--out", tmp_path / "plan.csv", "--json")
    said = json.loads(text)
    assert (code, said["feasible"]) == (3, False)
    assert said["violations"]
    assert all("node J" in violation and "70.00 m" in violation for violation in said["violations"])
    assert (tmp_path / "plan.csv").exists()


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"price": {"P": [1, "x"]}, "start": "soon", "horizon": 3},
         ["price.P.1", "start: 'soon'", "horizon: unknown", "price: pump 007"]),
        ({"network": "none.inp", "decision_minutes": -5}, ["none.inp does not exist", "decision_minutes: -5"]),
        ({"initial_level": {"T": 4.5}, "name": None}, ["initial_level: tank T: 4.5 is outside", "name: missing"]),
    ],
)  # fmt: skip
def test_a_bad_case_lists_all_faults(written, tmp_path, changes, parts):
    code, text, told = run(written(**changes), "--out", tmp_path / "plan.csv", "--json")
    assert (code, text) == (2, "")
    assert all(part in told for part in parts), told
    assert not (tmp_path / "plan.csv").exists()


@pytest.mark.parametrize(
    ("network", "says"),
    [("[JUNCTIONS]\n J 10", "no pump"), (NETWORK.replace("R  J  HEAD", "R  Q  HEAD"), "undefined node Q"), ("\0\1", "no tank")],
)
def test_a_network_that_is_refused_says_why(written, tmp_path, network, says):
    path = written()
    (tmp_path / "small.inp").write_text(network)
    code, _, told = run(path, "--out", tmp_path / "plan.csv")
    assert code == 2
    assert "network: " in told
    assert says in told


@pytest.mark.parametrize("name", ["case.yml", "small.inp", "absent/plan.csv", "."])
def test_the_plan_replaces_nothing_else(written, tmp_path, name):
    path = written()
    before = path.read_bytes(), (tmp_path / "small.inp").read_bytes()
    assert run(path, "--out", tmp_path / name)[0] == 2
    assert (path.read_bytes(), (tmp_path / "small.inp").read_bytes()) == before


def test_no_case_file(tmp_path):
    code, _, told = run(tmp_path / "none.yml", "--out", tmp_path / "plan.csv")
    assert code == 2
    assert "none.yml: cannot be read" in told
