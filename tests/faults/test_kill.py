"""kill -9 at every named point of intake and replay, and at any moment: nothing is lost, doubled or torn."""

import importlib.util
import random
import signal
import time
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


@pytest.mark.soak
def test_a_kill_at_any_moment_loses_doubles_and_tears_nothing(process, fresh_workspace):
    lasted_s = []
    for _ in range(3):
        calm = fresh_workspace()
        faults.prepare(calm)
        begun = time.monotonic()
        assert process.run(calm) == 0
        lasted_s.append(time.monotonic() - begun)
    wanted, chance, killed = faults.outcome(calm), random.Random(1), 0
    for _ in range(100):
        workspace, after_s = fresh_workspace(), chance.uniform(0, min(lasted_s))
        faults.prepare(workspace)
        if process.run(workspace, after_s=after_s) != -signal.SIGKILL:
            continue  # the kill came too late
        assert process.run(workspace) == 0
        assert faults.outcome(workspace) == wanted, f"killed after {after_s:.3f} s"
        killed += 1
        if killed == 30:
            break
    assert killed == 30
