"""Many processes on one tenant: no error, nothing lost, and every answer of the store is a state between two files."""

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "stress.py"
_spec = importlib.util.spec_from_file_location("stress", SCRIPT)
stress = sys.modules["stress"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stress)


@pytest.mark.slow
def test_writers_and_readers_at_once(fresh_workspace):
    done = stress.in_a_process(fresh_workspace().home, 3, 2, 2)
    assert done["errors"] == []
    assert (done["lost"], done["waiting"], done["differences"]) == ([], [], [])
    assert done["files"] > 10
    assert done["stored"] + done["duplicate"] + done["corrected"] == done["readings"]
    assert done["looks"]["read"] > 0


def frame_of(slots: dict[int, int]) -> pd.DataFrame:
    size = stress.ROWS * len(stress.TAGS)
    rows = [(stress.SPAN[0] + pd.Timedelta(seconds=(slot * stress.ROWS + k // len(stress.TAGS)) * stress.STEP_S),
             stress.TAGS[k % len(stress.TAGS)], float(value)) for slot, value in slots.items() for k in range(size)]
    return pd.DataFrame(rows, columns=["time", "item", "value"])


@pytest.mark.parametrize(("slots", "there", "wrong"), [
    ({0: 0, 1: 1, 2: 1}, {0, 1}, ""),
    ({0: 0, 1: 2, 2: 2}, {0, 1, 2}, ""),
    ({0: 0, 1: 1}, {0, 1}, "slot 2 shows None, file 1 was there"),
    ({0: 0, 1: 2, 2: 1}, {0, 1, 2}, "slot 2 shows 1, file 2 was there"),
    ({0: 0, 1: 7, 2: 7}, {0, 1}, "slot 1 shows 7 of no file"),
], ids=["whole", "corrected", "lost", "torn", "of nobody"])
def test_what_readers_look_for_is_found(slots, there, wrong):
    plan = stress.Plan(({0: 0}, {1: 1, 2: 1}, {1: 2, 2: 2}))
    faults = stress.held_against(plan, frame_of(slots), there, there, 0, 99)
    assert wrong in "\n".join(faults)
    assert bool(faults) == bool(wrong)
    assert stress.held_against(plan, frame_of(slots).iloc[1:], there, there, 0, 99)
