"""What the sensors of one pump say about whether it runs, against each other."""

import numpy as np

from wss.ingestion.quality import spans


def last_known(time: np.ndarray, value: np.ndarray, at: np.ndarray, longest_s: float) -> np.ndarray:
    """Last reading at or before each moment `at` (n,) [s], NaN where it is older than `longest_s` [s].

    Parameters
    ----------
    time, value : (reading,)
        By ascending time. [s], [any unit]
    """
    if not len(time):
        return np.full(len(at), np.nan)
    k = np.searchsorted(time, at, side="right") - 1
    return np.where((k >= 0) & (at - time[np.maximum(k, 0)] <= longest_s), value[np.maximum(k, 0)], np.nan)


def running(value: np.ndarray, high: float, share: float) -> np.ndarray:
    """1 where a flow or power [any unit] says that the pump runs, 0 where it stands, NaN between.

    Parameters
    ----------
    high
        Highest possible reading. [the same unit]
    share
        Above this share of it the pump runs, below half of this share it stands. [1]
    """
    return np.where(value > share * high, 1.0, np.where(value < share / 2 * high, 0.0, np.nan))


def contradictions(time: np.ndarray, says: np.ndarray, least_s: float) -> list[tuple[int, int, int]]:
    """Spans in which a source contradicts the others for long enough: (source, start [s], end [s]).

    Of three sources the one that is alone is wrong; of two nobody knows which, so both are.

    Parameters
    ----------
    time : (n,)
        Moments. [s]
    says : (n, source)
        1 runs, 0 stands, NaN says nothing. [1]
    least_s
        Shortest contradiction that counts. [s]
    """
    known, yes = np.isfinite(says).sum(axis=1), np.nansum(says, axis=1)
    split = (yes > 0) & (yes < known)
    alone = np.where(yes[:, None] * 2 == known[:, None], np.isfinite(says), says == (yes * 2 < known)[:, None])
    found = []
    for source in range(says.shape[1]):
        for first, last in spans.runs(split & alone[:, source]):
            if time[last] - time[first] >= least_s:
                found.append((source, int(time[first]), int(time[last]) + 1))
    return found
