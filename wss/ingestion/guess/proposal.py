"""An import profile proposed from a sample, with the evidence for each of its keys and with what is in doubt."""

import fnmatch
import re
from collections.abc import Collection
from datetime import datetime, timedelta
from io import BytesIO
from typing import BinaryIO

import pandas as pd
from pydantic import ValidationError

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers, sources
from wss.ingestion.guess import dialect, roles, time_formats, time_zones, vocabulary
from wss.ingestion.guess.dialect import Others, Shape
from wss.ingestion.guess.evidence import Guess, Notes
from wss.ingestion.guess.roles import Columns

DATE_IN_NAME = r"[12]\d{3}[-_.]?\d\d[-_.]?\d\d(?:[-_T .]?\d\d[-_.]?\d\d(?:[-_.]?\d\d)?)?|\d{4,14}"
"""Dates and counters in the names of files."""
DEFAULTS = {name: field.default for name, field in ImportProfile.model_fields.items()}


def guess(
    file: bytes | BinaryIO, name: str, tags: Collection[str] = (), zone: str | None = None, delivered: datetime | None = None
) -> Guess:
    """Propose a profile for files like this one. Of a large file the first and the last megabyte are looked at.

    Parameters
    ----------
    file
        Its contents, or the file itself, open for reading.
    tags
        Tags that are known, which helps to tell them from other words.
    zone
        IANA zone of the utility.
    delivered
        When the file was delivered [UTC]; its readings are older.

    Raises
    ------
    DataError
        If no way of reading it gives times and readings.
    """
    notes, sampled = Notes(), sources.sample(BytesIO(file) if isinstance(file, bytes) else file, name)
    notes.key("name", _name(name), "")
    encoding = dialect.encoding(sampled)
    notes.key("encoding", *encoding)
    text = sampled.decode(encoding[0], errors="replace").removeprefix("\ufeff")
    shape = dialect.shape(text, name)
    first = roles.columns(shape, tags)
    others = dialect.others(shape, first.header)
    in_name = _tag_in_name(name, tags)
    columns = roles.columns(shape, tags, bool(others.sections) and first.tag is None, bool(in_name))
    if not columns.values:
        raise DataError(f"{name}: a column with times was found, but none with readings; is it an export of readings?")
    _say_file(notes, name, columns, tags)
    _say_lines(notes, shape, columns, others, text)
    times = _say_times(notes, shape, columns, zone, delivered)
    _say_columns(notes, shape, columns)
    _say_words(notes, shape, columns)
    profile = _profile(notes, name)
    found = _try(notes, sampled, name, profile)
    if times is not None:
        notes.tell("step", _span(times), "usual time between two readings of a tag")
    return Guess(profile, tuple(notes.evidence), found)


def _say_file(notes: Notes, name: str, columns: Columns, tags: Collection[str]) -> None:
    """Names of the files, and where they hold a tag."""
    bare = sources.bare(name)
    stem, _, ending = bare.rpartition(".") if "." in bare else (bare, "", "")
    ending = f".{ending}" if ending else ""
    notes.key("layout", columns.layout, columns.why)
    for key, doubt in columns.doubts:
        notes.doubt(key, doubt)
    if columns.layout == "one_file_a_tag":
        tag, pattern = _tag_pattern(stem, ending, tags)
        notes.key(
            "tag_pattern",
            pattern,
            f"the tag of this file is then {tag!r}",
            "" if tag in tags else "it cannot be told where in the name the tag ends; compare with other files",
        )
        notes.key("files", f"*{ending}", f"files that end in {ending or 'anything'}", "it is for every such file")
        return
    glob = re.sub(f"(?<!\\d)(?:{DATE_IN_NAME})(?!\\d)", "*", re.sub(r"[\[\]*?]", "?", stem)) + ending
    glob = glob if fnmatch.fnmatchcase(bare, glob) else "*"
    notes.key(
        "files",
        glob,
        "the file's name, with * for dates and numbers",
        "" if "*" in glob else "the name has no date: if others differ, write * where they do",
    )


def _tag_in_name(name: str, tags: Collection[str]) -> str:
    return max((tag for tag in tags if tag and tag in name), key=len, default="")


