"""Which tag is which sensor, and since when."""

from collections.abc import Iterable

import pandas as pd
from sqlalchemy import Connection, delete, exists, insert, select, update

from wss import times
from wss.config import Sensor
from wss.errors import ConfigError, raise_all
from wss.store.schema import reading, sensor, sensor_alias

MEANING = ["quantity", "item", "unit"]


def sync(connection: Connection, sensors: Iterable[Sensor]) -> None:
    """Make the table say what the configuration says, without making any stored reading unfindable.

    New entries are added. An entry without readings may change or go; one with readings stays for ever, and a changed
    meaning needs a new entry with a later valid_from.

    Raises
    ------
    ConfigError
        Lists every entry whose quantity, item or unit changed although it has readings.
    """
    wanted = {(s.tag, times.seconds(s.valid_from) if s.valid_from else 0): s for s in sensors}
    known = {(r.tag, r.valid_from): r for r in connection.execute(select(sensor))}
    with_readings = exists().where(reading.c.sensor_id == sensor.c.sensor_id)
    used = set(connection.execute(select(sensor.c.sensor_id).where(with_readings)).scalars())
    faults = []
    for key, row in known.items():
        new = wanted.get(key)
        changed = new and {f: getattr(new, f) for f in MEANING if getattr(new, f) != getattr(row, f)}
        if changed and row.sensor_id in used:
            faults += [f"sensor {row.tag}: {f} was {getattr(row, f)!r} and its readings are stored so, it cannot become"
                       f" {value!r}: add a second entry of the tag with the new {f} and its valid_from"
                       for f, value in changed.items()]
        elif changed:
            connection.execute(update(sensor).where(sensor.c.sensor_id == row.sensor_id).values(changed))
        elif new is None and row.sensor_id not in used:
            connection.execute(delete(sensor).where(sensor.c.sensor_id == row.sensor_id))
    raise_all(faults, "the change of sensors", ConfigError)
    added = [{"tag": tag, "valid_from": since, **{f: getattr(s, f) for f in MEANING}}
             for (tag, since), s in wanted.items() if (tag, since) not in known]
    aliases = [{"alias": alias, "tag": s.tag} for s in wanted.values() for alias in s.aliases]
    connection.execute(delete(sensor_alias))
    for table, rows in ((sensor, added), (sensor_alias, list({a["alias"]: a for a in aliases}.values()))):
        if rows:
            connection.execute(insert(table), rows)


def frame(connection: Connection) -> pd.DataFrame:
    """Every sensor: sensor_id, tag, quantity, item, unit (of the export), valid_from [s since 1970, 0 = always]."""
    rows = connection.execute(select(sensor).order_by(sensor.c.tag, sensor.c.valid_from)).all()
    columns = ["sensor_id", "tag", "quantity", "item", "unit", "valid_from"]
    return pd.DataFrame(rows, columns=columns).astype({"sensor_id": "int64", "valid_from": "int64"})


def aliases(connection: Connection) -> dict[str, str]:
    """Other names of tags, each with its tag."""
    return dict(connection.execute(select(sensor_alias.c.alias, sensor_alias.c.tag)).all())
