"""Files of the two folders, by single names in an open folder: no link is followed, and no name leads out."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from asyncssh import SFTPFailure, SFTPFileAlreadyExists, SFTPNoSuchFile, SFTPPermissionDenied, SFTPQuotaExceeded

from wss.sftp.limits import Limits, in_words

MODE = 0o660
"""Mode of a file of the inbox: the intake, as the same user or group, reads and moves it."""
TICK_NS = 10_000_000
"""Longest tick of a file system's clock [ns]."""


class Opened(io.FileIO):
    """A file that a client holds open, and what it did with it."""

    def __init__(self, handle: int, path: str, mode: str):
        super().__init__(handle, mode)
        self.path, self.since, self.moved_bytes = path, monotonic(), 0
        self.before_bytes: int | None = None
        """Size when it was opened to go on writing; None for a new file."""
        self.append = False
        self.refused = ""
        """Why it takes no more bytes."""

    @property
    def size(self) -> int:
        """Size now [bytes]."""
        return os.fstat(self.fileno()).st_size


@contextmanager
def entered(folder: Path) -> Iterator[int]:
    """Handle of a folder; what is done by single names relative to it stays in it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


def about(folder: Path, name: str) -> os.stat_result:
    """What is known about a regular file; links, pipes, devices and folders do not exist for a client."""
    with entered(folder) as there:
        found = os.stat(name, dir_fd=there, follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        raise SFTPNoSuchFile("no such file")
    return found


def regular_files(folder: Path) -> list[tuple[str, os.stat_result]]:
    """Name and facts of every regular file of a folder, by name; files that vanish meanwhile are left out."""
    found = []
    with entered(folder) as there, os.scandir(there) as entries:
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False):
                    found.append((entry.name, entry.stat(follow_symlinks=False)))
            except FileNotFoundError:
                continue
    return sorted(found)


def open_to_read(folder: Path, name: str, path: str) -> Opened:
    """Open a regular file for reading."""
    about(folder, name)
    with entered(folder) as there:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=there)
    return _regular(handle, path, "rb")


class Inbox:
    """One tenant's inbox and how much of its limits is used; shared by all connections of the tenant."""

    def __init__(self, folder: Path, limits: Limits):
        self.folder, self.limits = folder, limits
        self.files, self.used_bytes = 0, 0
        self.writing: set[Opened] = set()

    def count(self) -> None:
        """Count what is there: entries and bytes, also of files that are deleted or taken in while they are written."""
        self.files, self.used_bytes = 0, 0
        with entered(self.folder) as there, os.scandir(there) as entries:
            for entry in entries:
                self.files += 1
                try:
                    self.used_bytes += entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue
        open_ones = [os.fstat(file.fileno()) for file in self.writing]
        self.used_bytes += sum(found.st_size for found in open_ones if found.st_nlink == 0)

    def create(self, name: str, path: str, new_only: bool) -> Opened:
        """Open a new file; one of the same name that is there already is let go, never cut, as the intake may be reading it."""
        there_already = exists(self.folder, name)
        if there_already and new_only:
            raise SFTPFileAlreadyExists("there is a file of this name")
        self.count()
        if not there_already and self.files >= self.limits.files:
            raise SFTPQuotaExceeded(f"the inbox holds {self.files:,} files, and {self.limits.files:,} is the limit")
        if self.used_bytes >= self.limits.inbox_bytes:
            raise SFTPQuotaExceeded(f"the inbox is full: {in_words(self.limits.inbox_bytes)} is the limit")
        with entered(self.folder) as there:
            if there_already:
                os.unlink(name, dir_fd=there)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = Opened(os.open(name, flags, MODE, dir_fd=there), path, "wb")
        self.writing.add(file)
        return file

    def resume(self, name: str, path: str) -> Opened:
        """Open a file that is there, to go on writing it."""
        about(self.folder, name)
        with entered(self.folder) as there:
            handle = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=there)
        file = _regular(handle, path, "wb")
        if os.fstat(handle).st_nlink != 1:
            file.close()
            raise SFTPPermissionDenied("the file is being taken in; send it as a new one")
        file.before_bytes = file.size
        self.writing.add(file)
        return file

    def write(self, file: Opened, offset: int, data: bytes) -> None:
        """Write all of `data` [bytes] at `offset`; at the first refusal the upload is undone and takes no more."""
        if file.refused:
            raise SFTPQuotaExceeded(file.refused)
        try:
            self._make_room(file, offset + len(data))
            rest = memoryview(data)
            while rest:
                written = os.pwrite(file.fileno(), rest, offset)
                rest, offset = rest[written:], offset + written
        except (SFTPQuotaExceeded, OSError) as error:
            file.refused = error.reason if isinstance(error, SFTPQuotaExceeded) else error.strerror
            self._undo(file)
            raise
        file.moved_bytes += len(data)

    def resize(self, file: Opened, size: int) -> None:
        """Cut or lengthen an open file to `size` [bytes], within the limits."""
        if not file.refused and size != file.size:
            self._make_room(file, size)
            os.ftruncate(file.fileno(), size)

    def done(self, file: Opened) -> None:
        """Close a file."""
        self.writing.discard(file)
        file.close()

    def rename(self, old: str, new: str, replace: bool) -> None:
        """Give a file another name; a file that has it already is replaced or, unless `replace`, is an error.

        A rename is the sign of a complete file, by its time of change being later than that of its last byte. Clocks of file
        systems tick every few milliseconds, so that after a quick rename both can be the same: the latter is then set back.
        """
        about(self.folder, old)
        with entered(self.folder) as there:
            if replace:
                os.rename(old, new, src_dir_fd=there, dst_dir_fd=there)
            else:
                os.link(old, new, src_dir_fd=there, dst_dir_fd=there, follow_symlinks=False)
                os.unlink(old, dir_fd=there)
            try:
                found = os.stat(new, dir_fd=there, follow_symlinks=False)
                if found.st_ctime_ns <= found.st_mtime_ns:
                    times_ns = (found.st_atime_ns, found.st_mtime_ns - TICK_NS)
                    os.utime(new, ns=times_ns, dir_fd=there, follow_symlinks=False)
            except FileNotFoundError:
                return  # the intake has taken it

    def remove(self, name: str) -> None:
        """Delete a file."""
        about(self.folder, name)
        with entered(self.folder) as there:
            os.unlink(name, dir_fd=there)

    def _make_room(self, file: Opened, end: int) -> None:
        """Count the growth of a file to `end` [bytes], or refuse it."""
        if end > self.limits.file_bytes:
            raise SFTPQuotaExceeded(f"the file is larger than {in_words(self.limits.file_bytes)}, which is the limit; split it")
        growth = max(0, end - file.size)
        if growth and self.used_bytes + growth > self.limits.inbox_bytes:
            self.count()  # the intake may have taken files meanwhile
            if self.used_bytes + growth > self.limits.inbox_bytes:
                raise SFTPQuotaExceeded(f"the inbox is full: {in_words(self.limits.inbox_bytes)} is the limit")
        self.used_bytes += growth

    def _undo(self, file: Opened) -> None:
        """Leave nothing of a refused upload: a new file goes, a resumed one is as it was before."""
        if file.before_bytes is not None:
            os.ftruncate(file.fileno(), file.before_bytes)
            return
        name = file.path.rpartition("/")[2]
        with entered(self.folder) as there:
            try:
                found = os.stat(name, dir_fd=there, follow_symlinks=False)
            except FileNotFoundError:
                return
            if os.path.samestat(found, os.fstat(file.fileno())):
                os.unlink(name, dir_fd=there)


def exists(folder: Path, name: str) -> bool:
    """Whether there is a regular file of this name; SFTPFailure if anything else has it."""
    try:
        about(folder, name)
    except FileNotFoundError:
        return False
    except SFTPNoSuchFile:
        raise SFTPFailure("something that is not a regular file has this name; choose another") from None
    return True


def _regular(handle: int, path: str, mode: str) -> Opened:
    """The open file, if it is a regular one; it may have been put in place of one that was."""
    file = Opened(handle, path, mode)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise SFTPFailure("not a regular file")
    return file
