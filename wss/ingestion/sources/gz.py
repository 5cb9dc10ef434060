"""Files compressed by gzip, expanded up to a limit."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from wss.errors import DataError
from wss.ingestion.sources.kind import Wrapper, most_bytes

MAGIC = b"\x1f\x8b"
"""First bytes of every gz file (RFC 1952)."""
PIECE = 2**20
"""Most bytes that are expanded at a time ..."""
FIRST_PIECE = 2**12
"""... and of a member at first: what follows it is read again, so that a file of a million members would take for ever."""


def expand(data: bytes, name: str) -> bytes:
    """Contents of a gz file, which may have several members.

    Raises
    ------
    DataError
        If it is cut or damaged, or holds more than the limits allow; no more than the limit is ever expanded.
    """
    limit = most_bytes(len(data))
    out = bytearray()
    for piece in _pieces(memoryview(data), name):
        out += piece
        if len(out) > limit:
            raise DataError(
                f"{name}: {len(data):,} compressed bytes hold more than {limit:,}, far more than an export does:"
                " send the file in parts, or not compressed"
            )
    return bytes(out)


def _is_whole(file: BinaryIO, _size: int) -> bool:
    """Whether a gz file ends where its last member does. Only its check sum can tell, so it is expanded, but not kept."""
    data = memoryview(file.read())
    limit = most_bytes(len(data))
    size = 0
    try:
        for piece in _pieces(data, ""):
            size += len(piece)
            if size > limit:
                break  # which is for the reader to refuse
    except DataError:
        return False
    return size > 0


def _pieces(data: memoryview, name: str) -> Iterator[bytes]:
    """Contents of all members, piece by piece."""
    at, size = 0, FIRST_PIECE
    while at < len(data):
        if at and not data[at] and not bytes(data[at : at + PIECE]).strip(b"\0"):
            return  # padding after the last member
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                fresh = data[at : at + size]
                if not len(fresh):
                    raise DataError(f"{name}: the compressed file is cut: send it again, complete")
                piece = member.decompress(fresh, PIECE)
                at += len(fresh) - len(member.unconsumed_tail) - len(member.unused_data)
                size = FIRST_PIECE if member.eof else min(2 * size, PIECE)
                yield piece
        except zlib.error as error:
            raise DataError(f"{name}: the compressed file is damaged ({error}): send it again") from error


GZ = Wrapper(
    endings=(".gz",),
    magic=MAGIC,
    not_one="the file is not compressed as its name says: send it again, or without .gz",
    is_whole=_is_whole,
    cut="is cut or damaged",
    unwrap=expand,
)
