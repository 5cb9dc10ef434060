"""Medians that live with gaps."""

import numpy as np


def median(values: np.ndarray) -> np.ndarray:
    """Median over the first axis without the NaNs, NaN where there is nothing else [unit of `values`]; fast on short axes."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered = np.sort(values, axis=0)  # NaNs go last
    count = (~np.isnan(values)).sum(axis=0)[None]
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=0)
    high = np.take_along_axis(ordered, np.minimum(count // 2, len(values) - 1), axis=0)
    return ((low + high) / 2)[0]


def running_median(values: np.ndarray, reach: int) -> np.ndarray:
    """Median of each row and those of `reach` rows around it, fewer at the ends; NaN where none is known. [unit of `values`]"""
    padded = np.pad(values, ((reach, reach), *((0, 0),) * (values.ndim - 1)), constant_values=np.nan)
    return median(np.moveaxis(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0), -1, 0))


def newest(values: np.ndarray, most: int) -> np.ndarray:
    """`values` with NaN for all but the last `most` known ones along the first axis. [unit of `values`]"""
    known = ~np.isnan(values)
    age = np.cumsum(known[::-1], axis=0)[::-1]
    return np.where(known & (age <= most), values, np.nan)


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis without the NaNs, 0 where there is nothing else. [unit of `values`]"""
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
