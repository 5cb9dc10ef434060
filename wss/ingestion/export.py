"""The text of an export: its header, and which of its lines are rows."""

import csv
import fnmatch
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion.lines import count, pieces

HEAD_BYTES = 2_000_000
"""The header stands within so many bytes ..."""
HEAD_LINES = 200
"""... and so many lines, besides those that the profile skips."""
MOST_COLUMNS = 10_000
"""Most columns of a file."""
SHORTEST_LINE = 8
"""A file of many lines has at least so many bytes a line on the average; less is no export."""
MANY_LINES = 1_000_000
SECTION_LENGTH = 1000
"""Longer lines start no section."""
PIECE_BYTES = 8 * 2**20
NO_CELLS = b" \r\n\v\f"
"""Blanks at the ends of a line that part no cells where tabs do."""
UNREADABLE = "\ufffd"
"""Stands for bytes that are not of the encoding."""


@dataclass(frozen=True)
class Export:
    """An export as rows in UTF-8 below the columns of its header."""

    body: bytes | memoryview
    """The lines that may be rows; a view of the file where they are its own bytes, so that a file of years is held once."""
    header: list[str]
    """Names of the columns."""
    units: list[str]
    """Unit of each column; empty where the file has no row of units."""
    head: frozenset[bytes]
    """Lines of the header, which may stand in the body again."""
    first: int
    """Number of the body's first line in the file, where `numbers` is None."""
    numbers: np.ndarray | None
    """Number of each line in the file."""
    sections: tuple[np.ndarray, list[str]] | None
    """Section of each line as number and name; -1 before the first."""


def find_rows(text: bytes, name: str, profile: ImportProfile) -> Export:
    """Find the header and the rows of a text in UTF-8.

    Raises
    ------
    DataError
        If it is empty, has no header with the columns of the profile, or very many lines and hardly anything on them.
    """
    lines = count(text)
    if lines > MANY_LINES and len(text) < SHORTEST_LINE * lines:
        raise DataError(
            f"{name}: {lines:,} lines of {len(text) / lines:.1f} characters on the average are no export: send it again"
        )
    if not text[:HEAD_BYTES].strip() and not text.strip():
        raise DataError(f"{name}: the file is empty: export it again")
    found = _after_skipped(text, profile) if profile.columns else _head(text, name, profile)
    header, units, head, offset, before, section = found
    body = memoryview(text)[offset:] if offset else text
    if not (profile.comments or profile.section_pattern or profile.delimiter == "spaces"):
        return Export(body, header, units, head, before + 1, None, None)
    by_line = profile.section_pattern or profile.delimiter == "spaces"
    body, numbers, sections = (_select if by_line else _without_comments)(body, before, section, profile)
    return Export(body, header, units, head, before + 1, numbers, sections)


def cells(line: str, profile: ImportProfile) -> list[str]:
    """Cells of one line."""
    quoting = csv.QUOTE_NONE if profile.quote == "none" else csv.QUOTE_MINIMAL
    quote = '"' if profile.quote == "none" else profile.quote
    try:
        return [
            cell.strip()
            for cell in next(csv.reader([line], delimiter=profile.delimiter_character, quotechar=quote, quoting=quoting), [])
        ]
    except csv.Error:  # a cell of more than 131,072 characters
        return [cell.strip() for cell in line.split(profile.delimiter_character)]


def _head(text: bytes, name: str, profile: ImportProfile):
    """Header, units, its lines, where the body starts [bytes], the lines before it, and the section that it starts in."""
    wanted = wanted_columns(profile)
    found: list[tuple[int, int, bytes]] = []  # number, end [bytes] and contents of the lines that may be the header
    at, section, names, kind_of = 0, None, None, _kinds(profile)
    ends = NO_CELLS if profile.delimiter == "tab" else None
    above = profile.header.index("names")
    below = len(profile.header) - 1 - above
    for number, line in enumerate(text[:HEAD_BYTES].splitlines(keepends=True), start=1):
        at += len(line)
        if number <= profile.skip_lines:
            continue
        kind, tag = kind_of(line)
        section = tag if kind == "section" else section
        if kind == "row":
            found.append((number, at, normal(line.strip(ends), profile)))
            if names is None and set(wanted) <= set(cells(_text(found[-1][2]), profile)):
                names = len(found) - 1
        if number - profile.skip_lines > HEAD_LINES or names is not None and len(found) > names + below:
            break
    if names is None or names < above or len(found) <= names + below:
        raise DataError(_no_header(found, names, name, profile, wanted))
    of = {kind: cells(_text(found[names - above + n][2]), profile) for n, kind in enumerate(profile.header)}
    header, (number, at, _) = of["names"], found[names + below]
    twice = [column for column in wanted if header.count(column) > 1]
    if twice or len(header) > MOST_COLUMNS:
        many = f"{len(header):,} columns, more than {MOST_COLUMNS:,}"
        what = f"more than one column {', '.join(map(repr, twice))}" if twice else many
        raise DataError(
            f"{name} line {found[names][0]}: {what}; correct the columns or the delimiter ({profile.delimiter!r})"
            f" in the profile {profile.name}"
        )
    lines = frozenset(line.strip() for _, _, line in found[names - above : names + below + 1])
    return header, of.get("units", []), lines, at, number, section


