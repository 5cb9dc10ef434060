"""What a client must not do, tried with the real client; nothing of it leaves a trace or shows what is elsewhere."""

import asyncio
import os
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SECRET = "nobody's business"
ESCAPES = [
    "get ../../../../etc/passwd GOT", "get /etc/passwd GOT", "get /inbox/../wss.db GOT", "get /tenants/north/sftp_keys GOT",
    "get /inbox/../../../tenants/north/sftp_keys GOT", "ls /etc", "ls ../../../etc", "ls /work", "ls /south", "ls /inbox/south",
    "ls /inbox/../../south", "cd /archive", "cd /inbox/folder", "get /inbox/there.csv GOT",
    "put X /etc/evil", "put X /inbox/../../evil", "put X /evil", "put X /outbox/evil", "put X /outbox/orders.csv",
    "put X /inbox/a/b", "mkdir /inbox/sub", "mkdir /new", "rmdir /inbox", "rmdir /inbox/folder", "rm /outbox/orders.csv",
    "rm /outbox", "rm /inbox/folder",
    "rename /outbox/orders.csv /inbox/orders.csv", "rename /inbox/there.csv /outbox/there.csv", "rename /inbox /outbox",
    "rename /inbox/there.csv /there.csv", "rename /inbox/there.csv ../there.csv", "rename -l /inbox/there.csv /outbox/there.csv",
    "ln -s /etc/passwd /inbox/evil", "ln -s ../../../tenants /inbox/evil", "ln /outbox/orders.csv /inbox/evil",
    "ln /inbox/there.csv /inbox/evil", "ln /etc/passwd /inbox/evil", "chmod 777 /outbox/orders.csv", "chmod 777 /inbox",
    "chown 0 /outbox", "get /inbox/link GOT", "get /outbox/link GOT", "put X /inbox/link", "reput X /inbox/link",
    "rm /inbox/link",
    "rename /inbox/link /inbox/evil", "ls /inbox/linked/", "get /inbox/linked/secret GOT", "put X /inbox/linked/evil",
    "put X /inbox/pipe", "get /outbox/pipe GOT", "put X /inbox/folder", "put X /inbox/folder/evil",
]  # fmt: skip


@pytest.fixture
def sample(tmp_path) -> Path:
    path = tmp_path / "x.csv"
    path.write_text("a\n")
    return path


@pytest.fixture
def trapped(workspace) -> Path:
    """A secret beside the tenants, with links, pipes and folders in their way. Returns the folder of it all."""
    outside = workspace.home / "outside"
    outside.mkdir()
    (outside / "secret").write_text(SECRET)
    inbox, outbox = workspace.inbox("north"), workspace.outbox("north")
    for folder in (inbox, outbox):
        (folder / "link").symlink_to(outside / "secret")
        os.mkfifo(folder / "pipe")
    (inbox / "linked").symlink_to(outside)
    (inbox / "folder").mkdir()
    (inbox / "there.csv").write_text("there\n")
    (outbox / "orders.csv").write_text("orders\n")
    (workspace.inbox("south") / "readings.csv").write_text("south\n")
    return workspace.home


def logged(caplog, words: str) -> str:
    """What the log says once it says `words`; the server writes when a connection ends, which may be after the client did."""
    deadline = time.monotonic() + 20
    while words not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    assert words in caplog.text
    return caplog.text


def tree(home: Path) -> dict[str, object]:
    """Everything under a folder: contents of files, targets of links, kinds of the rest."""
    found = {}
    for path in home.rglob("*"):
        about = path.lstat()
        what = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else oct(about.st_mode)
        found[str(path.relative_to(home))] = (what, oct(about.st_mode))
    return found


def test_escapes(north, trapped, sample, tmp_path):
    before = tree(trapped)

    def attempt(k: int) -> tuple[str, int, str]:
        line = ESCAPES[k].replace("GOT", str(tmp_path / f"got{k}")).replace("X", str(sample))
        done = north.sftp(line)
        return ESCAPES[k], done.returncode, done.stdout + done.stderr

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, range(len(ESCAPES))))
    assert [line for line, code, _ in results if code == 0] == []
    assert [line for line, _, said in results if SECRET in said or "readings.csv" in said] == []
    assert tree(trapped) == before
    assert [p.read_bytes() for p in tmp_path.glob("got*") if p.stat().st_size] == []


def test_a_hard_link_in_the_inbox_is_not_written_through(north, trapped, sample):
    os.link(trapped / "outside" / "secret", trapped / "data" / "north" / "inbox" / "hard")
    big = sample.with_name("big")
    big.write_text(SECRET + " and more\n")
    assert north.sftp(f"reput {big} /inbox/hard").returncode == 1
    assert north.sftp(f"put {sample} /inbox/hard").returncode == 0
    assert (trapped / "outside" / "secret").read_text() == SECRET


def test_a_listing_shows_regular_files_only(north, trapped):
    lines = [line for line in north.sftp("ls -1a /inbox").stdout.splitlines() if not line.startswith("sftp>")]
    assert [line.rpartition("/")[2] for line in lines if line.rpartition("/")[2] not in (".", "..")] == ["there.csv"]


