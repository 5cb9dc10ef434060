"""The public keys with which tenants log in over SFTP, and those that open more than one tenant."""

import base64
import binascii
import hashlib
import re
from collections import defaultdict
from pathlib import Path

from wss.errors import NotFoundError
from wss.store import Workspace

TENANT_KEYS = "sftp_keys"
"""File of a tenant's public keys in its folder, one a line, as in OpenSSH's authorized_keys."""
_OPTIONS = re.compile(r'(?:\\.|"(?:\\.|[^"\\])*"|[^\s"\\])+\s+')
_KEY = re.compile(r"(?P<kind>[a-z0-9@.-]+)\s+(?P<body>AAAA[A-Za-z0-9+/]+=*)(?:\s|$)")
_AUTHORITY = re.compile(r"(?:^|,)cert-authority(?:,|\s|$)", re.IGNORECASE)


def parse_keys(text: str) -> dict[bytes, int]:
    """Keys of a file in the format of authorized_keys: what a key is, without options and comment, and its first line.

    Lines that are no key are passed over, as a server does, and so are authorities, whose certificates name the user.
    """
    found: dict[bytes, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line, options = line.strip(), None
        match = _KEY.match(line)
        if match is None and (options := _OPTIONS.match(line)):
            match = _KEY.match(line, options.end())
        if match is None or line.startswith("#") or options and _AUTHORITY.search(re.sub(r'"(?:\\.|[^"\\])*"', "", options[0])):
            continue
        try:
            body = base64.b64decode(match["body"], validate=True)
        except binascii.Error:
            continue
        if body[4 : 4 + int.from_bytes(body[:4])] == match["kind"].encode():
            found.setdefault(body, number)
    return found


def fingerprint(key: bytes) -> str:
    """Fingerprint of a key, as `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def shared_keys(workspace: Workspace) -> dict[bytes, dict[str, int]]:
    """Keys that several tenants list: for each its line by tenant.

    A file that cannot be read as text opens no tenant and is passed over.
    """
    found: dict[bytes, dict[str, int]] = defaultdict(dict)
    for name in workspace.names():
        try:
            listed = parse_keys(_file(workspace, name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, NotFoundError):
            continue
        for key, line in listed.items():
            found[key][name] = line
    return {key: lines for key, lines in found.items() if len(lines) > 1}


def key_faults(workspace: Workspace, name: str) -> list[str]:
    """What is wrong with a tenant's keys: those that open another tenant too, and a file that is not text."""
    try:
        _file(workspace, name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        return [f"{TENANT_KEYS}: {error}; save the file as UTF-8 text that this user may read: nobody can log in by it"]
    return [_fault(key, lines, name) for key, lines in shared_keys(workspace).items() if name in lines]


def _fault(key: bytes, lines: dict[str, int], name: str) -> str:
    others = " and ".join(f"{other} (tenants/{other}/{TENANT_KEYS}:{line})" for other, line in lines.items() if other != name)
    return (
        f"{TENANT_KEYS}:{lines[name]}: the key {fingerprint(key)} of {name} is also a key of {others}: who holds it logs in"
        f" as each of them, reads its outbox and writes into its inbox; take the line out of the file of the tenant whose key"
        f" it is not, and give that tenant a key of its own"
    )


def _file(workspace: Workspace, name: str) -> Path:
    return workspace.tenant(name) / TENANT_KEYS
