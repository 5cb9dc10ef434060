"""The shape of a sample: its encoding, how lines part into cells, which lines are rows, header, sections or something else."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from wss.errors import DataError
from wss.ingestion.guess import time_formats, vocabulary
from wss.ingestion.sources.text import MARKS

LINES = 20_000
"""Most lines that are looked at."""
DELIMITERS = (";", ",", "\t", "|", " ", ":", "~", "^", "!", "#", "/")
NAMES = {"\t": "tab", " ": "spaces"}
SECTION = re.compile(r"\[\s*(?P<bracket>[^\[\]]+?)\s*\]|(?P<key>[^\W\d][\w .]{0,30}?)\s*[:=]\s*(?P<word>\S.*)")


def encoding(data: bytes) -> tuple[str, str, str]:
    """Encoding of a sample, why, and what is in doubt."""
    for mark, found in MARKS.items():
        if data.startswith(mark):
            return ("utf-8-sig" if found == "utf-8" else "utf-16"), "byte order mark", ""
    nul = [data[at:4000:2].count(0) for at in (0, 1)]
    if max(nul) > 0.3 * len(data[:4000]) / 2:
        return ("utf-16-be" if nul[0] > nul[1] else "utf-16-le"), "every second byte is NUL, and there is no byte order mark", ""
    if data.isascii():
        return "utf-8-sig", "plain ASCII, without accents", ""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        windows = any(0x80 <= b < 0xA0 for b in data)
        name = "cp1252" if windows else "latin-1"
        shown = data[max(0, error.start - 8) : error.start + 8].decode(name, errors="replace").split("\n")[0].strip()
        doubt = "other encodings of one byte a character look the same"
        return name, f"byte {byte:#x} is not UTF-8; so read it is {shown!r}", doubt
    return "utf-8-sig", "its accents are UTF-8", ""


@dataclass(frozen=True)
class Shape:
    """A way to part the lines of a sample into cells."""

    delimiter: str
    """The character."""
    quote: str
    lines: list[tuple[int, str]]
    """Number and text of each filled line."""
    cells: list[list[str]]
    """Cells of each of them."""
    width: int
    """Columns of the rows."""
    times: list[tuple[int, str]]
    """Columns that hold times, and their kinds; of a date and a clock both, in this order."""
    rows: list[int]
    """Which lines are rows."""
    score: float

    @property
    def first(self) -> int:
        """First of the lines that is a row."""
        return self.rows[0]

    def column(self, at: int) -> list[str]:
        """Cells of a column."""
        return [self.cells[row][at] for row in self.rows]

    def stamps(self) -> list[str]:
        """Times of the rows, those of two columns with a blank between."""
        return [" ".join(self.cells[row][at] for at, _ in self.times) for row in self.rows]


def shape(text: str, name: str) -> Shape:
    """The most sensible shape of a sample; DataError if no way of parting its lines gives a column of times."""
    lines = [(number, line) for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1) if line.strip()]
    if not lines:
        raise DataError(f"{name}: the file is empty")
    if len(lines) > LINES:
        lines = lines[: LINES // 2] + lines[-LINES // 2 :]
    few = lines if len(lines) < 600 else lines[:300] + lines[-300:]
    found = [
        s
        for delimiter in DELIMITERS
        if any(delimiter in line for _, line in few)
        for s in [_with(few, delimiter, _quote(few, delimiter))]
        if s is not None
    ]
    if not found:
        shown = " / ".join(line.strip()[:60] for _, line in lines[:3])
        raise DataError(
            f"{name}: no delimiter parts its lines into columns of which one holds times; it begins with {shown!r}:"
            " is it an export of readings?"
        )
    best = max(found, key=lambda s: s.score)
    return _with(lines, best.delimiter, best.quote) or best


def _quote(lines: Sequence[tuple[int, str]], delimiter: str) -> str:
    """Quote of cells; `none` where there are quotes that are not closed."""
    for quote in ('"', "'"):
        part = re.escape(delimiter)
        whole = re.compile(rf"(?:^|{part})\s*{quote}[^{quote}]*{quote}\s*(?:{part}|$)")
        if sum(bool(whole.search(line)) for _, line in lines) > 0.02 * len(lines):
            return quote
    return "none" if sum(line.count('"') % 2 for _, line in lines) > 0 else '"'


def split(line: str, delimiter: str, quote: str) -> list[str]:
    """Cells of a line."""
    if delimiter == " ":
        found = line.split() if quote == "none" or quote not in line else re.findall(rf"{quote}[^{quote}]*{quote}|\S+", line)
        return [cell.strip(quote) if quote != "none" else cell for cell in found]
    quoting = csv.QUOTE_NONE if quote == "none" else csv.QUOTE_MINIMAL
    try:
        found = next(csv.reader([line], delimiter=delimiter, quotechar='"' if quote == "none" else quote, quoting=quoting), [])
    except csv.Error:
        found = line.split(delimiter)
    return [cell.strip() for cell in found]


def _with(lines: Sequence[tuple[int, str]], delimiter: str, quote: str) -> Shape | None:
    """Shape of lines that are parted in one way; None if no column has times."""
    cells = [split(line, delimiter, quote) for _, line in lines]
    widths = Counter(len(row) for row in cells if len(row) > 1)
    best = None
    for width, _ in widths.most_common(3):
        of = [n for n, row in enumerate(cells) if len(row) == width]
        times = _time_columns([cells[n] for n in of], width)
        if not times:
            continue
        rows = [n for n in of if all(_is_time(cells[n][at], kind) for at, kind in times)]
        if not rows:
            continue
        stamped = {at for at, _ in times}
        others = [vocabulary.value_share([cells[n][at] for n in rows[:500]]) for at in range(width) if at not in stamped]
        whole = any(kind not in ("date", "clock") for _, kind in times) or len(times) == 2
        headed = rows[0] > 0 and len(cells[rows[0] - 1]) == width
        score = len(rows) / len(lines) * (1 + sum(others) / max(1, len(others)) + 0.02 * min(width, 5))
        score *= (1 if whole else 0.6) * (1.2 if headed else 1) * (0.8 if delimiter == " " else 1)
        if best is None or score > best.score:
            best = Shape(delimiter, quote, list(lines), cells, width, times, rows, score)
    return best


def _time_columns(rows: list[list[str]], width: int) -> list[tuple[int, str]]:
    """The column with times, or those of date and clock; none if there is none."""
    some = rows if len(rows) < 400 else rows[:200] + rows[-200:]
    kinds = [time_formats.kind([row[at] for row in some]) for at in range(min(width, 200))]
    for word in ("both",):
        if word in kinds:
            return [(kinds.index(word), word)]
    if "date" in kinds and "clock" in kinds:
        return [(kinds.index("date"), "date"), (kinds.index("clock"), "clock")]
    for word in ("date", "epoch_ms", "epoch_s", "excel"):
        if word in kinds:
            return [(kinds.index(word), word)]
    return []


def _is_time(cell: str, kind: str) -> bool:
    if kind in ("both", "date", "clock"):
        return bool(time_formats.formats_of(cell)) or bool(re.fullmatch(r"\d{6}|\d{4}|\d{8}", cell))
    return bool(time_formats.NUMBER.fullmatch(cell))


@dataclass(frozen=True)
class Others:
    """Lines that are no rows."""

    section_pattern: str | None
    sections: list[str]
    skip_sections: tuple[str, ...]
    comments: tuple[str, ...]
    footers: tuple[str, ...]


def others(found: Shape, header: range) -> Others:
    """What the lines beside rows and header are.

    Parameters
    ----------
    header
        Which lines are the header.
    """
    rows, head = set(found.rows), set(header)
    again = {found.lines[n][1].strip() for n in header}
    rest = [
        (n, found.lines[n][1].strip())
        for n in range(len(found.lines))
        if n not in rows and n not in head and found.lines[n][1].strip() not in again
    ]
    pattern, sections, skipped, at = _sections(rest, found)
    left = [(n, line) for n, line in rest if n not in at]
    starts = Counter(
        line[0] if line[:2] != "//" else "//"
        for _, line in left
        if not line[0].isalnum() and line[0] not in "\"'[(+-." + found.delimiter
    )
    bodies = [found.lines[n][1].strip() for n in (*found.rows, *header)]
    comments = tuple(start for start in starts if not any(body.startswith(start) for body in bodies))
    words = [re.match(r"\w+|-{3,}", line) for n, line in left if n > found.first and not line.startswith(comments or ("\0",))]
    footers = {word[0] for word in words if word and not word[0].isdigit() and len(word[0]) > 1}
    return Others(
        pattern,
        sections,
        skipped,
        comments,
        tuple(sorted(word for word in footers if not any(body.startswith(word) for body in bodies))),
    )


def _sections(rest: list[tuple[int, str]], found: Shape) -> tuple[str | None, list[str], tuple[str, ...], set[int]]:
    """Pattern of section lines, names of sections with rows and of those without, and which lines belong to them."""
    marked = [(n, match) for n, line in rest if (match := SECTION.fullmatch(line))]
    brackets = [(n, match["bracket"]) for n, match in marked if match["bracket"]]
    keys = Counter(match["key"] for _, match in marked if match["key"])
    pattern, starts = None, []
    if brackets:
        pattern, starts = r"\[\s*(?P<tag>.+?)\s*\]", brackets
    elif keys and keys.most_common(1)[0][1] > 1:
        key = max(keys, key=lambda k: keys[k])
        pattern = re.escape(key).replace(r"\ ", " ") + r"\s*[:=]\s*(?P<tag>.+)"
        starts = [(n, match["word"]) for n, match in marked if match["key"] == key]
    ends = [*(n for n, _ in starts[1:]), len(found.lines)][: len(starts)]
    filled, empty, rows = [], [], found.rows
    inside = {n for n, _ in starts}
    for (start, tag), end in zip(starts, ends, strict=True):
        if any(start < row < end for row in rows):
            filled.append(tag)
        else:
            empty.append(tag)
            inside |= set(range(start, end))
    return (pattern, filled, tuple(dict.fromkeys(empty)), inside) if filled else (None, [], (), set())
