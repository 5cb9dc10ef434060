"""What a launcher and a parent say to each other: JSON messages, with file descriptors, over a Unix socket."""

import json
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MESSAGE_BYTES = 1 << 20
DESCRIPTORS = 4


@dataclass(frozen=True)
class Launch:
    """What a kernel begins with. Its standard output, standard error and launcher travel beside it, as descriptors."""

    key: str
    """Of `places.key`."""
    launcher: int
    """Process that asks."""
    argv: list[str]
    """Arguments of the kernel's application."""
    environment: dict[str, str]
    folder: str
    umask: int
    nice: int
    cpus: list[int]
    limits: dict[int, tuple[int, int]]
    """Resource -> soft and hard limit."""
    memory_mb: int = 0
    """Most address space [MB]; 0: no limit but the launcher's."""
    independent: bool = False
    """Whether the kernel outlives its launcher."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Launch":
        """From what JSON holds; TypeError if it is no launch."""
        return cls(**told | {"limits": {int(which): tuple(pair) for which, pair in told["limits"].items()}})


def connect(path: Path, timeout_s: float) -> socket.socket:
    """A connection to the parent at `path`; OSError if none listens there, PermissionError if it is another user's."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES)
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        if peer(connection)[1] != os.getuid():
            raise PermissionError(f"{path} is served by another user")
    except OSError:
        connection.close()
        raise
    return connection


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end."""
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid


def send(connection: socket.socket, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
    """Send one message; OSError if the other end is gone or the message is too long."""
    socket.send_fds(connection, [json.dumps(message).encode()], descriptors)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """One message and the descriptors that came with it; ({}, []) at the end; ValueError if it is none."""
    data, descriptors, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, DESCRIPTORS)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    message = json.loads(data) if data else {}
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message, list(descriptors)
