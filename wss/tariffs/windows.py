"""The one rule of billing windows: they begin on the clock of the wall, and a window's power is the mean of the steps in it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wss import times


def begins(time: pd.DatetimeIndex, zone: str, minutes: int) -> pd.DatetimeIndex:
    """First moment of the billing window in which each naive UTC moment lies.

    Windows of so many minutes begin on full hours of the clock in `zone`. Where the clock is changed, a window ends and another
    begins; both passes of a doubled hour have windows of their own.

    Parameters
    ----------
    minutes : int
        Length of the windows, a divisor of an hour. [min]
    """
    now, local = times.epoch(time), times.epoch(times.wall(time, zone))
    length, offset = minutes * 60, local - now
    nominal = local - local % length - offset
    earlier = times.epoch(times.wall(times.from_epoch(nominal), zone)) - nominal
    return times.from_epoch(nominal + (offset - earlier) % length)  # the clock was changed within the window: since then


@dataclass(frozen=True)
class Windows:
    """The billing windows of a course of equally long steps, one after the other; a step lies in the window it begins in.

    A window that begins before the course or ends after it has the mean power of the steps inside. Steps longer than a window
    stand for all windows in them.
    """

    first: np.ndarray
    """(window,) number of the first step in each [1]"""
    counts: np.ndarray
    """(window,) of bool: which of them count"""

    @classmethod
    def of(cls, begins: pd.DatetimeIndex) -> "Windows":
        """All count; from the window (step,) of each step, by its first moment."""
        first = np.flatnonzero(np.append(True, begins[1:] != begins[:-1])[: len(begins)])
        return cls(first, np.ones(len(first), bool))

    def within(self, steps: int) -> np.ndarray:
        """Number of steps of each window (window,) that begins in the first so many steps of the course. [1]"""
        return np.diff(self.first[self.first < steps], append=steps)

    def means(self, power: np.ndarray) -> np.ndarray:
        """Mean (..., window) of `power` (..., step) in each window; the course may end early. [kW]"""
        lengths = self.within(power.shape[-1])
        if len(lengths) == power.shape[-1]:
            return power
        return np.add.reduceat(power, self.first[: len(lengths)], axis=-1) / lengths

    def highest(self, power: np.ndarray) -> np.ndarray:
        """Highest mean (...) of `power` (..., step) over the windows that count; 0 where none does. [kW]"""
        means = self.means(power)
        return means[..., self.counts[: means.shape[-1]]].max(axis=-1, initial=0.0)
