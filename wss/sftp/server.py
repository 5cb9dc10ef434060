"""The SFTP server: who may come in, how many at a time, and a clean end."""

import asyncio
import logging
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

import asyncssh
from asyncssh.kex import get_kex_algs

from wss.errors import ConfigError, NotFoundError
from wss.sftp.folders import Inbox
from wss.sftp.keys import TENANT_KEYS, host_key, may_log_in
from wss.sftp.limits import Limits
from wss.sftp.session import Session
from wss.steps.login_keys import fingerprint, shared_keys

if TYPE_CHECKING:
    from wss.store import Workspace

log = logging.getLogger("wss.sftp")
KEX = [
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
]
"""Key exchanges, the preferred first; the first two where the installed libraries have them."""
ALGORITHMS = {
    "kex_algs": [name for name in KEX if name.encode() in get_kex_algs()],
    "encryption_algs": [
        "chacha20-poly1305@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        "aes256-ctr",
        "aes128-ctr",
    ],
    "mac_algs": ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
    "signature_algs": [
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ],
    "compression_algs": ["none"],
}
"""What the server speaks: nothing with SHA-1, CBC, DSA or short groups, and no compression."""
TRIES = 12
"""Keys that a client may try on one connection."""
KEEPALIVE_S, KEEPALIVE_COUNT = 30, 4
"""A client that answers none of so many questions, so far apart, is gone."""
STOP_S = 5
"""How long connections have to end when the server stops [s]."""


@dataclass
class SftpServer:
    """A running server. `await close()` ends it."""

    workspace: "Workspace"
    limits: Limits
    key: asyncssh.SSHKey
    doors: set["Door"] = field(default_factory=set)
    """Connections that are open."""
    inboxes: WeakValueDictionary = field(default_factory=WeakValueDictionary)
    """Inbox by tenant, while one of the tenant is connected."""
    acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return self.acceptor.get_port()

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the server's key."""
        return self.key.get_fingerprint()

    def inbox(self, tenant: str) -> Inbox:
        """A tenant's inbox, one object for all its connections."""
        inbox = self.inboxes.get(tenant)
        if inbox is None:
            inbox = self.inboxes[tenant] = Inbox(self.workspace.inbox(tenant), self.limits)
        return inbox

    async def close(self) -> None:
        """Take no more connections, end those that are open, and return when they have ended."""
        self.acceptor.close()
        for door in list(self.doors):
            door.end(asyncssh.DISC_BY_APPLICATION, "the server stops; try again later")
        deadline = monotonic() + STOP_S
        while self.doors and monotonic() < deadline:
            await asyncio.sleep(0.05)
        log.info("stopped")


async def start(workspace: "Workspace", host: str = "127.0.0.1", port: int = 0, limits: Limits | None = None) -> SftpServer:
    """Start to serve the inbox and outbox of every tenant; a tenant that is added later is served too.

    The name at login says which tenant, so a key that several tenants list opens them all: the log warns of each.

    Raises
    ------
    ConfigError
        If the server's key cannot be used or the address cannot be listened on.
    """
    limits = limits or Limits()
    server = SftpServer(workspace, limits, host_key(workspace.home))
    try:
        server.acceptor = await asyncssh.listen(
            host,
            port,
            server_factory=lambda: Door(server),
            server_host_keys=[server.key],
            server_version="wss",
            config=[],
            sftp_factory=_session,
            sftp_version=3,
            allow_scp=False,
            process_factory=_no_shell,
            encoding=None,
            allow_pty=False,
            line_editor=False,
            x11_forwarding=False,
            agent_forwarding=False,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            x509_trusted_certs=None,
            login_timeout=limits.login_s,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=KEEPALIVE_COUNT,
            **ALGORITHMS,
        )
    except OSError as error:
        why = error.strerror or error
        raise ConfigError(f"{host} port {port} cannot be listened on ({why}): choose others with --host, --port") from error
    for key, lines in shared_keys(workspace).items():
        log.warning("the key %s opens several tenants: %s; give each a key of its own", fingerprint(key), ", ".join(lines))
    return server


