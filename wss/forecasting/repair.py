"""Repair before features: what a meter cannot have seen becomes unknown, and is said. True changes of demand stay."""

from dataclasses import dataclass, replace

import numpy as np

from wss.forecasting.history import History
from wss.robust import median, running_median

IMPOSSIBLE = 4.0
"""Times the zone's high demand (98th percentile) above which a value is impossible [1]."""
NOTHING = 0.01
"""Share of the zone's median demand up to which a value counts as nothing [1]."""
DEAD_H, STUCK_H = 3.0, 4.0
"""Hours of nothing, or of exactly the same value, from which a meter is dead or stuck [h]."""
REPEATS = 0.1
"""Share of repeated values above which a meter is coarse, so that repeats say nothing [1]."""
FACTOR, LONGEST_DAYS = 2.5, 14
"""A day with this many times its usual demand, or that part of it, has another unit [1]; lasting longer, a new level [d]."""
SEASON_DAYS = 28
"""Days on either side whose median level is the season's [d]."""
UNIT_H, SAME_FACTOR = 6.0, 0.2
"""Hours by one factor off the usual from which a part of a day has another unit [h]; how much it may vary (logarithm) [1]."""
SPIKE, LEAP = 12.0, 0.8
"""A spike is this many median deviations from the usual of its slot, which neither neighbour is by half [1], and this share of
the zone's median demand away from both [1]."""


@dataclass(frozen=True)
class Repair:
    """Values of one zone that were taken as unknown."""

    zone: str
    what: str
    """impossible, dead, stuck, another unit or spike."""
    count: int
    """How many values."""
    first_day: str
    """Local date of the first."""
    last_day: str
    """Local date of the last."""

    def __str__(self) -> str:
        days = self.first_day if self.first_day == self.last_day else f"{self.first_day} to {self.last_day}"
        return f"{self.zone}: {self.count} value(s) taken as unknown ({self.what}), {days}"


def repaired(history: History) -> tuple[History, list[Repair]]:
    """History without what its meters cannot have seen, and what that was; the oldest day is looked at like the newest."""
    shape = history.demand.shape
    demand = history.demand.copy()
    said = []
    for what, find in (
        ("impossible", _impossible),
        ("dead", _dead),
        ("stuck", _stuck),
        ("another unit", _other_unit),
        ("spike", _spikes),
    ):
        wrong = find(demand, history) & ~np.isnan(demand)
        demand[wrong] = np.nan
        for zone in np.flatnonzero(wrong.any(axis=(0, 1))):
            days = np.flatnonzero(wrong[..., zone].any(axis=1))
            first, last = (str(history.first_day + np.timedelta64(int(d), "D")) for d in (days[0], days[-1]))
            said.append(Repair(history.zones[zone], what, int(wrong[..., zone].sum()), first, last))
    return replace(history, demand=demand.reshape(shape)), said


def _impossible(demand: np.ndarray, _history: History) -> np.ndarray:
    flat = demand.reshape(-1, demand.shape[-1])
    high = np.array([np.quantile(v[~np.isnan(v)], 0.98) if (~np.isnan(v)).any() else np.inf for v in flat.T])
    usual = np.nan_to_num(median(flat))
    high = np.where(usual > 0, np.minimum(high, 5 * np.where(usual > 0, usual, 1)), np.inf)
    return demand > IMPOSSIBLE * high


def _dead(demand: np.ndarray, history: History) -> np.ndarray:
    flat = demand.reshape(-1, demand.shape[-1])
    usual = np.nan_to_num(median(flat))
    nothing = flat <= NOTHING * usual
    rare = nothing.mean(axis=0) < 0.5
    runs = _in_runs(nothing & ~np.isnan(flat), _steps(history, DEAD_H))
    return (runs & rare & (usual > 0) & _no_habit(nothing, demand)).reshape(demand.shape)


