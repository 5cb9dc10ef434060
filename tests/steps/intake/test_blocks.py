"""Blocks of a file together say what the file says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wss.steps.intake import blocks
from wss.steps.intake.blocks import by_key, by_sensors, joined


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3)), max_size=40), st.integers(1, 12))
def test_parts_hold_every_row_once_and_no_sensor_twice(rows, size):
    readings = pd.DataFrame(rows, columns=["sensor_id", "time"], dtype="int64").assign(place=np.arange(len(rows)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", size)
        parts = by_sensors(by_key(readings))
    assert joined(parts)["place"].tolist() == sorted(range(len(rows)), key=lambda k: (*rows[k], k))
    assert sum(part["sensor_id"].nunique() for part in parts) == readings["sensor_id"].nunique()


def test_what_is_sorted_is_not_copied():
    readings = pd.DataFrame({"sensor_id": [1, 1, 2], "time": [5, 5, 0]})
    assert by_key(readings) is readings
    assert joined([readings.iloc[:0], readings]) is readings