def _tag_pattern(stem: str, ending: str, tags: Collection[str]) -> tuple[str, str]:
    """Tag in a name, and the pattern that finds it."""
    known, end = _tag_in_name(stem, tags), re.escape(ending)
    if known:
        before, _, after = stem.partition(known)
        parts = [re.sub(r"(?:\\?\d)+", lambda m: r"\d+", re.escape(part)) for part in (before, after)]
        if re.search(r"\d", after) or not after:
            return known, f"{parts[0]}(?P<tag>.+){parts[1]}{end}"
    dates = list(re.finditer(f"(?<![\\d])(?:{DATE_IN_NAME})(?!\\d)", stem))
    for date, form in ((dates[-1], "after"), (dates[0], "before")) if dates else ():
        rest = stem[: date.start()] if form == "after" else stem[date.end() :]
        mark = rest[-1:] if form == "after" else rest[:1]
        tag = rest.rstrip("_-. ") if form == "after" else rest.lstrip("_-. ")
        if tag and (form == "before" or date.end() == len(stem) or not stem[date.end() :].strip("_-.0123456789T")):
            part = re.escape(mark) if not mark.isalnum() else ""
            numbers = r"[\d_.T -]+"
            return tag, f"(?P<tag>.+?){part}{numbers}{end}" if form == "after" else f"{numbers}?{part}(?P<tag>.+){end}"
    return stem, f"(?P<tag>.+){end}"


def _say_lines(notes: Notes, shape: Shape, columns: Columns, others: Others, text: str) -> None:
    """Delimiter, quote, header, comments and sections."""
    word = dialect.NAMES.get(shape.delimiter, shape.delimiter)
    of = f"{len(shape.rows):,} of {len(shape.lines):,} lines have {shape.width} columns and a time"
    notes.key("delimiter", word, of)
    if shape.quote != '"':
        why = "quotes are not closed on their lines" if shape.quote == "none" else "cells stand between them"
        notes.key("quote", shape.quote, why)
    if columns.header:
        line = shape.lines[columns.header[0]][0]
        notes.key("header", list(columns.rows), f"from line {line} on: {shape.lines[columns.header[0]][1].strip()[:60]!r}")
    else:
        notes.key("columns", columns.names, "the first row has a time, so there is no header", "their names are made up")
        notes.key("skip_lines", shape.lines[shape.first][0] - 1, "lines before the first row")
    if others.section_pattern and columns.layout == "long" and columns.tag is None:
        why = f"{len(others.sections):,} lines like the one of {others.sections[0]!r}"
        notes.key("section_pattern", others.section_pattern, why)
        if others.skip_sections:
            notes.key("skip_sections", list(others.skip_sections), "sections without rows")
    starts = [*others.comments, *others.footers]
    if starts:
        notes.key("comments", starts, "lines that start so are no rows")
        if others.footers:
            notes.doubt("comments", f"lines that start with {', '.join(map(repr, others.footers[:5]))} hold no time")


def _say_times(notes: Notes, shape: Shape, columns: Columns, zone: str | None, delivered: datetime | None) -> timedelta | None:
    """Time columns, formats and zone; the usual step."""
    *dates, clock = [at for at, _ in shape.times]
    notes.key("time_column", columns.names[clock], "")
    if dates:
        notes.key("date_column", columns.names[dates[0]], "date and time stand in two columns")
    stamps = shape.stamps()
    times = time_formats.guess(stamps, delivered)
    if not times.formats:
        raise DataError(f"the times have no known format: {stamps[0]!r}; write a profile by hand (docs/profiles.md)")
    notes.key("time_format", times.formats[0], times.why, times.doubt)
    if len(times.formats) > 1:
        notes.key("other_time_formats", list(times.formats[1:]), "some stamps have these")
    of = shape.column(columns.tag) if columns.tag is not None else [""] * len(stamps)
    read = [next(filter(None, (time_formats.parse(stamp, form) for form in times.formats)), None) for stamp in stamps]
    walls = [(tag, time) for tag, time in zip(of, read, strict=True) if time is not None]
    notes.key("time_zone", *time_zones.guess(walls, times.formats[0], zone, delivered))
    return time_formats.step([t for _, t in walls])


