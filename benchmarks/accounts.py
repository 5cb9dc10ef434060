"""How many cells a file has, counted line by line without the reader: what the fuzzer holds the reader's counts against."""

import fnmatch
import gzip
import re
import zlib

from wss.config import ImportProfile

LARGEST = 1_000_000
"""Larger files are not counted [bytes]."""
BLANKS = " \t\x0b\x0c"


def expected(data: bytes, profile: ImportProfile) -> tuple[int, int] | None:
    """Least and greatest number of cells, which differ by lines of odd blanks or a mark alone; None where this cannot tell."""
    text = _text(data, profile)
    if text is None:
        return None
    lines = re.split(r"\r\n|\n|\r", text)
    quote = None if profile.quote == "none" else profile.quote
    if quote and quote in text:
        return None
    delimiter = profile.delimiter_character
    found = _body(lines, profile, delimiter)
    if found is None:
        return None
    header, again, rows = found
    if profile.layout == "wide" and "" in header:  # whose columns count where they hold something
        return None
    width, tags = len(header), _tags(header, profile)
    least = most = 0
    for row in rows:
        bare = row.strip(BLANKS)
        if not bare or bare.removeprefix("\ufeff") in again:
            continue
        cells = len(_split(row, delimiter))
        count = tags if profile.layout == "wide" and cells == width else 1
        most += count
        least += 0 if not row.strip().strip("\ufeff") else count
    return least, most


def _text(data: bytes, profile: ImportProfile) -> str | None:
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data) if len(data) < LARGEST else b""
        except (OSError, EOFError, zlib.error):
            return None
    if not 0 < len(data) < LARGEST:
        return None
    encoding = profile.encoding
    if encoding == "utf-16":
        encoding = "utf-16-be" if data.startswith(b"\xfe\xff") else "utf-16-le"
    return data.decode(encoding, errors="replace").removeprefix("\ufeff")


def _split(row: str, delimiter: str) -> list[str]:
    return re.split(f"[{BLANKS}]+", row.strip(BLANKS)) if delimiter == " " else row.split(delimiter)


def _body(lines: list[str], profile: ImportProfile, delimiter: str) -> tuple[list[str], set[str], list[str]] | None:
    """Header, the lines that may repeat it, and the lines below it that are neither comments nor of skipped sections."""
    rows, skipped = [], False
    for line in lines[profile.skip_lines :]:
        bare = line.strip(BLANKS)
        match = re.fullmatch(profile.section_pattern, bare) if profile.section_pattern and len(bare) <= 1000 else None
        if match and not bare.startswith(profile.comments or ("\0\0",)):
            skipped = any(fnmatch.fnmatchcase((match["tag"] or "").strip(), glob) for glob in profile.skip_sections)
        elif bare and not (profile.comments and bare.startswith(profile.comments)):
            rows.append((line, skipped))
    if profile.columns:
        return list(profile.columns), set(), [row for row, aside in rows if not aside]
    of_layout = (
        ()
        if profile.layout == "wide"
        else (profile.tag_column, profile.value_column, profile.quality_column, profile.unit_column)
    )
    wanted = {c for c in (profile.time_column, profile.date_column, *of_layout) if c}
    for n, (row, _) in enumerate(rows):
        header = [cell.strip() for cell in _split(row, delimiter)]
        if wanted <= set(header):
            end = n + len(profile.header)
            again = {_normal(row, delimiter) for row, _ in rows[n:end]}
            return header, again, [_normal(row, delimiter) for row, aside in rows[end:] if not aside]
    return None


def _normal(row: str, delimiter: str) -> str:
    return " ".join(_split(row, delimiter)) if delimiter == " " else row.strip("\x0b\x0c" if delimiter == "\t" else BLANKS)


def _tags(header: list[str], profile: ImportProfile) -> int:
    """Number of columns of a wide file that hold readings."""
    names, suffix = set(header), profile.quality_suffix
    quality = {name for name in names if suffix and name.endswith(suffix) and name.removesuffix(suffix) in names - {name}}
    return sum(
        name not in (profile.time_column, profile.date_column)
        and name not in quality
        and bool(name)
        and not any(fnmatch.fnmatchcase(name, glob) for glob in profile.other_columns)
        for name in header
    )