@pytest.mark.parametrize(
    ("user", "key"),
    [
        ("north", "stranger"),
        ("north", "south"),
        ("nosuch", "north"),
        ("../north", "north"),
        ("root", "north"),
        ("North", "north"),
    ],
)
def test_only_a_tenants_own_key_opens(serve, connect, caplog, user, key):
    done = connect(serve(), user, key).sftp("ls /")
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr
    said = logged(caplog, "login refused 127.0.0.1")
    assert repr(user) in said


def test_keys_cannot_be_tried_without_end(serve, caplog):
    port = serve().port

    async def try_many() -> None:
        many = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(20)]
        with pytest.raises(asyncssh.DisconnectError, match="12 keys were tried"):
            await asyncssh.connect("127.0.0.1", port, username="north", client_keys=many, known_hosts=None, config=[])

    asyncio.run(try_many())
    assert logged(caplog, "12 keys were tried").count("SHA256:") == 12


def test_passwords_are_not_asked_for(serve, connect):
    client = connect(serve(), "north", "stranger", ("PreferredAuthentications=password,keyboard-interactive,gssapi-with-mic",))
    done = client.ssh("ls")
    assert done.returncode == 255
    assert done.stderr.strip() == "north@127.0.0.1: Permission denied (publickey)."


def test_no_shell_no_command_no_terminal(north, caplog):
    for words in ([], ["ls"], ["-tt"], ["-tt", "ls"], ["-s", "netconf"]):
        done = north.ssh(*words)
        assert done.returncode != 0
        assert "SFTP only" in done.stdout + done.stderr or "request failed" in done.stderr
    assert (
        subprocess.run(
            north.command("scp", "-O", "-B", "/etc/hostname", "north@127.0.0.1:/inbox/x"), timeout=60, capture_output=True
        ).returncode
        != 0
    )
    assert "refused north from 127.0.0.1" in caplog.text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_no_forwarding_in_either_direction(north, keys, caplog):
    there = f"127.0.0.1:{north.port}"
    assert north.ssh("-N", "-oExitOnForwardFailure=yes", f"-R{free_port()}:{there}").returncode == 255
    done = north.ssh(f"-W{there}")
    assert done.returncode == 255
    assert "forwarding failed" in done.stderr
    assert "refused north from 127.0.0.1" in caplog.text

    async def others(connection: asyncssh.SSHClientConnection) -> None:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/run/secret")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.start_unix_server(lambda: None, "/tmp/never")
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_tun()

    with_client(north, others)


def with_client(client, do) -> None:
    """Run the coroutine `do(connection)` with a client that can send what OpenSSH's would not."""

    async def connected() -> None:
        async with asyncssh.connect(
            "127.0.0.1", client.port, username=client.user, client_keys=[str(client.key)], known_hosts=None, config=[]
        ) as connection:
            await do(connection)

    asyncio.run(connected())


PATHS = st.lists(
    st.sampled_from(
        [
            "..",
            ".",
            "inbox",
            "outbox",
            "tenants",
            "north",
            "south",
            "work",
            "outside",
            "secret",
            "there.csv",
            "link",
            "linked",
            "pipe",
            "folder",
            "readings.csv",
            "sftp_keys",
            "wss.db",
        ]
    ),
    max_size=6,
).map(lambda parts: "/".join(["", *parts]))
REQUESTS = st.sampled_from(
    [
        "open r",
        "open w",
        "open r+",
        "open a",
        "open x",
        "stat",
        "lstat",
        "statvfs",
        "realpath",
        "readlink",
        "listdir",
        "setstat",
        "mkdir",
        "rmdir",
        "remove",
        "symlink",
        "link",
        "rename",
        "posix_rename",
    ]
)


async def ask(sftp: asyncssh.SFTPClient, request: str, path: str, other: str) -> object:
    """Send one request as it is, and give what came back, or the error."""
    try:
        if request.startswith("open"):
            async with sftp.open(path, request.split()[1] + "b") as file:
                return await file.read() if request == "open r" else await file.write(b"evil\n")
        if request in ("symlink", "link", "rename", "posix_rename"):
            return await getattr(sftp, request)(path, other)
        if request == "setstat":
            return await sftp.setstat(path, asyncssh.SFTPAttrs(size=0, permissions=0o777, uid=0, gid=0, atime=0, mtime=0))
        return await getattr(sftp, request)(path)
    except asyncssh.SFTPError as error:
        return str(error)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(REQUESTS, PATHS, PATHS), min_size=1, max_size=12))
def test_no_sequence_of_requests_reaches_further(trapped, north, requests):
    """Whatever is asked in whatever order: what is not a file of the inbox stays as it is, and what is elsewhere stays unseen."""

    def rest() -> dict[str, object]:
        return {path: what for path, what in tree(trapped).items() if not path.startswith("data/north/inbox/")}

    answers = []

    async def send(connection: asyncssh.SSHClientConnection) -> None:
        async with connection.start_sftp_client() as sftp:
            answers.extend([await ask(sftp, *request) for request in requests])

    before = rest()
    with_client(north, send)
    assert rest() == before
    said = repr(answers)
    assert SECRET not in said
    assert str(trapped) not in said
    assert "ssh-ed25519" not in said
    assert "Uncaught" not in said
    inbox = trapped / "data" / "north" / "inbox"
    assert {p.name for p in inbox.iterdir() if p.is_symlink() or not p.is_file()} == {"link", "linked", "pipe", "folder"}
