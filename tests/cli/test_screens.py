"""A command that serves something ends what it serves."""

import os
import signal
import subprocess
import sys

import pytest

SERVE = """
import subprocess, sys
from wss.cli.screens import _ended
server = subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"])
print(server.pid, flush=True)
sys.exit(_ended(server))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_too(number):
    def heard() -> None:
        signal.signal(number, signal.SIG_DFL)  # what a shell starts in the background begins with interrupts ignored

    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heard
    ) as command:
        told = {command.stdout.readline().strip() for _ in range(2)}
        (server,) = map(int, told - {"up"})
        command.send_signal(number)
        assert command.wait(30) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)
