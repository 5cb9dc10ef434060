"""What a client's path means: the root, one of its two folders, or a file in one of them. Nothing else exists for it."""

import posixpath
from dataclasses import dataclass

INBOX, OUTBOX = "inbox", "outbox"
FOLDERS = (INBOX, OUTBOX)
NAME_BYTES = 200
"""Longest name of a file [bytes]: archive and quarantine add to it, and file systems allow 255."""


@dataclass(frozen=True)
class Place:
    """The root (no folder), a folder (no name), or a file in a folder."""

    folder: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """Path as the client sees it."""
        return "/" + "/".join(part for part in (self.folder, self.name) if part)


def resolve(path: bytes) -> Place | None:
    """The place that a client's path means, `..` and repeated slashes resolved by the words alone; None where nothing can be.

    The name in the answer is one component that is neither `.` nor `..`, so it cannot lead out of an open folder.

    Raises
    ------
    ValueError
        If the path holds what no name may hold; the message says what.
    """
    faults = name_faults(path)
    if faults:
        raise ValueError(faults)
    parts = posixpath.normpath(posixpath.join("/", path.decode())).strip("/").split("/")
    if parts == [""]:
        return Place()
    if parts[0] not in FOLDERS or len(parts) > 2:
        return None
    if len(parts) == 2 and len(parts[1].encode()) > NAME_BYTES:
        raise ValueError(f"a name is longer than {NAME_BYTES} bytes; shorten it")
    return Place(*parts)


def name_faults(path: bytes) -> str:
    """What is wrong with the characters of a path; empty if nothing is."""
    if len(path) > 4096:
        return "the path is longer than 4096 bytes"
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return "the name is not UTF-8; set the client to UTF-8 names"
    if not text.isprintable():
        return "the name holds a character that does not print (a line break, a tab, NUL or another control character)"
    return ""
