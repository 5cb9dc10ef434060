"""Water balances that do not close: of a zone, against its own past; of a tank, against what flows in and out."""

import numpy as np

from wss.ingestion.quality import spans

LEAST_SPREAD = 0.1
"""Least standard deviation of an hour's demand, as a share of the zone's mean. [1]"""
LEAST_SAME_HOURS = 4
"""Fewest days from which the band of an hour is known."""
MAD_TO_SIGMA = 1.4826
"""Standard deviation / median absolute deviation of a normal distribution (Rousseeuw and Croux, 1993)."""
HOURS = 24


def band(past: np.ndarray, hour: np.ndarray, deviations: float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest usual demand of each hour of the day, (24,) each [m3/h]; NaN where too little is known.

    Parameters
    ----------
    past, hour : (n,)
        Demand [m3/h], NaN where unknown, and the hour of the day of each (0 to 23).
    deviations
        Half width of the band in robust standard deviations. [1]
    """
    low, high = np.full(HOURS, np.nan), np.full(HOURS, np.nan)
    least = LEAST_SPREAD * abs(np.nanmean(past)) if np.isfinite(past).any() else np.nan
    for h in range(HOURS):
        of_hour = past[(hour == h) & np.isfinite(past)]
        if len(of_hour) >= LEAST_SAME_HOURS:
            middle = np.median(of_hour)
            spread = max(MAD_TO_SIGMA * np.median(np.abs(of_hour - middle)), least)
            low[h], high[h] = middle - deviations * spread, middle + deviations * spread
    return low, high


def outside(demand: np.ndarray, low: np.ndarray, high: np.ndarray, noise: float, least: int) -> list[tuple[int, int]]:
    """First and last step of each run in which demand is negative, or beyond its band on one side, for `least` steps or more.

    Parameters
    ----------
    demand, low, high : (n,)
        [m3/h]; NaN: unknown.
    noise
        Size of a negative demand that is taken as noise of the meters. [m3/h]
    """
    below, above = (demand < -noise) | (demand < low), demand > high
    return sorted(run for side in (below, above) for run in spans.runs(side) if run[1] - run[0] + 1 >= least)


def open_tank(gain: np.ndarray, inflow: np.ndarray, share: float, noise: float, least: int) -> list[tuple[int, int]]:
    """First and last step of each run in which a tank gains other than what flows into it, for `least` steps or more.

    Parameters
    ----------
    gain : (n,)
        Gain of volume. [m3/h]
    inflow : (n, link)
        Flow of every link at the tank, positive into it; NaN: unknown, and nothing is said then. [m3/h]
    share
        Part of the water through the tank that may be open. [1]
    noise
        Gain that the level sensor's own noise may show. [m3/h]
    """
    error = np.abs(gain - inflow.sum(axis=1))
    open_ = error > share * np.abs(inflow).sum(axis=1) + noise
    return [run for run in spans.runs(open_) if run[1] - run[0] + 1 >= least]
