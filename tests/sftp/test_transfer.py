"""What SCADA does: send, go on after a break, rename, list, fetch the plan."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wss.sftp import Limits
from wss.sftp.folders import Inbox
from wss.steps.intake.look import look

TEXT = "time,tag,value\n" + "".join(f"2022-03-01T{h:02}:00:00,LEVEL,{h}.5\n" for h in range(24))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def sample(tmp_path) -> Path:
    path = tmp_path / "readings.csv"
    path.write_text(TEXT)
    return path


def test_a_client_sees_its_two_folders_and_may_write_into_one(north, workspace, sample):
    (workspace.outbox("north") / "orders.csv").write_text("time,pump,speed\n")
    (workspace.outbox("north") / ".orders.csv.part").write_text("time")
    done = north.sftp("pwd", "ls -1 /", "ls -1 /outbox", f"put {sample} /inbox/", "ls -l /inbox", "df /inbox")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("sftp>")]
    assert lines[:4] == ["Remote working directory: /", "/inbox", "/outbox", "/outbox/orders.csv"]
    assert any(line.startswith("--w--w----") and "readings.csv" in line for line in lines)
    assert str(4096 * 1024) in done.stdout  # df: the quota in KB, not the machine's disk
    assert files(workspace.inbox("north")) == {"readings.csv": TEXT.encode()}


def test_outbox_is_fetched_byte_for_byte(north, workspace, tmp_path):
    (workspace.outbox("north") / "orders.csv").write_bytes(os.urandom(3_000_000))
    done = north.sftp(f"get /outbox/orders.csv {tmp_path / 'got'}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got").read_bytes() == (workspace.outbox("north") / "orders.csv").read_bytes()


def test_scp_and_preserved_times(north, workspace, sample):
    """A preserved time is accepted and not kept: on a file that is not complete it would look like a rename."""
    os.utime(sample, (1_600_000_000, 1_600_000_000))
    assert subprocess.run(north.command("scp", "-p", str(sample), "north@127.0.0.1:/inbox/"), timeout=60).returncode == 0
    assert north.sftp(f"put -p {sample} /inbox/second.csv", "chmod 777 /inbox/second.csv").returncode == 0
    for name in ("readings.csv", "second.csv"):
        about = (workspace.inbox("north") / name).stat()
        assert time.time() - about.st_mtime < 60
        assert about.st_mode & 0o117 == 0
    assert {f.state for f in look(workspace.inbox("north"), time.time(), 60)} == {"waiting"}
    assert {f.state for f in look(workspace.inbox("north"), time.time() + 61, 60)} == {"ready"}


def test_rename_is_the_sign_of_a_finished_upload(north, workspace, sample):
    assert north.sftp(f"put {sample} /inbox/a.csv.part").returncode == 0
    assert look(workspace.inbox("north"), time.time() + 9999, 60) == []
    assert north.sftp("rename /inbox/a.csv.part /inbox/a.csv").returncode == 0
    assert [(f.path.name, f.state) for f in look(workspace.inbox("north"), time.time(), 60)] == [("a.csv", "ready")]


@pytest.mark.parametrize("replace", [True, False])
def test_a_rename_right_after_the_last_byte_is_seen(tmp_path, replace):
    """The clock of a file system ticks every few milliseconds; an upload of one row is faster."""
    folder = Inbox(tmp_path, Limits())
    for k in range(20):
        file = folder.create(f"{k}.part", f"/inbox/{k}.part", new_only=False)
        folder.write(file, 0, b"a\n")
        folder.done(file)
        folder.rename(f"{k}.part", f"{k}.csv", replace)
    assert [f.state for f in look(tmp_path, time.time(), 60)] == ["ready"] * 20


def test_rename_replaces_and_plain_rename_does_not(north, workspace, sample):
    (workspace.inbox("north") / "a.csv").write_text("old\n")
    assert north.sftp(f"put {sample} /inbox/b", "rename -l /inbox/b /inbox/a.csv").returncode == 1
    assert files(workspace.inbox("north")) == {"a.csv": b"old\n", "b": TEXT.encode()}
    assert north.sftp("rename /inbox/b /inbox/a.csv").returncode == 0
    assert files(workspace.inbox("north")) == {"a.csv": TEXT.encode()}
    assert north.sftp("rename -l /inbox/a.csv /inbox/c.csv", "rm /inbox/c.csv").returncode == 0
    assert files(workspace.inbox("north")) == {}


def test_an_upload_over_a_name_never_cuts_the_file_that_is_being_taken_in(north, workspace, sample):
    """The intake claims a file by a second name; a new upload under the first must not reach into it."""
    claimed = workspace.work("north") / "a.csv"
    claimed.write_text("old\n")
    os.link(claimed, workspace.inbox("north") / "a.csv")
    assert north.sftp(f"reput {sample} /inbox/a.csv").returncode == 1
    assert north.sftp(f"put {sample} /inbox/a.csv").returncode == 0
    assert claimed.read_text() == "old\n"
    assert files(workspace.inbox("north")) == {"a.csv": TEXT.encode()}


def interrupted(client, big: Path, target: Path, name: int) -> None:
    """Start an upload and end the client by signal `name` when some megabytes are there."""
    command = client.command("sftp", "-l", "40000", "-b", "-", f"{client.user}@127.0.0.1")
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    process.stdin.write(f"put -p {big} /inbox/{target.name}\n")
    process.stdin.close()
    for _ in range(400):
        if target.exists() and target.stat().st_size > 2_000_000:
            break
        time.sleep(0.05)
    os.killpg(process.pid, name)
    process.wait(20)
    size = -1
    while size != target.stat().st_size:  # what was on its way arrives
        size = target.stat().st_size
        time.sleep(0.3)
    assert 0 < size < big.stat().st_size


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda s: s.name)
def test_interrupted_upload_is_not_taken_and_is_completed_byte_for_byte(north, workspace, tmp_path, how):
    big, target = tmp_path / "big", workspace.inbox("north") / "big.csv"
    big.write_bytes(b"".join(os.urandom(1023).replace(b"\n", b".") + b"\n" for _ in range(40_000)))
    os.utime(big, (1_600_000_000, 1_600_000_000))  # an old time that a client could give to what is not complete
    interrupted(north, big, target, how)
    assert target.read_bytes().endswith(b"\n")  # it could pass for complete
    assert [f.state for f in look(target.parent, time.time(), 60)] == ["waiting"]
    done = north.sftp(f"reput {big} /inbox/big.csv")
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == big.read_bytes()


def test_twenty_at_once(north, workspace, tmp_path):
    sizes = {f"{k:02}.csv": os.urandom(200_000 + 1000 * k) + b"\n" for k in range(20)}
    for name, data in sizes.items():
        (tmp_path / name).write_bytes(data)

    def upload(name: str) -> int:
        batch = [f"put {tmp_path / name} /inbox/{name}.part", f"rename /inbox/{name}.part /inbox/{name}"]
        return north.sftp(*batch, timeout=120).returncode

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(upload, sizes)) == {0}
    assert files(workspace.inbox("north")) == sizes
