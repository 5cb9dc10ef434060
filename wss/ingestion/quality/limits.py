"""Rules that need a file and a short look back: range, rate of change, spike, stuck."""

import numpy as np
import pandas as pd

from wss.quantities import DOUBTFUL, Flag

LIMITS = ("low", "high", "max_rate_per_h", "stuck_h")
KEY_AND_VALUE = ("sensor_id", "time", "value")
HOUR_S = 3600.0
EARLIER = DOUBTFUL & ~Flag.STUCK
"""Earlier readings with one of these flags do not count."""
LAST_GOOD_H = 48.0
"""Age from which the last good reading no longer says how a reading may have changed [h]."""


def look_back_h(limits: pd.DataFrame, same: np.ndarray) -> np.ndarray:
    """(sensor,) how far before a file's first reading earlier readings of each sensor can matter to `flag`. [h]

    Parameters
    ----------
    same
        (sensor,) whether the file repeats the sensor's last good value before it; if not, nothing from before is stuck. [bool]
    """
    rate = ((limits["high"] - limits["low"]) / limits["max_rate_per_h"]).clip(upper=LAST_GOOD_H).to_numpy(dtype=float)
    return np.fmax(np.nan_to_num(rate), np.where(same, np.nan_to_num(limits["stuck_h"].to_numpy(dtype=float)), 0.0))


def flag(readings: pd.DataFrame, limits: pd.DataFrame, before: pd.DataFrame) -> np.ndarray:
    """Flags of a file's readings: those that they have, and RANGE, RATE, SPIKE and STUCK.

    A reading that is out of range or that the export calls bad counts for nothing else. A reading that cannot follow from
    the last good one is SPIKE if the very next one can, else it and the following are RATE until one can. The same value
    for `stuck_h`, in three readings or more, is STUCK from then on.

    Parameters
    ----------
    readings
        sensor_id, time [s since 1970], value [our unit], flag; in file order.
    limits
        By sensor_id: low, high [our unit], max_rate_per_h [our unit/h], stuck_h [h]; NaN: not checked.
    before
        Stored readings of these sensors before the file's first: the same columns as `readings`.
    """
    value = readings["value"].to_numpy()
    out = readings["flag"].to_numpy(dtype="int64").copy()
    low, high = _of_each(limits, readings["sensor_id"].to_numpy(), "low", "high")
    out[(value < low) | (value > high)] |= Flag.RANGE
    row = np.flatnonzero(out & (Flag.RANGE | Flag.SCADA_BAD) == 0)
    earlier = before[before["flag"].to_numpy() & int(EARLIER) == 0]
    sensor, time, value = (np.r_[earlier[c].to_numpy(), readings[c].to_numpy()[row]] for c in KEY_AND_VALUE)
    row = np.r_[np.full(len(earlier), -1), row]
    order = np.lexsort((time, sensor))
    sensor, time, value, row = (a[order] for a in (sensor, time, value, row))
    last = np.r_[(sensor[1:] != sensor[:-1]) | (time[1:] != time[:-1]), True][: len(row)]  # of one time the last row counts
    sensor, time, value, row = sensor[last], time[last], value[last], row[last]
    rate, stuck = _of_each(limits, sensor, "max_rate_per_h", "stuck_h")
    found = _jumps(sensor, time, value, rate / HOUR_S)
    found[_stuck(sensor, time, value, stuck * HOUR_S)] |= Flag.STUCK
    out[row[row >= 0]] |= found[row >= 0]
    return out


def _of_each(limits: pd.DataFrame, sensor: np.ndarray, *names: str) -> list[np.ndarray]:
    """Columns of `limits` for the sensor of each reading; NaN where it has none."""
    at = limits.index.get_indexer(sensor)
    return [np.append(limits[name].to_numpy(dtype=float), np.nan)[at] for name in names]


def _jumps(sensor: np.ndarray, time: np.ndarray, value: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """RATE and SPIKE of readings sorted by sensor and time [s]; `rate` [our unit/s] of each reading's sensor, or NaN."""
    out = np.zeros(len(time), dtype="int64")
    jumps = np.flatnonzero((sensor[1:] == sensor[:-1]) & (np.abs(np.diff(value)) > rate[1:] * np.diff(time))) + 1
    ends = np.searchsorted(sensor, sensor[jumps], side="right")
    back = 0
    for jump, end in zip(jumps, ends, strict=True):
        if jump > back:
            back = _first_that_follows(time[:end], value[:end], rate[jump], jump)
            out[jump:back] |= Flag.SPIKE if back == jump + 1 < end else Flag.RATE
    return out


def _first_that_follows(time: np.ndarray, value: np.ndarray, rate: float, jump: int) -> int:
    """First reading from `jump` on that can follow from the one before it; the number of readings if none can."""
    last, start, length = jump - 1, jump, 16
    while start < len(time):
        part = slice(start, start + length)
        can = np.flatnonzero(np.abs(value[part] - value[last]) <= rate * (time[part] - time[last]))
        if len(can):
            return start + int(can[0])
        start, length = start + length, length * 2
    return len(time)


def _stuck(sensor: np.ndarray, time: np.ndarray, value: np.ndarray, stuck_s: np.ndarray) -> np.ndarray:
    """Which readings, sorted by sensor and time [s], repeat the value of `stuck_s` [s] ago and of all in between."""
    starts = np.flatnonzero(np.r_[True, (sensor[1:] != sensor[:-1]) | (value[1:] != value[:-1])][: len(time)])
    start = np.repeat(starts, np.diff(np.r_[starts, len(time)]))
    return (time - time[start] >= stuck_s) & (np.arange(len(time)) - start >= 2)
