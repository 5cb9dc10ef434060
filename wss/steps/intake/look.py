"""Which files of an inbox are complete. A file cut inside a number reads without an error, so the rules are strict."""

import stat
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wss.ingestion import sources

UNFINISHED = (".part", ".tmp", ".filepart")
"""Endings of files that their sender is still writing and will rename."""
DONE = ".done"
"""Ending of the empty file that a sender puts beside a complete one."""
PATIENCE = 10
"""A file that is not whole is given up after this many times the settling time."""
STILL_WRITTEN = "still being written"


@dataclass(frozen=True)
class Found:
    """A file of the inbox and what to do with it."""

    path: Path
    state: Literal["ready", "waiting", "incomplete", "ignored"]
    """incomplete: still for so long without being whole that nothing more is to be expected."""
    reason: str = ""


def look(folder: Path, now_s: float, settle_seconds: float, apart_from: Container[str] = ()) -> list[Found]:
    """Every file of an inbox with its state, the first delivered first; unfinished and hidden files are left out.

    A file is complete when its done marker is there; or when it is whole, as files of its kind are (text ends in a newline,
    a compressed file at the end of its compressed stream), and either was renamed (or given its time) after its last byte was
    written, or size and time were still for `settle_seconds`.

    Parameters
    ----------
    now_s
        Wall clock [s since 1970].
    settle_seconds
        How long a file must be still [s].
    apart_from
        Names that are left out.
    """
    entries = {p.name: p for p in folder.iterdir()} if folder.is_dir() else {}
    found = []
    for name, path in entries.items():
        if name in apart_from or name.startswith(".") or name.endswith((*UNFINISHED, DONE)):
            continue
        try:
            about = path.lstat()
        except FileNotFoundError:  # another process took it
            continue
        found.append((about.st_mtime_ns, name, _judge(path, about, name + DONE in entries, now_s, settle_seconds)))
    return [judged for _, _, judged in sorted(found, key=lambda f: f[:2])]


def _judge(path: Path, about, marked: bool, now_s: float, settle_seconds: float) -> Found:
    if not stat.S_ISREG(about.st_mode):
        return Found(path, "ignored", "not a regular file (a folder, link, pipe or device); remove it from the inbox")
    if marked:
        return Found(path, "ready")
    still_s = now_s - (about.st_mtime if about.st_mtime <= now_s else about.st_ctime)
    may_be = about.st_ctime_ns > about.st_mtime_ns or still_s >= settle_seconds
    source = sources.named(path.name)
    complete = False
    if about.st_size and (may_be or source.is_quick):
        with path.open("rb") as file:
            complete = source.is_whole(file, about.st_size)
    if complete and may_be:
        return Found(path, "ready")
    if not complete and still_s >= PATIENCE * settle_seconds:
        what = source.cut if about.st_size else "is empty"
        return Found(path, "incomplete", f"the file {what}, and it did not change for {still_s:.0f} s; send it again, complete")
    return Found(path, "waiting", STILL_WRITTEN if complete else source.waiting)
