"""Many processes on one tenant: no error, nothing lost, and every answer of the store is a state between two files."""

import importlib
import sys
from pathlib import Path

import pandas as pd
import pytest

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")
sys.path.append(BENCHMARKS)
slots, stress = map(importlib.import_module, ("slots", "stress"))
sys.path.remove(BENCHMARKS)


@pytest.mark.slow
def test_writers_and_readers_at_once(fresh_workspace):
    done = stress.in_a_process(fresh_workspace().home, 3, 2, 2)
    assert done["errors"] == []
    assert (done["lost"], done["waiting"], done["differences"]) == ([], [], [])
    assert done["files"] > 10
    assert done["stored"] + done["duplicate"] + done["corrected"] == done["readings"]
    assert done["looks"]["read"] > 0


def frame_of(values: dict[int, int]) -> pd.DataFrame:
    size = slots.ROWS * len(slots.TAGS)
    rows = [
        (
            slots.SPAN[0] + pd.Timedelta(seconds=(slot * slots.ROWS + k // len(slots.TAGS)) * slots.STEP_S),
            slots.TAGS[k % len(slots.TAGS)],
            float(value),
        )
        for slot, value in values.items()
        for k in range(size)
    ]
    return pd.DataFrame(rows, columns=["time", "item", "value"])


@pytest.mark.parametrize(
    ("values", "there", "wrong"),
    [
        ({0: 0, 1: 1, 2: 1}, {0, 1}, ""),
        ({0: 0, 1: 2, 2: 2}, {0, 1, 2}, ""),
        ({0: 0, 1: 1}, {0, 1}, "slot 2 shows None, file 1 was there"),
        ({0: 0, 1: 2, 2: 1}, {0, 1, 2}, "slot 2 shows 1, file 2 was there"),
        ({0: 0, 1: 7, 2: 7}, {0, 1}, "slot 1 shows 7 of no file"),
    ],
    ids=["whole", "corrected", "lost", "torn", "of nobody"],
)
def test_what_readers_look_for_is_found(values, there, wrong):
    plan = slots.Plan(({0: 0}, {1: 1, 2: 1}, {1: 2, 2: 2}))
    faults = slots.held_against(plan, frame_of(values), there, there, 0, 99)
    assert wrong in "\n".join(faults)
    assert bool(faults) == bool(wrong)
    assert slots.held_against(plan, frame_of(values).iloc[1:], there, there, 0, 99)
