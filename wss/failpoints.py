"""Named points at which a test lets the process die as in a power cut; without WSS_FAILPOINT they cost nothing."""

import os
import signal

_armed = {"name": "", "left": 0}


def arm(point: str) -> None:
    """Kill this process at a point: `name`, or `name:3` for the third time that it is reached; empty: at none."""
    name, _, times = point.partition(":")
    _armed.update(name=name, left=int(times or 1))


def reach(name: str) -> None:
    """Say that a named point is reached."""
    if name == _armed["name"]:
        _armed["left"] -= 1
        if _armed["left"] == 0:
            os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("WSS_FAILPOINT", ""))