def _after_skipped(text: bytes, profile: ImportProfile):
    """The same of a file without a header."""
    lines = text[:HEAD_BYTES].splitlines(keepends=True)[: profile.skip_lines]
    return list(profile.columns), [], frozenset(), sum(map(len, lines)), len(lines), None


def _no_header(found: list, names: int | None, name: str, profile: ImportProfile, wanted: list[str]) -> str:
    if names is not None:
        return (
            f"{name} line {found[names][0]}: the header ends here, and the profile {profile.name} says that it has the rows"
            f" {', '.join(profile.header)}: correct `header` there"
        )
    read = [(number, cells(_text(line), profile)) for number, _, line in found]
    number, header = max(read, key=lambda row: len(set(wanted) & set(row[1])), default=(1, []))  # the first of the likeliest
    lacking = [column for column in wanted if column not in header]
    shown = ", ".join(map(repr, header[:20]))[:200]
    return (
        f"{name} line {number}: no column {', '.join(map(repr, lacking))}; the header is {shown}: correct the columns, the"
        f" delimiter ({profile.delimiter!r}) or the encoding ({profile.encoding}) in the profile {profile.name}"
    )


def wanted_columns(profile: ImportProfile) -> list[str]:
    """Columns that a file must have."""
    of_layout = (
        ()
        if profile.layout == "wide"
        else (profile.value_column, profile.tag_column, profile.quality_column, profile.unit_column)
    )
    return [column for column in (profile.date_column, profile.time_column, *of_layout) if column is not None]


def _kinds(profile: ImportProfile) -> Callable[[bytes], tuple[str, str]]:
    """Function that says whether a line is `blank`, a `comment`, a `section` (with its tag) or a `row`."""
    starts = tuple(start.encode() for start in profile.comments)
    section = re.compile(profile.section_pattern) if profile.section_pattern else None

    def kind(line: bytes) -> tuple[str, str]:
        bare = line.strip()
        if not bare:
            return "blank", ""
        if bare.startswith(starts):
            return "comment", ""
        match = section.fullmatch(_text(bare)) if section and len(bare) <= SECTION_LENGTH else None
        return ("section", (match["tag"] or "").strip()) if match else ("row", "")

    return kind


def _select(body: bytes | memoryview, before: int, section: str | None, profile: ImportProfile):
    """Only the lines that may be rows, their numbers in the file, and their sections."""
    out, numbers, codes = bytearray(), array("q"), array("q")
    names: list[str] = [] if section is None else [section]
    number, skipped, kind_of = before, section is not None and _is_skipped(section, profile), _kinds(profile)
    spaced = profile.delimiter == "spaces"
    for piece in pieces(body, PIECE_BYTES):
        rows = []
        for line in piece.splitlines():
            number += 1
            kind, tag = kind_of(line)
            if kind == "section":
                skipped = _is_skipped(tag, profile)
                names.append(tag)
            elif kind == "row" and not skipped:
                rows.append(normal(line, profile) if spaced else line)
                numbers.append(number)
                codes.append(len(names) - 1)
        out += b"".join(row + b"\n" for row in rows)
    sections = (np.array(codes, dtype="int64"), names) if profile.section_pattern else None
    return memoryview(out), np.array(numbers, dtype="int64"), sections


def _without_comments(body: bytes | memoryview, before: int, section: str | None, profile: ImportProfile):
    """What `_select` gives where comments are all that is left out; blank lines stay, and hold nothing."""
    starts = b"|".join(re.escape(start.encode()) for start in profile.comments)
    comment, out, numbers, number = re.compile(rb"^[^\S\n]*(?:%b).*\n?" % starts, re.MULTILINE), bytearray(), [], before
    for piece in pieces(body, PIECE_BYTES):
        if piece.count(b"\r") != piece.count(b"\r\n"):
            return _select(body, before, section, profile)
        is_row, line, at = np.ones(count(piece), dtype=bool), 0, 0
        for found in comment.finditer(piece):
            line += piece.count(b"\n", at, found.start())
            is_row[line], line, at = False, line + 1, found.end()
        out += comment.sub(b"", piece)
        numbers.append(number + 1 + np.flatnonzero(is_row))
        number += len(is_row)
    return memoryview(out), np.concatenate(numbers), None


def _is_skipped(tag: str, profile: ImportProfile) -> bool:
    return any(fnmatch.fnmatchcase(tag, glob) for glob in profile.skip_sections)


def normal(line: bytes, profile: ImportProfile) -> bytes:
    """A line with one blank between its cells where blanks part them; else as it is."""
    if profile.delimiter != "spaces":
        return line
    if profile.quote == "none" or profile.quote.encode() not in line:
        return b" ".join(line.split())
    quote = profile.quote.encode()
    return b" ".join(re.findall(rb"%b[^%b]*%b|\S+" % (quote, quote, quote), line))


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
