"""Limits hold, the client is told, and nothing half is left of what was refused."""

import asyncio
import logging
import os
import shutil
import subprocess
import time
from pathlib import Path

import asyncssh
import pytest

from wss.sftp.limits import MEGABYTE


def write(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(size - 1) + b"\n")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ask(client, do) -> None:
    """Run the coroutine `do(sftp)` with a client that shows the server's words, as OpenSSH's does not."""

    async def connected() -> None:
        async with (
            asyncssh.connect(
                "127.0.0.1", client.port, username=client.user, client_keys=[str(client.key)], known_hosts=None, config=[]
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            await do(sftp)

    asyncio.run(connected())


def test_a_file_that_is_too_large_leaves_nothing(serve, connect, workspace, tmp_path, caplog):
    client = connect(serve(file_bytes=MEGABYTE))
    assert client.sftp(f"put {write(tmp_path / 'fits', MEGABYTE)} /inbox/fits.csv").returncode == 0
    done = client.sftp(f"put {write(tmp_path / 'big', MEGABYTE + 1)} /inbox/big.csv")
    assert done.returncode == 1
    assert "/inbox/big.csv" in done.stderr
    assert names(workspace.inbox("north")) == ["fits.csv"]
    assert caplog.text.count("refused north from 127.0.0.1") == 1
    assert "the file is larger than 1,048,576 bytes" in caplog.text


def test_a_resumed_file_that_grows_too_large_is_as_before(serve, connect, workspace, tmp_path):
    big, there = write(tmp_path / "big", 3 * MEGABYTE), workspace.inbox("north") / "a.csv.part"
    there.write_bytes(big.read_bytes()[:MEGABYTE])
    assert connect(serve(file_bytes=2 * MEGABYTE)).sftp(f"reput {big} /inbox/a.csv.part").returncode == 1
    assert there.read_bytes() == big.read_bytes()[:MEGABYTE]


def test_a_full_inbox_refuses_until_the_intake_has_taken_files(serve, connect, workspace, tmp_path):
    client, sample = connect(serve(inbox_bytes=2 * MEGABYTE)), write(tmp_path / "x", MEGABYTE)
    batch = [f"-put {sample} /inbox/{k}.csv" for k in range(3)]
    client.sftp(*batch)
    assert names(workspace.inbox("north")) == ["0.csv", "1.csv"]

    async def told(sftp: asyncssh.SFTPClient) -> None:
        with pytest.raises(asyncssh.SFTPError, match="the inbox is full"):
            await sftp.put(str(sample), "/inbox/2.csv")
        free = await sftp.statvfs("/")
        assert (free.bfree, free.blocks) == (0, 512)
        (workspace.inbox("north") / "0.csv").unlink()  # as the intake does
        await sftp.put(str(sample), "/inbox/2.csv")

    ask(client, told)
    assert names(workspace.inbox("north")) == ["1.csv", "2.csv"]


def test_deleted_files_that_are_still_written_count(serve, connect, workspace):
    async def hide(sftp: asyncssh.SFTPClient) -> None:
        async with sftp.open("/inbox/a", "wb") as file:
            await file.write(b"x" * MEGABYTE)
            await sftp.remove("/inbox/a")
            with pytest.raises(asyncssh.SFTPError, match="the inbox is full"):
                await sftp.open("/inbox/b", "wb")

    ask(connect(serve(inbox_bytes=MEGABYTE)), hide)


def test_a_hole_counts_as_if_it_were_full(serve, connect, workspace):
    async def dig(sftp: asyncssh.SFTPClient) -> None:
        file = await sftp.open("/inbox/a", "wb")
        for attempt in (lambda: file.write(b"x", 10 * MEGABYTE), lambda: file.write(b"x", 0)):
            with pytest.raises(asyncssh.SFTPError, match="larger than"):
                await attempt()
        other = await sftp.open("/inbox/b", "wb")
        with pytest.raises(asyncssh.SFTPError, match="larger than"):
            await other.setstat(asyncssh.SFTPAttrs(size=10 * MEGABYTE))

    ask(connect(serve(file_bytes=MEGABYTE)), dig)
    assert names(workspace.inbox("north")) == ["b"]
    assert (workspace.inbox("north") / "b").stat().st_size == 0


def test_number_of_files(serve, connect, workspace, tmp_path, caplog):
    sample = write(tmp_path / "x", 10)
    connect(serve(files=3)).sftp(*[f"-put {sample} /inbox/{k}" for k in range(5)], f"put {sample} /inbox/1")
    assert names(workspace.inbox("north")) == ["0", "1", "2"]
    assert "the inbox holds 3 files, and 3 is the limit" in caplog.text


def test_open_files_and_listings(serve, connect, workspace):
    async def hoard(sftp: asyncssh.SFTPClient) -> None:
        files = [await sftp.open(f"/inbox/{k}", "wb") for k in range(3)]
        for attempt in (sftp.open("/inbox/x", "wb"), sftp.listdir("/inbox")):
            with pytest.raises(asyncssh.SFTPError, match="close some"):
                await attempt
        await files[0].close()
        assert "0" in await sftp.listdir("/inbox")
        await sftp.open("/inbox/x", "wb")

    ask(connect(serve(handles=3)), hoard)


def hold(client) -> subprocess.Popen:
    """A client that is logged in and stays."""
    process = subprocess.Popen(
        client.command("sftp", f"{client.user}@127.0.0.1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write("pwd\n")
    process.stdin.flush()
    while "Remote working directory" not in process.stdout.readline():
        assert process.poll() is None
    return process


@pytest.mark.parametrize(
    ("limits", "who"), [({"tenant_connections": 2}, "of this tenant"), ({"connections": 2}, "of all tenants")]
)
def test_number_of_connections(serve, connect, limits, who):
    server = serve(**limits)
    held = [hold(connect(server)), hold(connect(server))]
    done = connect(server).sftp("ls")
    assert done.returncode == 255
    assert f"2 connections {who} are open, which is the limit" in done.stderr
    assert (connect(server, "south").sftp("ls").returncode == 0) == ("tenant_connections" in limits)
    held[0].communicate("quit\n", timeout=20)
    deadline = time.monotonic() + 20
    while connect(server).sftp("ls").returncode and time.monotonic() < deadline:
        time.sleep(0.05)
    assert connect(server).sftp("ls").returncode == 0
    held[1].communicate("quit\n", timeout=20)


def test_idle_and_silent_connections_end(serve, connect, caplog):
    caplog.set_level(logging.INFO, "wss.sftp")
    server = serve(idle_s=0.5, login_s=0.5)

    async def wait(sftp: asyncssh.SFTPClient) -> None:
        for _ in range(5):  # each request puts the end off
            await sftp.stat("/inbox")
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        with pytest.raises(asyncssh.SFTPError):
            await sftp.stat("/inbox")

    ask(connect(server), wait)
    assert "no request for 0.5 s" in caplog.text
    silent = subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{server.port}; cat <&3"], capture_output=True, timeout=20)
    assert silent.stdout.startswith(b"SSH-2.0-wss")


def test_too_many_who_do_not_log_in(serve, connect):
    server = serve(starting=0)
    done = connect(server).sftp("ls")
    assert done.returncode == 255


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs the right to mount a small disk")
def test_a_full_disk_leaves_nothing(serve, connect, workspace, tmp_path, caplog):
    inbox = workspace.inbox("north")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", inbox], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        assert connect(serve()).sftp(f"put {write(tmp_path / 'x', 2 * MEGABYTE)} /inbox/x.csv").returncode == 1
        assert names(inbox) == []
        assert "No space left on device" in caplog.text
    finally:
        subprocess.run(["umount", "-l", inbox], check=True)
