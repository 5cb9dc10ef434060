"""The rules that look at more than one file or sensor: what they find is kept as spans beside the readings."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from wss import times
from wss.config import Configuration, Sensor
from wss.ingestion.quality import counters, factor, gaps, pumps, spans
from wss.ingestion.resample import longest_hold_s
from wss.ingestion.sensors import in_ours
from wss.quantities import Flag
from wss.steps.quality import balance
from wss.steps.quality.context import Context, by_sensor
from wss.store import Store

WINDOWED = {"gap": Flag.GAP, "unit": Flag.UNIT, "reset": Flag.RESET, "pump": Flag.PUMP, "balance": Flag.BALANCE}
"""Rules whose spans lie between readings, and their flags."""
MONDAY = 3
"""Days from a Monday to 1 January 1970."""
OFF_DAYS = 366
"""How far back a sensor's being off by a factor is traced [d]."""
REGISTERS = ("volume_total", "energy_total")
"""Quantities that count up."""


def examine(
    configuration: Configuration,
    store: Store,
    now: pd.Timestamp | None = None,
    most_days: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, int]:
    """Apply the rules to the days of all readings that came since the last time, and to the silence of sensors at `now`.

    Which files are still to be looked at stands in the store: a pass that was cut short is made up for by the next.

    Parameters
    ----------
    now
        Moment [UTC] from which on what is found is known; None: the last delivery. Before the last delivery nothing is done: it
        is a moment of the past that is looked at again.
    most_days
        Leave the days of backfills to a later call if they are more than so many [d]; None: no limit.
    progress
        Is told the share that is done [1].

    Returns
    -------
    dict
        `found` and `withdrawn`: numbers of spans.
    """
    files, newest = store.quality.unexamined_files(), store.last_delivery()
    if newest is None or (files.empty if now is None else now < newest):
        return {"found": 0, "withdrawn": 0}
    moment = times.moment(int(files["known_at"].max())) if now is None else now
    some = files.dropna(subset=["first_time"])
    days = {backfill: _days(some[some["backfill"].eq(backfill)]) for backfill in (False, True)}
    late = sorted(days[True] - days[False])
    left = most_days is not None and len(late) > most_days
    pieces = [
        *((piece, False) for piece in _pieces(sorted(days[False]))),
        *((piece, True) for piece in _pieces(late) if not left),
    ]
    sensors = known_sensors(configuration, store)
    done = _silent(configuration, store, sensors, moment)
    for k, ((first, last), backfill) in enumerate(pieces):
        done += _apply(configuration, store, sensors, first * spans.DAY_S, last * spans.DAY_S, moment, backfill)
        if progress is not None:
            progress((k + 1) / len(pieces))
    if len(files) and not left:
        store.quality.note_examined(int(files["file_id"].max()), int(files["after"].iloc[0]))
    return {"found": int(done[0]), "withdrawn": int(done[1])}


