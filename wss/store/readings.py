"""Reads. What was known at a past moment follows from when each file was delivered, and is never guessed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, select

from wss import times
from wss.store.rows import fetch
from wss.store.schema import intake_file, reading, reading_old, sensor

ROW = {"sensor_id": "int64", "time": "int64", "value": "float64", "flag": "int64"}
AHEAD_S = 86400
"""No reading is stamped this much after its delivery [s]: intake refuses it."""


def read(connection: Connection, names: Sequence[str], start: pd.Timestamp, end: pd.Timestamp,
         known_by: pd.Timestamp | None) -> pd.DataFrame:
    """Readings of the quantities `names` from `start` up to but without `end`.

    Parameters
    ----------
    known_by
        Read what the store could have said at this moment [UTC]; None: what it says now.

    Returns
    -------
    DataFrame
        time [UTC], quantity, item, value [our unit], flag; sorted by quantity, item, time.
    """
    sensors = _sensors(connection, names)
    queries = [_current(known_by)] if known_by is None else [_current(known_by), _old(known_by)]
    found = []
    for query in queries:
        of, at = query.selected_columns["sensor_id"], query.selected_columns["time"]
        query = query.where(of.in_(sensors["sensor_id"].tolist()), at >= times.seconds(start), at < times.seconds(end))
        found.append(fetch(connection, query.order_by(of, at), **ROW))
    return _named(pd.concat([f for f in found if len(f)] or found[:1]), sensors)


def latest(connection: Connection, names: Sequence[str] | None, known_by: pd.Timestamp | None) -> pd.DataFrame:
    """Last reading of each item: quantity, item, time [UTC], value [our unit], flag; all quantities if `names` is None.

    `known_by` as in `read`.
    """
    sensors = _sensors(connection, names)
    last = _current(known_by).with_only_columns(reading.c.time).where(reading.c.sensor_id == sensor.c.sensor_id)
    if known_by is not None:
        last = last.where(reading.c.time <= times.seconds(known_by) + AHEAD_S)
    last = last.order_by(reading.c.time.desc()).limit(1).correlate(sensor).scalar_subquery()
    columns = [reading.c[name] for name in ROW]
    query = select(*columns).join_from(sensor, reading, and_(reading.c.sensor_id == sensor.c.sensor_id, reading.c.time == last))
    found = fetch(connection, query.where(sensor.c.sensor_id.in_(sensors["sensor_id"].tolist())), **ROW)
    if known_by is not None:
        old = _old(known_by).where(reading_old.c.sensor_id.in_(sensors["sensor_id"].tolist()))
        found = pd.concat([found, fetch(connection, old, **ROW)])
    frame = _named(found, sensors).drop_duplicates(["quantity", "item"], keep="last", ignore_index=True)
    return frame[["quantity", "item", "time", "value", "flag"]]


def of_sensors(connection: Connection, sensor_ids: Sequence[int], start_s: int, end_s: int) -> pd.DataFrame:
    """Readings in [start_s, end_s) [s since 1970]: sensor_id, time [s since 1970], value [our unit], flag; sorted."""
    of, at = reading.c.sensor_id, reading.c.time
    query = _current(None).where(of.in_([int(i) for i in sensor_ids]), at >= start_s, at < end_s)
    return fetch(connection, query.order_by(of, at), **ROW)


def last_of_tag(connection: Connection, tag: str) -> pd.Timestamp | None:
    """Time of the newest reading of a tag [UTC]; None if there is none."""
    query = select(reading.c.time).join_from(sensor, reading, reading.c.sensor_id == sensor.c.sensor_id)
    query = query.where(sensor.c.tag == tag)
    newest = connection.execute(query.order_by(reading.c.time.desc()).limit(1)).scalar()
    return None if newest is None else times.moment(newest)


def last_time(connection: Connection, known_by: pd.Timestamp | None) -> pd.Timestamp | None:
    """Time of the newest reading of all [UTC]; None if there is none."""
    newest = latest(connection, None, known_by)["time"].max()
    return None if newest is pd.NaT else newest


def _current(known_by: pd.Timestamp | None) -> Select:
    """Rows of `reading`, of those that were known by a moment if one is given."""
    query = select(*(reading.c[name] for name in ROW))
    if known_by is None:
        return query
    query = query.join_from(reading, intake_file, reading.c.file_id == intake_file.c.file_id)
    return query.where(_known_at() <= times.seconds(known_by))


def _known_at() -> ColumnElement[int]:
    """When a row of `reading` became the known one [s since 1970].

    A backfill's reading counts as known at its time plus the usual delay, unless it replaced what another file had said.
    """
    replaced = exists().where(reading_old.c.sensor_id == reading.c.sensor_id, reading_old.c.time == reading.c.time,
                              reading_old.c.file_id != reading.c.file_id)
    return case((intake_file.c.delay_s.is_(None), intake_file.c.known_at), (replaced, intake_file.c.known_at),
                else_=reading.c.time + intake_file.c.delay_s)


def _old(known_by: pd.Timestamp) -> Select:
    """Rows of `reading_old` that were the known ones at a moment."""
    at = times.seconds(known_by)
    query = select(*(reading_old.c[name] for name in ROW))
    return query.where(reading_old.c.known_at <= at, reading_old.c.replaced_at > at)


def _sensors(connection: Connection, names: Sequence[str] | None) -> pd.DataFrame:
    """Sensors of the quantities: sensor_id, quantity, item, and their place in the order of the result."""
    query = select(sensor.c.sensor_id, sensor.c.quantity, sensor.c.item)
    if names is not None:
        query = query.where(sensor.c.quantity.in_(list(names)))
    frame = fetch(connection, query.order_by(sensor.c.sensor_id), sensor_id="int64", quantity="str", item="str")
    return frame.assign(place=frame.groupby(["quantity", "item"]).ngroup().astype("int64"))


def _named(rows: pd.DataFrame, sensors: pd.DataFrame) -> pd.DataFrame:
    """Rows with the quantity and item of their sensor, sorted by quantity, item, time."""
    which = np.searchsorted(sensors["sensor_id"].to_numpy(), rows["sensor_id"].to_numpy())
    order = np.lexsort((rows["time"].to_numpy(), sensors["place"].to_numpy()[which]))
    which, rows = which[order], rows.iloc[order]
    return pd.DataFrame({
        "time": times.from_epoch(rows["time"]),
        "quantity": sensors["quantity"].take(which).array,
        "item": sensors["item"].take(which).array,
        "value": rows["value"].to_numpy(),
        "flag": rows["flag"].to_numpy(),
    })
