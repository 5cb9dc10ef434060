"""Where parents listen, and which launches one may serve."""

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import wss
from wss.errors import KernelError

SOCKET = "WSS_KERNEL_SOCKET"
"""Environment variable that names the socket of a parent; absent: the user's own for this interpreter."""
SPECS = Path(__file__).resolve().parent / "jupyter"
"""A folder for JUPYTER_PATH, with the kernelspec."""
KEPT = {
    "HOME", "LANG", "LOGNAME", "MPLCONFIGDIR", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
}  # fmt: skip
"""What a parent keeps of the environment that it is started from, beside `_decides`: no passwords, no tokens."""
QUIET = {
    **{f"{pool}_NUM_THREADS": "1" for pool in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "BLIS", "VECLIB")},
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
"""What a parent sets: no library may start a thread in it."""


def folder() -> Path:
    """The user's folder for sockets (mode 0700), made where there is none; KernelError if it belongs to somebody else."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    there = runtime and os.access(runtime, os.W_OK)
    path = Path(runtime) / "wss" if there else Path(tempfile.gettempdir()) / f"wss-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise KernelError(f"{path} must be a folder that only you can enter: remove it, or set XDG_RUNTIME_DIR")
    return path


def own_socket(environment: Mapping[str, str]) -> Path:
    """The socket at which the user's parent for kernels with `environment` listens; KernelError as for `folder`."""
    return folder() / f"kernels-{key(environment)}.sock"


def socket_for(environment: Mapping[str, str]) -> Path:
    """The socket to ask for a kernel with `environment`: the one that this process was given, else the user's own."""
    given = os.environ.get(SOCKET)
    return Path(given) if given else own_socket(environment)


def key(environment: Mapping[str, str]) -> str:
    """Short name of how an interpreter begins: which one, which `wss`, and the variables that it reads at its start.

    A parent serves only launches with its own key: any other kernel would not begin as the stock one does.
    """
    decides = sorted((name, value) for name, value in environment.items() if _decides(name))
    told = [sys.prefix, sys.version, str(Path(wss.__file__).parent), sys.getfilesystemencoding(), decides]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a parent that is started from `environment`."""
    kept = {name: value for name, value in environment.items() if name in KEPT or name.startswith("LC_") or _decides(name)}
    return kept | QUIET


def _decides(name: str) -> bool:
    return name.startswith(("PYTHON", "LD_")) and name not in ("PYTHONEXECUTABLE", "PYTHONSTARTUP")
