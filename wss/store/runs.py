"""Runs, what came of them, and which of them operators see."""

from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select

from wss import times
from wss.errors import NotFoundError, StoreError, raise_all
from wss.store.rows import fetch
from wss.store.schema import kpi, pump_order, run
from wss.store.schema import published as switch

MOMENTS = ("now", "started_at", "finished_at")


@dataclass(frozen=True)
class RunRecord:
    """What is known about a run for ever."""

    id: str
    kind: str
    """Name of the notebook: forecast, optimize, kpi."""
    now: pd.Timestamp
    """Moment that it is about [UTC]."""
    started_at: pd.Timestamp
    """Wall clock at its start [UTC]."""
    finished_at: pd.Timestamp
    """Wall clock at its end [UTC]."""
    status: str
    """ok or failed."""
    cycle: bool
    """Whether a cycle started it; only then it can be published."""
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    """What it read: runs, configuration version, last reading."""
    summary: dict[str, Any] = field(default_factory=dict)
    code_version: str = ""
    config_version: int | None = None
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    folder: str = ""
    """Its folder, relative to the tenant's runs."""
    error: str | None = None


def commit(connection: Connection, record: RunRecord, orders: pd.DataFrame | None, kpis: pd.DataFrame | None) -> None:
    """Record a run, its pump orders (time [UTC], pump, speed [1]) and its KPIs (time [UTC], name, item, value, unit).

    Raises
    ------
    StoreError
        If a run of that id is there already.
    """
    if connection.execute(select(run.c.seq).where(run.c.id == record.id)).first():
        raise StoreError(f"run {record.id} is in the store already; a run is committed once")
    connection.execute(insert(run).values(asdict(record) | {name: times.seconds(getattr(record, name)) for name in MOMENTS}))
    for table, frame in ((pump_order, orders), (kpi, kpis)):
        if frame is not None and len(frame):
            columns = [c.name for c in table.columns if c.name != "run_id"]
            rows = frame[columns].assign(run_id=record.id, time=times.epoch(frame["time"])).astype(object)
            connection.execute(insert(table), rows.where(rows.notna(), None).to_dict("records"))


def get(connection: Connection, run_id: str) -> RunRecord:
    """One run; NotFoundError if it does not exist."""
    row = connection.execute(select(run).where(run.c.id == run_id)).first()
    if row is None:
        raise NotFoundError(f"there is no run {run_id!r}; `wss status` lists the last ones")
    return _record(row)


def find(connection: Connection, kind: str | None, limit: int, status: str | None) -> list[RunRecord]:
    """Runs of a kind and status (None: all), the last committed first."""
    query = select(run).order_by(run.c.seq.desc()).limit(limit)
    for column, value in ((run.c.kind, kind), (run.c.status, status)):
        query = query if value is None else query.where(column == value)
    return [_record(row) for row in connection.execute(query)]


def newest(connection: Connection, kind: str, until: pd.Timestamp) -> RunRecord | None:
    """Of the good runs of a kind that a cycle made, the one about the latest moment up to `until` [UTC]; None: none."""
    query = select(run).where(run.c.kind == kind, run.c.status == "ok", run.c.cycle, run.c.now <= times.seconds(until))
    row = connection.execute(query.order_by(run.c.now.desc(), run.c.seq.desc()).limit(1)).first()
    return None if row is None else _record(row)


def orders(connection: Connection, run_id: str) -> pd.DataFrame:
    """Pump orders of a run: time [UTC], pump, speed [1]; sorted by time and pump."""
    t = pump_order.c
    query = select(t.time, t.pump, t.speed).where(t.run_id == run_id).order_by(t.time, t.pump)
    frame = fetch(connection, query, time="int64", pump="str", speed="float64")
    return frame.assign(time=times.from_epoch(frame["time"]))


def kpis(connection: Connection, start: pd.Timestamp | None, end: pd.Timestamp | None, run_id: str | None) -> pd.DataFrame:
    """KPIs in [start, end): time [UTC], name, item, value, unit, run_id; of one run, or of all the last one of each."""
    columns = {"time": "int64", "name": "str", "item": "str", "value": "float64", "unit": "str", "run_id": "str"}
    query = select(*(kpi.c[c] for c in columns)).join_from(kpi, run).order_by(kpi.c.time, kpi.c.name, kpi.c.item, run.c.seq)
    if start is not None:
        query = query.where(kpi.c.time >= times.seconds(start))
    if end is not None:
        query = query.where(kpi.c.time < times.seconds(end))
    if run_id is not None:
        query = query.where(kpi.c.run_id == run_id)
    frame = fetch(connection, query, **columns).drop_duplicates(["time", "name", "item"], keep="last", ignore_index=True)
    return frame.assign(time=times.from_epoch(frame["time"]))


def publish(connection: Connection, pointers: dict[str, str], at: pd.Timestamp) -> None:
    """Show these runs (kind -> run id) to operators from `at` [UTC] on.

    Raises
    ------
    StoreError
        Lists every run that does not exist, failed, or was not started by a cycle.
    """
    found = {row.id: row for row in connection.execute(select(run).where(run.c.id.in_(list(pointers.values()))))}
    faults = []
    for kind, run_id in pointers.items():
        row = found.get(run_id)
        if row is None:
            faults.append(f"{kind}: there is no run {run_id!r}; commit it first")
        elif row.status != "ok":
            faults.append(f"{kind}: run {run_id} is {row.status}; publish one that is ok")
        elif not row.cycle:
            faults.append(f"{kind}: run {run_id} is a draft; only what a cycle ran is shown to operators")
    raise_all(faults, "publishing", StoreError)
    connection.execute(insert(switch), [{"kind": k, "run_id": r, "at": times.seconds(at)} for k, r in pointers.items()])


def published(connection: Connection, as_of: pd.Timestamp | None) -> dict[str, RunRecord]:
    """What operators see: kind -> run; with `as_of` [UTC], what they saw then."""
    seen = {}
    for kind in connection.execute(select(switch.c.kind).distinct()).scalars().all():
        query = select(run).join_from(switch, run).where(switch.c.kind == kind).limit(1)
        if as_of is None:
            query = query.order_by(switch.c.seq.desc())
        else:
            query = query.where(switch.c.at <= times.seconds(as_of)).order_by(switch.c.at.desc(), switch.c.seq.desc())
        row = connection.execute(query).first()
        if row is not None:
            seen[kind] = _record(row)
    return seen


def published_history(
    connection: Connection,
    kind: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> list[tuple[pd.Timestamp, str]]:
    """Switches of a kind in [start, end), after the one that was in force at `start`: (moment [UTC], run id)."""
    t, first = switch.c, times.seconds(start)
    query = select(t.at, t.run_id).where(t.kind == kind)
    before = query.where(t.at < first).order_by(t.at.desc(), t.seq.desc()).limit(1)
    within = query.where(t.at >= first, t.at < times.seconds(end)).order_by(t.at, t.seq)
    rows = connection.execute(before).all() + connection.execute(within).all()
    return [(times.moment(row.at), row.run_id) for row in rows]


def _record(row) -> RunRecord:
    values = {name: value for name, value in row._mapping.items() if name != "seq"}
    return RunRecord(**values | {name: times.moment(values[name]) for name in MOMENTS})
