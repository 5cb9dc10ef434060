"""What is doubtful in a span of time, and which runs had to do without it."""

from typing import Any

import numpy as np
import pandas as pd

from wss import times
from wss.config import Configuration
from wss.config.sensors import OBSERVED
from wss.errors import DataError
from wss.ingestion.quality import spans
from wss.quantities import Flag
from wss.steps.run import Run
from wss.store import Store

BY_FILE = (Flag.SCADA_BAD, Flag.RANGE, Flag.RATE, Flag.STUCK, Flag.SPIKE, Flag.UNCERTAIN)
"""Flags that a reading comes with; the others are spans."""
COLUMNS = ["quantity", "item", "flag", "start", "end", "readings", "note"]


def readings_and_doubts(run: Run, days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All readings of the last `days` [d] before `run.now` as known then, and what is doubtful about them: see `doubtful`.

    DataError if there is no reading.
    """
    start = run.now - days * times.DAY
    readings = run.store.read(list(OBSERVED), start, run.now, known_by=run.now)
    if readings.empty:
        raise DataError(
            f"{run.tenant.name} has no reading in the {days} days before {times.iso(run.now)}: give another --now, or more days"
        )
    return readings, doubtful(readings, run.store.quality.spans(start, run.now, known_by=run.now))


def doubtful(readings: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Spans of doubt: quantity, item, flag, start, end [UTC; NaT: goes on], readings (number, if of a file's rules), note.

    Readings in a row with the same flag of a file's rules are one span; touching spans of the other rules too.

    Parameters
    ----------
    readings
        time [UTC], quantity, item, flag; sorted by quantity, item, time.
    found
        As `store.spans` gives it.
    """
    parts = [_runs(readings, flag) for flag in BY_FILE]
    if len(found):
        merged = spans.joined(found)
        whole = {edge: merged[edge].dt.floor("min") for edge in ("start", "end")}  # to the readings about a gap
        parts.append(merged.assign(readings=pd.NA, **whole)[COLUMNS])
    every = pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True)
    return every.sort_values(["start", "quantity", "item", "flag"], ignore_index=True)


def leaned_on(run: Run, days: int) -> pd.DataFrame:
    """What runs of the last `days` [d] did without: kind, now [UTC], run, quantity, item, flag, hours, readings, instead."""
    rows = []
    for record in run.store.runs(limit=2000, status="ok"):
        if run.now - days * times.DAY <= record.now <= run.now:
            about = {"kind": record.kind, "now": record.now, "run": record.id}
            rows += [about | part for part in record.inputs.get("masked", ())]
    columns = ["kind", "now", "run", "quantity", "item", "flag", "hours", "readings", "instead", "first", "last"]
    return pd.DataFrame(rows, columns=columns)


def tenant_quality(configuration: Configuration, store: Store, now: pd.Timestamp, hours: int = 24) -> list[dict[str, Any]]:
    """What is doubtful in the last hours [h] as known at `now`, by sensor and kind.

    Returns
    -------
    list of dict
        quantity, item, kind, masked (whether such values are not computed with), count (of spans of doubt), first, last [ISO],
        goes_on (whether it lasts at `now`), note (of the last one).
    """
    start = now - pd.Timedelta(hours=hours)
    found = doubtful(store.read(list(OBSERVED), start, now, known_by=now), store.quality.spans(start, now, known_by=now))
    out = []
    for (quantity, item, flag), of in found.groupby(["quantity", "item", "flag"]):
        last = of["end"].max()
        out.append(
            {
                "quantity": quantity,
                "item": item,
                "kind": Flag(flag).name.lower(),
                "masked": bool(Flag(flag) & configuration.tenant.quality.masked),
                "count": len(of),
                "first": times.iso(of["start"].min()),
                "last": times.iso(now if of["end"].isna().any() else last),
                "goes_on": bool(of["end"].isna().any()),
                "note": of["note"].iloc[-1],
            }
        )
    return out


def _runs(readings: pd.DataFrame, flag: Flag) -> pd.DataFrame:
    """Readings in a row that have a flag, as spans that end with the last of them."""
    has = readings["flag"].to_numpy() & int(flag) > 0
    which = np.flatnonzero(has)
    sensor = readings["quantity"].str.cat(readings["item"].astype(str), sep=" ").to_numpy()[which]
    fresh = np.r_[True, (np.diff(which) > 1) | (sensor[1:] != sensor[:-1])][: len(which)]
    group = readings.iloc[which].groupby(np.cumsum(fresh))
    out = group.agg(
        quantity=("quantity", "first"),
        item=("item", "first"),
        start=("time", "first"),
        end=("time", "last"),
        readings=("time", "size"),
    )
    return out.assign(flag=int(flag), note="")[COLUMNS]
