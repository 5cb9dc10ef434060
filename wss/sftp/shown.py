"""What a client is shown of a folder and of a file: what it may do with it, never whose it is or where."""

import os
import stat
from collections.abc import AsyncIterator

from asyncssh import SFTPAttrs, SFTPName

from wss.sftp.paths import INBOX


class Listing:
    """Names of a folder, one after another."""

    def __init__(self, names: list[SFTPName]):
        self._names = iter(names)

    def __aiter__(self) -> AsyncIterator[SFTPName]:
        return self

    async def __anext__(self) -> SFTPName:
        try:
            return next(self._names)
        except StopIteration:
            raise StopAsyncIteration from None


def of_folder(folder: str) -> SFTPAttrs:
    """Facts about the root or one of the two folders."""
    mode = 0o770 if folder == INBOX else 0o550
    return SFTPAttrs(permissions=stat.S_IFDIR | mode, size=0, atime=0, mtime=0, nlink=1)


def of_file(found: os.stat_result, folder: str) -> SFTPAttrs:
    """Size and times of a file; its owner is nobody's business, and the mode says what the client may do."""
    mode = 0o220 if folder == INBOX else 0o440
    return SFTPAttrs(
        permissions=stat.S_IFREG | mode, size=found.st_size, atime=int(found.st_atime), mtime=int(found.st_mtime), nlink=1
    )
