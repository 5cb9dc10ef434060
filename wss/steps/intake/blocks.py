"""A long file in blocks: what it takes to read and check it is the memory of one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wss.ingestion.rename import Renamed
from wss.store.changes import packed
from wss.store.ledger import BLOCK


@dataclass(frozen=True)
class Block:
    """Part of a file."""

    missing: int
    quarantine: pd.DataFrame
    renamed: Renamed

    @property
    def empty(self) -> bool:
        """Whether it says nothing of any reading."""
        return not any(map(len, (self.renamed.readings, self.renamed.set_aside, self.renamed.quarantine)))


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all frames, of which there is at least one."""
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if len(some) > 1 else (some or frames)[0]


def by_key(readings: pd.DataFrame) -> pd.DataFrame:
    """Readings by sensor and time, those of one sensor and time in the order in which they are given."""
    key = packed(readings)
    return readings if (key[1:] >= key[:-1]).all() else readings.iloc[np.argsort(key, kind="stable")]


def by_sensors(readings: pd.DataFrame) -> list[pd.DataFrame]:
    """Readings, sorted by sensor, in parts of about BLOCK rows, each with all rows of its sensors."""
    sensor = readings["sensor_id"].to_numpy()
    edges = np.unique(np.r_[0, np.searchsorted(sensor, sensor[BLOCK::BLOCK]), len(readings)])
    return [readings.iloc[start:stop] for start, stop in zip(edges[:-1], edges[1:], strict=True)] or [readings]
