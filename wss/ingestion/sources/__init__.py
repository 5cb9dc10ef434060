"""The kinds of files that are read. A kind is a module here, and a word in KINDS or WRAPPERS: whoever handles files asks here."""

from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO, TypeVar

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion.sources.gz import GZ
from wss.ingestion.sources.kind import Kind, Source, Text, Wrapper
from wss.ingestion.sources.text import TEXT

__all__ = ["KINDS", "TEXT", "WRAPPERS", "Text", "bare", "named", "sample", "text"]

S = TypeVar("S", bound=Source)

KINDS: tuple[Kind, ...] = (TEXT,)
"""Kinds that hold readings, in the order in which they are tried; text comes last, because all else is that."""
WRAPPERS: tuple[Wrapper, ...] = (GZ,)
"""Kinds that hold one of those."""


HEAD = 64
"""Bytes of a file that tell its kind."""


def named(name: str) -> Source:
    """Kind of a file of this name."""
    return _named(name, (*WRAPPERS, *KINDS))


def bare(name: str) -> str:
    """Name of a file without the ending of a wrapper."""
    return next((name.removesuffix(end) for wrapper in WRAPPERS for end in wrapper.endings if name.endswith(end)), name)


def text(data: bytes, name: str, profile: ImportProfile) -> Text:
    """Contents of a file as lines of text, and how to read them.

    Raises
    ------
    DataError
        If they are not what the file's name says, are cut, damaged or far too large, or have another encoding than the profile.
    """
    wrapper = _told(data, WRAPPERS)
    if wrapper is not None:
        data = wrapper.unwrap(data, name)
    said = named(name) if wrapper is None else _named(bare(name), KINDS)
    if not data.startswith(said.magic):
        raise DataError(f"{name}: {said.not_one}")
    return (_told(data, KINDS) or TEXT).text(data, name, profile)


def sample(file: BinaryIO, name: str) -> bytes:
    """Some lines of a file, as text of any encoding, to propose a profile from; DataError if it is cut or far too large."""
    head = file.read(HEAD)
    file.seek(0)
    wrapper = _told(head, WRAPPERS)
    if wrapper is not None:
        head = wrapper.unwrap(file.read(), name)
        file = BytesIO(head)
    return (_told(head, KINDS) or TEXT).sample(file, name)


def _named(name: str, among: Sequence[Source]) -> Source:
    return next(source for source in among if not source.endings or name.endswith(source.endings))


def _told(data: bytes, among: Sequence[S]) -> S | None:
    """Kind that some contents say they are by their first bytes; None if nothing tells."""
    return next((source for source in among if source.magic and data.startswith(source.magic)), None)
