"""The ledger of files: everything about one file in one transaction."""

from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, fields
from typing import Literal

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, func, insert, select, update

from wss import times
from wss.errors import StoreError
from wss.store import changes, schema
from wss.store.rows import fetch, fetch_numbers, insert_frame
from wss.store.schema import intake_file, reading, reading_old

TEXT_LIMIT = 500
"""Longest text of a refused row that is kept."""
BLOCK = 1_000_000
"""Readings that are written at once: more take more memory, and not less time."""
READING = {"sensor_id": "int64", "time": "int64", "value": "float64", "flag": "int64", "file_id": "int64"}


@dataclass(frozen=True)
class IntakeFile:
    """A file as the ledger knows it."""

    name: str
    sha256: str
    known_at: pd.Timestamp
    """When it was delivered [UTC]."""
    backfill: bool = False
    """Whether its readings count as known at their time plus the usual delay, and not only from the delivery on."""
    tag: str = ""
    """Tag that its name gives where the contents do not: two tags at rest export the same contents in two files."""
    profile: str | None = None
    """Name of the import profile that read it."""
    state: Literal["stored", "quarantined", "replayed"] = "stored"
    error: str | None = None
    """Why it was quarantined."""
    usual_delay_s: int = 600
    """Usual time from a reading to its delivery [s]; matters for a backfill only."""


@dataclass(frozen=True)
class Counts:
    """Readings of a file: read is the sum of the others."""

    read: int = 0
    stored: int = 0
    duplicate: int = 0
    corrected: int = 0
    missing: int = 0
    set_aside: int = 0
    quarantined: int = 0

    def check(self, name: str) -> "Counts":
        """These counts, if nothing was lost or counted twice; else StoreError."""
        if self.read != sum(astuple(self)[1:]):
            raise StoreError(f"{name}: the counts do not add up, so nothing of the file was stored: {self}; please report this")
        return self


COUNTS = [f.name for f in fields(Counts)]


def has_file(connection: Connection, sha256: str, tag: str = "") -> bool:
    """Whether a file with these contents (of this tag) was taken in; one that was quarantined was not, and may come again."""
    return connection.execute(_entry(sha256, tag).where(intake_file.c.state == "stored")).first() is not None


def delivery_of(connection: Connection, sha256: str, tag: str) -> tuple[str, pd.Timestamp] | None:
    """State and first delivery [UTC] of a file with these contents (of this tag); None if there was none."""
    query = select(intake_file.c.state, intake_file.c.known_at).where(intake_file.c.sha256 == sha256, intake_file.c.tag == tag)
    found = connection.execute(query).first()
    return None if found is None else (found.state, times.moment(found.known_at))


def _entry(sha256: str, tag: str) -> Select:
    return select(intake_file.c.file_id).where(intake_file.c.sha256 == sha256, intake_file.c.tag == tag)


def write_file(
    connection: Connection,
    file: IntakeFile,
    readings: pd.DataFrame,
    missing: int,
    set_aside: pd.DataFrame,
    quarantine: pd.DataFrame,
) -> Counts:
    """Write a file's ledger entry, its readings, what they correct, and its refused rows.

    Parameters
    ----------
    readings
        sensor_id, time [s since 1970], value [our unit], flag; in file order.
    missing
        Rows that say that there is no reading.
    set_aside
        line, tag, time [UTC], text, reason.
    quarantine
        line, text, reason.

    Raises
    ------
    StoreError
        If the file was taken in already, a sensor does not exist, or the counts do not add up.
    """
    if has_file(connection, file.sha256, file.tag):
        raise StoreError(f"{file.name} was taken in already (SHA-256 {file.sha256})")
    check_sensors(connection, readings, file.name)
    _forget_quarantined(connection, file)
    file_id = enter(connection, file, readings)
    blocks = [write_readings(connection, file_id, block) for block in _blocks(readings)]
    counts = Counts(
        len(readings) + missing + len(set_aside) + len(quarantine),
        *(sum(c) for c in zip(*blocks, strict=True)),
        missing,
        len(set_aside),
        len(quarantine),
    ).check(file.name)
    connection.execute(update(intake_file).where(intake_file.c.file_id == file_id).values(asdict(counts)))
    for table, rows in ((schema.set_aside, set_aside), (schema.quarantine, quarantine)):
        if len(rows):
            connection.execute(insert(table), refused(rows, file_id))
    return counts


