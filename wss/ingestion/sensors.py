"""The sensors of a configuration as `rename` and the rules of quality take them: in our units, by number."""

from collections.abc import Iterable

import pandas as pd

from wss import times
from wss.config import Sensor
from wss.ingestion import quality
from wss.ingestion.rename import scale

NOBODY = -1
"""Number of no sensor."""
ENTRY = ["sensor_id", "tag", "quantity", "item", "unit", "valid_from"]


def entries(sensors: Iterable[tuple[int, Sensor]]) -> pd.DataFrame:
    """Entries of tags: sensor_id, tag, quantity, item, unit (of the export), valid_from [s since 1970, 0 = always].

    A sensor that is retired has one more, from then on, which is NOBODY's.
    """
    rows = []
    for number, s in sensors:
        about = (s.tag, s.quantity, s.item, s.unit)
        rows.append((number, *about, times.seconds(s.valid_from) if s.valid_from else 0))
        if s.retired:
            rows.append((NOBODY, *about, times.seconds(s.retired)))
    return pd.DataFrame(rows, columns=ENTRY)


def limits(sensors: Iterable[tuple[int, Sensor]]) -> pd.DataFrame:
    """Limits by sensor_id: low, high, max_rate_per_h [our unit], stuck_h [h]; NaN where there is none."""
    rows = {}
    for number, s in sensors:
        rate = s.limits.max_rate_per_h
        rows[number] = in_ours(s, s.limits.low), in_ours(s, s.limits.high), rate and in_ours(s, rate), s.limits.stuck_h
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=list(quality.LIMITS), dtype=float)


def in_ours(sensor: Sensor, value: float) -> float:
    """A value in the sensor's unit in ours."""
    return value * scale(sensor.quantity, sensor.unit)
