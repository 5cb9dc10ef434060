"""The SFTP server: `python benchmarks/sftp.py [MEGABYTES]` (default 256), with the OpenSSH client on this machine.

Starts `wss sftp` on a workspace of 1,000 tenants and measures: memory and CPU of the idle server, uploads of MEGABYTES by one
client and by ten at a time, small files by rename, logins. CPU seconds are the server's own; clients share the machine with it.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from wss.store import Workspace

TENANTS, CLIENTS, SMALL, LOGINS = 1000, 10, 500, 100


def prepare(home: Path) -> Path:
    """Make the tenants with one key for all; return the key."""
    key = home / "client"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text()
    workspace = Workspace(home)
    for k in range(TENANTS):
        folder = workspace.tenant(f"t{k}")
        folder.mkdir(parents=True)
        (folder / "tenant.yml").write_text("title: benchmark\n")
        (folder / "sftp_keys").write_text(public)
        workspace.prepare(f"t{k}")
    return key


def sftp(key: Path, port: int, tenant: str, *batch: str) -> None:
    """Run one client to its end."""
    settings = [
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        "StrictHostKeyChecking=no",
        "LogLevel=ERROR",
        "UserKnownHostsFile=/dev/null",
    ]
    command = [
        "sftp",
        "-q",
        "-F",
        "none",
        "-P",
        str(port),
        "-i",
        str(key),
        *(f"-o{s}" for s in settings),
        "-b",
        "-",
        f"{tenant}@127.0.0.1",
    ]
    subprocess.run(command, input="\n".join(batch) + "\n", text=True, check=True, stdout=subprocess.DEVNULL)


def measure(server: psutil.Process, do) -> tuple[float, float]:
    """Seconds that `do` takes, and the server's CPU seconds in them."""
    before, start = sum(server.cpu_times()[:2]), time.monotonic()
    do()
    return time.monotonic() - start, sum(server.cpu_times()[:2]) - before


def main(megabytes: int) -> None:
    """Run and print everything."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        key, big, small = prepare(home), home / "big", home / "small"
        big.write_bytes(os.urandom(megabytes * 2**20))
        small.write_text("time,tag,value\n" + "2022-03-01T00:00:00,LEVEL,1.5\n" * 300)
        command = [sys.executable, "-c", "from wss.cli import app; app()", "sftp", "--port", "0", "--inbox-mb", "100000"]
        process = subprocess.Popen(
            command, env=os.environ | {"WSS_HOME": folder}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            port = int(re.search(r"port (\d+)", process.stdout.readline())[1])
            server, inboxes = psutil.Process(process.pid), Workspace(home)
            seconds, cpu = measure(server, lambda: time.sleep(5))
            print(f"idle, {TENANTS:,} tenants: {server.memory_info().rss / 2**20:.0f} MB, {cpu / seconds:.2%} of a CPU")
            with ThreadPoolExecutor(CLIENTS) as pool:
                for clients in (1, CLIENTS):
                    jobs = [(key, port, f"t{k}", f"put {big} /inbox/big") for k in range(clients)]
                    seconds, cpu = measure(server, lambda jobs=jobs: list(pool.map(lambda job: sftp(*job), jobs)))
                    total = clients * megabytes
                    print(
                        f"{clients} client(s), {total:,} MB: {total / seconds:.0f} MB/s, {1024 * cpu / total:.1f} CPU s/GB,"
                        f" {server.memory_info().rss / 2**20:.0f} MB"
                    )
                    for k in range(clients):
                        (inboxes.inbox(f"t{k}") / "big").unlink()
                lines = [
                    line
                    for k in range(SMALL)
                    for line in (f"put {small} /inbox/{k}.part", f"rename /inbox/{k}.part /inbox/{k}.csv")
                ]
                seconds, cpu = measure(server, lambda: sftp(key, port, "t0", *lines))
                print(
                    f"{SMALL} files of {small.stat().st_size / 1000:.0f} kB, put and renamed: {SMALL / seconds:.0f} files/s,"
                    f" {1000 * cpu / SMALL:.1f} ms CPU a file"
                )
                jobs = [(key, port, f"t{k}", "pwd") for k in range(LOGINS)]
                seconds, cpu = measure(server, lambda: list(pool.map(lambda job: sftp(*job), jobs)))
                print(f"{LOGINS} logins: {LOGINS / seconds:.0f} logins/s, {1000 * cpu / LOGINS:.0f} ms CPU each")
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
