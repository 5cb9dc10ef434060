"""Readings at irregular times onto a regular grid: values at its instants, means over its steps."""

import numpy as np

from wss.robust import median

NEAR_S = 430
"""Readings this near to an instant are pooled; a median of three leaves a spike and most of the noise behind [s]."""
FAR_S = 1200
"""Readings this near carry a line over a gap, or to the last instant [s]."""
HOLD_S, HOLD_INTERVALS = 900, 1.5
"""How long a reading is believed when the next one is missing: so many seconds, or usual intervals if that is longer."""
LEAST_COVERED = 0.75
"""Share of a step that readings must cover for a mean."""


def at_instants(seconds: np.ndarray, value: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Value at each instant `at` (time,) [s]: the median of the readings around it; where they lie on one side or only
    further away, the line through them; NaN where a line would have to reach too far.

    Parameters
    ----------
    seconds, value : (reading,)
        Readings by ascending time. [s], [any unit]
    """
    offset, near = _around(seconds, value, at, NEAR_S)
    both = (offset <= 0).any(axis=0) & (offset >= 0).any(axis=0)
    result = np.where(both, median(near), np.nan)
    rest = np.flatnonzero(~both)
    offset, far = _around(seconds, value, at[rest], FAR_S)
    count = (~np.isnan(far)).sum(axis=0)
    both = (offset < 0).any(axis=0) & (offset > 0).any(axis=0)
    close = np.nan_to_num(np.abs(offset), nan=FAR_S).min(axis=0, initial=FAR_S) <= NEAR_S
    middle, mean = (np.nansum(a, axis=0) / np.maximum(count, 1) for a in (offset, far))
    run, rise = offset - middle, far - mean
    slope = np.nansum(run * rise, axis=0) / np.maximum(np.nansum(run**2, axis=0), 1.0)
    result[rest] = np.where((count >= 2) & (both | close), mean - slope * middle, np.nan)
    return result


def step_means(seconds: np.ndarray, value: np.ndarray, start: np.ndarray, step_s: int) -> np.ndarray:
    """Mean over each step from `start` (time,) [s] on; a reading holds until the next, but not longer than 15 minutes or one
    and a half times the sensor's usual interval. NaN where less than three quarters of a step are covered.

    Parameters
    ----------
    seconds, value : (reading,)
        Readings by ascending time. [s], [any unit]
    """
    if not len(seconds):
        return np.full(len(start), np.nan)
    longest = longest_hold_s(seconds)
    held = np.minimum(np.append(np.diff(seconds), longest), longest)
    edge = np.concatenate([start, start + step_s])
    k = np.maximum(np.searchsorted(seconds, edge, side="right") - 1, 0)
    since = np.minimum(np.maximum(edge - seconds[k], 0), held[k])
    covered = _integral(held, k, since)
    total = _integral(value * held, k, value[k] * since)
    return np.where(covered >= LEAST_COVERED * step_s, total / np.maximum(covered, 1e-9), np.nan)


def longest_hold_s(seconds: np.ndarray) -> float:
    """How long a reading of a sensor is believed, given the times of its readings (reading,) in ascending order [s]. [s]"""
    return max(HOLD_S, HOLD_INTERVALS * float(np.median(np.diff(seconds)))) if len(seconds) > 1 else HOLD_S


def _integral(whole: np.ndarray, k: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Integral over each step (time,), given those of the readings, and at the starts and then the ends of all steps (2 time,)
    the last reading and its part so far."""
    up_to = np.concatenate([[0.0], np.cumsum(whole)])[k] + part
    return up_to[len(k) // 2 :] - up_to[: len(k) // 2]


def _around(seconds: np.ndarray, value: np.ndarray, at: np.ndarray, reach_s: int) -> tuple[np.ndarray, np.ndarray]:
    """Time from each instant [s] and value of the readings within reach of it, (reading, instant), NaN where there are fewer."""
    first, last = np.searchsorted(seconds, at - reach_s), np.searchsorted(seconds, at + reach_s, side="right")
    most = int((last - first).max(initial=0))
    index = first + np.arange(most)[:, None]
    inside = index < last
    index = np.minimum(index, len(seconds) - 1)
    return np.where(inside, seconds[index] - at, np.nan), np.where(inside, value[index], np.nan)
