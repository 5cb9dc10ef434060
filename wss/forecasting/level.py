"""A new level of demand, such as a zone that gained streets or a meter that was exchanged: what came before is moved to it.

The profile follows a level slowly, because most departures of a day or two pass. One that is large against the zone's own
days and alike on three of them stays nearly always; then the past is worth most when it is told at the new level.
"""

from dataclasses import dataclass, replace

import numpy as np

from wss.forecasting.history import History
from wss.robust import median

LOOK_BACK_DAYS, BEFORE_DAYS = 28, 42
"""Days in which a jump is looked for; days before it that say what is usual [d]."""
LEAST_DAYS = 3
"""Days that a new level must have lasted [d]."""
LEAST, TIMES, ALIKE, SCATTER = 0.16, 3.0, 0.3, 3.5
"""Least jump (logarithm) [1]; its size in usual deviations of a day [1]; largest range of the new days, as a share of it or in
usual deviations of a day, whichever is larger [1]."""
LEAST_KNOWN = 0.25
"""Share of a day's slots that must be known for the day to count."""


@dataclass(frozen=True)
class Jump:
    """A zone's demand went to another level."""

    zone: str
    day: str
    """Local date of the first day on it."""
    factor: float
    """New level over old [1]."""

    def __str__(self) -> str:
        return f"{self.zone}: demand changed by {self.factor - 1:+.0%} on {self.day} and stayed; what was before is moved to it"


def levelled(history: History) -> tuple[History, list[Jump]]:
    """History with each zone's past at the level of its last days, and the jumps that were found."""
    demand, types = history.demand, history.types()
    last = len(demand)
    found, moved = [], demand
    for start in range(max(last - LOOK_BACK_DAYS, 14), last - LEAST_DAYS + 1):
        before = np.arange(max(start - BEFORE_DAYS, 0), start)
        ratio = _ratios(demand, types, before, last)
        old, new = ratio[: len(before)], np.log(ratio[len(before) :])
        centre = median(old)
        noise = 1.48 * median(np.abs(old - centre))
        new = new - np.log(np.where(centre > 0, centre, np.nan))
        for zone in _stays(new, noise / np.where(centre > 0, centre, np.nan)):
            if any(jump.zone == history.zones[zone] for jump in found):
                continue  # the earliest day explains the most
            factor = float(np.exp(np.nanmedian(new[:, zone])))
            moved = moved.copy() if moved is demand else moved
            expected = _expected(demand[before], types[before], types[start - 1])[:, zone] * centre[zone] * factor
            moved[: start - 1, :, zone] *= factor
            moved[start - 1, :, zone] = _split(demand[start - 1, :, zone], expected, factor)
            found.append(Jump(history.zones[zone], str(history.first_day + np.timedelta64(start, "D")), factor))
    return replace(history, demand=moved), found


def _ratios(demand: np.ndarray, types: np.ndarray, before: np.ndarray, last: int) -> np.ndarray:
    """Demand of each day from the first of `before` to `last` over what the days `before` expect (day, zone). [1]"""
    rows = np.arange(before[0], last)
    expected = np.stack([_expected(demand[before], types[before], kind) for kind in range(7)])[types[rows]]
    known = ~np.isnan(demand[rows]) & ~np.isnan(expected)
    total = np.where(known, demand[rows], 0.0).sum(axis=1)
    usual = np.where(known, expected, 0.0).sum(axis=1)
    enough = (known.mean(axis=1) >= LEAST_KNOWN) & (usual > 0) & (total > 0)
    return np.where(enough, total / np.where(enough, usual, 1.0), np.nan)


def _expected(demand: np.ndarray, types: np.ndarray, kind: int) -> np.ndarray:
    """Median day (slot, zone) of a type, or of all days where there is none. [m3/h]"""
    same = median(demand[types == kind])
    return np.where(np.isnan(same), median(demand), same) if np.isnan(same).any() else same


def _stays(new: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Zones whose days (day, zone) of logarithms [1] are all far from 0, against the noise (zone,) [1], and alike."""
    known = (~np.isnan(new)).sum(axis=0)
    size = np.abs(np.where(np.isnan(new), np.inf, new)).min(axis=0)
    low, high = (f(np.where(np.isnan(new), fill, new), axis=0) for f, fill in ((np.min, np.inf), (np.max, -np.inf)))
    far = (size > LEAST) & (size > TIMES * noise) & (np.sign(low) == np.sign(high))
    return np.flatnonzero((known >= LEAST_DAYS) & far & (high - low < np.maximum(ALIKE * size, SCATTER * noise)))


def _split(day: np.ndarray, expected: np.ndarray, factor: float) -> np.ndarray:
    """The day (slot,) before the first whole one on the new level, moved up to the slot where it fits `expected` best. [m3/h]"""
    apart = [np.nan_to_num(np.abs(v - expected)) for v in (day * factor, day)]
    cost = np.r_[0.0, np.cumsum(apart[0])] + apart[1].sum() - np.r_[0.0, np.cumsum(apart[1])]
    return np.where(np.arange(len(day)) < int(np.argmin(cost)), day * factor, day)