def _no_habit(nothing: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Whether nothing is drawn in a cell only by exception: some zones rest every night or every Sunday (cell, zone)."""
    per_slot = nothing.reshape(demand.shape).mean(axis=0)
    return np.tile(per_slot < 0.1, (len(demand), 1))


def _stuck(demand: np.ndarray, history: History) -> np.ndarray:
    flat = demand.reshape(-1, demand.shape[-1])
    same = np.zeros(flat.shape, dtype=bool)
    same[1:] = (flat[1:] == flat[:-1]) & (flat[1:] > 0)
    known = np.maximum((~np.isnan(flat)).sum(axis=0), 1)
    fine = same.sum(axis=0) / known < REPEATS
    return (_in_runs(same, max(_steps(history, STUCK_H) - 1, 2)) & fine).reshape(demand.shape)


def _other_unit(demand: np.ndarray, history: History) -> np.ndarray:
    usual = median(demand)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(usual > 0, demand / usual, np.nan)
        known = (~np.isnan(ratio)).sum(axis=1)
        level = median(np.moveaxis(ratio, 1, 0))
        season = running_median(level, SEASON_DAYS)  # a summer's demand is no other unit
        ratio, level = ratio / season[:, None], level / season
    off = ((level > FACTOR) | (level < 1 / FACTOR)) & (known >= 3)
    days = np.zeros(off.shape, dtype=bool)
    for zone in range(off.shape[1]):
        days[:, zone] = off[:, zone] & ~_in_runs(off[:, zone, None], LONGEST_DAYS + 1)[:, 0]
    hours = (ratio > FACTOR) | (ratio < 1 / FACTOR)
    return (days[:, None] & hours) | _alike(ratio, history)


def _alike(ratio: np.ndarray, history: History) -> np.ndarray:
    """Cells (day, slot, zone) in runs of hours, shorter than the longest that a fault lasts, by one factor off the usual:
    a burst or a fire adds water, another unit multiplies it."""
    flat = ratio.reshape(-1, ratio.shape[-1])
    out = np.zeros(flat.shape, dtype=bool)
    for side in (flat > FACTOR, flat < 1 / FACTOR):
        out |= _in_runs(side, _steps(history, UNIT_H)) & ~_in_runs(side, _steps(history, 24 * LONGEST_DAYS) + 1)
    for zone in np.flatnonzero(out.any(axis=0)):
        edges = np.flatnonzero(np.diff(np.r_[False, out[:, zone], False].astype("int8")))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            factor = np.log(np.maximum(flat[start:end, zone], 1e-9))
            out[start:end, zone] = 1.48 * np.median(np.abs(factor - np.median(factor))) < SAME_FACTOR
    return out.reshape(ratio.shape)


def _spikes(demand: np.ndarray, _history: History) -> np.ndarray:
    usual = median(demand)
    spread = np.maximum(median(np.abs(demand - usual)), 0.05 * np.nan_to_num(median(usual)))
    flat = ((demand - usual) / np.maximum(spread, 1e-9)).reshape(-1, demand.shape[-1])
    score = np.abs(np.nan_to_num(flat))
    beside = np.zeros(score.shape)
    beside[1:-1] = np.maximum(score[:-2], score[2:])
    value = demand.reshape(-1, demand.shape[-1])
    away = np.zeros(score.shape)
    away[1:-1] = np.minimum(np.abs(value[1:-1] - value[:-2]), np.abs(value[1:-1] - value[2:]))
    away[-1:] = np.abs(value[-1:] - value[-2:-1])
    beside[-1:] = score[-2:-1]
    leap = np.nan_to_num(away, nan=np.inf) > LEAP * np.nan_to_num(median(value))
    return ((score > SPIKE) & (beside < SPIKE / 2) & leap).reshape(demand.shape)


def _in_runs(flags: np.ndarray, least: int) -> np.ndarray:
    """`flags` (cell, zone) where they are part of a run of at least `least` cells."""
    padded = np.pad(flags, ((1, 1), (0, 0)))
    change = np.diff(padded.astype("int8"), axis=0)
    out = np.zeros(flags.shape, dtype=bool)
    for zone in range(flags.shape[1]):
        starts, ends = np.flatnonzero(change[:, zone] == 1), np.flatnonzero(change[:, zone] == -1)
        for start, end in zip(starts, ends, strict=True):
            out[start:end, zone] = end - start >= least
    return out


def _steps(history: History, hours: float) -> int:
    return max(round(hours * 3600 / history.step.total_seconds()), 2)
