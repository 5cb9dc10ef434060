"""Pure: what a file's readings change in what the store holds, and what of it was known when."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wss.quantities import Flag

SENSOR_SHIFT = 2**40
KEY = ["sensor_id", "time"]
ROW = [*KEY, "value", "flag", "file_id"]


@dataclass(frozen=True)
class Changes:
    """Rows to write, and how the file's readings are counted."""

    fresh: pd.DataFrame
    """Rows of keys that the store does not have yet: sensor_id, time, value, flag, file_id; sorted by key."""
    replaced: pd.DataFrame
    """The same columns: new current rows of keys that it has."""
    old: pd.DataFrame
    """Whole history of the keys in `rewritten`: the same columns, known_at, replaced_at [s since 1970]."""
    rewritten: pd.DataFrame
    """Keys (sensor_id, time) whose history is written anew."""
    stored: int
    duplicate: int
    corrected: int


def packed(frame: pd.DataFrame) -> np.ndarray:
    """Sensor and time [s since 1970] of each row as one integer that sorts as they do."""
    return frame["sensor_id"].to_numpy(dtype="int64") * SENSOR_SHIFT + frame["time"].to_numpy(dtype="int64")


def decide(readings: pd.DataFrame, file_id: int, existing: pd.DataFrame, files_of: Callable[[np.ndarray], pd.DataFrame],
           history_of: Callable[[pd.DataFrame], pd.DataFrame]) -> Changes:
    """What the readings of a file change.

    The version that was delivered last wins, whatever the order in which files are taken in; of one file the last row wins.
    The same value again is a duplicate. Of two versions each keeps the span in which it was the known one.

    Parameters
    ----------
    readings
        sensor_id, time [s since 1970], value [our unit], flag; in file order.
    existing
        What the store has of these sensors and times (it may have more): the same columns and file_id, sorted by sensor and time.
    files_of
        Given file ids, by file_id: known_at [s since 1970], delay_s [s, NaN unless a backfill].
    history_of
        Given keys (sensor_id, time), their rows of reading_old in the order of writing.
    """
    readings = readings.assign(file_id=file_id)[ROW]
    order = np.argsort(packed(readings), kind="stable")
    readings = readings.iloc[order]
    key = packed(readings)
    again = key[1:] == key[:-1]
    repeated = np.append(again, False) | np.append(False, again)
    known = packed(existing)
    at = np.searchsorted(known, key)
    hit = np.zeros(len(key), dtype=bool)
    inside = at < len(known)
    hit[inside] = known[at[inside]] == key[inside]
    fresh = ~hit & ~repeated
    if fresh.all():
        return _without_conflict(readings, 0)
    there = existing.iloc[at[hit]]
    rank = _with_rank(files_of(np.union1d(there["file_id"], [file_id])))["rank"]
    same = hit & ~repeated
    same[hit] &= _same(there, readings[hit]) & (rank[there["file_id"]].to_numpy() <= rank[file_id])
    contested = ~fresh & ~same
    if not contested.any():
        return _without_conflict(readings[fresh], int(same.sum()))
    rest = _resolve(readings[contested], existing.iloc[np.unique(at[contested & hit])], files_of, history_of)
    every = pd.concat([readings[fresh], rest.fresh]) if len(rest.fresh) else readings[fresh]
    return Changes(every, rest.replaced, rest.old, rest.rewritten,
                   int(fresh.sum()) + rest.stored, int(same.sum()) + rest.duplicate, rest.corrected)


def _resolve(incoming: pd.DataFrame, current: pd.DataFrame, files_of: Callable, history_of: Callable) -> Changes:
    """Changes of the keys of which there is more than one version."""
    keys = incoming[KEY].drop_duplicates()
    parts = [history_of(keys)[ROW].assign(new=False, current=False), current[ROW].assign(new=False, current=True),
             incoming.assign(new=True, current=False)]
    v = pd.concat([p for p in parts if len(p)], ignore_index=True)
    about = _with_rank(files_of(v["file_id"].unique())).loc[v["file_id"]].reset_index(drop=True)
    v = v.assign(rank=about["rank"], delivered=about["known_at"], delay_s=about["delay_s"], seq=np.arange(len(v)))
    v = v.sort_values([*KEY, "rank", "seq"], ignore_index=True)

    before = v.shift()
    repeats = v["new"] & _same_key(v, before) & _same(v, before)
    v, dropped = v[~repeats].reset_index(drop=True), int(repeats.sum())

    first, last = ~_same_key(v, v.shift()), ~_same_key(v, v.shift(-1))
    known_before = (~v["new"]).groupby([v["sensor_id"], v["time"]]).transform("any")
    stored = v["new"] & first & ~known_before
    restated = v["new"] & ~last & _same(v, v.shift(-1))

    first_file = v["file_id"].where(first).ffill().astype("int64")
    usual = v["delay_s"].notna() & (v["file_id"] == first_file)
    v["known_at"] = np.where(usual, v["time"] + v["delay_s"].fillna(0), v["delivered"]).astype("int64")
    v["replaced_at"] = v["known_at"].shift(-1, fill_value=0)
    winner = v[last]
    return Changes(
        fresh=winner[~known_before[last]][ROW],
        replaced=winner[known_before[last] & ~winner["current"]][ROW],
        old=v[~last][[*ROW, "known_at", "replaced_at"]],
        rewritten=keys,
        stored=int(stored.sum()),
        duplicate=dropped + int((restated & ~stored).sum()),
        corrected=int((v["new"] & ~stored & ~restated).sum()),
    )


def _with_rank(files: pd.DataFrame) -> pd.DataFrame:
    """Files with their place in the order of delivery; of the same second, in the order of intake."""
    files = files.sort_index().sort_values("known_at", kind="stable")
    return files.assign(rank=np.arange(len(files)))


def _same(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """Whether each row says the same: value, and what the export itself says about its quality."""
    bad_a, bad_b = (np.nan_to_num(f["flag"].to_numpy(dtype=float)).astype("int64") & Flag.SCADA_BAD for f in (a, b))
    return (a["value"].to_numpy(dtype=float) == b["value"].to_numpy(dtype=float)) & (bad_a == bad_b)


def _same_key(a: pd.DataFrame, b: pd.DataFrame) -> pd.Series:
    return (a["sensor_id"] == b["sensor_id"]) & (a["time"] == b["time"])


def _without_conflict(fresh: pd.DataFrame, duplicate: int) -> Changes:
    none = fresh.iloc[:0]
    return Changes(fresh, none, none.assign(known_at=0, replaced_at=0), none[KEY], len(fresh), duplicate, 0)
