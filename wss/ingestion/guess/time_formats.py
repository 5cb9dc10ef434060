"""Which formats the times of a sample have, and in which zone they may be."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from statistics import median

FIRST_YEAR = 1990
DATES = (
    (r"\d{4}(?P<s>[-/.])\d{1,2}(?P=s)\d{1,2}", ("%Y{s}%m{s}%d",)),
    (r"\d{1,2}(?P<s>[-/. ])\d{1,2}(?P=s)\d{4}", ("%d{s}%m{s}%Y", "%m{s}%d{s}%Y")),
    (r"\d{1,2}(?P<s>[-/.])\d{1,2}(?P=s)\d{2}", ("%d{s}%m{s}%y", "%m{s}%d{s}%y", "%y{s}%m{s}%d")),
    (r"\d{1,2}(?P<s>[-/. ]?)[A-Za-z]{3}(?P=s)\d{4}", ("%d{s}%b{s}%Y",)),
    (r"\d{1,2}(?P<s>[-/. ]?)[A-Za-z]{3}(?P=s)\d{2}", ("%d{s}%b{s}%y",)),
    (r"\d{1,2}(?P<s>[-/. ])[A-Za-z]{4,9}(?P=s)\d{4}", ("%d{s}%B{s}%Y",)),
    (r"[A-Za-z]{3}(?P<s> )\d{1,2},? \d{4}", ("%b %d, %Y", "%b %d %Y")),
    (r"(?P<s>)\d{8}", ("%Y%m%d", "%d%m%Y")),
)
"""Dates by their look, each with the formats that it may have, the likeliest first."""
CLOCKS = (
    (r"\d{1,2}:\d\d:\d\d(?P<f>[.,]\d{1,9})?(?P<p> ?[AaPp]\.?[Mm]\.?)?", "%H:%M:%S"),
    (r"\d{1,2}:\d\d(?P<p> ?[AaPp]\.?[Mm]\.?)?", "%H:%M"),
    (r"\d{1,2}\.\d\d\.\d\d", "%H.%M.%S"),
    (r"\d{1,2}h\d\d", "%Hh%M"),
    (r"\d{6}", "%H%M%S"),
    (r"\d{4}", "%H%M"),
)
JOINTS = r"(?P<j>T|[ \t]+|_|-|, ?|;|/|)"
OFFSET = r"(?P<o> ?(?:Z|[+-]\d\d:?\d\d))?"
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
MIDNIGHT = re.compile(r"(?<!\d)24(?=:00|0000$)")


@dataclass(frozen=True)
class Times:
    """Formats of the times of a sample."""

    formats: tuple[str, ...]
    why: str
    doubt: str
    """What speaks against it; empty if nothing does."""
    share: float
    """Share of the stamps that have one of the formats."""


@cache
def formats_of(stamp: str) -> tuple[str, ...]:
    """strptime formats that a stamp looks like, the likeliest first: of a date and time, a date, or `%H:%M` of a time alone."""
    if not 4 <= len(stamp) <= 40 or not stamp[-1:].isalnum() and stamp[-1:] != ".":
        return ()
    for look, forms in DATES:
        if found := re.fullmatch(look, stamp):
            return tuple(form.replace("{s}", found["s"]) for form in forms)
    for clock, time in CLOCKS:
        if found := re.fullmatch(clock, stamp):
            return (_clock(time, found.groupdict()),) if ":" in stamp or "h" in stamp else ()
        for look, forms in DATES:
            if found := re.fullmatch(f"{look}{JOINTS}{clock}{OFFSET}", stamp):
                groups = found.groupdict()
                if not groups["j"] and not stamp[:8].isdigit():
                    continue
                joint = " " if groups["j"].isspace() else groups["j"]
                end = "" if not groups["o"] else " %z" if groups["o"].startswith(" ") else "%z"
                return tuple(form.replace("{s}", groups["s"]) + joint + _clock(time, groups) + end for form in forms)
    return ()


def _clock(time: str, groups: dict[str, str | None]) -> str:
    if groups.get("f"):
        time += f"{groups['f'][0]}%f"
    if groups.get("p"):
        time = time.replace("%H", "%I") + (" %p" if groups["p"].startswith(" ") else "%p")
    return time


def kind(stamps: Sequence[str]) -> str:
    """What a column holds: `both` (date and time), `date`, `clock`, `epoch_s`, `epoch_ms`, `excel`, or nothing (empty).

    Most of the stamps tell; a header or some rubbish among them does no harm.
    """
    there = [stamp for stamp in stamps if stamp]
    if not there:
        return ""
    looks = Counter(_look(stamp) for stamp in there)
    looks.pop("", None)
    if looks and sum(looks.values()) > 0.6 * len(there):
        return max(looks, key=lambda look: looks[look])
    return _number_kind(there)


def _look(stamp: str) -> str:
    form = next(iter(formats_of(stamp)), "")
    clock = "%H" in form or "%I" in form
    return (
        ""
        if not form
        else "both"
        if clock and "%d" in form
        else "clock"
        if clock
        else ""
        if stamp.isdigit() and not 1990 <= int(stamp[:4]) < 2100 and not 1990 <= int(stamp[4:]) < 2100
        else "date"
    )


def _number_kind(there: list[str]) -> str:
    numbers = [float(stamp.replace(",", ".")) for stamp in there if NUMBER.fullmatch(stamp)]
    if len(numbers) < 0.8 * len(there):
        return ""
    for low, high, word in ((631e6, 4.2e9, "epoch_s"), (631e9, 4.2e12, "epoch_ms"), (32874, 73050, "excel")):
        inside = [n for n in numbers if low <= n <= high]
        if len(inside) > 0.9 * len(numbers) and len(set(inside)) > 1 or len(numbers) == 1 and inside and word != "excel":
            steps = [b - a for a, b in zip(inside, inside[1:], strict=False)]
            forward = sum(step >= 0 for step in steps) >= 0.8 * len(steps) or sum(step <= 0 for step in steps) >= 0.8 * len(steps)
            whole = sum(abs(n * 1440 - round(n * 1440)) < 0.05 for n in inside) > 0.9 * len(inside)
            parts = any(n % 1 for n in inside)
            return word if forward and (word != "excel" or whole and parts) else ""
    return ""


def guess(stamps: Sequence[str], delivered: datetime | None = None) -> Times:
    """Formats of stamps in file order (those of date and time with a blank between), from their look and how they go on.

    Parameters
    ----------
    delivered
        When the file was delivered: its readings are older.
    """
    there = [stamp for stamp in stamps if stamp]
    families = Counter(formats_of(stamp) for stamp in there)
    families.pop((), None)
    if not families:
        word = _number_kind(there)
        return Times((word,) if word else (), f"{len(there):,} numbers that go on as times do", "", 1.0)
    chosen, whys, doubts, known = [], [], [], 0
    latest = (delivered or datetime(2100, 1, 1)).replace(tzinfo=None) + timedelta(days=2)
    for family, count in families.most_common(4):
        mine = [stamp for stamp in there if formats_of(stamp) == family]
        form, why, doubt = _one(family, mine, latest, _order(chosen[0]) if chosen else "")
        if form:
            chosen.append(form)
            known += count
            whys += [why] if why and not whys else []
            doubts += [doubt] if doubt and not doubts else []
    if not chosen:
        return Times((), "no stamp is a date that exists", "no stamp is a date that exists", 0.0)
    share = known / len(there)
    formats = _joined(chosen)
    why = "; ".join([*whys, f"{known:,} of {len(there):,} stamps have {'it' if len(formats) == 1 else 'one of these formats'}"])
    return Times(formats, why, "; ".join(doubts), share)


def _joined(chosen: list[str]) -> tuple[str, ...]:
    """Formats in their order; one word where all are ISO and there are several, fractions or offsets."""
    iso = all(re.fullmatch(r"%Y-%m-%d([T ]%H:%M(:%S([.]%f)?)?(%z)?)?", form) for form in chosen)
    return ("ISO8601",) if iso and (len(chosen) > 1 or "%z" in chosen[0] or "%f" in chosen[0]) else tuple(dict.fromkeys(chosen))


def _order(form: str) -> str:
    """Order of day, month and year in a format, as `dmY`."""
    return "".join(letter for letter in re.findall(r"%([dmbByY])", form)).lower().replace("b", "m")


def _one(family: tuple[str, ...], stamps: list[str], latest: datetime, order: str) -> tuple[str, str, str]:
    """Best format of a family, why, and what remains in doubt."""
    distinct = list(dict.fromkeys(stamps))
    parsed = {form: [parse(stamp, form) for stamp in distinct] for form in family}
    fits = {
        form: sum(t is not None and t.year >= FIRST_YEAR and t.replace(tzinfo=None) <= latest for t in times)
        for form, times in parsed.items()
    }
    most = max(fits.values())
    if not most:
        return "", "", ""
    good = [form for form in family if fits[form] == most]
    same = [form for form in good if order and _order(form) == order]
    if len(good) == 1 or same:
        others = [form for form in family if form != good[0]]
        why = f"{len(distinct) - max(fits[o] for o in others):,} stamps can be nothing else" if others and not same else ""
        return (same or good)[0], why, ""
    if "%p" in good[0]:  # clocks of twelve hours go with the month first
        good.sort(key=lambda form: not form.startswith("%m"))
    walked = {form: _walk(parsed[form]) for form in good}
    best = min(good, key=lambda form: walked[form])
    rest = min(walked[form] for form in good if form != best)
    if rest > 2 * walked[best]:
        return best, "so the times go on evenly", ""
    return good[0], "", f"it may be {good[1]} too: no day above 12 tells; look at the dates of a later file"


def _walk(times: list[datetime | None]) -> float:
    """Length of the way through the times in file order [s]."""
    known = [t.replace(tzinfo=None) for t in times if t is not None]
    return sum(abs((b - a).total_seconds()) for a, b in zip(known, known[1:], strict=False))


def parse(stamp: str, form: str) -> datetime | None:
    """Time of a stamp as the wall shows it; None if it has another format."""
    stamp = MIDNIGHT.sub("00", stamp)
    try:
        if form == "ISO8601":
            return datetime.fromisoformat(stamp)
        if form == "excel":
            return datetime(1899, 12, 30) + timedelta(days=float(stamp.replace(",", ".")))
        if form.startswith("epoch"):
            return datetime(1970, 1, 1) + timedelta(seconds=float(stamp.replace(",", ".")) * (1e-3 if form == "epoch_ms" else 1))
        return datetime.strptime(stamp, form)
    except (ValueError, OverflowError):
        return None


def step(times: Sequence[datetime]) -> timedelta | None:
    """Usual time between the readings of one tag."""
    known = sorted({t.replace(tzinfo=None) for t in times})
    steps = [b - a for a, b in zip(known, known[1:], strict=False)]
    return median(steps) if steps else None


def says_zone(form: str) -> bool:
    """Whether times of a format need no zone."""
    return form.startswith("epoch") or "%z" in form
