"""The command as an administrator runs it: its key, its end, keys that change, and a file's way into the store."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wss import demo
from wss.demo.pattern import new_tenant
from wss.errors import ConfigError
from wss.sftp import HOST_KEY, TENANT_KEYS, start
from wss.sftp.keys import host_key
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.store import Workspace, open_store


@contextmanager
def command(workspace: Workspace, log: Path, *options: str) -> Iterator[tuple[subprocess.Popen, int, str]]:
    """`wss sftp` on a free port: its process, port and the fingerprint that it says."""
    line = [sys.executable, "-c", "from wss.cli import app; app()", "sftp", "--port", "0", *options]
    with log.open("w") as standard_error:
        process = subprocess.Popen(
            line, env=os.environ | {"WSS_HOME": str(workspace.home)}, stdout=subprocess.PIPE, stderr=standard_error, text=True
        )
    try:
        said = process.stdout.readline()
        found = re.fullmatch(r"SFTP on 127\.0\.0\.1 port (\d+), host key (SHA256:\S+)\n", said)
        assert found, said + log.read_text()
        yield process, int(found[1]), found[2]
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)


def test_a_file_sent_over_sftp_is_in_the_store(serve, connect, workspace, keys, tmp_path):
    name = "LIT_T1_LEVEL_20220301T0000.csv"
    sample = tmp_path / "x.csv"
    sample.write_text("time,value,quality\n" + "".join(f"2022-03-01 {h:02}:00:00,{10 + h / 10:.1f},Good\n" for h in range(24)))
    marker = tmp_path / "done"
    marker.touch()
    folder = demo.install(workspace, "litoral")
    (folder / TENANT_KEYS).write_text(keys["stranger"].with_suffix(".pub").read_text())
    apply_tenant(workspace, "litoral", "test", "")
    client = connect(serve(), "litoral", "stranger")
    with open_store(workspace, "litoral") as store:
        configuration = active(store)
        assert client.sftp(f"put {sample} /inbox/{name}.part").returncode == 0
        assert run_intake(configuration, store, workspace).empty
        assert client.sftp(f"rename /inbox/{name}.part /inbox/{name}").returncode == 0
        report = run_intake(configuration, store, workspace)
        assert report[["name", "state", "stored"]].to_numpy().tolist() == [[name, "stored", 24]]
        again = name.replace("T0000", "T0100")
        assert client.sftp(f"put {sample} /inbox/{again}", f"put {marker} /inbox/{again}.done").returncode == 0
        assert run_intake(configuration, store, workspace)["state"].tolist() == ["known"]
    assert list(workspace.inbox("litoral").iterdir()) == []


def test_the_command_serves_and_ends_cleanly(workspace, connect, keys, tmp_path):
    log = tmp_path / "log"
    with command(workspace, log, "--files", "5") as (process, port, fingerprint):
        key = workspace.home / HOST_KEY
        assert key.stat().st_mode & 0o777 == 0o600
        public = subprocess.run(["ssh-keygen", "-l", "-f", f"{key}.pub"], capture_output=True, text=True, check=True).stdout
        assert fingerprint in public

        class There:
            """Where the command listens."""

        There.port = port
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {Path(f'{key}.pub').read_text()}")
        client = connect(There)
        strict = " ".join(client.command("sftp", "-b", "-", "north@127.0.0.1"))
        strict = strict.replace("KeyChecking=no", "KeyChecking=yes").replace("/dev/null", str(known)).split()
        assert subprocess.run(strict, input="pwd\n", text=True, capture_output=True, timeout=60).returncode == 0
        held = subprocess.Popen(client.command("sftp", "north@127.0.0.1"), stdin=subprocess.PIPE)
        deadline = time.monotonic() + 20
        while log.read_text().count(" login ") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        held.communicate(timeout=20)
    lines = log.read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING) ", line) for line in lines), lines
    assert re.search(r" logout north from 127\.0\.0\.1 port \d+: the server stops", lines[-2])
    assert lines[-1].endswith("stopped")


def test_keys_and_tenants_count_from_the_next_login(serve, connect, workspace, keys):
    server = serve()
    listed = workspace.tenant("north") / "sftp_keys"
    own, other = (keys[name].with_suffix(".pub").read_text() for name in ("north", "stranger"))
    assert connect(server, "north", "stranger").sftp("ls").returncode == 255
    listed.write_text(f'# changed by hand\n\nnot a key\n{own}from="127.0.0.0/8" {other}')
    assert connect(server, "north", "stranger").sftp("ls").returncode == 0
    assert connect(server).sftp("ls").returncode == 0
    listed.write_text(f'from="10.0.0.0/8" {other}')
    assert connect(server, "north", "stranger").sftp("ls").returncode == 255
    assert connect(server).sftp("ls").returncode == 255
    workspace.tenant("west").mkdir()
    (workspace.tenant("west") / "sftp_keys").write_text(other)
    assert connect(server, "west", "stranger").sftp("ls").returncode == 255
    (workspace.tenant("west") / "tenant.yml").write_text("title: West\n")
    assert connect(server, "west", "stranger").sftp("ls /inbox").returncode == 0


def test_a_tenant_made_after_another_one_does_not_admit_its_key(serve, connect, workspace, keys):
    folder = demo.install(workspace, "litoral")
    (folder / TENANT_KEYS).write_text(keys["stranger"].with_suffix(".pub").read_text())
    made = new_tenant(workspace, "porto", like="litoral")
    workspace.prepare("porto")
    (workspace.outbox("porto") / "plan.csv").write_text("time,pump,speed\n")
    server = serve()
    assert connect(server, "litoral", "stranger").sftp("ls /outbox").returncode == 0
    refused = connect(server, "porto", "stranger").sftp("ls /outbox")
    assert refused.returncode == 255
    assert "Permission denied (publickey)" in refused.stderr
    assert "plan.csv" not in refused.stdout
    (made / TENANT_KEYS).write_text(keys["south"].with_suffix(".pub").read_text())
    assert "plan.csv" in connect(server, "porto", "south").sftp("ls /outbox").stdout
    assert connect(server, "litoral", "south").sftp("ls /outbox").returncode == 255


def test_the_server_warns_of_a_key_that_opens_two_tenants(serve, connect, workspace, keys, caplog):
    listed = workspace.tenant("south") / TENANT_KEYS
    serve()
    assert "opens several" not in caplog.text
    listed.write_text(listed.read_text() + keys["north"].with_suffix(".pub").read_text())
    server = serve()
    assert "opens several tenants: north, south; give each a key of its own" in caplog.text
    assert connect(server, "south", "north").sftp("ls /outbox").returncode == 0, "the name says which tenant"


@pytest.mark.parametrize(
    "spoil",
    [lambda p: p.unlink(), lambda p: p.write_text(""), lambda p: p.write_bytes(b"\xff\xfe\0"), lambda p: p.chmod(0o666)],
    ids=["missing", "empty", "binary", "writable"],
)
def test_a_bad_file_of_keys_lets_nobody_in_and_is_named(serve, connect, workspace, caplog, spoil):
    spoil(workspace.tenant("north") / "sftp_keys")
    assert connect(serve()).sftp("ls").returncode == 255
    deadline = time.monotonic() + 20
    while "login refused" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    assert str(workspace.tenant("north") / "sftp_keys") in caplog.text


def test_host_key_faults_are_named(tmp_path):
    first = host_key(tmp_path)
    assert host_key(tmp_path).get_fingerprint() == first.get_fingerprint()
    assert sorted(p.name for p in tmp_path.iterdir()) == [HOST_KEY, f"{HOST_KEY}.pub"]
    (tmp_path / HOST_KEY).chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        host_key(tmp_path)
    (tmp_path / HOST_KEY).chmod(0o600)
    (tmp_path / HOST_KEY).write_text("spoilt")
    with pytest.raises(ConfigError, match="is not a private key"):
        host_key(tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        host_key(tmp_path / "nowhere")


def test_an_address_in_use_is_named(serve, workspace):
    port = serve().port
    with pytest.raises(ConfigError, match=f"port {port} cannot be listened on"):
        asyncio.run(start(workspace, port=port))
