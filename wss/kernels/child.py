"""What a forked process does to become a kernel like one that was started afresh."""

import atexit
import contextlib
import ctypes
import gc
import io
import locale
import multiprocessing
import os
import random
import resource
import select
import signal
import sys
import threading
import time

from wss.kernels.wire import Launch

POOLS = {"OMP_NUM_THREADS": "openmp", "OPENBLAS_NUM_THREADS": "blas"}
"""Variable that sets how many threads a kind of library has, which the parent held at one."""


def become_kernel(launch: Launch, descriptors: list[int], set_by_imports: dict[str, str]) -> None:
    """Take over everything that `launch` says and serve as its kernel until that is shut down.

    Parameters
    ----------
    descriptors
        Standard output, standard error and the launching process (pidfd).
    set_by_imports
        Variables that the kernel would have set itself in importing what the parent has imported.
    """
    output, errors, launcher = descriptors
    os.setsid()
    _streams(output, errors)
    _signals()
    _limits(launch)
    os.chdir(launch.folder)
    os.umask(launch.umask)
    os.environ.clear()
    os.environ.update(set_by_imports | launch.environment)
    _from_environment()
    _own_random_numbers()
    gc.enable()
    sys.argv = [_launcher_script(), *launch.argv]
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance(parent_handle=0 if launch.independent else launch.launcher)
    app.initialize(launch.argv)
    if not launch.independent:
        app.poller = threading.Thread(target=_end_with, args=(launcher,), name="wss-launcher", daemon=True)
    app.start()
    _end(app.kernel.shell.user_ns)


def _streams(output: int, errors: int) -> None:
    """Standard input ends at once; the other two go where the launcher wants them."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, wanted in ((0, nothing), (1, output), (2, errors)):
        os.dup2(wanted, here)
    for used in {nothing, output, errors} - {0, 1, 2}:
        os.close(used)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=stream is sys.stderr or stream.isatty())


def _signals() -> None:
    """As in a process that has just begun."""
    signal.set_wakeup_fd(-1)
    for which in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):  # those that the C library keeps for itself
            signal.signal(which, signal.SIG_DFL)
    for which in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(which, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _limits(launch: Launch) -> None:
    """The launcher's own limits, as far as they may be had, and the kernel's limit of memory."""
    for which, limit in launch.limits.items():
        with contextlib.suppress(OSError, ValueError):  # a limit that only an administrator may raise stays lower
            resource.setrlimit(which, limit)
    if launch.memory_mb:
        resource.setrlimit(resource.RLIMIT_AS, (launch.memory_mb << 20,) * 2)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, launch.nice)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, launch.cpus)


def _from_environment() -> None:
    """What loaded libraries have read from the parent's environment, from the launch's."""
    import matplotlib

    time.tzset()
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"
    _thread_pools()


def _thread_pools() -> None:
    """As many threads as the launch's environment and processors say."""
    import threadpoolctl

    processors = len(os.sched_getaffinity(0))
    for variable, kind in POOLS.items():
        told = os.environ.get(variable) or os.environ.get("OMP_NUM_THREADS") or ""
        threadpoolctl.threadpool_limits(int(told) if told.isdigit() and int(told) else processors, user_api=kind)


def _own_random_numbers() -> None:
    """Numbers that no other kernel of the parent has."""
    import numpy as np

    random.seed()
    np.random.seed()
    multiprocessing.current_process().authkey = os.urandom(32)


def _launcher_script() -> str:
    """What a kernel that was started afresh finds as its first argument."""
    from importlib.util import find_spec

    found = find_spec("ipykernel_launcher")
    return found.origin if found and found.origin else "ipykernel_launcher"


def _end(names: dict) -> None:
    """End as an interpreter does, without freeing what the parent had loaded, which would take longer than all before.

    Threads are waited for, exit handlers run, what the notebook made is freed (its files are closed), buffers are written.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    names.clear()
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    ctypes.CDLL(None).fflush(None)
    os._exit(0)


def _end_with(launcher: int) -> None:
    """End this process when the one that started the kernel is gone, as a stock kernel does."""
    waiting = select.poll()
    waiting.register(launcher, select.POLLIN)
    waiting.poll()
    os._exit(1)
