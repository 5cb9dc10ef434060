"""Pure: what a file's readings change in what the store holds, and what of it was known when."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wss import times
from wss.quantities import Flag

KEY = ["sensor_id", "time"]
ROW = [*KEY, "value", "flag", "file_id"]
NONE = pd.DataFrame({name: pd.Series(dtype="float64" if name == "value" else "int64") for name in ROW})


@dataclass(frozen=True)
class Changes:
    """Rows to write, and how the file's readings are counted."""

    fresh: pd.DataFrame
    """Rows of keys that the store does not have yet: sensor_id, time, value, flag, file_id; sorted by key."""
    replaced: pd.DataFrame
    """The same columns: new current rows of keys that it has."""
    old: pd.DataFrame
    """Whole history of the keys in `rewritten`: the same columns, known_at, replaced_at, withdrawn_at [s since 1970]."""
    rewritten: pd.DataFrame
    """Keys (sensor_id, time) whose history is written anew."""
    stored: int
    duplicate: int
    corrected: int


def packed(frame: pd.DataFrame) -> np.ndarray:
    """Sensor and time [s since 1970] of each row as one integer that sorts as they do."""
    return times.packed(frame["sensor_id"].to_numpy(dtype="int64"), frame["time"].to_numpy(dtype="int64"))


