"""Which tag is which sensor, and since when; no change of the configuration makes a stored reading unfindable."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd
from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from wss import times
from wss.config import Sensor
from wss.errors import ConfigError, raise_all
from wss.store.rows import fetch
from wss.store.schema import quality_span, reading, reading_old, sensor, sensor_alias

MEANING = ["quantity", "item", "unit"]
Key = tuple[str, int]


@dataclass
class _Changes:
    """What a configuration changes in the table of sensors."""

    faults: list[str] = field(default_factory=list)
    updated: dict[int, dict] = field(default_factory=dict)
    """New columns of entries that stay, by sensor_id."""
    gone: list[int] = field(default_factory=list)
    """Entries to delete."""
    added: list[dict] = field(default_factory=list)


def sync(
    connection: Connection,
    sensors: Iterable[Sensor],
    used_by: Mapping[tuple[str, str], str] | None = None,
    forget: Collection[str] = (),
) -> int:
    """Make the table say what the configuration says, without making any stored reading unfindable.

    New entries are added. An entry without readings may change or go. One with readings may get another tag, if the new entry
    has the old tag among its aliases; a changed meaning needs a second entry with a later valid_from; and it goes only with its
    readings, if its tag is among `forget`.

    Parameters
    ----------
    used_by
        What hangs on the readings of a quantity and item, in words.
    forget
        Tags whose entries the configuration no longer has and whose readings are deleted for good.

    Returns
    -------
    int
        Readings that were deleted.

    Raises
    ------
    ConfigError
        Lists every fault; nothing is written then.
    """
    sensors = list(sensors)
    change = _compare(connection, sensors, used_by or {}, forget)
    raise_all(change.faults, "the change of sensors", ConfigError)
    deleted = 0
    for table in (reading, reading_old):
        deleted += connection.execute(delete(table).where(table.c.sensor_id.in_(change.gone))).rowcount if change.gone else 0
    connection.execute(delete(quality_span).where(quality_span.c.sensor_id.in_(change.gone)))
    connection.execute(delete(sensor).where(sensor.c.sensor_id.in_(change.gone)))
    for sensor_id, values in change.updated.items():
        connection.execute(update(sensor).where(sensor.c.sensor_id == sensor_id).values(values))
    aliases = {alias: {"alias": alias, "tag": s.tag} for s in sensors for alias in s.aliases}
    connection.execute(delete(sensor_alias))
    for table, rows in ((sensor, change.added), (sensor_alias, list(aliases.values()))):
        if rows:
            connection.execute(insert(table), rows)
    return deleted


def faults(
    connection: Connection,
    sensors: Iterable[Sensor],
    used_by: Mapping[tuple[str, str], str] | None = None,
    forget: Collection[str] = (),
) -> list[str]:
    """Why `sync` would refuse; empty if it would not."""
    return _compare(connection, list(sensors), used_by or {}, forget).faults


def _compare(
    connection: Connection, sensors: list[Sensor], used_by: Mapping[tuple[str, str], str], forget: Collection[str]
) -> _Changes:
    wanted = {(s.tag, times.seconds(s.valid_from) if s.valid_from else 0): s for s in sensors}
    known: dict[Key, Row] = {(row.tag, row.valid_from): row for row in connection.execute(select(sensor))}
    with_readings = exists().where(reading.c.sensor_id == sensor.c.sensor_id)
    used = set(connection.execute(select(sensor.c.sensor_id).where(with_readings)).scalars())
    renamed = {
        (alias, since): (s.tag, since)
        for (tag, since), s in wanted.items()
        for alias in s.aliases
        if (alias, since) in known and (alias, since) not in wanted and (tag, since) not in known
    }
    change = _Changes()
    for key, row in known.items():
        new = wanted.get(renamed.get(key, key))
        names = ["tag", *MEANING] if key in renamed else MEANING
        differs = {name: getattr(new, name) for name in names if new and getattr(new, name) != getattr(row, name)}
        meaning = {name: value for name, value in differs.items() if name in MEANING}
        if row.sensor_id in used and (meaning or new is None and row.tag not in forget):
            change.faults += _refusal(connection, row, meaning, used_by.get((row.quantity, row.item), ""))
        elif new is None:
            change.gone.append(row.sensor_id)
        elif differs:
            change.updated[row.sensor_id] = differs
    change.faults += [
        f"sensor {tag} cannot be forgotten while sensors.yml has an entry of it: remove that first"
        for tag in forget
        if any(s.tag == tag for s in sensors)
    ]
    change.added = [
        {"tag": tag, "valid_from": since, **{name: getattr(s, name) for name in MEANING}}
        for (tag, since), s in wanted.items()
        if (tag, since) not in {*known, *renamed.values()}
    ]
    return change


def _refusal(connection: Connection, row: Row, meaning: Mapping[str, str], used: str) -> list[str]:
    """Faults of a change that would make the readings of an entry unfindable: what hangs on it, and how to mend it."""
    query = select(func.count(), func.min(reading.c.time), func.max(reading.c.time))
    count, first, last = connection.execute(query.where(reading.c.sensor_id == row.sensor_id)).one()
    entry = f"sensor {row.tag}" + (f" from {times.iso(times.moment(row.valid_from))} on" if row.valid_from else "")
    span = f"{count:,} from {times.iso(times.moment(first))} to {times.iso(times.moment(last))}" + (f"; {used}" if used else "")
    if meaning:
        return [
            f"{entry}: {name} was {getattr(row, name)!r} and its readings are stored so ({span}), it cannot become {value!r}:"
            f" add a second entry of the tag with the new {name} and its valid_from"
            for name, value in meaning.items()
        ]
    return [
        f"{entry} is gone, and nobody would find its readings ({span}): if the tag has another name now, give the new entry"
        f" aliases: [{row.tag}] and the same valid_from; if the meter is gone, keep the entry and give it `retired:` the"
        f" moment; to delete the readings for good, `wss apply TENANT --forget {row.tag}`"
    ]


def frame(connection: Connection) -> pd.DataFrame:
    """Every sensor: sensor_id, tag, quantity, item, unit (of the export), valid_from [s since 1970, 0 = always]."""
    columns = dict.fromkeys(("sensor_id", "tag", "quantity", "item", "unit", "valid_from"), "str")
    query = select(*(sensor.c[name] for name in columns)).order_by(sensor.c.tag, sensor.c.valid_from)
    return fetch(connection, query, **(columns | {"sensor_id": "int64", "valid_from": "int64"}))


def aliases(connection: Connection) -> dict[str, str]:
    """Other names of tags, each with its tag."""
    return dict(connection.execute(select(sensor_alias.c.alias, sensor_alias.c.tag)).all())
