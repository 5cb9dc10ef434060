"""Reads. What was known at a past moment follows from when each file was delivered, and is never guessed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, select

from wss import times
from wss.quantities import Flag
from wss.store import quality
from wss.store.rows import fetch_numbers
from wss.store.schema import intake_file, reading, reading_old, sensor

ROW = {"sensor_id": "int64", "time": "int64", "value": "float64", "flag": "int64"}
FLAG_BITS = int(max(Flag)).bit_length()
TIME_BITS, SENSOR_BITS = 26, 53 - 26 - FLAG_BITS
"""A flag, a time within two years and a number of a sensor fit into one cell that is exact as a float of 53 bits."""
AHEAD_S = 86400
"""No reading is stamped this much after its delivery [s]: intake refuses it."""


class _Sensors(NamedTuple):
    """Sensors by ascending id, and the quantities and items that they measure."""

    ids: list[int]
    place: np.ndarray
    """Number of each sensor's quantity and item."""
    quantity: list[str]
    """Of each place; the places are in the order of quantities and items."""
    item: list[str]


def read(
    connection: Connection,
    names: Sequence[str],
    start: pd.Timestamp,
    end: pd.Timestamp,
    known_by: pd.Timestamp | None,
    items: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Readings of the quantities `names` from `start` up to but without `end`.

    Parameters
    ----------
    items
        Only of these items; None: of all.
    known_by
        Read what the store could have said at this moment [UTC]; None: what it says now.

    Returns
    -------
    DataFrame
        time [UTC], quantity, item, value [our unit], flag; sorted by quantity, item, time.
    """
    sensors = _sensors(connection, names, items)
    queries = [_current(known_by)] if known_by is None else [_current(known_by), _old(known_by)]
    found = []
    for query in queries:
        found.append(_fetch(connection, query, sensors.ids, times.seconds(start), times.seconds(end)))
    rows = pd.concat(found) if len(found[-1]) else found[0]
    rows = quality.mark(connection, rows, times.seconds(start), times.seconds(end), known_by)
    return _named(["time", "quantity", "item", "value", "flag"], *_sorted(rows, sensors), sensors)


def latest(connection: Connection, names: Sequence[str] | None, known_by: pd.Timestamp | None) -> pd.DataFrame:
    """Last reading of each item: quantity, item, time [UTC], value [our unit], flag; all quantities if `names` is None.

    `known_by` as in `read`.
    """
    sensors = _sensors(connection, names)
    newest = _current(known_by).with_only_columns(reading.c.time).where(reading.c.sensor_id == sensor.c.sensor_id)
    if known_by is not None:
        newest = newest.where(reading.c.time <= times.seconds(known_by) + AHEAD_S)
    newest = newest.order_by(reading.c.time.desc()).limit(1).correlate(sensor).scalar_subquery()
    columns = [reading.c[name] for name in ROW]
    key = and_(reading.c.sensor_id == sensor.c.sensor_id, reading.c.time == newest)
    query = select(*columns).join_from(sensor, reading, key)
    found = fetch_numbers(connection, query.where(sensor.c.sensor_id.in_(sensors.ids)), **ROW)
    if known_by is not None:
        old = fetch_numbers(connection, _old(known_by).where(reading_old.c.sensor_id.in_(sensors.ids)), **ROW)
        found = pd.concat([found, old]) if len(old) else found
    found = quality.mark(connection, found, found["time"].min(), found["time"].max() + 1, known_by)
    place, rows = _sorted(found, sensors)
    last = np.append(place[1:] != place[:-1], True)[: len(place)]
    return _named(["quantity", "item", "time", "value", "flag"], place[last], rows.iloc[last], sensors)


def of_sensors(connection: Connection, sensor_ids: Sequence[int], start_s: int, end_s: int) -> pd.DataFrame:
    """Readings in [start_s, end_s) [s since 1970]: sensor_id, time [s since 1970], value [our unit], flag; sorted."""
    return _fetch(connection, _current(None), [int(i) for i in sensor_ids], start_s, end_s)


def _fetch(connection: Connection, query: Select, ids: list[int], start_s: int, end_s: int) -> pd.DataFrame:
    """Rows of `query` of sensors in [start_s, end_s) [s since 1970], sorted by sensor and time.

    SQLite hands over every cell as an object of its own, so that two cells a row, one of them packed, take less than four.
    """
    of, at, value, flag = query.selected_columns
    query = query.where(of.in_(ids), at >= start_s, at < end_s).order_by(of, at)
    fits = start_s >= 0 and end_s - start_s < 1 << TIME_BITS and max(ids, default=0) < 1 << SENSOR_BITS
    if connection.dialect.name != "sqlite" or not fits:
        return fetch_numbers(connection, query, **ROW)
    key = (of * (1 << TIME_BITS) + (at - start_s)) * (1 << FLAG_BITS) + flag
    query = query.with_only_columns(key, value, maintain_column_froms=True)
    rows = fetch_numbers(connection, query, key="int64", value="float64")
    key = rows["key"].to_numpy()
    time = (key >> FLAG_BITS & (1 << TIME_BITS) - 1) + start_s
    return pd.DataFrame(
        {
            "sensor_id": key >> TIME_BITS + FLAG_BITS,
            "time": time,
            "value": rows["value"].to_numpy(),
            "flag": key & (1 << FLAG_BITS) - 1,
        },
        copy=False,
    )


def last_values(connection: Connection, sensor_ids: Sequence[int], start_s: int, end_s: int, without: int = 0) -> pd.Series:
    """Value of each sensor's last reading in [start_s, end_s) [s since 1970] that has no flag of `without`, by sensor_id [our
    unit]; without sensors that have none."""
    of = reading.c
    last = select(of.value).where(of.sensor_id == sensor.c.sensor_id, of.time >= start_s, of.time < end_s)
    last = last.where(of.flag.op("&")(without) == 0).order_by(of.time.desc()).limit(1).correlate(sensor).scalar_subquery()
    rows = connection.execute(select(sensor.c.sensor_id, last).where(sensor.c.sensor_id.in_(sensor_ids))).all()
    return pd.Series({number: value for number, value in rows if value is not None}, dtype="float64")


def last_of_tag(connection: Connection, tag: str, before_s: int | None = None) -> pd.Timestamp | None:
    """Time of the newest reading of a tag [UTC], or of the newest before a moment [s since 1970]; None if there is none."""
    query = select(reading.c.time).join_from(sensor, reading, reading.c.sensor_id == sensor.c.sensor_id)
    query = query.where(sensor.c.tag == tag)
    if before_s is not None:
        query = query.where(reading.c.time < before_s)
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
    return query.where(known_at() <= times.seconds(known_by))


def known_at() -> ColumnElement[int]:
    """When a row of `reading` became the known one [s since 1970].

    A backfill's reading counts as known at its time plus the usual delay, unless it replaced what another file had said.
    """
    replaced = exists().where(
        reading_old.c.sensor_id == reading.c.sensor_id,
        reading_old.c.time == reading.c.time,
        reading_old.c.file_id != reading.c.file_id,
        reading_old.c.known_at < reading_old.c.replaced_at,
    )
    return case(
        (intake_file.c.delay_s.is_(None), intake_file.c.known_at),
        (replaced, intake_file.c.known_at),
        else_=reading.c.time + intake_file.c.delay_s,
    )


def _old(known_by: pd.Timestamp) -> Select:
    """Rows of `reading_old` that were the known ones at a moment."""
    at = times.seconds(known_by)
    query = select(*(reading_old.c[name] for name in ROW))
    return query.where(reading_old.c.known_at <= at, reading_old.c.replaced_at > at)


def _sensors(connection: Connection, names: Sequence[str] | None, items: Sequence[str] | None = None) -> _Sensors:
    """Sensors of the quantities and items; None: of all."""
    query = select(sensor.c.sensor_id, sensor.c.quantity, sensor.c.item)
    if names is not None:
        query = query.where(sensor.c.quantity.in_(list(names)))
    if items is not None:
        query = query.where(sensor.c.item.in_(list(items)))
    rows = connection.execute(query.order_by(sensor.c.sensor_id)).all()
    places = sorted({(quantity, item) for _, quantity, item in rows})
    number = {place: k for k, place in enumerate(places)}
    place = np.array([number[quantity, item] for _, quantity, item in rows], dtype="int64")
    return _Sensors([row[0] for row in rows], place, [p[0] for p in places], [p[1] for p in places])


def _sorted(rows: pd.DataFrame, sensors: _Sensors) -> tuple[np.ndarray, pd.DataFrame]:
    """Rows by quantity, item and time, and the place of each."""
    place = sensors.place[np.searchsorted(sensors.ids, rows["sensor_id"].to_numpy())]
    key = times.packed(place, rows["time"].to_numpy())
    if (key[1:] > key[:-1]).all():
        return place, rows
    order = np.argsort(key, kind="stable")
    return place[order], rows.iloc[order]


def _named(columns: list[str], place: np.ndarray, rows: pd.DataFrame, sensors: _Sensors) -> pd.DataFrame:
    """Rows with the quantity and item of their place."""
    found = {
        "time": times.from_epoch(rows["time"]),
        "quantity": pd.array(sensors.quantity, dtype="str").take(place),
        "item": pd.array(sensors.item, dtype="str").take(place),
        "value": rows["value"].to_numpy(),
        "flag": rows["flag"].to_numpy(),
    }
    return pd.DataFrame({name: found[name] for name in columns}, copy=False)
