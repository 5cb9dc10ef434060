"""The orders that the plant has fetched from the outbox, and until when they hold."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.errors import DataError, raise_all
from wss.quantities import labelled


class Order(NamedTuple):
    """From `time` [UTC] on, `pump` runs at relative `speed` [1] until its next order; 0 = off."""

    time: pd.Timestamp
    pump: str
    speed: float


@dataclass(frozen=True)
class Orders:
    """Orders in force from the first of them until `until`; before and after, the plant's own controls act."""

    table: tuple[Order, ...] = ()
    """In order of time."""
    until: pd.Timestamp | None = None
    """End of the plan's horizon [UTC]; None without a plan."""

    def fetch(self, plan: Path, pumps: list[str], horizon: pd.Timedelta) -> "Orders":
        """These orders, with those of the file `plan` (columns time, pump, speed) from its first moment on.

        Orders of an earlier plan hold until the first moment of the new one.

        Raises
        ------
        DataError
            If the file cannot be understood.
        """
        if not plan.is_file():
            return self
        new = read_plan(plan, pumps)
        first = new[0].time
        in_force = self.until is not None and self.until >= first
        return Orders((*(o for o in self.table if in_force and o.time < first), *new), first + horizon)

    def since(self, moment: pd.Timestamp) -> "Orders":
        """These orders without those that others have replaced by `moment` [UTC]."""
        last = {o.pump: o for o in self.table if o.time <= moment}
        return replace(self, table=tuple(o for o in self.table if o.time > moment or o is last[o.pump]))

    def spans(self, start: pd.Timestamp, end: pd.Timestamp) -> list[tuple[pd.Timestamp, pd.Timestamp, bool]]:
        """Spans of [start, end) [UTC], each with whether orders are in force."""
        if self.until is None:
            return [(start, end, False)]
        first = self.table[0].time
        edges = [start, *(t for t in (first, self.until) if start < t < end), end]
        return [(a, b, first <= a < self.until) for a, b in zip(edges, edges[1:], strict=False)]

    def speeds(self, start: pd.Timestamp, end: pd.Timestamp, pumps: list[str]) -> xr.DataArray:
        """Speed of each pump (time, pump) [1] at `start` and at each order before `end` [UTC]; 0 before its first order."""
        now, rows = dict.fromkeys(pumps, 0.0), {start: [0.0] * len(pumps)}
        for order in self.table:
            if order.time < end:
                now[order.pump] = order.speed
                rows[max(order.time, start)] = list(now.values())
        moments = pd.DatetimeIndex(list(rows), name="time").as_unit("ns")
        return labelled("pump_speed", np.array(list(rows.values())), time=moments, pump=pumps)


def read_plan(path: Path, pumps: list[str]) -> list[Order]:
    """Orders of a released plan, in order of time.

    Raises
    ------
    DataError
        Lists what is wrong with the file.
    """
    frame = pd.read_csv(path, dtype={"pump": str})
    if missing := [c for c in Order._fields if c not in frame]:
        raise DataError(f"{path}: no column {', '.join(missing)}; a plan has the columns {', '.join(Order._fields)}")
    faults = [] if len(frame) else ["it has no order"]
    unknown = sorted(set(frame["pump"].astype(str)) - set(pumps))
    faults += [f"pump {p!r} is not in the network, which has {', '.join(pumps)}" for p in unknown]
    time = pd.to_datetime(frame["time"], utc=True, errors="coerce", format="ISO8601").dt.tz_localize(None).dt.as_unit("ns")
    speed = pd.to_numeric(frame["speed"], errors="coerce")
    faults += [f"line {k + 2}: {frame.loc[k, 'time']!r} is not an ISO time" for k in np.flatnonzero(time.isna())]
    faults += [f"line {k + 2}: {frame.loc[k, 'speed']!r} is not a speed" for k in np.flatnonzero(~speed.between(0, 1.5))]
    raise_all(faults, f"reading the plan {path}")
    return sorted((Order(*o) for o in zip(time, frame["pump"], speed.tolist(), strict=True)), key=lambda o: o.time)


def to_json(orders: Orders) -> dict:
    """Orders as JSON can hold them."""
    table = [[times.iso(o.time), o.pump, o.speed] for o in orders.table]
    return {"until": orders.until and times.iso(orders.until), "table": table}


def from_json(kept: dict) -> Orders:
    """Orders that `to_json` wrote."""
    table = tuple(Order(times.utc(time), pump, speed) for time, pump, speed in kept["table"])
    return Orders(table, kept["until"] and times.utc(kept["until"]))
