"""Time patterns: the same course of values on another step."""

from math import gcd

import numpy as np


def resample(values: np.ndarray, step_s: int, start_s: int, new_step_s: int) -> np.ndarray:
    """Values of a repeating pattern read every `new_step_s` from `start_s` on, as long as it takes to repeat.

    Parameters
    ----------
    values : array
        One value for each step of `step_s`, then all over again.
    step_s, start_s, new_step_s : int
        Step of `values`, moment within them that comes first, step of the result. [s]
    """
    whole = len(values) * step_s
    period = whole // gcd(whole, new_step_s) * new_step_s
    seconds = start_s + np.arange(0, period, new_step_s)
    return np.asarray(values)[seconds // step_s % len(values)]
