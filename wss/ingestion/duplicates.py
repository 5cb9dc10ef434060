"""A tag and time that a file has more than once."""

import numpy as np

REASON = "the file gives this tag another value at the same time"


def contradicting(tag: np.ndarray, time: np.ndarray, value: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Numbers of the cells (cell,) [1] that are `kept`, share tag and time with another one, and not all have one value."""
    order, start = _groups(tag, time, kept)
    group = np.cumsum(start) - 1
    differs = value[order] != value[order][np.flatnonzero(start)][group]
    return order[np.isin(group, group[differs])]


def first_last(tag: np.ndarray, time: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Numbers of the cells (cell,) [1] that are `kept`, in their order, but those of one tag and time backwards.

    So the first of them comes last, and of one file the last reading counts.
    """
    order, start = _groups(tag, time, kept)
    cells = np.flatnonzero(kept)
    if start.all():
        return cells
    first = np.flatnonzero(start)
    group = np.cumsum(start) - 1
    end = np.append(first[1:], len(order))[group]
    swapped = np.arange(len(time))
    swapped[order] = order[first[group] + end - 1 - np.arange(len(order))]
    return swapped[cells]


def _groups(tag: np.ndarray, time: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kept cells sorted by tag and time, else as in the file, and which of them are the first of their tag and time."""
    cells = np.flatnonzero(kept)
    order = cells[np.lexsort((time[cells], tag[cells]))]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (tag[order][1:] != tag[order][:-1]) | (time[order][1:] != time[order][:-1])
    return order, fresh
