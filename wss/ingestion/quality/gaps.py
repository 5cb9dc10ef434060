"""Readings that did not come: gaps between two, and sensors that have fallen silent."""

from itertools import pairwise

import numpy as np
import pandas as pd

from wss.ingestion.quality import spans
from wss.quantities import Flag

STEPS = 25
"""Fewest readings from which a sensor's usual interval is known."""


def usual_interval(readings: pd.DataFrame) -> pd.Series:
    """Usual time between two readings of each sensor, the median [s]; by sensor_id, without sensors of too few readings.

    Parameters
    ----------
    readings
        sensor_id, time [s since 1970]; sorted by both.
    """
    sensor, time = readings["sensor_id"].to_numpy(), readings["time"].to_numpy()
    edge = [0, *(np.flatnonzero(sensor[1:] != sensor[:-1]) + 1), len(sensor)]
    usual = {int(sensor[a]): float(np.median(np.diff(time[a:b]))) for a, b in pairwise(edge) if b - a >= STEPS}
    return pd.Series(usual, dtype=float)


def gaps(readings: pd.DataFrame, intervals: float) -> pd.DataFrame:
    """GAP from a sensor's last reading before a gap, without it, to the first one after it, which it holds: that one is
    fine in itself, but nothing is known of the time before it.

    Parameters
    ----------
    readings
        sensor_id, time [s since 1970]; sorted by both.
    intervals
        A gap is longer than so many usual intervals of the sensor. [1]
    """
    sensor, time = readings["sensor_id"].to_numpy(), readings["time"].to_numpy()
    longest = usual_interval(readings).reindex(sensor).to_numpy() * intervals
    far = np.flatnonzero((sensor[1:] == sensor[:-1]) & (np.diff(time) > longest[1:])) + 1
    rows = [
        (sensor[k], Flag.GAP, time[k - 1] + 1, time[k] + 1, time[k], f"no reading for {_span(time[k] - time[k - 1])}")
        for k in far
    ]
    return spans.frame(rows)


def stale(last: pd.Series, now_s: int, longest_s: pd.Series) -> pd.DataFrame:
    """STALE for each sensor that has given no reading for longer than it may; the span goes on: its end is -1.

    Parameters
    ----------
    last
        Time of the newest reading, by sensor_id. [s since 1970]
    longest_s
        How old it may be, by sensor_id. [s]
    """
    silent = last[now_s - last > longest_s.reindex(last.index)]
    return spans.frame((sensor, Flag.STALE, time + 1, -1, now_s, "silent") for sensor, time in silent.items())


def _span(seconds: int) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 180 else f"{minutes / 60:.1f} h"
