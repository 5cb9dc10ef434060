"""Starts and minutes outside limits, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Tank
from wss.kpi import service
from wss.quantities import labelled

TIME = pd.date_range(times.utc("2022-06-01"), periods=8, freq="15min", name="time")


@pytest.mark.parametrize(
    ("status", "count"),
    [
        ([0, 1, 1, 0, 1, 0, 0, 1], 3),
        ([1, 1, 1, 1, 1, 1, 1, 1], 0),  # it ran when the day began
        ([1, 0, 0, 0, 0, 0, 0, 0], 0),
        ([0, np.nan, 1, np.nan, 1, 0, np.nan, 0], 1),  # a lost reading is no stop
        ([np.nan, np.nan, 1, 1, 1, 1, 1, 1], 0),  # nobody knows when
    ],
)
def test_starts(status, count):
    running = labelled("pump_status", np.array(status, dtype=float)[:, None], time=TIME, pump=["P"])
    assert service.starts(running).to_dict() == {"P": count}


def test_a_slow_pump_runs():
    speed = labelled("pump_speed", np.array([0, 0.3, 0.4, 0, 0, 0, 0, 0.3])[:, None], time=TIME, pump=["P"])
    assert service.starts(speed).to_dict() == {"P": 2}


def test_minutes_outside():
    tanks = [Tank(id="A", title="A", level_min_m=1, level_max_m=4), Tank(id="B", title="B", level_min_m=0, level_max_m=9)]
    levels = np.column_stack([[0.5, 0.9995, 1.0, 4.0, 4.5, np.nan, 3, 5.0], [1] * 8])
    level = labelled("level", levels, time=TIME, tank=["A", "B"])
    assert service.minutes_outside(level, tanks).to_dict() == {"A": 45.0, "B": 0.0}  # 0.5, 4.5 and 5.0; 0.5 mm are no matter
