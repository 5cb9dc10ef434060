"""Doubtful readings get a flag; their values are never changed.

`limits` looks at the readings of one file as it comes in. The other rules need more: a look back, other sensors, or the
moment. They take arrays and give spans, which `steps.quality` keeps beside the readings.
"""

import pandas as pd

from wss.ingestion.quality.limits import EARLIER, LIMITS, flag, look_back_h
from wss.quantities import DOUBTFUL

__all__ = ["EARLIER", "LIMITS", "flag", "look_back_h", "mask"]


def mask(frame: pd.DataFrame, doubtful: int = DOUBTFUL) -> pd.DataFrame:
    """`frame` with NaN instead of every value [our unit] that has a flag of `doubtful`: no such value is computed with."""
    return frame.assign(value=frame["value"].where(frame["flag"].to_numpy() & int(doubtful) == 0))