class Door(asyncssh.SSHServer):
    """One connection: lets a tenant in by its key, and only into its own two folders."""

    def __init__(self, server: SftpServer):
        self.server, self.limits = server, server.limits
        self.tenant = ""
        self.tried: list[str] = []
        self.user, self.reason = "", ""
        self.handles: WeakSet = WeakSet()
        self._last, self._timer = monotonic(), None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Count the connection; end it if too many are on their way in."""
        self.conn = conn
        self.address, port = conn.get_extra_info("peername")[:2]
        self.peer = f"{self.address} port {port}"
        starting = sum(not door.tenant for door in self.server.doors)
        self.server.doors.add(self)
        if starting >= self.limits.starting:
            self.reason = f"{starting} others are logging in"
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say how the connection ended."""
        self.server.doors.discard(self)
        if self._timer:
            self._timer.cancel()
        if self.tenant:
            why = self.reason or exc
            log.info("logout %s%s", self.who, f": {why}" if why else "")
        else:
            keys = f", keys tried: {', '.join(self.tried)}" if self.tried else ", no key tried"
            why = "; ".join(str(part) for part in (self.reason, exc) if part) or "the client gave up"
            log.warning("login refused %s, user %r%s: %s", self.peer, self.user[:40], keys, why)

    def begin_auth(self, username: str) -> bool:
        """Everybody has to show a key."""
        self.user = username
        return True

    def public_key_auth_supported(self) -> bool:
        """Keys are the only way in."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether the key is one of the tenant's."""
        try:
            folder = self.server.workspace.tenant(username)
        except NotFoundError:
            allowed, self.reason = False, "no such tenant"
        else:
            if (folder / "tenant.yml").is_file():
                allowed, self.reason = may_log_in(folder / TENANT_KEYS, key, self.address)
            else:
                allowed, self.reason = False, "no such tenant"
        print_of_key = key.get_fingerprint()
        if allowed:
            self.fingerprint = print_of_key
        elif print_of_key not in self.tried:
            self.tried.append(print_of_key)
            if len(self.tried) >= TRIES:
                self.end(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, f"{TRIES} keys were tried")
        return allowed

    def auth_completed(self) -> None:
        """Count the tenant's connections, prepare its folders, start the idle clock."""
        others = [door.tenant for door in self.server.doors if door.tenant]
        tenant = self.conn.get_extra_info("username")
        self.user = tenant
        for number, limit, what in (
            (others.count(tenant), self.limits.tenant_connections, "of this tenant"),
            (len(others), self.limits.connections, "of all tenants"),
        ):
            if number >= limit:
                why = f"{number} connections {what} are open, which is the limit; close some or try later"
                self.end(asyncssh.DISC_TOO_MANY_CONNECTIONS, why)
                return
        try:
            self.server.workspace.prepare(tenant)
        except OSError as error:
            self.end(asyncssh.DISC_BY_APPLICATION, "the tenant's folders cannot be made; ask the administrator")
            self.reason = f"{error.filename}: {error.strerror}"
            return
        self.reason = ""
        self.tenant, self.inbox = tenant, self.server.inbox(tenant)
        log.info("login %s, key %s", self.who, self.fingerprint)
        self.active()
        self._watch()

    @property
    def who(self) -> str:
        """Tenant and address, for the log."""
        return f"{self.tenant} from {self.peer}"

    def active(self) -> None:
        """Note that the client asked for something."""
        self._last = monotonic()

    def end(self, code: int, why: str) -> None:
        """End the connection and tell the client and the log why."""
        self.reason = why
        self.conn.disconnect(code, why)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        """No forwarding."""
        return self._no_forwarding("to", f"{dest_host}:{dest_port}")

    def unix_connection_requested(self, dest_path: str) -> bool:
        """No forwarding."""
        return self._no_forwarding("to", dest_path)

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        """No forwarding."""
        return self._no_forwarding("from", f"{listen_host}:{listen_port}")

    def unix_server_requested(self, listen_path: str) -> bool:
        """No forwarding."""
        return self._no_forwarding("from", listen_path)

    def _no_forwarding(self, which: str, what: str) -> bool:
        log.warning("refused %s forwarding %s %r", self.who, which, what)
        return False

    def _watch(self) -> None:
        """End the connection when it has been idle for too long; look again when it could be."""
        idle_s = monotonic() - self._last
        if idle_s >= self.limits.idle_s:
            self.end(asyncssh.DISC_BY_APPLICATION, f"no request for {self.limits.idle_s:g} s")
            return
        self._timer = asyncio.get_running_loop().call_later(self.limits.idle_s - idle_s, self._watch)


def _session(channel: asyncssh.SSHServerChannel) -> Session:
    door: Door = channel.get_connection().get_owner()
    return Session(channel, door.who, door.inbox, door.server.workspace.outbox(door.tenant), door.active, door.handles)


def _no_shell(process: asyncssh.SSHServerProcess) -> None:
    """Answer to whoever asks for a shell, a command or another subsystem."""
    door: Door = process.channel.get_connection().get_owner()
    wanted = process.command or process.subsystem or "shell"
    log.warning("refused %s shell or command %r", door.who, wanted[:200])
    process.stderr.write(b"This server speaks SFTP only.\n")
    process.exit(1)
