"""Demand that is known by construction: the same week again and again."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.quantities import labelled

ROME = "Europe/Rome"


def pattern(time: pd.DatetimeIndex, zone: str = ROME) -> np.ndarray:
    """Demand of a person of habit [m3/h]: by the hour of the wall clock, on Saturday and Sunday less."""
    wall = times.wall(time, zone)
    hour = wall.hour + wall.minute / 60
    week = np.array([1, 1, 1, 1, 1, 0.9, 0.8])[wall.day_of_week]
    return (100 + 40 * np.sin((hour - 6) / 24 * 2 * np.pi)) * week


@pytest.fixture
def habit():
    """Function (start, end, step="1h", zones=2) -> demand (time, zone) without noise; the second draws three times as much."""

    def make(start: str, end: str, step: str = "1h", zones: int = 2, zone: str = ROME):
        time = times.grid(times.utc(start), times.utc(end), pd.Timedelta(step))
        values = np.outer(pattern(time, zone), 3.0 ** np.arange(zones))
        return labelled("demand", values, time=time, zone=[f"z{k}" for k in range(zones)])

    return make
