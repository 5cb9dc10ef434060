"""Spans in which readings are doubtful, when each was found, and when later readings refuted it."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from wss import times
from wss.store.changes import packed
from wss.store.schema import intake_file, quality_pass, quality_span, reading, sensor

SPAN = {"sensor_id": "int64", "flag": "int64", "start": "int64", "end": "int64"}
KEY = list(SPAN)
SHOWN = ["tag", "quantity", "item", "flag", "start", "end", "found_at", "note"]
NOTHING = pd.DataFrame([], columns=["sensor_id", *SHOWN]).astype(
    {"sensor_id": "int64", "flag": "int64", **dict.fromkeys(("start", "end", "found_at"), "datetime64[ns]")}
)


def replace(
    connection: Connection, sensor_ids: Iterable[int], flags: int, start_s: int, end_s: int, spans: pd.DataFrame, at_s: int
) -> tuple[int, int]:
    """Make the spans of some sensors and flags that touch [start_s, end_s) [s since 1970] be `spans`.

    A span that is there already stays as it was found; one that is no longer said is withdrawn from `at_s` on, so that what
    was known before stays readable.

    Parameters
    ----------
    spans
        sensor_id, flag, start, end [s since 1970; an end below 0: goes on], found_at [s since 1970], note.

    Returns
    -------
    tuple
        Numbers of new and of withdrawn spans.
    """
    of = quality_span.c
    ids = [int(i) for i in sensor_ids]
    there = select(of.span_id, of.sensor_id, of.flag, of.start, of.end, of.found_at).where(
        of.withdrawn_at.is_(None), of.sensor_id.in_(ids), of.start < end_s, or_(of.end.is_(None), of.end > start_s)
    )
    known = {(r.sensor_id, r.flag, r.start, r.end): r for r in connection.execute(there) if r.flag & flags}
    wanted = {(int(r.sensor_id), int(r.flag), int(r.start), int(r.end) if r.end >= 0 else None): r for r in spans.itertuples()}
    gone = [row for key, row in known.items() if key not in wanted]
    never = [row.span_id for row in gone if row.found_at >= at_s]
    refuted = [row.span_id for row in gone if row.found_at < at_s]
    new = [
        dict(zip(KEY, key, strict=True)) | {"found_at": int(row.found_at), "note": row.note}
        for key, row in wanted.items()
        if key not in known
    ]
    if never:
        connection.execute(delete(quality_span).where(of.span_id.in_(never)))
    if refuted:
        connection.execute(update(quality_span).where(of.span_id.in_(refuted)).values(withdrawn_at=at_s))
    if new:
        connection.execute(insert(quality_span), new)
    return len(new), len(gone)


def mark(connection: Connection, rows: pd.DataFrame, start_s: int, end_s: int, known_by: pd.Timestamp | None) -> pd.DataFrame:
    """Rows (sensor_id, time [s since 1970], flag, ...) in [start_s, end_s) with the flags of their spans as known by a moment."""
    if rows.empty:
        return rows
    of = quality_span.c
    query = _known(select(*(of[name] for name in KEY)), known_by)
    query = query.where(of.sensor_id.in_(rows["sensor_id"].unique().tolist()), of.end > int(start_s), of.start < int(end_s))
    found = connection.execute(query).all()
    if not found:
        return rows
    return rows.assign(flag=rows["flag"].to_numpy() | flags_of(rows, pd.DataFrame(found, columns=list(SPAN)).astype(SPAN)))


def flags_of(rows: pd.DataFrame, spans: pd.DataFrame) -> np.ndarray:
    """Flags that spans (sensor_id, flag, start, end [s since 1970]) put on rows (sensor_id, time [s since 1970]) in any order."""
    out = np.zeros(len(rows), dtype="int64")
    key = packed(rows)
    order = slice(None) if (key[1:] >= key[:-1]).all() else np.argsort(key, kind="stable")
    key = key[order]
    for flag, some in spans.groupby("flag"):
        first, stop = (np.searchsorted(key, packed(some.assign(time=some[edge]))) for edge in ("start", "end"))
        covered = np.cumsum(np.bincount(first, minlength=len(key) + 1) - np.bincount(stop, minlength=len(key) + 1))[:-1]
        out[order] |= np.where(covered > 0, int(flag), 0)
    return out


def frame(connection: Connection, start: pd.Timestamp, end: pd.Timestamp, known_by: pd.Timestamp | None) -> pd.DataFrame:
    """Spans that touch [start, end), as known by a moment: sensor_id, tag, quantity, item, flag, start, end [UTC; NaT: goes on],
    found_at [UTC], note; sorted by sensor, flag and start."""
    of = quality_span.c
    columns = [of.sensor_id, *((sensor.c if name in sensor.c else of)[name] for name in SHOWN)]
    query = select(*columns).join_from(quality_span, sensor, of.sensor_id == sensor.c.sensor_id)
    query = _known(query, known_by).where(of.start < times.seconds(end), or_(of.end.is_(None), of.end > times.seconds(start)))
    rows = connection.execute(query.order_by(of.sensor_id, of.flag, of.start)).all()
    if not rows:
        return NOTHING.copy()
    found = pd.DataFrame(rows, columns=["sensor_id", *SHOWN]).astype({"sensor_id": "int64", "flag": "int64"})
    when = {
        name: np.array([getattr(row, name) for row in rows], dtype="datetime64[s]").astype("datetime64[ns]")
        for name in ("start", "end", "found_at")
    }
    return found.assign(**when)


def unexamined(connection: Connection) -> pd.DataFrame:
    """Files in whose readings no spans were looked for yet: file_id, known_at, first_time, last_time (of their readings)
    [s since 1970], backfill (bool), after (the last file in whose readings they were looked for).

    Of a file that was read again, the times are those of what it says and said; of one from before times were noted, those of
    all readings.
    """
    of = intake_file.c
    after = connection.execute(_through()).scalar()
    query = select(
        of.file_id, of.known_at, of.first_time, of.last_time, of.delay_s.is_not(None), of.stored + of.corrected, of.replay_of
    )
    rows = connection.execute(query.where(of.file_id > after).order_by(of.file_id)).all()
    files = pd.DataFrame(rows, columns=["file_id", "known_at", "first_time", "last_time", "backfill", "new", "replay_of"])
    for at in files.index[files["replay_of"].notna()]:
        origin = int(files.at[at, "replay_of"])
        ends = select(func.min(of.first_time), func.max(of.last_time)).where(or_(of.file_id == origin, of.replay_of == origin))
        files.loc[at, ["first_time", "last_time"]] = connection.execute(ends).one()
    unknown = files["first_time"].isna() & files["new"].gt(0)
    if unknown.any():
        ids = connection.execute(select(sensor.c.sensor_id)).scalars().all()
        last, first = neighbours(connection, ids, 2**40, -(2**40))
        files.loc[unknown, ["first_time", "last_time"]] = [int(first.min()), int(last.max())]
    return files.drop(columns=["new", "replay_of"]).assign(after=after)


def last_examined(connection: Connection) -> pd.Timestamp | None:
    """Delivery of the last file in whose readings spans were looked for [UTC]; None if there is none."""
    query = select(intake_file.c.known_at).join(quality_pass, quality_pass.c.through_file == intake_file.c.file_id)
    at_s = connection.execute(query).scalar()
    return None if at_s is None else times.moment(at_s)


def examined(connection: Connection, through_file: int, after: int) -> None:
    """Note that spans were looked for in the readings of all files up to this one, by a pass that began `after` another.

    Two passes at the same time may each write what the other's readings refute: their files are left to the next pass.
    """
    before = connection.execute(_through()).scalar()
    connection.execute(delete(quality_pass))
    connection.execute(insert(quality_pass).values(through_file=through_file if before == after else min(before, after)))


def _through() -> Select:
    """The last file in whose readings spans were looked for; 0 if there is none."""
    return select(func.coalesce(func.max(quality_pass.c.through_file), 0))


def neighbours(
    connection: Connection, sensor_ids: Sequence[int], before_s: int, from_s: int | None = None
) -> tuple[pd.Series, pd.Series]:
    """Times of each sensor's last reading before a moment and first one from another on, None: of no first one [s since 1970],
    by sensor_id; without sensors that have none."""
    time, ids = reading.c.time, [int(i) for i in sensor_ids]
    found = []
    for where, order in ((time < before_s, time.desc()), *([] if from_s is None else [(time >= from_s, time)])):
        near = select(time).where(reading.c.sensor_id == sensor.c.sensor_id, where).order_by(order).limit(1).correlate(sensor)
        rows = connection.execute(select(sensor.c.sensor_id, near.scalar_subquery()).where(sensor.c.sensor_id.in_(ids))).all()
        found.append(pd.Series({i: at for i, at in rows if at is not None}, dtype="int64"))
    return found[0], found[1] if len(found) > 1 else found[0][:0]


def _known(query: Select, known_by: pd.Timestamp | None) -> Select:
    """Of the spans those that were known, and not yet refuted, at a moment; None: now."""
    of = quality_span.c
    if known_by is None:
        return query.where(of.withdrawn_at.is_(None))
    at = times.seconds(known_by)
    return query.where(of.found_at <= at, or_(of.withdrawn_at.is_(None), of.withdrawn_at > at))
