"""The text of an EPANET input file: its sections as tokens, and what is refused before EPANET sees it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import takewhile

from wss import network_file
from wss.errors import NetworkError, raise_all
from wss.network_file import Line

LONGEST_ID = 31
"""EPANET's own limit; it aborts the whole process on ids much longer than this."""
FREE_TEXT = {"TITL", "LABE", "BACK", "TAGS", "END"}
"""Sections (by their first four letters, as EPANET knows them) whose words are not ids."""


def sections(text: str) -> dict[str, list[list[str]]]:
    """Words of each line without comments, by section (`PIPE`, `PUMP`, ...: four letters); an absent section is empty."""
    return defaultdict(list, {name: [line.words for line in lines] for name, lines in network_file.rows(text).items()})


def seconds(words: list[str]) -> int:
    """Whole seconds of a time as EPANET writes it: `1:30`, `0.5`, `90 MIN`, `1:30 PM`, `12 am`. [s]"""
    value, unit = words[0], words[1][:3].upper() if len(words) > 1 else "HOU"
    scale = {"SEC": 1, "MIN": 60, "DAY": 86400}.get(unit, 3600)
    total = sum(float(part) * 3600 / 60**k for k, part in enumerate(value.split(":"))) if ":" in value else float(value) * scale
    if unit in ("AM", "PM"):
        total = total % 43200 + 43200 * (unit == "PM")
    return round(total)


def time_setting(found: Mapping[str, list[list[str]]], name: str, default_s: int) -> int:
    """Setting `name` (upper case, such as `PATTERN TIMESTEP`) of [TIMES] in what `sections` found. [s]"""
    values = [words[len(name.split()) :] for words in found["TIME"] if " ".join(words).upper().startswith(name)]
    return seconds(values[-1]) if values else default_s


def clock(second: int) -> str:
    """Seconds as EPANET reads them: `26:05:00`."""
    return f"{second // 3600}:{second % 3600 // 60:02d}:{second % 60:02d}"


def clock_of_day(second: int) -> str:
    """Second of the day as EPANET and wntr read it: `1:05:00 PM`."""
    hour = second // 3600
    return f"{clock(second - hour * 3600 + ((hour - 1) % 12 + 1) * 3600)} {'PM' if hour >= 12 else 'AM'}"


def refuse(text: str) -> None:
    """Refuse a network that EPANET cannot open safely, or that has nothing to schedule.

    Raises
    ------
    NetworkError
        Lists every id that is too long, output files that the network would write, and missing pumps or tanks.
    """
    found = sections(text)
    faults = []
    for name, lines in found.items():
        if name in FREE_TEXT:
            continue
        long = {word for words in lines for word in words if len(word) > LONGEST_ID and not _is_number(word)}
        long |= {words[0] for words in lines if len(words[0]) > LONGEST_ID}
        advice = f"EPANET takes at most {LONGEST_ID}: shorten the id"
        faults += [f"[{name}] {word[:40]!r} has {len(word)} characters; {advice}" for word in sorted(long)]
    if any(words[0].upper() == "HYDRAULICS" and words[1].upper() in ("USE", "SAVE") for words in found["OPTI"] if len(words) > 2):
        faults.append("[OPTIONS] HYDRAULICS names a file to read or write; delete the line")
    if any(words[0].upper() == "FILE" for words in found["REPO"]):
        faults.append("[REPORT] FILE names a file to write; delete the line")
    if not found["PUMP"]:
        faults.append("there is no pump, so there is nothing to schedule; add a [PUMPS] section")
    if not found["TANK"]:
        faults.append("there is no tank, so pumping cannot be moved in time; add a [TANKS] section")
    raise_all(faults, "reading the network", NetworkError)


def added(text: str, section: str, line: str) -> str:
    """The network with one more line in `section`; EPANET lets the last of several lines count."""
    return "\n".join([*(one.text for one in until_end(text)), f"[{section}]", f" {line}", "[END]", ""])


def until_end(text: str) -> Iterator[Line]:
    """Lines before the section END, where EPANET stops reading."""
    return takewhile(lambda line: not (line.opens and line.section == "END"), network_file.lines(text))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
