"""A file that is read again under another configuration: what it says now counts from then on, and what was known stays known.

A replay is an entry of the ledger beside that of its file. Its readings rank by the file's delivery, so that a later file still
wins, and are known from the replay on; a backfill's new ones count as known soon after their time, as all of a backfill do. What
the file said before and says no longer is withdrawn: it becomes history, and what an earlier file said about the same time, if
anything, takes its place.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, func, insert, literal, or_, select, update

from wss import times
from wss.errors import NotFoundError
from wss.store import changes, ledger, schema
from wss.store.ledger import READING, Counts, IntakeFile
from wss.store.readings import known_at
from wss.store.rows import fetch, insert_frame
from wss.store.schema import intake_file, reading, reading_old, sensor

KEY = {"sensor_id": "int64", "time": "int64"}


@dataclass(frozen=True)
class Replayed:
    """What reading a file again changed."""

    counts: Counts
    withdrawn: int
    """Readings that the file said before and says no longer."""
    changed: bool
    """Whether anything in the store changed; if not, the ledger has no entry of the replay."""


def files(
    connection: Connection, file: str | None = None, tag: str | None = None, since: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Files that were taken in, in the order of delivery: of a name or SHA-256 (8 digits or more), of a tag, since a moment.

    Returns
    -------
    DataFrame
        file_id, name, sha256, tag (that the name gives), known_at [UTC], duplicate, first_time [s since 1970, or NaN].
    """
    columns = ["file_id", "name", "sha256", "tag", "known_at", "duplicate", "first_time"]
    query = select(*(intake_file.c[c] for c in columns)).where(intake_file.c.state == "stored")
    if file is not None:
        sums = [intake_file.c.sha256.startswith(file.lower(), autoescape=True)] if len(file) >= 8 else []
        query = query.where(or_(intake_file.c.name == file, *sums))
    if tag is not None:
        query = query.where(intake_file.c.file_id.in_(_files_of_tag(connection, tag)))
    if since is not None:
        query = query.where(intake_file.c.known_at >= times.seconds(since))
    rows = connection.execute(query.order_by(intake_file.c.known_at, intake_file.c.file_id)).all()
    return pd.DataFrame(rows, columns=columns).assign(known_at=lambda f: times.from_epoch(f["known_at"]))


def write(
    connection: Connection,
    file_id: int,
    file: IntakeFile,
    readings: pd.DataFrame,
    missing: int,
    set_aside: pd.DataFrame,
    quarantine: pd.DataFrame,
) -> Replayed:
    """Replace what a file says; `file.known_at` [UTC] is the moment of the replay. Columns and units as in `ledger.write_file`.

    Nothing is written where the file says what it said. NotFoundError if the ledger has no such file.
    """
    delay_s = connection.execute(select(intake_file.c.delay_s).where(intake_file.c.file_id == file_id)).one_or_none()
    if delay_s is None:
        raise NotFoundError(f"the ledger has no file of the number {file_id}")
    ledger.check_sensors(connection, readings, file.name)
    group = _group(connection, file_id)
    backfill = delay_s[0] is not None
    file = replace(
        file,
        sha256=f"replay {len(group)} of file {file_id}",
        state="replayed",
        backfill=backfill,
        usual_delay_s=delay_s[0] if backfill else 0,
    )
    number = ledger.enter(connection, file, readings, replay_of=file_id)
    withdrawn = _withdraw(connection, group, number, readings, times.seconds(file.known_at))
    last = readings.drop_duplicates([*KEY], keep="last")  # of one file the last row of a time counts
    stored, duplicate, corrected = ledger.write_readings(connection, number, last)
    duplicate += len(readings) - len(last)
    counts = Counts(
        len(readings) + missing + len(set_aside) + len(quarantine),
        stored,
        duplicate,
        corrected,
        missing,
        len(set_aside),
        len(quarantine),
    ).check(file.name)
    said = stored or corrected or connection.execute(_said(connection, reading_old, [number]).limit(1)).first() is not None
    refused = _replace_refused(connection, group, number, {schema.set_aside: set_aside, schema.quarantine: quarantine})
    changed = bool(withdrawn or said or refused)
    entry = intake_file.c.file_id == number
    connection.execute(update(intake_file).where(entry).values(asdict(counts)) if changed else delete(intake_file).where(entry))
    return Replayed(counts, withdrawn, changed)


