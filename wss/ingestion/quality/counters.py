"""Registers that count up: where one was reset, changed or ran over, the difference of two readings means nothing."""

import numpy as np
import pandas as pd

from wss.ingestion.quality import spans
from wss.quantities import Flag

NEAR_FULL, NEAR_ZERO = 0.9, 0.1
"""Shares of the highest reading between which a register that runs over jumps."""


def resets(readings: pd.DataFrame, high: pd.Series) -> pd.DataFrame:
    """RESET on the first reading after a register fell.

    A single low reading that is followed by the old count again is a fault of the reading, not of the register, and a fall
    back from a single high one is none either: the reading before the fall must follow from the one before it, and the reading
    after it must stay below the old count.

    Parameters
    ----------
    readings
        sensor_id, time [s since 1970], value [our unit]; good ones of registers only, sorted by sensor and time.
    high
        Highest reading of each register, by sensor_id. [our unit]
    """
    sensor, time, value = (readings[c].to_numpy() for c in ("sensor_id", "time", "value"))
    fell = np.flatnonzero((sensor[1:] == sensor[:-1]) & (np.diff(value) < 0)) + 1
    rows = []
    for k in fell:
        after = k + 1 < len(value) and sensor[k + 1] == sensor[k]
        before = k >= 2 and sensor[k - 2] == sensor[k]
        if (after and value[k + 1] >= value[k - 1]) or (before and value[k - 2] <= value[k] and _wild(value, k)):
            continue
        full = high.get(sensor[k], np.nan)
        over = value[k - 1] > NEAR_FULL * full and value[k] < NEAR_ZERO * full
        note = f"{'ran over' if over else 'fell'} from {value[k - 1]:g} to {value[k]:g}"
        rows.append((sensor[k], Flag.RESET, time[k], time[k] + 1, time[min(k + 1, len(time) - 1)] if after else time[k], note))
    return spans.frame(rows)


def _wild(value: np.ndarray, k: int) -> bool:
    """Whether the reading before `k` jumped up and the register goes on from the one before that: 10, 90, 11."""
    return value[k - 1] - value[k] > value[k] - value[k - 2]
