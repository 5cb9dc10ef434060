"""A tag and time that a file has more than once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wss import times

REASON = "the file gives this tag another value at the same time"


@dataclass(frozen=True)
class Contradictions:
    """Tags and times to which a file gives several values."""

    number: dict[str, int]
    """Number of each tag."""
    keys: np.ndarray
    """(key,) sorted."""


class Keys:
    """Tag, time and value of readings, gathered block by block."""

    def __init__(self):
        self._number: dict[str, int] = {}
        self._keys: list[np.ndarray] = []
        self._values: list[np.ndarray] = []

    def add(self, tag: pd.Series.cat, time: np.ndarray, value: np.ndarray) -> None:
        """Gather readings of a block, each (reading,): `time` [UTC], `value` [unit of the export]."""
        number = np.array([self._number.setdefault(name, len(self._number)) for name in tag.categories], dtype="int64")
        self._keys.append(_key(number[tag.codes.to_numpy()], time))
        self._values.append(value)

    def contradicting(self) -> Contradictions:
        """Those of which not all have one value."""
        return Contradictions(self._number, _contradicting(np.concatenate(self._keys), np.concatenate(self._values)))


def refused(
    tags: Sequence[str],
    code: np.ndarray,
    time: np.ndarray,
    value: np.ndarray,
    kept: np.ndarray,
    contradictions: Contradictions | None,
) -> np.ndarray:
    """Numbers of the cells (cell,) [1] that are `kept` and whose tag and time has several values.

    Parameters
    ----------
    tags, code
        Names, and which of them each cell has.
    contradictions
        Of the whole file; None: the cells are the whole file.
    """
    cells = np.flatnonzero(kept)
    number = np.arange(len(tags)) if contradictions is None else np.array([contradictions.number[t] for t in tags], dtype="int64")
    key = _key(number[code[cells]], time[cells])
    keys = _contradicting(key, value[cells]) if contradictions is None else contradictions.keys
    return cells[np.isin(key, keys)]


def first_last(tag: np.ndarray, time: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Numbers of the cells (cell,) [1] that are `kept`, in their order, but those of one tag and time backwards.

    So the first of them comes last, and of one file the last reading counts.
    """
    cells = np.flatnonzero(kept)
    key = _key(tag[cells], time[cells])
    by_key = np.argsort(key, kind="stable")
    order, start = cells[by_key], _starts(key[by_key])
    if start.all():
        return cells
    first = np.flatnonzero(start)
    group = np.cumsum(start) - 1
    end = np.append(first[1:], len(order))[group]
    swapped = np.arange(len(time))
    swapped[order] = order[first[group] + end - 1 - np.arange(len(order))]
    return swapped[cells]


def _key(number: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Number of a tag and whole second in one number: what the store takes for one reading."""
    return times.packed(number.astype("int64"), times.epoch(time))


def _starts(key: np.ndarray) -> np.ndarray:
    """Which of the sorted keys are the first of their kind."""
    return np.concatenate([np.ones(min(len(key), 1), dtype=bool), key[1:] != key[:-1]])


def _contradicting(key: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Keys, sorted, of which not all readings have one value."""
    order = np.argsort(key, kind="stable")
    key, value = key[order], value[order]
    start = _starts(key)
    group = np.cumsum(start) - 1
    return np.unique(key[value != value[start][group]])