def unknown_tags(connection: Connection) -> pd.DataFrame:
    """Tags of the readings that are set aside: tag, reason, readings, first, last [UTC], example (values), file (of the last)."""
    t = schema.set_aside
    query = select(t.c.tag, t.c.reason, func.count(), func.min(t.c.time), func.max(t.c.time), func.max(t.c.row_id))
    rows = connection.execute(query.group_by(t.c.tag, t.c.reason).order_by(t.c.tag, t.c.reason)).all()
    found = []
    for tag, reason, count, first, last, newest in rows:
        texts = connection.execute(select(t.c.text).where(t.c.tag == tag).order_by(t.c.row_id.desc()).limit(3)).scalars().all()
        name = connection.execute(select(intake_file.c.name).join_from(t, intake_file).where(t.c.row_id == newest)).scalar()
        span = (None if moment is None else times.moment(moment) for moment in (first, last))
        found.append((tag, reason, count, *span, ", ".join(texts[::-1]), name))
    return pd.DataFrame(found, columns=["tag", "reason", "readings", "first", "last", "example", "file"])


def files_set_aside(connection: Connection, tags: list[str]) -> list[int]:
    """Files with readings of the tags that are set aside, by their numbers in the order of delivery."""
    t, origin = schema.set_aside, func.coalesce(intake_file.c.replay_of, intake_file.c.file_id)
    rows = connection.execute(select(origin).join_from(t, intake_file).where(t.c.tag.in_(tags)).distinct()).scalars().all()
    query = select(intake_file.c.file_id).where(intake_file.c.file_id.in_(rows))
    return list(connection.execute(query.order_by(intake_file.c.known_at, intake_file.c.file_id)).scalars())


def last_delivery(connection: Connection) -> pd.Timestamp | None:
    """When the ledger's last entry was delivered [UTC]; None if it is empty."""
    newest = connection.execute(select(func.max(intake_file.c.known_at))).scalar()
    return None if newest is None else times.moment(newest)


def _files_of_tag(connection: Connection, tag: str) -> list[int]:
    """Numbers of the files that have readings of a tag, or of its aliases, in the store or set aside."""
    alias = schema.sensor_alias
    main = connection.execute(select(alias.c.tag).where(alias.c.alias == tag)).scalar() or tag
    names = [main, tag, *connection.execute(select(alias.c.alias).where(alias.c.tag == main)).scalars()]
    ids = list(connection.execute(select(sensor.c.sensor_id).where(sensor.c.tag == main)).scalars())
    numbers = set(files_set_aside(connection, names))
    for table in (reading, reading_old):
        numbers |= set(connection.execute(select(table.c.file_id).where(table.c.sensor_id.in_(ids)).distinct()).scalars())
    found: set[int] = set()
    for at in range(0, len(numbers), 1000):
        some = sorted(numbers)[at : at + 1000]
        found |= set(
            connection.execute(
                select(func.coalesce(intake_file.c.replay_of, intake_file.c.file_id)).where(intake_file.c.file_id.in_(some))
            ).scalars()
        )
    return sorted(found)


def _group(connection: Connection, file_id: int) -> list[int]:
    """Numbers of a file and of its replays."""
    return [file_id, *connection.execute(select(intake_file.c.file_id).where(intake_file.c.replay_of == file_id)).scalars()]


