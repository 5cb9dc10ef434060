"""One client's SFTP session: `/inbox` to write into, `/outbox` to read from, and nothing else."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import NoReturn
from weakref import WeakSet

from asyncssh import (
    FXF_APPEND,
    FXF_CREAT,
    FXF_EXCL,
    FXF_TRUNC,
    FXF_WRITE,
    SFTPAttrs,
    SFTPError,
    SFTPFailure,
    SFTPName,
    SFTPNoSuchFile,
    SFTPOpUnsupported,
    SFTPPermissionDenied,
    SFTPServer,
    SFTPVFSAttrs,
    SSHServerChannel,
)

from wss.sftp import folders, shown
from wss.sftp.folders import Inbox, Opened
from wss.sftp.paths import FOLDERS, INBOX, NAME_BYTES, OUTBOX, Place, resolve

log = logging.getLogger("wss.sftp")
BLOCK = 4096


class Session(SFTPServer):
    """Answers the requests of one client. Each is refused unless it is one that a client needs; refusals are logged."""

    def __init__(
        self, channel: SSHServerChannel, who: str, inbox: Inbox, outbox: Path, active: Callable[[], None], handles: WeakSet
    ):
        super().__init__(channel)
        self._who, self._inbox, self._outbox, self._active, self._handles = who, inbox, outbox, active, handles

    def map_path(self, path: bytes) -> bytes:
        """No path is ever mapped: what asks for one is not served."""
        raise SFTPOpUnsupported("not served")

    reverse_map_path = map_path

    def format_user(self, uid: int | None) -> str:
        """Owner in a listing."""
        return "-"

    def format_group(self, gid: int | None) -> str:
        """Group in a listing."""
        return "-"

    def realpath(self, path: bytes) -> bytes:
        """The path without `..` and doubled slashes, whether there is anything or not."""
        place = self._place("realpath", path)
        return place.path.encode()

    def stat(self, path: bytes) -> SFTPAttrs:
        """Facts about a folder or a regular file."""
        place = self._place("stat", path)
        if not place.name:
            return shown.of_folder(place.folder)
        return shown.of_file(self._about(place), place.folder)

    lstat = stat

    def fstat(self, file_obj: Opened) -> SFTPAttrs:
        """Facts about an open file."""
        return shown.of_file(os.fstat(file_obj.fileno()), Place(*file_obj.path.strip("/").split("/")).folder)

    def scandir(self, path: bytes) -> shown.Listing:
        """Names in a folder: regular files that are not hidden, or the two folders."""
        place = self._place("list", path)
        self._take_handle("list", place)
        if place.name:
            raise SFTPNoSuchFile("no such folder")
        names = [SFTPName(name, attrs=shown.of_folder(place.folder)) for name in (b".", b"..")]
        if not place.folder:
            names += [SFTPName(folder.encode(), attrs=shown.of_folder(folder)) for folder in FOLDERS]
        else:
            files = folders.regular_files(self._folder(place))
            names += [
                SFTPName(os.fsencode(name), attrs=shown.of_file(found, place.folder))
                for name, found in files
                if place.folder == INBOX or not name.startswith(".")
            ]
        listing = shown.Listing(names)
        self._handles.add(listing)
        return listing

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Opened:
        """Open a file of the outbox for reading, or one of the inbox for writing; the wanted mode is not heeded."""
        place = self._place("open", path)
        self._take_handle("open", place)
        if not place.name:
            self._refuse("open", place, "a folder is not a file")
        file = self._open_to_write(place, pflags) if pflags & FXF_WRITE else self._open_to_read(place)
        self._handles.add(file)
        return file

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: SFTPAttrs) -> NoReturn:
        """Versions above 3 of the protocol are not served."""
        raise SFTPOpUnsupported("not served")

    def read(self, file_obj: Opened, offset: int, size: int) -> bytes:
        """Bytes of a file of the outbox."""
        self._active()
        if not file_obj.readable():
            raise SFTPPermissionDenied("the file is open for writing only")
        data = os.pread(file_obj.fileno(), size, offset)
        file_obj.moved_bytes += len(data)
        return data

    def write(self, file_obj: Opened, offset: int, data: bytes) -> int:
        """Write into a file of the inbox."""
        self._active()
        if not file_obj.writable():
            raise SFTPPermissionDenied("the file is open for reading only")
        told = bool(file_obj.refused)
        try:
            self._inbox.write(file_obj, file_obj.size if file_obj.append else offset, data)
        except (SFTPError, OSError):
            if not told:
                log.warning("refused %s write %r: %s", self._who, file_obj.path, file_obj.refused)
            raise
        return len(data)

    def close(self, file_obj: Opened) -> None:
        """Close a file. That says nothing about its being complete: a client that dies closes its files too."""
        kind = "upload" if file_obj.writable() else "download"
        how = f", refused: {file_obj.refused}" if file_obj.refused else ""
        seconds = monotonic() - file_obj.since
        log.info(
            "%s %s %r closed: %d bytes moved, size %d, %.2f s%s",
            kind,
            self._who,
            file_obj.path,
            file_obj.moved_bytes,
            file_obj.size,
            seconds,
            how,
        )
        self._handles.discard(file_obj)
        self._inbox.done(file_obj)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Accept and ignore times, mode and owner: a time set before the last byte would look like a finished upload."""
        place = self._place("setstat", path)
        if place.folder != INBOX or not place.name or attrs.size is not None:
            self._refuse("setstat", place, "only a file of the inbox can be given a time, and only an open one a size")
        self._about(place)

    lsetstat = setstat

    def fsetstat(self, file_obj: Opened, attrs: SFTPAttrs) -> None:
        """Cut an open file, as clients do after an interrupted upload; times, mode and owner are ignored as by `setstat`."""
        if not file_obj.writable():
            raise SFTPPermissionDenied("the file is open for reading only")
        if attrs.size is not None:
            self._inbox.resize(file_obj, attrs.size)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename a file of the inbox; an existing one is not replaced."""
        self._rename(oldpath, newpath, replace=False)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename a file of the inbox; an existing one is replaced."""
        self._rename(oldpath, newpath, replace=True)

    def remove(self, path: bytes) -> None:
        """Delete a file of the inbox."""
        place = self._place("remove", path)
        if place.folder != INBOX or not place.name:
            self._refuse("remove", place, "only files of the inbox can be deleted")
        self._inbox.remove(place.name)
        log.info("remove %s %r", self._who, place.path)

    def statvfs(self, path: bytes) -> SFTPVFSAttrs:
        """What is left of the inbox's limits, in place of facts about the machine's disk."""
        self._place("statvfs", path)
        self._inbox.count()
        limits = self._inbox.limits
        blocks, free = limits.inbox_bytes // BLOCK, max(0, limits.inbox_bytes - self._inbox.used_bytes) // BLOCK
        left = max(0, limits.files - self._inbox.files)
        return SFTPVFSAttrs(
            bsize=BLOCK,
            frsize=BLOCK,
            blocks=blocks,
            bfree=free,
            bavail=free,
            files=limits.files,
            ffree=left,
            favail=left,
            namemax=NAME_BYTES,
        )

    def fstatvfs(self, file_obj: Opened) -> SFTPVFSAttrs:
        """As `statvfs`."""
        return self.statvfs(b"/")

    async def fsync(self, file_obj: Opened) -> None:
        """Return when the file is on the disk; other clients are served meanwhile."""
        handle = os.dup(file_obj.fileno())
        try:
            await asyncio.to_thread(os.fsync, handle)
        finally:
            os.close(handle)

    def exit(self) -> None:
        """Tell the client that the session ended well; scp takes silence for a failure."""
        self.channel.exit(0)

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> NoReturn:
        """There are two folders and no others."""
        self._refuse("mkdir", self._place("mkdir", path), "folders cannot be made; put files into /inbox")

    def rmdir(self, path: bytes) -> NoReturn:
        """There are two folders, always."""
        self._refuse("rmdir", self._place("rmdir", path), "folders cannot be removed")

    def readlink(self, path: bytes) -> NoReturn:
        """There are no links."""
        self._refuse("readlink", self._place("readlink", path), "there are no links")

    def symlink(self, oldpath: bytes, newpath: bytes) -> NoReturn:
        """There are no links."""
        self._refuse("symlink", self._place("symlink", newpath), "links cannot be made")

    def link(self, oldpath: bytes, newpath: bytes) -> NoReturn:
        """There are no links."""
        self._refuse("link", self._place("link", newpath), "links cannot be made")

    def _rename(self, oldpath: bytes, newpath: bytes, replace: bool) -> None:
        old, new = self._place("rename", oldpath), self._place("rename", newpath)
        if not (old.folder == new.folder == INBOX and old.name and new.name):
            self._refuse("rename", new, f"only files of the inbox can be renamed, and within it (this was {old.path})")
        self._inbox.rename(old.name, new.name, replace)
        log.info("rename %s %r to %r", self._who, old.path, new.path)

    def _open_to_read(self, place: Place) -> Opened:
        if place.folder != OUTBOX:
            self._refuse("read", place, "the inbox is for writing; only /outbox can be read")
        return folders.open_to_read(self._outbox, place.name, place.path)

    def _open_to_write(self, place: Place, pflags: int) -> Opened:
        if place.folder != INBOX:
            self._refuse("write", place, "only /inbox can be written to")
        try:
            exists = folders.exists(self._inbox.folder, place.name)
            if not exists and not pflags & FXF_CREAT:
                raise SFTPNoSuchFile("no such file")
            if not exists or pflags & (FXF_TRUNC | FXF_EXCL):
                file = self._inbox.create(place.name, place.path, bool(pflags & FXF_EXCL))
            else:
                file = self._inbox.resume(place.name, place.path)
        except SFTPError as error:
            log.warning("refused %s write %r: %s", self._who, place.path, error.reason)
            raise
        file.append = bool(pflags & FXF_APPEND)
        return file

    def _place(self, action: str, path: bytes) -> Place:
        """The place of a path; SFTPNoSuchFile or SFTPPermissionDenied where there can be none."""
        self._active()
        try:
            place = resolve(path)
        except ValueError as error:
            log.warning("refused %s %s %r: %s", self._who, action, path[:NAME_BYTES], error)
            raise SFTPPermissionDenied(str(error)) from None
        if place is None:
            log.warning("refused %s %s %r: outside of the two folders", self._who, action, path[:NAME_BYTES])
            raise SFTPNoSuchFile("there is only /inbox and /outbox, without folders in them")
        return place

    def _folder(self, place: Place) -> Path:
        return self._inbox.folder if place.folder == INBOX else self._outbox

    def _about(self, place: Place) -> os.stat_result:
        return folders.about(self._folder(place), place.name)

    def _take_handle(self, action: str, place: Place) -> None:
        if len(self._handles) >= self._inbox.limits.handles:
            log.warning("refused %s %s %r: too many open files", self._who, action, place.path)
            raise SFTPFailure(f"{len(self._handles)} files and listings are open, which is the limit; close some")

    def _refuse(self, action: str, place: Place, why: str) -> NoReturn:
        log.warning("refused %s %s %r: %s", self._who, action, place.path, why)
        raise SFTPPermissionDenied(why)
