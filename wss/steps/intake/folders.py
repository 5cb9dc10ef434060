"""Moving files between the folders of a tenant without ever losing or replacing one."""

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from wss.failpoints import reach
from wss.steps.intake.look import DONE

LONGEST_OF_ALL = 255
"""Longest name that a file system has [bytes]."""
LONGEST_NAME = 200
"""Longest name that a file keeps [bytes]; the ending of a report or a digest is added to it."""


def safe_name(name: str) -> str:
    """Name that is safe in a database, a report and a terminal; a usual one is returned unchanged.

    What cannot be printed, and bytes that are not UTF-8, are written as %XX; of a longer name than LONGEST_NAME, the beginning,
    a digest and the ending are kept.
    """
    raw = os.fsencode(name)
    text = raw.decode("utf-8", errors="surrogateescape")
    safe = "".join(c if c.isprintable() else "".join(f"%{byte:02X}" for byte in os.fsencode(c)) for c in text)
    if len(safe.encode()) <= LONGEST_NAME:
        return safe
    ending = "".join(Path(safe).suffixes[-2:])
    ending = ending if len(ending.encode()) < 20 else ""
    head = safe.encode()[: LONGEST_NAME - 20 - len(ending.encode())].decode("utf-8", errors="ignore")
    return f"{head}-{hashlib.sha256(raw).hexdigest()[:12]}{ending}"


def claim(path: Path, work: Path) -> Path | None:
    """Move a file of the inbox into `work`, under a safe name and out of its sender's reach; None if that name is taken."""
    target = work / safe_name(path.name)
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        return None
    reach("in_claim")
    try:
        path.unlink()
    except PermissionError:  # it stays where it is, and only there
        target.unlink(missing_ok=True)
        raise
    marker = path.with_name(path.name + DONE)
    if len(os.fsencode(marker.name)) <= LONGEST_OF_ALL:
        marker.unlink(missing_ok=True)
    return target


def own(path: Path) -> None:
    """Make sure that nobody else can write the contents of `path` by another name of it: replace a hard link by a copy."""
    about = path.lstat()
    if about.st_nlink == 1 or not stat.S_ISREG(about.st_mode):
        return
    copy = path.with_name(f".{path.name[:LONGEST_NAME]}.{os.getpid()}.copy")
    shutil.copyfile(path, copy, follow_symlinks=False)
    os.utime(copy, ns=(about.st_atime_ns, about.st_mtime_ns))
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    copy.replace(path)


def put_away(path: Path, folder: Path, about: Callable[[Path], None] = lambda target: None) -> Path:
    """Move a file into another folder, under a safe name.

    Beside another of its name it gets a longer one, and what is there already is not kept twice. `about` is called with the
    new path before the old one goes, so that what it writes is there whenever the move is complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest, name = sha256_of(path), Path(safe_name(path.name))
    for target in (folder / name, folder / f"{name.stem}-{digest[:12]}{name.suffix}"):
        try:
            os.link(path, target)
        except FileExistsError:
            if sha256_of(target) != digest:
                continue
        about(target)
        reach("in_put_away")
        path.unlink()
        return target
    raise FileExistsError(f"{path} cannot be moved: {target} is another file")


def contents(path: Path) -> bytes:
    """Bytes of a regular file; FileNotFoundError if it is gone, OSError if a link was put in its place."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's contents, without holding them in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
