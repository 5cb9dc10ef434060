"""Plain text: CSV and all that has a reading, or those of a moment, on each line."""

from typing import BinaryIO

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion.lines import pieces
from wss.ingestion.sources.kind import SAMPLE, Kind, Text

MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""Byte order marks."""
FEEDS = {b"\xff\xfe": b"\n\0", b"\xfe\xff": b"\0\n"}
"""Newlines after the byte order marks of UTF-16."""
PIECE_BYTES = 8 * 2**20


def _ends_in_newline(file: BinaryIO, size: int) -> bool:
    """Whether the last bytes are a newline, in UTF-16 too."""
    file.seek(max(0, size - 2))
    return file.read(2).strip(b"\0")[-1:] in (b"\n", b"\r") if size else False


def _as_utf8(data: bytes, name: str, profile: ImportProfile) -> Text:
    """Contents as UTF-8 without a byte order mark; bytes that are not of the encoding become U+FFFD."""
    encoding: str = profile.encoding
    mark = next((mark for mark in MARKS if data.startswith(mark)), b"")
    if mark and not (MARKS[mark] in encoding or encoding == "utf-16" and "utf-16" in MARKS[mark]):
        said = MARKS[mark].removesuffix("-le").removesuffix("-be")
        raise DataError(
            f"{name}: the file is {said}, as its byte order mark says, and not {encoding}: correct the encoding in the profile"
        )
    if encoding == "utf-16":
        encoding = MARKS.get(mark, "utf-16-le")
    if not encoding.startswith("utf-16") and data.isascii():
        return Text(data, profile)
    rest = data[len(mark) :] if mark else data
    if encoding.startswith("utf-8"):
        try:
            for piece in pieces(rest, PIECE_BYTES):
                piece.decode("utf-8")
            return Text(rest, profile)
        except UnicodeDecodeError:
            encoding = "utf-8"
    return Text(rest.decode(encoding, errors="replace").encode("utf-8", errors="replace"), profile)


def _head_and_tail(file: BinaryIO, _name: str) -> bytes:
    """First and last part of a file, cut between lines."""
    size = file.seek(0, 2)
    file.seek(0)
    if size <= 2 * SAMPLE:
        return file.read()
    head = file.read(SAMPLE)
    feed = next((mark for start, mark in FEEDS.items() if head.startswith(start)), b"\n")
    tail_at = file.seek(size - SAMPLE)
    tail = file.read()
    end, start = head.rfind(feed) + len(feed), tail.find(feed)
    while start >= 0 and len(feed) == 2 and (tail_at + start) % 2:
        start = tail.find(feed, start + 1)
    return head[:end] + (tail[start + len(feed) :] if start >= 0 else b"")


TEXT = Kind(
    is_whole=_ends_in_newline,
    is_quick=True,
    cut="does not end in a newline, so its last row may be cut",
    waiting="no newline at its end yet",
    text=_as_utf8,
    sample=_head_and_tail,
)
