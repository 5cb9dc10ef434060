"""What the rules on readings share: the sensors, the readings of a piece of time, and those of the past."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from wss.config import Configuration, Sensor
from wss.config.quality import Rule
from wss.ingestion import quality
from wss.ingestion.quality import spans
from wss.quantities import DOUBTFUL
from wss.store import Store
from wss.store.quality import flags_of


@dataclass(frozen=True)
class Context:
    """What all rules share for one piece of time."""

    configuration: Configuration
    store: Store
    sensors: dict[int, Sensor]
    """By sensor_id."""
    start_s: int
    end_s: int
    """The piece: whole days of one week. [s since 1970]"""
    readings: pd.DataFrame
    """Readings of the piece and of a day on either side: sensor_id, time [s since 1970], value [our unit], flag; sorted."""

    def ids(self, rule: Rule, quantity: str | None = None) -> list[int]:
        """Sensors (of a quantity) to which a rule is applied."""
        return [i for i, s in self.sensors.items() if quantity in (None, s.quantity) and rule not in s.unchecked]

    def good(self, sensor_ids: Iterable[int], found: pd.DataFrame | None = None) -> pd.DataFrame:
        """Readings of sensors that are not doubtful, by their own flags or by spans that were just found."""
        flag = self.readings["flag"].to_numpy()
        if found is not None and len(found):
            flag = flag | flags_of(self.readings, found)
        some = np.isin(self.readings["sensor_id"].to_numpy(), list(sensor_ids)) & (flag & int(DOUBTFUL) == 0)
        return pd.DataFrame({name: self.readings[name].to_numpy()[some] for name in self.readings})

    @property
    def week_s(self) -> int:
        """Start of the week of the piece, on Monday, 0:00 UTC. [s since 1970]"""
        day = self.start_s // spans.DAY_S
        return (day - (day + 3) % 7) * spans.DAY_S

    def past(self, sensor_ids: Iterable[int], end_s: int | None = None) -> pd.DataFrame:
        """Readings of sensors that are not doubtful, of the days before the week, so that what is usual is the same for every
        day of it, in whatever pieces it is looked at; or before `end_s`, if that is earlier: sensor_id, time, value.
        """
        end_s = self.week_s if end_s is None else min(end_s, self.week_s)
        start_s = end_s - self.configuration.tenant.quality.history_days * spans.DAY_S
        rows = self.store.readings_of(list(sensor_ids), start_s, end_s, with_spans=True)
        return quality.mask(rows).dropna(subset=["value"])


def by_sensor(readings: pd.DataFrame) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Times [s since 1970] and values (reading,) of each sensor of readings that are sorted by sensor and time."""
    sensor, time, value = (readings[name].to_numpy() for name in ("sensor_id", "time", "value"))
    edge = [0, *(np.flatnonzero(sensor[1:] != sensor[:-1]) + 1), len(sensor)] if len(sensor) else []
    return {int(sensor[a]): (time[a:b], value[a:b]) for a, b in pairwise(edge)}
