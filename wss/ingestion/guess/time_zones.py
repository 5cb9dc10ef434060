"""In which zone the times of a sample may be: what clock changes tell."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from wss.ingestion.guess import time_formats

JUMP = timedelta(hours=1)


def guess(walls: Sequence[tuple[str, datetime]], form: str, zone: str | None, delivered: datetime | None) -> tuple[str, str, str]:
    """Zone of wall-clock times, why, and what is in doubt.

    Parameters
    ----------
    walls
        Tag and time of each reading in file order.
    form
        Format of the times.
    zone
        IANA zone of the utility.
    delivered
        When the file was delivered [UTC].
    """
    if time_formats.says_zone(form) or walls and all(time.tzinfo for _, time in walls):
        return "UTC", "the times say their zone themselves", ""
    times = [(tag, time.replace(tzinfo=None)) for tag, time in walls]
    if zone is None:
        doubled = _doubled(times)
        seen = f"the clock goes back at {doubled:%Y-%m-%d %H:%M}: it is a zone with summer time" if doubled else ""
        return "UTC", "", f"{seen or 'the file does not tell'}; UTC is assumed, say the zone of the utility"
    tz = ZoneInfo(zone)
    skipped = [time for _, time in times if not _exists(time, tz)]
    if skipped:
        offset = _standard(tz, skipped[0])
        return offset, f"{skipped[0]:%Y-%m-%d %H:%M} is a time that {zone} skips: the clock stays on standard time", ""
    if back := _doubled(times):
        if _changes(back, tz):
            return zone, f"the clock goes back at {back:%Y-%m-%d %H:%M}, as it does in {zone}", ""
        return zone, "", f"the clock goes back at {back:%Y-%m-%d %H:%M}, but not in {zone}; the utility's zone is assumed"
    if gap := _through_autumn(times, tz):
        return (
            _standard(tz, gap),
            f"the doubled hour of {gap:%Y-%m-%d} is there once, at every step",
            "it may be a zone with summer time too, if an hour of readings is lost",
        )
    latest = max((time for _, time in times), default=None)
    if latest is not None and delivered is not None and latest.replace(tzinfo=tz).timestamp() > _utc(delivered) + 3600:
        return zone, "", f"in {zone} its last time is after the file's delivery; the clock may show another zone"
    return (
        zone,
        "",
        f"no change of the clocks in the file tells: {zone}, the utility's zone, is assumed; many a SCADA stays on standard time",
    )


def _utc(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))).timestamp()


def _exists(wall: datetime, tz: ZoneInfo) -> bool:
    again = wall.replace(tzinfo=tz).astimezone(ZoneInfo("UTC")).astimezone(tz)
    return again.replace(tzinfo=None) == wall


def _standard(tz: ZoneInfo, near: datetime) -> str:
    """Offset of standard time, as +01:00."""
    offset = min(datetime(near.year, month, 1, tzinfo=tz).utcoffset() for month in (1, 7))
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _doubled(times: Sequence[tuple[str, datetime]]) -> datetime | None:
    """Where the clock of some tag goes back by about an hour while all else goes forward."""
    last: dict[str, datetime] = {}
    back = []
    for tag, time in times:
        if tag in last and timedelta(minutes=30) <= last[tag] - time <= timedelta(hours=1):
            back.append(last[tag])
        last[tag] = time
    few = len(back) <= 2 * len(last)
    return back[0] if back and few and len(back) < len(times) / 4 else None


def _changes(wall: datetime, tz: ZoneInfo) -> bool:
    """Whether clocks go back within two hours."""
    return (wall - 2 * JUMP).replace(tzinfo=tz).utcoffset() > (wall + 2 * JUMP).replace(tzinfo=tz, fold=1).utcoffset()


def _through_autumn(times: Sequence[tuple[str, datetime]], tz: ZoneInfo) -> datetime | None:
    """A time of an hour that the zone's clock shows twice, where the file goes through it once without a gap or a step back."""
    distinct = sorted({time for _, time in times})
    for before, time, after in zip(distinct, distinct[1:], distinct[2:], strict=False):
        ambiguous = time.replace(tzinfo=tz).utcoffset() != time.replace(tzinfo=tz, fold=1).utcoffset()
        if ambiguous and after - time <= JUMP and time - before <= JUMP:
            return time
    return None
