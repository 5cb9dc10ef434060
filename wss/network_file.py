"""EPANET input files: where the one that a configuration names lies, its text, and its lines as EPANET reads them."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from wss.errors import NotFoundError

PACKAGE = "package:"
"""What a path begins with that leads into an installed package: `package:wntr/library/networks/Net3.inp`."""
_LINE_END = re.compile(r"\r?\n")
_WORD = re.compile(r'"([^"]*)"?|([^ \t\r]+)')
_NEEDS_QUOTES = re.compile(r"[ \t\r]|^$")


class Line(NamedTuple):
    """A line of an input file."""

    number: int
    """From 1 on."""
    section: str
    """First four letters of its section's name, in capitals, which is all that EPANET 2.2 looks at; empty before the first."""
    words: list[str]
    """Without the comment, quoted text being one word; none where the line opens a section."""
    text: str
    """As it stands in the file."""
    opens: bool
    """Whether it opens its section."""


def find(named: str, folder: Path) -> Path:
    """Path of the network that a file in `folder` names: seen from there, or in an installed package; it need not exist.

    Raises
    ------
    NotFoundError
        If the package is not installed, or the path leads out of it.
    """
    if not named.startswith(PACKAGE):
        return folder / named
    package, _, inner = named.removeprefix(PACKAGE).partition("/")
    if ".." in inner.split("/"):
        raise NotFoundError(f"{inner} leads out of the package {package}")
    spec = find_spec(package) if package.isidentifier() and package != "__main__" else None
    places = [Path(root) / inner for root in (spec.submodule_search_locations if spec else None) or ()]
    if not places:
        raise NotFoundError(f"package {package} is not installed")
    return next((place for place in places if place.is_file()), places[0])


def read(path: Path) -> str:
    r"""Text of an input file, its lines ending in `\n`: UTF-8, or the code page that EPANET for Windows writes in the West.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    raw = path.read_bytes().replace(b"\r\n", b"\n")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def lines(text: str) -> Iterator[Line]:
    """Lines of an input file. They end where EPANET ends them, not at a form feed or at the ellipsis of another code page."""
    section = ""
    for number, line in enumerate(_LINE_END.split(text.removesuffix("\n")), start=1):
        words = [bare or quoted for quoted, bare in _WORD.findall(line.partition(";")[0])]
        opens = bool(words) and words[0].startswith("[")
        if opens:
            section = words[0][1:].partition("]")[0][:4].upper()
        yield Line(number, section, [] if opens else words, line, opens)


def rows(text: str) -> dict[str, list[Line]]:
    """Lines that have words, by section (`PIPE`, `PUMP`, ...: four letters)."""
    found: dict[str, list[Line]] = {}
    for line in lines(text):
        if line.words:
            found.setdefault(line.section, []).append(line)
    return found


def word(text: str) -> str:
    """A word as it is written into a line: quoted where EPANET would else part it."""
    return f'"{text}"' if _NEEDS_QUOTES.search(text) else text
