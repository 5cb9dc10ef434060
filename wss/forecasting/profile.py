"""Robust profile: the median of the same hour of the week, moved to the level and the hours of the last days."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from wss.forecasting.history import History
from wss.quantities import labelled
from wss.robust import median, newest, running_median

SATURDAY = 5
LEVEL_DAYS = 4
"""Days whose median ratio to the profile is the level: one bad day cannot move it, a jump is followed within three days."""
SLOT_DAYS = 7
"""Days whose median ratio to the profile, slot by slot, says how the course of the day has changed."""
LOOK_BACK_DAYS = 14
"""Oldest day that may still tell the level when the last ones are missing."""
LEVEL_RANGE, SLOT_RANGE = (0.5, 2.0), (0.7, 1.4)
"""Least and greatest correction."""
SLOT_SHARE = 0.5
"""Share (as a power) of the slots' change that is believed; the rest is taken as noise."""
DAMPING = 0.9
"""What remains after each day of how the level of the last days differs from that of two weeks."""
LEAST_KNOWN = 0.25
"""Share of a day's slots that must be known for the day to have a level."""


@dataclass(frozen=True)
class MedianProfile:
    """Median of each slot by day type, and how the last days differ from it."""

    profile: np.ndarray
    """(type, slot, zone) typical demand, never NaN [m3/h]."""
    level: np.ndarray
    """(zone,) ratio of the last days to the profile [1]."""
    usual: np.ndarray
    """(zone,) the same of the last two weeks, to which the level returns [1]."""
    slots: np.ndarray
    """(slot, zone) further ratio of each slot [1]."""
    history: History
    """What it was fitted to."""

    @classmethod
    def fit(cls, history: History) -> "MedianProfile":
        """Fit to all that `history` knows."""
        rough = _profile(history)
        rows = history.last_days(7 * history.weeks + 1)
        drift = _running_median(_day_levels(rows, rough))
        steady = history.demand.copy()
        steady[len(steady) - len(drift) :] /= drift[:, None]
        profile = _profile(replace(history, demand=steady))
        recent = history.last_days(LOOK_BACK_DAYS + 1)
        levels = _day_levels(recent, profile)
        level, usual = (_bounded(median(newest(levels, days)), LEVEL_RANGE) for days in (LEVEL_DAYS, LOOK_BACK_DAYS))
        level = usual * (level / usual) ** (DAMPING ** _days_since(levels))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = recent.demand / (profile[recent.types()] * levels[:, None])
        slots = _bounded(median(newest(np.where(np.isfinite(ratio), ratio, np.nan), SLOT_DAYS)), SLOT_RANGE) ** SLOT_SHARE
        return cls(profile, level, usual, slots, history)

    def predict(self, time: pd.DatetimeIndex) -> xr.DataArray:
        """Demand of each step that starts at `time` (time, zone). [m3/h]"""
        day, slot = self.history.cells(time)
        first = int(day.min())
        value = self.days(np.arange(first, int(day.max()) + 1))[day - first, slot]
        return labelled("demand", value, time=time, zone=list(self.history.zones))

    def days(self, day: np.ndarray) -> np.ndarray:
        """Demand of every slot of the local days `day` (rows of the history, may lie beyond it): (day, slot, zone). [m3/h]"""
        ahead = np.maximum(day - (len(self.history.demand) - 1), 0)[:, None, None]
        level = self.usual * (self.level / self.usual) ** (DAMPING**ahead)
        return self.profile[self.history.types(day)] * self.slots * level


def _profile(history: History) -> np.ndarray:
    """Typical demand (type, slot, zone): from the days of the type in the last weeks; where there is none, from the other
    days of the same class; then from older ones; then the zone's median; 0 for a zone that never had data. [m3/h]"""
    demand, types = history.demand, history.types()
    recent = np.arange(len(demand)) >= len(demand) - 1 - 7 * history.weeks  # the last row is the issue's own day
    working = types < SATURDAY
    profile = np.full((7, *demand.shape[1:]), np.nan)
    for kind in range(7):
        same, alike = types == kind, working == (kind < SATURDAY)
        for rows in (same & recent, alike & recent, same, alike, recent, np.ones_like(same)):
            if not np.isnan(profile[kind]).any():
                break
            profile[kind] = np.where(np.isnan(profile[kind]), median(demand[rows]), profile[kind])
    if np.isnan(profile).any():
        profile = np.where(np.isnan(profile), median(demand.reshape(-1, demand.shape[-1])), profile)
    return np.nan_to_num(profile)


def _day_levels(history: History, profile: np.ndarray) -> np.ndarray:
    """Ratio of each day's demand to the profile (day, zone); NaN for a day that is hardly known. [1]"""
    known = ~np.isnan(history.demand)
    expected = np.where(known, profile[history.types()], 0.0).sum(axis=1)
    enough = (known.mean(axis=1) >= LEAST_KNOWN) & (expected > 0)
    return np.where(enough, np.nansum(history.demand, axis=1) / np.where(enough, expected, 1.0), np.nan)


def _running_median(levels: np.ndarray, reach: int = 3) -> np.ndarray:
    """Median of each day's level and those of `reach` days around it; 1 where none is known or it is 0. [1]"""
    smooth = running_median(levels, reach)
    return np.where(smooth > 0, smooth, 1.0)


def _days_since(levels: np.ndarray) -> np.ndarray:
    """Whole days without a level before the last row, the issue's own day (zone,). [d]"""
    known = ~np.isnan(levels[:-1])
    return np.where(known.any(axis=0), np.argmax(known[::-1], axis=0), len(known)) if len(known) else np.zeros(levels.shape[1])


def _bounded(ratio: np.ndarray, within: tuple[float, float]) -> np.ndarray:
    return np.clip(np.where(np.isnan(ratio), 1.0, ratio), *within)
