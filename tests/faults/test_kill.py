"""kill -9 at every named point of intake and replay: nothing is lost, doubled or torn."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "faults.py"
_spec = importlib.util.spec_from_file_location("faults", SCRIPT)
faults = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(faults)


@pytest.fixture(scope="module")
def process():
    with faults.Process() as process:
        yield process


@pytest.mark.slow
def test_a_kill_at_any_point_loses_doubles_and_tears_nothing(process, fresh_workspace):
    calm = fresh_workspace()
    faults.prepare(calm, rows=20)
    assert process.run(calm) == 0
    wanted = faults.outcome(calm)
    assert len(wanted["readings"]) == 200
    assert len(wanted["known"]) == 180, "the tenth sensor came with the replay"
    kept = ["archive/2022/03/a.csv", "archive/2022/03/b.csv", "quarantine/c.csv", "quarantine/c.csv.report.txt"]
    assert wanted["files"] == kept
    for point in faults.POINTS:
        workspace = fresh_workspace()
        faults.prepare(workspace, rows=20)
        assert process.run(workspace, point) == -9, f"{point} is reached"
        assert process.run(workspace) == 0
        assert faults.outcome(workspace) == wanted, point
