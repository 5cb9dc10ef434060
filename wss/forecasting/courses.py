"""Typical courses of a day from longer and shorter pasts, beside the profile's: eight days of a type tell little of an hour."""

import numpy as np

from wss.forecasting.calendar import SATURDAY
from wss.robust import mean, running_median

TYPES = 7
LONG_DAYS, CLASS_DAYS, SHORT_DAYS = 112, 42, 28
"""Days of the long course by type, of that by class (working days, Saturdays, Sundays), and of the short one by type [d]."""
LEAST_KNOWN = 0.25
"""Share of a day's slots that must be known for the day to count [1]."""
REACH_DAYS = 3
"""Days on either side whose median demand is the level that is taken off a day [d]."""
HIGHEST = 4.0
"""Largest ratio of an hour to its day's level that counts [1]."""


def courses(demand: np.ndarray, types: np.ndarray, profile: np.ndarray) -> np.ndarray:
    """Long, class and short course of the day less the profile's, each relative to its own mean.

    Parameters
    ----------
    demand : (day, slot, zone)
        What is known, the newest day last. [m3/h]
    types : (day,)
        Type of each day.
    profile : (type, slot, zone)
        [m3/h]

    Returns
    -------
    (3, type, slot, zone)
        0 where nothing is known. [1]
    """
    if not len(demand):
        return np.zeros((3, *profile.shape))
    demand, types = demand[-LONG_DAYS:], types[-LONG_DAYS:]
    level = running_median(_means(demand), REACH_DAYS)
    ratio = np.minimum(demand / np.where(level > 0, level, np.nan)[:, None], HIGHEST)
    every = np.arange(TYPES)
    found = np.stack(
        [
            _by(ratio, types, every),
            _by(ratio[-CLASS_DAYS:], _classes(types[-CLASS_DAYS:]), _classes(every)),
            _by(ratio[-SHORT_DAYS:], types[-SHORT_DAYS:], every),
        ]
    )
    usual = np.maximum(profile.mean(axis=(0, 1)), 1e-9)
    return np.nan_to_num(found / _week(found) - profile / usual)


def _classes(types: np.ndarray) -> np.ndarray:
    """Working days as one type (day,), Saturdays and Sundays as they are."""
    return np.maximum(types, SATURDAY - 1)


def _by(ratio: np.ndarray, types: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean of the days of each wanted type (type, slot, zone); NaN where there is none. [1]"""
    means = {kind: mean(ratio[types == kind]) for kind in np.unique(wanted)}
    return np.stack([np.where(means[kind] > 0, means[kind], np.nan) for kind in wanted])


def _means(demand: np.ndarray) -> np.ndarray:
    """Mean demand of each day (day, zone); NaN for a day that is hardly known. [m3/h]"""
    known = ~np.isnan(demand)
    share = known.mean(axis=1)
    return np.where(share >= LEAST_KNOWN, np.where(known, demand, 0.0).mean(axis=1) / np.where(share > 0, share, 1.0), np.nan)


def _week(course: np.ndarray) -> np.ndarray:
    """Mean of each course over all types and slots (course, 1, 1, zone); NaN where it is 0 or nothing is known. [1]"""
    total = mean(np.moveaxis(course.reshape(len(course), -1, course.shape[-1]), 1, 0))
    return np.where(total > 0, total, np.nan)[:, None, None]