def _withdraw(connection: Connection, group: list[int], number: int, readings: pd.DataFrame, at: int) -> int:
    """Make history of what the files of `group` say and `readings` do not; how many readings that are."""
    current, old = (fetch(connection, _said(connection, table, group), **READING) for table in (reading, reading_old))
    says = changes.packed(readings)
    current, old = (part[~np.isin(changes.packed(part), says)] for part in (current, old))
    gone = pd.concat([current, old])
    earlier = _said_before(connection, gone[list(KEY)].drop_duplicates(), group) if len(gone) else gone
    alike = gone.merge(earlier, on=[*KEY, "value", "flag"])  # so it does not matter whose it is
    stays = changes.packed(alike)
    current, old = (part[~np.isin(changes.packed(part), stays)][list(KEY)].drop_duplicates() for part in (current, old))
    if len(current):
        keys = ledger.bound_keys(current)
        columns = [reading.c[name] for name in READING]
        this = and_(reading.c.sensor_id == bindparam("sensor"), reading.c.time == bindparam("moment"))
        was = select(*columns, known_at(), literal(at), literal(at)).where(this)
        was = was.join_from(reading, intake_file, reading.c.file_id == intake_file.c.file_id)
        names = [*READING, "known_at", "replaced_at", "withdrawn_at"]
        connection.execute(insert(reading_old).from_select(names, was), keys)
        connection.execute(delete(reading).where(this), keys)
    gone = pd.concat([current, old]).drop_duplicates()
    if len(gone):
        this = and_(
            reading_old.c.sensor_id == bindparam("sensor"),
            reading_old.c.time == bindparam("moment"),
            reading_old.c.file_id == bindparam("file"),
            reading_old.c.withdrawn_at.is_(None),
        )
        keys = [key | {"file": member} for member in group for key in ledger.bound_keys(gone)]
        connection.execute(update(reading_old).where(this).values(withdrawn_at=at), keys)
    if len(current):
        earlier = earlier[np.isin(changes.packed(earlier), changes.packed(current))]
        insert_frame(connection, reading, earlier.assign(file_id=number))
    return len(gone)


def _said(connection: Connection, table: Table, group: list[int]) -> Select:
    """Rows of `table` that the files of a group say."""
    ends = select(intake_file.c.first_time, intake_file.c.last_time).where(intake_file.c.file_id.in_(group))
    spans = [(first, last) for first, last in connection.execute(ends) if first is not None]
    query = select(*(table.c[name] for name in READING)).where(table.c.file_id.in_(group))
    if table is reading_old:
        query = query.where(reading_old.c.withdrawn_at.is_(None))
    if not spans:  # nothing, or a file from before the ledger kept its span
        return query
    ids = connection.execute(select(sensor.c.sensor_id)).scalars().all()
    return query.where(table.c.sensor_id.in_(ids), table.c.time.between(min(s[0] for s in spans), max(s[1] for s in spans)))


def _said_before(connection: Connection, keys: pd.DataFrame, group: list[int]) -> pd.DataFrame:
    """What the last file delivered before that of `group` says about `keys`, as history: rows of `reading`."""
    history = ledger.history_of(connection, keys)
    history = history[history["withdrawn_at"].isna() & ~history["file_id"].isin(group)]
    if history.empty:
        return history[list(READING)]
    rank = changes.with_rank(ledger.files_of(connection, np.union1d(history["file_id"], group[:1])))["rank"]
    history = history.assign(rank=rank[history["file_id"]].to_numpy()).sort_values([*KEY, "rank"], kind="stable")
    history = history[history["rank"] < rank[group[0]]]
    return history.drop_duplicates([*KEY], keep="last")[list(READING)]


def _replace_refused(connection: Connection, group: list[int], number: int, tables: dict[Table, pd.DataFrame]) -> bool:
    """Put a replay's refused rows in the place of its file's; whether they differ."""
    differ = False
    for table, rows in tables.items():
        names = ["line", "tag", "text"] if "tag" in table.c else ["line", "text"]
        query = select(*(table.c[name] for name in names)).where(table.c.file_id.in_(group))
        new = ledger.refused(rows, number)
        if sorted(map(tuple, connection.execute(query))) != sorted(tuple(row[name] for name in names) for row in new):
            differ = True
            connection.execute(delete(table).where(table.c.file_id.in_(group)))
            if new:
                connection.execute(insert(table), new)
    return differ
