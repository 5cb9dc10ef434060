"""What a kind of file is: how to tell one, whether it is whole, and what it holds as lines of text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from wss.config import ImportProfile

SAMPLE = 2**20
"""Bytes of the beginning, and of the end, that are looked at to propose a profile."""
LARGEST_BYTES = 2**30
"""Largest contents of a compressed file [bytes]."""
FREE_BYTES = 32 * 2**20
"""Contents up to this size may be compressed as much as they like [bytes]."""
LARGEST_RATIO = 40
"""How many times its size a file may hold beyond that; exports hold 5 to 20 times theirs."""


class Text(NamedTuple):
    """Contents of a file as lines of text."""

    lines: bytes
    """UTF-8 without a byte order mark; line n of it is line or row n of the file."""
    profile: ImportProfile
    """How to read them: as told, but for a kind of file that has cells of its own."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A kind of file."""

    is_whole: Callable[[BinaryIO, int], bool]
    """Whether a file of so many bytes is whole, as far as its end tells."""
    cut: str
    """What is wrong with one that is not: `the file ...`."""
    endings: tuple[str, ...] = ()
    """Endings of the names of such files; none: any."""
    magic: bytes = b""
    """First bytes of every such file; none: any."""
    not_one: str = ""
    """What is wrong with a file that only its name calls so, and what would mend it: `the file ...`."""
    is_quick: bool = False
    """Whether `is_whole` reads a few bytes only, so that it may be asked of a file that is still being written."""
    waiting: str = "still being written"
    """What to say of one that is not whole yet."""


@dataclass(frozen=True, kw_only=True)
class Kind(Source):
    """A kind of file that holds readings."""

    text: Callable[[bytes, str, ImportProfile], Text]
    """Contents of a file (its bytes, its name) as a profile reads them; DataError if they cannot be had, or are far too large."""
    sample: Callable[[BinaryIO, str], bytes]
    """Some of a file's lines, at most about 2 SAMPLE bytes, from which a profile can be guessed; in any encoding of text."""


@dataclass(frozen=True, kw_only=True)
class Wrapper(Source):
    """A kind of file that holds another file."""

    unwrap: Callable[[bytes, str], bytes]
    """The file within (bytes, name of the outer one); DataError if it cannot be had, or is far too large."""


def most_bytes(compressed: int) -> int:
    """How many bytes a compressed file of a size [bytes] may hold, so that a small file can never fill the memory."""
    return min(LARGEST_BYTES, max(FREE_BYTES, LARGEST_RATIO * compressed))


def of_cells(rows: Iterable[Sequence[str]], profile: ImportProfile) -> Text:
    """Rows of cells as lines, for a kind of file that parts its cells itself: what the profile says about that does not count."""
    lines = "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows)
    return Text(lines.encode(), profile.model_copy(update={"delimiter": "tab", "quote": "none", "encoding": "utf-8"}))
