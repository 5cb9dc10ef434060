"""What a parent imports once, and whether that is still the code on the disk."""

import gc
import importlib
import logging
import os
import pkgutil
import site
import sys
import threading
from pathlib import Path

from wss import shipped
from wss.errors import KernelError

log = logging.getLogger(__name__)

LIBRARIES = (
    "numpy", "pandas", "xarray", "h5netcdf", "scipy.optimize", "matplotlib.pyplot", "matplotlib.backends.backend_agg",
    "plotly.graph_objects", "plotly.graph_objs._figure", "plotly.subplots", "wntr", "pyomo.environ", "highspy", "lightgbm",
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.debugger", "threadpoolctl", "pdb",
    "IPython.display", "IPython.core.debugger", "IPython.core.oinspect", "IPython.core.completerlib", "IPython.core.logger",
    "IPython.extensions.storemagic", "psutil", "tornado.platform.asyncio",
)  # fmt: skip
PACKAGES = ("wss.steps", "wss.views")
"""Imported with all that is in them, which brings everything below them."""
LATE = ("plotly.io", "ipywidgets", "anywidget", "tqdm.auto", "tqdm.autonotebook", "matplotlib_inline.backend_inline")
"""Look for their kernel when they are imported: never before the fork."""

Stamp = dict[str, tuple[int, int]]
"""File or folder -> when it changed [ns] and its size [bytes]."""


def load() -> tuple[Stamp, dict[str, str]]:
    """Import everything and set it aside from the garbage collector, so that forks share it.

    Returns
    -------
    tuple
        The stamp of the code, and the variables that imports have set in this process's environment.

    Raises
    ------
    KernelError
        If a fork of this process would not be safe: a library started a thread, or looked for its kernel.
    """
    code, before = stamp(), dict(os.environ)
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.warning("%s is left to the kernels: %s", name, error)
    for package in PACKAGES:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(found.name)
    early = [name for name in LATE if name in sys.modules]
    if early:
        raise KernelError(f"{', '.join(early)}: imported before there is a kernel, which they look for")
    threads = [Path(f"/proc/self/task/{task}/comm").read_text().strip() for task in os.listdir("/proc/self/task")]
    if len(threads) != 1 or threading.active_count() != 1:
        raise KernelError(f"threads in the parent of kernels: {', '.join(threads)}")
    gc.collect()
    gc.freeze()
    return code, {name: value for name, value in os.environ.items() if before.get(name) != value}


def stamp() -> Stamp:
    """When the files of `wss` changed, and the folders of installed packages, as they do with every version."""
    folders = [folder for folder in (*site.getsitepackages(), site.getusersitepackages()) if folder in sys.path]
    return {str(path): _stamp_of(str(path)) for path in (*sorted(shipped.PACKAGE.rglob("*.py")), *folders)}


def stale(loaded: Stamp) -> bool:
    """Whether the code has changed since `loaded`."""
    return any(_stamp_of(path) != was for path, was in loaded.items())


def _stamp_of(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_size
