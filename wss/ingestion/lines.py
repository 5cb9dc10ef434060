"""Lines of a text, whatever their ends are."""

import re
from collections.abc import Iterator

BREAK = re.compile(rb"\r\n|\n|\r")


def pieces(body: bytes | memoryview, size: int) -> Iterator[bytes]:
    """A body in parts of about `size` [bytes] that end where a line does."""
    at = 0
    if not body:
        yield bytes(body)
    while at < len(body):
        found = BREAK.search(body, at + size) if at + size < len(body) else None
        end = found.end() if found else len(body)
        yield bytes(body[at:end])
        at = end


def count(text: bytes) -> int:
    """Number of lines."""
    lines = text.count(b"\n") + (text[-1:] not in (b"\n", b"\r", b""))
    return lines + text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else lines
