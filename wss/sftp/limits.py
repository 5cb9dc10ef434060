"""What a client may use of the SFTP server."""

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Limits of one SFTP server; the same for every tenant."""

    file_bytes: int = 1024 * MEGABYTE
    """Largest file of an inbox [bytes]."""
    inbox_bytes: int = 4096 * MEGABYTE
    """All files of an inbox together [bytes]."""
    files: int = 10_000
    """Entries of an inbox."""
    tenant_connections: int = 32
    """Connections of one tenant at a time."""
    connections: int = 256
    """Connections of all tenants at a time."""
    starting: int = 64
    """Connections at a time that have not logged in yet."""
    handles: int = 32
    """Files and listings that one connection holds open at a time."""
    login_s: float = 30
    """Time to log in [s]."""
    idle_s: float = 600
    """Time without a request after which a connection is ended [s]."""


def in_words(size: int) -> str:
    """A number of bytes as a person would say it."""
    return f"{size / MEGABYTE:,.0f} MB" if size >= 10 * MEGABYTE else f"{size:,} bytes"
