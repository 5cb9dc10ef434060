"""The OpenSSH configuration of docs/sftp.md, with a real sshd: the same folders, the same keys, the same refusals."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from wss.steps.intake.look import look
from wss.store import Workspace

DOCS = Path(__file__).parents[2] / "docs" / "sftp.md"
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
TENANT = "nobody"
"""A user that every system has, so that the test makes none."""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or SSHD is None, reason="sshd changes roots and users: it needs root and openssh-server"
)


def block(kind: str) -> str:
    """The part of the documentation marked as `kind`."""
    return re.search(rf"```{kind}\n(.*?)```", DOCS.read_text(), re.DOTALL)[1]


@pytest.fixture
def place(tmp_path_factory):
    """A folder that belongs to root all the way up, as sshd wants it; not under the temporary folder, which all may write."""
    folder = Path("/srv") / f"wss-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    for mounted in (folder / "sftp" / TENANT / "inbox", folder / "sftp" / TENANT / "outbox"):
        subprocess.run(["umount", "-l", mounted], capture_output=True)
    shutil.rmtree(folder)


@pytest.fixture
def home(place, keys) -> Workspace:
    """A workspace with one tenant, its folders mounted where the documentation says."""
    workspace = Workspace(place / "home")
    workspace.prepare(TENANT)
    workspace.tenant(TENANT).mkdir(parents=True)
    (workspace.tenant(TENANT) / "sftp_keys").write_text(keys["north"].with_suffix(".pub").read_text())
    shutil.chown(workspace.inbox(TENANT), TENANT)
    shutil.chown(workspace.outbox(TENANT), TENANT)
    for line in placed(block("fstab"), place).splitlines():
        source, target, _, options = line.split()[:4]
        Path(target).mkdir(parents=True)
        for how in (["--bind", source, target], ["-o", f"remount,{options}", target]):
            if subprocess.run(["mount", *how], capture_output=True).returncode:
                pytest.skip("mounting is not allowed here")
    return workspace


def placed(text: str, place: Path) -> str:
    """The documentation's text for this tenant, these folders and no group."""
    new = {
        "/srv/wss-sftp": f"{place}/sftp",
        "/srv/wss": f"{place}/home",
        "litoral": TENANT,
        "Match Group wss-sftp": f"Match User {TENANT}",
    }
    return re.sub("|".join(new), lambda found: new[found[0]], text)


@pytest.fixture
def client(home, place, keys, connect, tmp_path):
    """A client of the tenant at a real sshd with the documented configuration."""
    Path("/run/sshd").mkdir(exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / "host"], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {place / 'host'}",
        "PidFile none",
        "UsePAM no",
        "Subsystem sftp /usr/lib/openssh/sftp-server",
    ]
    (place / "sshd_config").write_text("\n".join([*settings, placed(block("sshd_config"), place)]))
    log = tmp_path / "sshd.log"
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", place / "sshd_config"], stderr=log.open("w"))
    deadline = time.monotonic() + 20
    while "listening" not in log.read_text() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, log.read_text()
    there = type("There", (), {"port": port})
    yield lambda key="north": connect(there, TENANT, key)
    process.terminate()
    process.wait(20)


def test_documented_configuration(client, home, tmp_path):
    sample = tmp_path / "x.csv"
    sample.write_text("a\n")
    os.utime(sample, (1_600_000_000, 1_600_000_000))
    (home.outbox(TENANT) / "orders.csv").write_text("orders\n")
    done = client().sftp(
        "ls -1 /",
        f"put {sample} /inbox/x.csv.part",
        f"get /outbox/orders.csv {tmp_path / 'got'}",
        f"put -p {sample} /inbox/y.csv",
    )
    assert done.returncode == 0, done.stderr
    assert client().sftp("rename /inbox/x.csv.part /inbox/x.csv").returncode == 0
    assert "/inbox\n/outbox\n" in done.stdout
    assert (tmp_path / "got").read_text() == "orders\n"
    found = {f.path.name: f.state for f in look(home.inbox(TENANT), time.time(), 60)}
    assert found == {"x.csv": "ready", "y.csv": "waiting"}, "what was not renamed may still be written"
    assert time.time() - (home.inbox(TENANT) / "y.csv").stat().st_mtime < 60
    for line in (
        f"put {sample} /outbox/evil",
        "rm /outbox/orders.csv",
        f"put {sample} /evil",
        "ln -s /etc /inbox/link",
        "mkdir /inbox/a",
        "ln /inbox/x.csv /inbox/hard",
        "get /etc/passwd",
        "get ../../etc/passwd",
    ):
        assert client().sftp(line).returncode == 1, line
    assert sorted(p.name for p in home.inbox(TENANT).iterdir()) == ["x.csv", "y.csv"]
    assert [p.name for p in home.outbox(TENANT).iterdir()] == ["orders.csv"]
    assert client("stranger").sftp("ls").returncode == 255
    assert "uid" not in client().ssh("id", timeout=20).stdout
    assert client().ssh("-N", "-oExitOnForwardFailure=yes", "-R0:127.0.0.1:1").returncode == 255