def decide(
    readings: pd.DataFrame,
    file_id: int,
    existing: pd.DataFrame,
    files_of: Callable[[np.ndarray], pd.DataFrame],
    history_of: Callable[[pd.DataFrame], pd.DataFrame],
    withdrawn: np.ndarray | None = None,
) -> Changes:
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
        Given file ids, by file_id: known_at [s since 1970], delay_s [s, NaN unless a backfill], delivered [s since 1970] and
        origin: of a replay, those of the file that was read again.
    history_of
        Given keys (sensor_id, time), their rows of reading_old in the order of writing.
    withdrawn
        Packed keys that have a history although the store has no reading of them now; None: there are none.
    """
    key = packed(readings)
    columns = {name: readings[name].to_numpy() for name in ROW[:-1]} | {"file_id": np.full(len(readings), file_id)}
    readings = pd.DataFrame(columns, copy=False)
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        readings, key = readings.iloc[order], key[order]
    again = key[1:] == key[:-1]
    repeated = np.append(again, False) | np.append(False, again)
    known = packed(existing)
    at = np.searchsorted(known, key)
    hit = np.zeros(len(key), dtype=bool)
    inside = at < len(known)
    hit[inside] = known[at[inside]] == key[inside]
    fresh = ~hit & ~repeated
    if withdrawn is not None:
        fresh &= ~np.isin(key, withdrawn)
    if fresh.all():
        return _without_conflict(readings, 0)
    there = existing.iloc[at[hit]]
    rank = with_rank(files_of(np.union1d(there["file_id"], [file_id])))["rank"]
    same = hit & ~repeated
    same[hit] &= _same(there, readings[hit]) & (rank[there["file_id"]].to_numpy() <= rank[file_id])
    contested = ~fresh & ~same
    if not contested.any():
        return _without_conflict(readings[fresh], int(same.sum()))
    rest = _resolve(readings[contested], existing.iloc[np.unique(at[contested & hit])], files_of, history_of)
    return replace(
        rest,
        fresh=pd.concat([readings[fresh], rest.fresh]) if len(rest.fresh) else readings[fresh],
        stored=int(fresh.sum()) + rest.stored,
        duplicate=int(same.sum()) + rest.duplicate,
    )


def _resolve(incoming: pd.DataFrame, current: pd.DataFrame, files_of: Callable, history_of: Callable) -> Changes:
    """Changes of the keys of which there is more than one version.

    Known at a moment is the version of the file that was delivered last, of those known by then. A version that its file,
    read again, no longer says is history from then on.
    """
    keys = incoming[KEY].drop_duplicates()
    parts = [
        history_of(keys)[[*ROW, "withdrawn_at"]].assign(new=False, current=False),
        current[ROW].assign(withdrawn_at=np.nan, new=False, current=True),
        incoming.assign(withdrawn_at=np.nan, new=True, current=False),
    ]
    v = pd.concat([p for p in parts if len(p)], ignore_index=True)
    about = with_rank(files_of(v["file_id"].unique())).loc[v["file_id"]].reset_index(drop=True)
    v = v.assign(
        rank=about["rank"],
        delivered=about["known_at"],
        delay_s=about["delay_s"],
        replay=about["origin"] != v["file_id"],
        seq=np.arange(len(v)),
    )
    v = v.sort_values([*KEY, "rank", "seq"], ignore_index=True)

    said = v["withdrawn_at"].isna()
    before = v.shift()
    repeats = v["new"] & _same_key(v, before) & _same(v, before) & said.shift(fill_value=False)
    v, said, dropped = v[~repeats].reset_index(drop=True), said[~repeats].reset_index(drop=True), int(repeats.sum())

    of_key = [v["sensor_id"], v["time"]]
    first, last = (v.index.isin(v[said].drop_duplicates(KEY, keep=which).index) for which in ("first", "last"))
    known_before = (~v["new"] & said).groupby(of_key).transform("any")
    has_current = v["current"].groupby(of_key).transform("any")
    stored = v["new"] & first & ~known_before
    restated = v["new"] & ~last & _same_key(v, v.shift(-1)) & _same(v, v.shift(-1)) & said.shift(-1, fill_value=False)

    outdone = v["replay"] & (_first_known_above(v, "delivered") <= v["delivered"])
    usual = v["delay_s"].notna() & v.index.isin(v[~outdone].drop_duplicates(KEY).index)
    v["known_at"] = np.where(usual, v["time"] + v["delay_s"].fillna(0), v["delivered"]).astype("int64")
    v["replaced_at"] = np.fmin(_first_known_above(v, "known_at"), v["withdrawn_at"])
    winner, old = v[last], v[~last]
    return Changes(
        fresh=winner[~has_current[last]][ROW],
        replaced=winner[has_current[last] & ~winner["current"]][ROW],
        old=old[[*ROW, "known_at", "replaced_at", "withdrawn_at"]].astype({"replaced_at": "int64"}),
        rewritten=keys,
        stored=int(stored.sum()),
        duplicate=dropped + int((restated & ~stored).sum()),
        corrected=int((v["new"] & ~stored & ~restated).sum()),
    )


def _first_known_above(v: pd.DataFrame, moment: str) -> np.ndarray:
    """First `moment` [s since 1970] of the versions that rank above, for each of `v` sorted by key and rank; NaN for the last."""
    turned = v.iloc[::-1]
    of_key = [turned["sensor_id"], turned["time"]]
    first = turned.groupby(of_key)[moment].cummin()
    return first.groupby(of_key).shift()[::-1].to_numpy(dtype=float)


def with_rank(files: pd.DataFrame) -> pd.DataFrame:
    """Files by file_id with their place in the order of delivery; of the same second, of intake; replays after their file."""
    files = files.sort_index().sort_values(["delivered", "origin"], kind="stable")
    return files.assign(rank=np.arange(len(files)))


def _same(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """Whether each row says the same: value, and what the export itself says about its quality."""
    said = Flag.SCADA_BAD | Flag.UNCERTAIN
    bad_a, bad_b = (np.nan_to_num(f["flag"].to_numpy(dtype=float)).astype("int64") & said for f in (a, b))
    return (a["value"].to_numpy(dtype=float) == b["value"].to_numpy(dtype=float)) & (bad_a == bad_b)


def _same_key(a: pd.DataFrame, b: pd.DataFrame) -> pd.Series:
    return (a["sensor_id"] == b["sensor_id"]) & (a["time"] == b["time"])


def _without_conflict(fresh: pd.DataFrame, duplicate: int) -> Changes:
    return Changes(fresh, NONE, NONE, NONE, len(fresh), duplicate, 0)
