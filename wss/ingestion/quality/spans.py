"""Spans: what a rule says about more than one reading, as (sensor_id, flag, start, end, evident, note)."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from wss.quantities import Flag

COLUMNS = {"sensor_id": "int64", "flag": "int64", "start": "int64", "end": "int64", "evident": "int64", "note": "object"}
NOTHING = pd.DataFrame({name: np.array([], dtype=kind) for name, kind in COLUMNS.items()})
DAY_S = 86400


def frame(rows: Iterable[tuple[int, Flag, int, int, int, str]] = ()) -> pd.DataFrame:
    """Spans as a table. `start` and `end` [s since 1970] hold readings from `start` up to but without `end`; `evident` [s] is
    the time of the reading from which on the rule could tell."""
    columns = list(zip(*((s, int(f), *rest) for s, f, *rest in rows), strict=True))
    if not columns:
        return NOTHING.copy()
    return pd.DataFrame(
        {name: np.array(column, dtype=kind) for (name, kind), column in zip(COLUMNS.items(), columns, strict=True)}
    )


def together(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Spans of several tables in one."""
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else frame()


def runs(which: np.ndarray) -> list[tuple[int, int]]:
    """First and last place of each run of True in `which` (n,)."""
    edge = np.flatnonzero(np.diff(np.r_[False, which, False].astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edge[::2], edge[1::2], strict=True)]


def by_day(spans: pd.DataFrame, start_s: int, end_s: int) -> pd.DataFrame:
    """What of the spans lies in [start_s, end_s) [s since 1970], cut at the midnights (UTC), so that whatever is found again
    from another window is the same span."""
    if spans.empty:
        return spans
    out = []
    for row in spans.itertuples(index=False):
        start, last = max(row.start, start_s), min(row.end, end_s)
        while start < last:
            stop = min(last, (start // DAY_S + 1) * DAY_S)
            out.append((row.sensor_id, Flag(row.flag), start, stop, max(start, min(row.evident, stop)), row.note))
            start = stop
    return frame(out).drop_duplicates(["sensor_id", "flag", "start", "end"], ignore_index=True)


def joined(spans: pd.DataFrame) -> pd.DataFrame:
    """Spans with those of one sensor and flag that touch put together, with the first one's note; sorted by sensor, flag, start.

    Parameters
    ----------
    spans
        sensor_id, flag, start, end [any times], note; further columns are kept as they are in the first.
    """
    spans = spans.sort_values(["sensor_id", "flag", "start"], ignore_index=True)
    same = (spans["sensor_id"] == spans["sensor_id"].shift()) & (spans["flag"] == spans["flag"].shift())
    begins = ~(same & (spans["start"] == spans["end"].shift()))
    last = spans.groupby(begins.cumsum())["end"].last()
    return spans[begins].assign(end=last.to_numpy())