def run_quality(
    configuration: Configuration,
    store: Store,
    start: pd.Timestamp,
    end: pd.Timestamp,
    now: pd.Timestamp,
    backfill: bool = False,
    progress: Callable[[float], None] | None = None,
) -> dict[str, int]:
    """Apply the rules to all readings of the days that [start, end) touches, and to the silence of sensors at `now`.

    The same readings give the same spans, whenever they are looked at. A span that later readings refute is withdrawn, and an
    as-of read still sees it.

    Parameters
    ----------
    now
        Moment [UTC] from which on what is found is known.
    backfill
        Whether the readings came long after their time: what is found in them counts as known when the readings do, at the
        time of the reading that made it evident plus the tenant's usual delay.
    progress
        Is told the share that is done [1].

    Returns
    -------
    dict
        `found` and `withdrawn`: numbers of spans.
    """
    sensors = known_sensors(configuration, store)
    pieces = _pieces(range(times.seconds(start) // spans.DAY_S, -(-times.seconds(end) // spans.DAY_S)))
    done = _silent(configuration, store, sensors, now)
    for k, (first, last) in enumerate(pieces):
        done += _apply(configuration, store, sensors, first * spans.DAY_S, last * spans.DAY_S, now, backfill)
        if progress is not None:
            progress((k + 1) / len(pieces))
    return {"found": int(done[0]), "withdrawn": int(done[1])}


def _days(files: pd.DataFrame) -> set[int]:
    """Days since 1970 (UTC) that the readings of files touch."""
    spread = set(zip(*(files[edge].to_numpy(dtype="int64") // spans.DAY_S for edge in ("first_time", "last_time")), strict=True))
    return {day for first, last in spread for day in range(first, last + 1)}


def _pieces(days: Sequence[int]) -> list[tuple[int, int]]:
    """First day and day after the last one of runs of days, cut at the end of each week: see `Context.past`."""
    pieces: list[tuple[int, int]] = []
    for day in days:
        if pieces and pieces[-1][1] == day and (day + MONDAY) % 7:
            pieces[-1] = (pieces[-1][0], day + 1)
        else:
            pieces.append((day, day + 1))
    return pieces


def _apply(
    configuration: Configuration,
    store: Store,
    sensors: dict[int, Sensor],
    start_s: int,
    end_s: int,
    now: pd.Timestamp,
    backfill: bool,
) -> np.ndarray:
    """Apply the rules to one piece of time; numbers of new and of withdrawn spans."""
    around = store.readings_of(list(sensors), start_s - spans.DAY_S, end_s + spans.DAY_S)
    found = _found(Context(configuration, store, sensors, start_s, end_s, around))
    known_at = np.full(len(found), times.seconds(now))
    if backfill:
        known_at = np.minimum(known_at, found["evident"].to_numpy() + 60 * configuration.tenant.intake.usual_delay_minutes)
    found = found.assign(found_at=known_at)
    return np.array(store.quality.replace(sensors, sum(WINDOWED.values()), start_s, end_s, found, times.seconds(now)))


def known_sensors(configuration: Configuration, store: Store) -> dict[int, Sensor]:
    """Sensors of the configuration that the store has, by sensor_id."""
    known = store.sensors()
    ids = dict(zip(zip(known["tag"], known["valid_from"], strict=True), known["sensor_id"].tolist(), strict=True))
    keys = {(s.tag, times.seconds(s.valid_from) if s.valid_from else 0): s for s in configuration.sensors}
    return {ids[key]: sensor for key, sensor in keys.items() if key in ids}


def _found(context: Context) -> pd.DataFrame:
    """All spans in a piece; a rule does not look at what an earlier one has found wrong."""
    off = context.configuration.tenant.quality.off
    found = {"gap": _gaps(context)} if "gap" not in off else {}
    for rule, apply in {"unit": _units, "reset": _resets, "pump": _pumps, "balance": balance.balances}.items():
        if rule not in off:
            wrong = spans.together(found[name] for name in ("unit", "pump") if name in found)
            found[rule] = spans.by_day(apply(context, wrong), context.start_s, context.end_s)
    return spans.together(found.values())


def _gaps(context: Context) -> pd.DataFrame:
    """Gaps that touch the piece: between its readings, the last before and the first after it."""
    ids = context.ids("gap")
    sensor, time = context.readings["sensor_id"].to_numpy(), context.readings["time"].to_numpy()
    inside = np.isin(sensor, ids)
    ends = context.store.quality.neighbours(ids, context.start_s - spans.DAY_S, context.end_s + spans.DAY_S)
    sensor = np.concatenate([sensor[inside], *(near.index for near in ends)]).astype("int64")
    time = np.concatenate([time[inside], *ends]).astype("int64")
    order = np.lexsort((time, sensor))
    every = pd.DataFrame({"sensor_id": sensor[order], "time": time[order]})
    found = gaps.gaps(every, context.configuration.tenant.quality.gap_intervals)
    return found[(found["start"] < context.end_s) & (found["end"] > context.start_s)]


def _silent(configuration: Configuration, store: Store, sensors: dict[int, Sensor], now: pd.Timestamp) -> np.ndarray:
    """Write which sensors are silent at `now`; numbers of new and withdrawn spans."""
    settings, at = configuration.tenant.quality, times.seconds(now)
    found = spans.frame()
    if "stale" not in settings.off:
        entries = defaultdict(list)
        for sensor in sensors.values():
            entries[sensor.tag].append(sensor)
        ids = [i for i, s in sensors.items() if "stale" not in s.unchecked and _gone_at(s, entries[s.tag]) > now]
        last, _ = store.quality.neighbours(ids, at + 1)
        least = 60.0 * configuration.tenant.intake.stale_minutes
        last = last[at - last > least]
        if len(last):
            longest = pd.Series(least, index=last.index)
            usual = gaps.usual_interval(store.readings_of(last.index, at - spans.DAY_S, at)).reindex(last.index)
            found = gaps.stale(last, at, longest.clip(lower=settings.gap_intervals * usual.fillna(0)))
    known_at = found.assign(found_at=at)
    return np.array(store.quality.replace(sensors, Flag.STALE, 0, 2**40, known_at, at))


def _gone_at(sensor: Sensor, of_tag: Sequence[Sensor]) -> pd.Timestamp:
    """Moment from which on a sensor gives no readings, because another entry of its tag holds or it is retired; else never."""
    if len(of_tag) == 1 and not sensor.retired:
        return pd.Timestamp.max
    since = times.utc(sensor.valid_from) if sensor.valid_from else pd.Timestamp.min
    later = [times.utc(s.valid_from) for s in of_tag if s.valid_from]
    retired = [times.utc(sensor.retired)] if sensor.retired else []
    return min([*(moment for moment in later if moment > since), *retired], default=pd.Timestamp.max)


def _units(context: Context, _wrong: pd.DataFrame) -> pd.DataFrame:
    """Sensors that are off by the factor of another unit; only those that jumped, or were off before, are looked at."""
    settings = context.configuration.tenant.quality
    good = context.good(i for name in factor.FACTORS for i in context.ids("unit", name))
    if good.empty:
        return spans.frame()
    since = _off_since(context)
    doubtful = set(factor.suspects(good)) | set(since)
    found = []
    for sensor_id in sorted(doubtful & set(good["sensor_id"].unique())):
        readings, past = good[good["sensor_id"] == sensor_id], context.past([sensor_id], since.get(sensor_id))
        found.append(
            factor.wrong_unit(
                readings,
                past,
                context.sensors[sensor_id].quantity,
                settings.unit_hours,
                settings.unit_tolerance,
                was_off=sensor_id in since,
            )
        )
    return spans.together(found)


def _off_since(context: Context) -> dict[int, int]:
    """Since when each sensor has been off by a factor that was so on the day before the piece, pauses of up to a day included.
    [s since 1970]
    """
    start = times.moment(context.start_s)
    before = context.store.quality.spans(start - OFF_DAYS * times.DAY, start)
    before = before[before["flag"].eq(int(Flag.UNIT))]
    out = {}
    for sensor_id, of in before.groupby("sensor_id"):
        since = context.start_s
        for start, end in sorted(zip(times.epoch(of["start"]), times.epoch(of["end"]), strict=True), reverse=True):
            since = int(start) if end >= since - spans.DAY_S else since
        if since < context.start_s:
            out[int(sensor_id)] = since
    return out


def _resets(context: Context, _wrong: pd.DataFrame) -> pd.DataFrame:
    """Registers that fell."""
    ids = [i for name in REGISTERS for i in context.ids("reset", name)]
    if not ids:
        return spans.frame()
    high = pd.Series({i: in_ours(context.sensors[i], context.sensors[i].limits.high) for i in ids}, dtype=float)
    return counters.resets(context.good(ids), high)


def _pumps(context: Context, wrong: pd.DataFrame) -> pd.DataFrame:
    """Pumps whose status, flow and power contradict each other."""
    settings = context.configuration.tenant.quality
    sources = ("pump_status", "flow", "power")
    by_item = {(s.quantity, s.item): i for i, s in context.sensors.items() if "pump" not in s.unchecked}
    wanted = [i for (name, item), i in by_item.items() if name in sources and item in context.configuration.pump_ids]
    if not wanted:
        return spans.frame()
    good = by_sensor(context.good(wanted, wrong))
    found = []
    for pump in context.configuration.pump_ids:
        there = [(name, by_item[name, pump]) for name in sources if by_item.get((name, pump)) in good]
        if len(there) < 2:
            continue
        time = np.unique(np.concatenate([good[i][0] for _, i in there]))
        says = np.column_stack([_says(context.sensors[i], *good[i], time, settings.pump_share) for _, i in there])
        for source, start, end in pumps.contradictions(time, says, 60 * settings.pump_minutes):
            others = " and ".join(name for name, i in there if i != there[source][1])
            note = f"contradicts {others} about whether pump {pump} runs"
            found.append((there[source][1], Flag.PUMP, start, end, start + 60 * settings.pump_minutes, note))
    return spans.frame(found)


def _says(sensor: Sensor, time: np.ndarray, value: np.ndarray, at: np.ndarray, share: float) -> np.ndarray:
    """What a sensor's readings say at each moment about whether the pump runs: 1, 0 or NaN."""
    value = pumps.last_known(time, value, at, longest_hold_s(time))
    if sensor.quantity == "pump_status":
        return np.where(value >= 0.99, 1.0, np.where(value <= 0.01, 0.0, np.nan))
    return pumps.running(value, in_ours(sensor, sensor.limits.high), share)
