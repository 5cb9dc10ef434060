"""Random numbers that depend on the seed and on what they are for alone, so that a plant run in pieces equals one run at once."""

import zlib

import numpy as np
import pandas as pd

from wss import times

DEMAND, NETWORK, NOISE, FILES = range(1, 5)
"""What the numbers are for; keeps streams of the same seed apart."""


def generator(seed: int, purpose: int, *keys: int | str) -> np.random.Generator:
    """Generator for one purpose and one set of keys."""
    return np.random.default_rng((seed, purpose, *(zlib.crc32(k.encode()) if isinstance(k, str) else k for k in keys)))


def white(seed: int, purpose: int, time: pd.DatetimeIndex, columns: int) -> np.ndarray:
    """Independent standard normal numbers (time, columns) [1]; those of a moment are the same whatever span is asked for."""
    seconds = times.epoch(time)
    hours, which = np.unique(seconds // 3600, return_inverse=True)
    blocks = np.stack([generator(seed, purpose, int(hour)).standard_normal((60, columns)) for hour in hours])
    return blocks[which, seconds % 3600 // 60]