def enter(connection: Connection, file: IntakeFile, readings: pd.DataFrame, replay_of: int | None = None) -> int:
    """Add a file's entry, with counts of 0, and return its number; `replay_of` is that of the file that is read again."""
    first, last = (int(readings["time"].min()), int(readings["time"].max())) if len(readings) else (None, None)
    entry = {
        "sha256": file.sha256,
        "tag": file.tag,
        "name": file.name,
        "known_at": times.seconds(file.known_at),
        "profile": file.profile,
        "delay_s": file.usual_delay_s if file.backfill else None,
        "replay_of": replay_of,
        "state": file.state,
        "error": file.error,
        "first_time": first,
        "last_time": last,
    }
    return connection.execute(insert(intake_file).values(entry | dict.fromkeys(COUNTS, 0))).inserted_primary_key[0]


def _forget_quarantined(connection: Connection, file: IntakeFile) -> None:
    """Remove what an earlier attempt with the same contents left behind; a quarantined file has no readings."""
    file_id = connection.execute(_entry(file.sha256, file.tag)).scalar()
    for table in (schema.quarantine, schema.set_aside, intake_file):
        connection.execute(delete(table).where(table.c.file_id == file_id))


def _blocks(readings: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Readings in parts of about BLOCK rows by sensor and time, each with all rows of its sensors and times in file order."""
    if len(readings) <= BLOCK:
        yield readings
        return
    key = changes.packed(readings)
    if (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        readings, key = readings.iloc[order], key[order]
    start = 0
    while start < len(key):
        stop = int(np.searchsorted(key, key[min(start + BLOCK, len(key)) - 1], side="right"))
        yield readings.iloc[start:stop]
        start = stop


def write_readings(connection: Connection, file_id: int, readings: pd.DataFrame) -> tuple[int, int, int]:
    """Write readings of a file and return how many were stored, duplicates, and corrections."""
    change = changes.decide(
        readings,
        file_id,
        _existing(connection, readings),
        lambda ids: files_of(connection, ids),
        lambda keys: history_of(connection, keys),
        _withdrawn(connection, readings),
    )
    insert_frame(connection, reading, change.fresh)
    if len(change.rewritten):
        key = and_(reading_old.c.sensor_id == bindparam("sensor"), reading_old.c.time == bindparam("moment"))
        connection.execute(delete(reading_old).where(key), bound_keys(change.rewritten))
        insert_frame(connection, reading_old, change.old)
    if len(change.replaced):
        key = and_(reading.c.sensor_id == bindparam("sensor"), reading.c.time == bindparam("moment"))
        new = {name: bindparam(f"new_{name}") for name in ("value", "flag", "file_id")}
        rows = change.replaced.rename(columns={name: f"new_{name}" for name in new})
        connection.execute(update(reading).where(key).values(new), bound_keys(rows))
    return change.stored, change.duplicate, change.corrected


def bound_keys(frame: pd.DataFrame) -> list[dict]:
    """Keys as the parameters `sensor` and `moment`, other columns under their names."""
    return frame.rename(columns={"sensor_id": "sensor", "time": "moment"}).to_dict("records")


def _existing(connection: Connection, readings: pd.DataFrame) -> pd.DataFrame:
    """Rows of the store of the sensors of a file, from its first to its last reading, sorted by sensor and time."""
    return fetch_numbers(connection, _within(reading, readings).order_by(reading.c.sensor_id, reading.c.time), **READING)


def history_of(connection: Connection, keys: pd.DataFrame) -> pd.DataFrame:
    """Rows of reading_old of the given keys, in the order of writing."""
    query = _within(reading_old, keys).add_columns(reading_old.c.withdrawn_at).order_by(reading_old.c.old_id)
    return fetch(connection, query, **READING, withdrawn_at="float64").merge(keys, on=changes.KEY)


def _within(table: Table, keys: pd.DataFrame) -> Select:
    """Rows of `table` that have a sensor and a time within the range of `keys`."""
    query = select(*(table.c[name] for name in READING)).where(table.c.sensor_id.in_(np.unique(keys["sensor_id"]).tolist()))
    return query.where(table.c.time.between(int(keys["time"].min()), int(keys["time"].max()))) if len(keys) else query


def _withdrawn(connection: Connection, readings: pd.DataFrame) -> np.ndarray | None:
    """Packed keys within the range of `readings` of which the store once had a reading and has none now."""
    query = _within(reading_old, readings).where(reading_old.c.withdrawn_at.is_not(None))
    rows = connection.execute(query.with_only_columns(*(reading_old.c[name] for name in changes.KEY))).all()
    return changes.packed(pd.DataFrame(rows, columns=changes.KEY)) if rows else None


def files_of(connection: Connection, ids: np.ndarray) -> pd.DataFrame:
    """Ledger entries by file_id: known_at [s since 1970], delay_s [s]; delivered and origin: of a replay, its file's."""
    columns = {"file_id": "int64", "known_at": "int64", "delay_s": "float64", "delivered": "int64", "origin": "int64"}
    of = intake_file.alias("origin")
    origin = func.coalesce(intake_file.c.replay_of, intake_file.c.file_id)
    query = select(intake_file.c.file_id, intake_file.c.known_at, intake_file.c.delay_s, of.c.known_at, of.c.file_id)
    query = query.join_from(intake_file, of, of.c.file_id == origin)
    parts = [
        fetch(connection, query.where(intake_file.c.file_id.in_([int(i) for i in ids[at : at + 1000]])), **columns)
        for at in range(0, len(ids), 1000)
    ]
    return pd.concat(parts).set_index("file_id")


def check_sensors(connection: Connection, readings: pd.DataFrame, name: str) -> None:
    """StoreError if readings are of a sensor that does not exist."""
    known = set(connection.execute(select(schema.sensor.c.sensor_id)).scalars())
    unknown = sorted(set(readings["sensor_id"].unique().tolist()) - known)
    if unknown:
        raise StoreError(f"{name}: no sensor has the id {', '.join(map(str, unknown))}; apply the configuration first")


def refused(rows: pd.DataFrame, file_id: int) -> list[dict]:
    """Refused rows as the database takes them: texts without NUL and not endless, times as seconds."""
    rows = rows.assign(file_id=file_id)
    for column in rows.columns.intersection(["tag", "text", "reason"]):
        rows[column] = rows[column].astype(str).str.replace("\0", "\ufffd").str.slice(0, TEXT_LIMIT)
    if "time" in rows:
        rows["time"] = [None if t is pd.NaT else times.seconds(t) for t in rows["time"]]
    return rows.astype(object).to_dict("records")


def files(connection: Connection, limit: int | None) -> pd.DataFrame:
    """Ledger, newest first: name, sha256, known_at [UTC], backfill, profile, state, the counts, error; without replays."""
    names = ["name", "sha256", "known_at", "delay_s", "profile", "state", *COUNTS, "error"]
    query = select(*(intake_file.c[name] for name in names)).where(intake_file.c.replay_of.is_(None))
    query = query.order_by(intake_file.c.file_id.desc()).limit(limit)
    frame = pd.DataFrame(connection.execute(query).all(), columns=names)
    frame["known_at"] = times.from_epoch(frame["known_at"])
    frame["delay_s"] = frame["delay_s"].notna()
    return frame.rename(columns={"delay_s": "backfill"})


def set_aside(connection: Connection) -> pd.DataFrame:
    """Readings of unknown tags, in the order of intake: name (of the file), line, tag, time [UTC], text, reason."""
    t = schema.set_aside
    query = select(intake_file.c.name, t.c.line, t.c.tag, t.c.time, t.c.text, t.c.reason).join_from(t, intake_file)
    query = query.order_by(t.c.row_id)
    frame = pd.DataFrame(connection.execute(query).all(), columns=["name", "line", "tag", "time", "text", "reason"])
    return frame.assign(time=pd.to_datetime(frame["time"], unit="s").dt.as_unit("ns"))


def quarantined(connection: Connection) -> pd.DataFrame:
    """Rows that could not be read, in the order of intake: name (of the file), line, text, reason."""
    t = schema.quarantine
    query = select(intake_file.c.name, t.c.line, t.c.text, t.c.reason).join_from(t, intake_file).order_by(t.c.row_id)
    return pd.DataFrame(connection.execute(query).all(), columns=["name", "line", "text", "reason"])
