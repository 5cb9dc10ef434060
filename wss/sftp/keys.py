"""The server's own key, and the keys with which a tenant logs in."""

import os
import stat
from pathlib import Path

import asyncssh

from wss.errors import ConfigError
from wss.steps.login_keys import TENANT_KEYS

__all__ = ["HOST_KEY", "TENANT_KEYS", "host_key", "may_log_in"]

HOST_KEY = "sftp_host_key"
"""File of the server's private key in WSS_HOME; its public half lies beside it, with the ending .pub."""


def host_key(home: Path) -> asyncssh.SSHKey:
    """The server's key, made where there is none.

    Raises
    ------
    ConfigError
        If the file cannot be read or written, is not a private key, or may be read by others.
    """
    path = home / HOST_KEY
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"{path} may be read by other users: chmod 600 {path}")
        return asyncssh.read_private_key(path)
    except asyncssh.KeyImportError as error:
        raise ConfigError(
            f"{path} is not a private key ({error}): put it right, or delete it and a new one is made;"
            " clients that know the old one will then refuse the server"
        ) from error
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}; the server keeps its key there") from error


def may_log_in(path: Path, key: asyncssh.SSHKey, address: str) -> tuple[bool, str]:
    """Whether a tenant's file of keys lists `key` for a client of this address, and if not, why.

    The file is read at each call, so a key that is added or taken out counts from the next login. Options of a line that
    restrict where from (`from="..."`) are kept to; lines that are not keys are passed over.
    """
    try:
        if path.stat().st_mode & stat.S_IWOTH:
            return False, f"{path} may be written by everybody: chmod o-w {path}"
        listed = asyncssh.import_authorized_keys(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False, f"there is no {path}"
    except (OSError, ValueError) as error:
        return False, f"{path}: {error}"
    if listed.validate(key, address, address) is None:
        return False, f"the key is not in {path}, or not for this address"
    return True, ""


def _make(path: Path) -> None:
    """Write a new key, complete or not at all; one that another process made meanwhile stays."""
    key = asyncssh.generate_private_key("ssh-ed25519", comment="wss sftp")
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key.export_private_key())
    try:
        os.link(part, path)
        path.with_name(f"{path.name}.pub").write_bytes(key.export_public_key())
    except FileExistsError:
        pass
    finally:
        part.unlink()