def _say_columns(notes: Notes, shape: Shape, columns: Columns) -> None:
    """Columns with tags, readings, qualities and units."""
    names = columns.names
    if columns.layout == "wide":
        if columns.suffix:
            notes.key("quality_suffix", columns.suffix, f"{len(columns.qualities):,} columns with qualities have it")
        if columns.others:
            globs = [re.sub(r"([\[*?])", r"[\1]", names[at]) for at in columns.others]
            notes.key("other_columns", globs, "they hold no readings")
    else:
        if columns.tag is not None:
            notes.key("tag_column", names[columns.tag], f"different words: {len(set(shape.column(columns.tag))):,}")
        notes.key("value_column", names[columns.values[0]], "its cells are readings")
        if columns.quality is not None:
            notes.key("quality_column", names[columns.quality], "its words are qualities")
        if columns.unit is not None:
            notes.key("unit_column", names[columns.unit], "its words are units")
    at = columns.qualities if columns.layout == "wide" else [columns.quality] if columns.quality is not None else []
    found, doubt = vocabulary.qualities(cell for column in at for cell in shape.column(column))
    for key, words in found.items():
        known = {word.casefold() for word in DEFAULTS[f"{key}_quality"]}
        if new := [word for word in words if word.casefold() not in known]:
            notes.key(f"{key}_quality", [*DEFAULTS[f"{key}_quality"], *new], f"words of the file: {', '.join(new)}")
    if doubt and at:
        notes.doubt("good_quality", doubt)


def _say_words(notes: Notes, shape: Shape, columns: Columns) -> None:
    """Marks of numbers, words for missing and for states."""
    cells = columns.value_cells(shape)
    marks = vocabulary.marks(cells)
    thousands = marks.thousands if not (shape.delimiter == " " and marks.thousands == " ") else None
    notes.key("decimal", marks.decimal, marks.why, marks.doubt)
    if thousands:
        notes.key("thousands", thousands, "")
    words = vocabulary.words(cells)
    default = {word.casefold() for word in DEFAULTS["missing"]}
    often = [word for word in words.unknown if words.count[word.casefold()] > 1][:20]
    new = [word for word in words.missing if word.casefold() not in default]
    if new or often:
        notes.key("missing", [*DEFAULTS["missing"], *new, *often], f"words among the readings: {', '.join([*new, *often])}")
    if often:
        notes.doubt("missing", f"nobody knows what {', '.join(map(repr, often))} mean; they are taken for no reading")
    if rare := [word for word in words.unknown if word not in often][:5]:
        notes.doubt("missing", f"{', '.join(map(repr, rare))} stand among the readings; they are quarantined")
    if words.states:
        notes.key("states", words.states, "words that stand for 1 or 0", "look whether 1 is on")


def _profile(notes: Notes, name: str) -> ImportProfile:
    """The profile that the keys make."""
    try:
        return ImportProfile(**notes.keys)
    except ValidationError as error:
        raise DataError(
            f"{name}: no profile can be made of what was found: {error.errors()[0]['msg']}; write one by hand (docs/profiles.md)"
        ) from error


def _try(notes: Notes, sampled: bytes, name: str, profile: ImportProfile) -> tuple[str, ...]:
    """Read the sample by the profile and say what comes out; its tags."""
    try:
        parsed = readers.read_sample(sampled, sources.bare(name), profile)
    except DataError as error:
        notes.doubt("(reading)", str(error))
        return ()
    count = f"{len(parsed.readings):,} readings, {parsed.missing:,} missing, {len(parsed.quarantine):,} quarantined"
    notes.tell("reading", count, "what the sample says by this profile")
    for reason, rows in list(parsed.quarantine.groupby("reason", sort=False))[:3]:
        first = rows.iloc[0]
        shown = f"the first is line {first['line']}: {first['text'][:80]}"
        notes.doubt("(reading)", f"{len(rows):,} rows are quarantined: {reason}; {shown}")
    return tuple(pd.unique(parsed.readings["tag"].astype("str")))


def _span(step: timedelta) -> str:
    seconds = round(step.total_seconds())
    return f"{seconds // 60} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds} s"


def _name(file: str) -> str:
    """Name for the profile, of the letters of the file's name."""
    words = re.sub(r"[^a-z0-9]+", "_", re.sub(DATE_IN_NAME, "", sources.bare(file).rpartition(".")[0] or file).lower())
    return (words.strip("_0123456789") or "scada")[:30]
