"""A warm kernel behaves as a stock one, in everything that a notebook or a client can see."""

import os
import re
import resource
import signal
import subprocess
import sys
import time

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from tests.kernels.conftest import runs, until
from wss import kernels
from wss.kernels.provisioner import ForkedKernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture(params=["python3", "wss"])
def name(request, parent) -> str:
    return request.param


def test_which_is_which(launch, name):
    assert isinstance(launch(name).process, ForkedKernel) is (name == "wss")


def test_results_rich_output_and_errors(launch, name):
    kernel = launch(name)
    assert kernel.value("6 * 7") == 42
    text, others = kernel.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('drawn', plt.get_backend())")
    assert text == "drawn module://matplotlib_inline.backend_inline\n" or text == "drawn inline\n"
    assert others[0]["data"]["image/png"].startswith("iVBOR")
    _, others = kernel.run("import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 2])).show()")
    assert "application/vnd.plotly.v1+json" in others[0]["data"]
    _, others = kernel.run("import pandas as pd\npd.DataFrame({'a': [1]})")
    assert "<table" in others[0]["data"]["text/html"]
    _, others = kernel.run("def deep():\n    1 / 0\ndeep()")
    assert (others[0]["ename"], others[0]["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert ", in deep()" in re.sub(r"\x1b\[[0-9;]*m", "", "".join(others[0]["traceback"]))
    text, _ = kernel.run("import logging, warnings\nlogging.warning('logged')\nwarnings.warn('warned')")
    assert "WARNING:root:logged\n" in text
    assert "UserWarning: warned\n" in text
    assert kernel.value("logging.getLogger('wss.kernels').handlers") == []
    kernel.run("7 * 7")
    assert kernel.value("(_, Out[max(Out)], In[1])") == (49, 49, "print(repr(6 * 7))")
    _, others = kernel.run("input()")
    assert others[0]["ename"] == "StdinNotImplementedError"
    _, others = kernel.run("import ipywidgets\nipywidgets.IntSlider(3)")
    assert "application/vnd.jupyter.widget-view+json" in others[0]["data"]
    assert kernel.value("sorted(get_ipython().kernel.comm_manager.targets)") == ["jupyter.widget", "jupyter.widget.control"]


@pytest.mark.parametrize("busy", ["__import__('time').sleep(60)", "while True: pass"])
def test_interrupt(launch, name, busy):
    kernel = launch(name)
    message = kernel.client.execute(f"print('begun', flush=True)\n{busy}", stop_on_error=False)
    while kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    time.sleep(0.3)
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != message:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.value("1 + 1") == 2


def test_restart_forgets_all_and_stays_of_its_kind(launch, name):
    kernel = launch(name)
    kernel.run("kept = 1")
    before, kind, pid = kernel.manager.provisioner, type(kernel.process), kernel.value("__import__('os').getpid()")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.value("'kept' in globals()") is False
    assert kernel.value("__import__('os').getpid()") != pid
    assert type(kernel.process) is kind
    assert type(kernel.manager.provisioner) is type(before)
    assert until(lambda: not os.path.exists(f"/proc/{pid}"))


@pytest.mark.parametrize(("end", "code"), [("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -9), ("os.abort()", -6)])
def test_how_it_ended_is_known(launch, name, end, code):
    kernel = launch(name)
    process = kernel.process
    assert process.poll() is None
    assert kernel.manager.is_alive()
    kernel.client.execute(f"import os, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n{end}")
    assert until(lambda: not kernel.manager.is_alive())
    assert process.poll() == process.wait() == code


def test_shutdown_is_an_ordinary_end(launch, name, tmp_path):
    kernel = launch(name, cwd=str(tmp_path))
    process = kernel.process
    kernel.run("import atexit\nfile = open('left-open.txt', 'w')\nfile.write('all of it')")
    kernel.run("ended = open('ended.txt', 'w')\natexit.register(lambda: ended.write('yes'))")
    kernel.client.shutdown()
    assert process.wait(30) == 0
    assert (tmp_path / "left-open.txt").read_text() == "all of it"
    assert (tmp_path / "ended.txt").read_text() == "yes"


def test_begins_as_the_launch_says(launch, name, tmp_path, monkeypatch):
    monkeypatch.setenv("OF_THE_LAUNCHER", "not for the kernel")
    environment = {k: v for k, v in os.environ.items() if k != "OF_THE_LAUNCHER"} | {"OF_THE_LAUNCH": "seen", "TZ": "Asia/Tokyo"}
    mask = os.umask(0o027)
    try:
        kernel = launch(name, cwd=str(tmp_path), env=environment)
    finally:
        os.umask(mask)
    kernel.run("import os, sys, time, signal, resource, threading, multiprocessing")
    assert kernel.value("os.getcwd()") == str(tmp_path)
    seen = kernel.value("dict(os.environ)")
    by_ipykernel = {"JPY_PARENT_PID", "MPLBACKEND", "TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER"}
    by_imports = {"PYDEVD_USE_FRAME_EVAL", "KMP_DUPLICATE_LIB_OK"}
    added = by_ipykernel | by_imports
    assert {k: v for k, v in seen.items() if k not in added} == {k: v for k, v in environment.items() if k not in added}
    assert kernel.value("time.tzname[0]") == "JST"
    assert kernel.value("os.umask(0o27)") == 0o027
    assert kernel.value("os.getsid(0) == os.getpgid(0) == os.getpid()") is True
    assert kernel.value("os.path.basename(sys.argv[0])") == "ipykernel_launcher.py"
    assert kernel.value("os.read(0, 10)") == b""
    assert kernel.value("signal.getsignal(signal.SIGTERM) == signal.SIG_DFL") is True
    assert kernel.value("signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN") is True
    assert kernel.value("signal.pthread_sigmask(signal.SIG_BLOCK, ())") == set()
    assert kernel.value("resource.getrlimit(resource.RLIMIT_NOFILE)[0]") == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert kernel.value("sys.path[0]") in ("", *sys.path)
    assert kernel.value("'' in sys.path") is True
    assert kernel.value("__import__('gc').isenabled()") is True
    assert kernel.value("multiprocessing.Pool(1).apply(int, ['7'])") == 7


def test_threads_of_libraries(launch, name):
    """As many as there are processors, or as the launch says; none is left from the parent, which has one."""
    code = "sorted({(d['user_api'], d['num_threads']) for d in threadpoolctl.threadpool_info()})"
    for wanted in (None, "1"):
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
        kernel = launch(name, env=environment | ({"OMP_NUM_THREADS": wanted} if wanted else {}))
        kernel.run("import threadpoolctl, numpy, lightgbm")
        threads = int(wanted or len(os.sched_getaffinity(0)))
        assert set(kernel.value(code)) == {("blas", threads), ("openmp", threads)}


def test_random_numbers_are_its_own(launch, name):
    draw = "(__import__('numpy').random.rand(), __import__('random').random(), __import__('uuid').uuid4().hex)"
    draws = [launch(name).value(draw) for _ in range(2)]
    assert all(a != b for a, b in zip(*draws, strict=True))


def test_output_of_processes_goes_where_the_launcher_says(launch, name, tmp_path):
    with (tmp_path / "out").open("w") as out:
        kernel = launch(name, stdout=out, stderr=subprocess.STDOUT)
    kernel.run("import subprocess, sys\nsubprocess.run(['echo', 'below'], stdout=sys.__stdout__.fileno())")
    kernel.run("sys.__stdout__.write('own'); sys.__stdout__.flush()")
    kernel.close()
    text = (tmp_path / "out").read_text()
    assert "below" in text
    assert "own" in text


def test_ends_with_its_launcher(parent, name):
    code = f"""
import os, time
from jupyter_client import KernelManager
manager = KernelManager(kernel_name={name!r})
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=120)
print(manager.provisioner.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as launcher:
        pid = int(launcher.stdout.readline())
        assert runs(pid)
        launcher.send_signal(signal.SIGKILL)
    assert until(lambda: not runs(pid))


def test_nothing_is_left_after_shutdown(launch, name):
    kernel = launch(name)
    kernel.run("import subprocess\nchild = subprocess.Popen(['sleep', '600'])")
    child, pid = kernel.value("child.pid"), kernel.process.pid
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)
    assert until(lambda: not runs(child))
    assert until(lambda: not os.path.exists(f"/proc/{pid}")), "a zombie"
    assert pid not in kernels.status().kernels


def _notebook(*cells: str):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    code = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel})


def test_papermill(parent, name, tmp_path):
    out = tmp_path / "out.ipynb"
    options = {"kernel_name": name, "progress_bar": False}
    done = papermill.execute_notebook(_notebook("a = 1", "a + 1"), str(out), **options)
    assert done.cells[-1].outputs[0]["data"]["text/plain"] == "2"
    assert done.metadata.kernelspec.name == "python3"
    with pytest.raises(papermill.PapermillExecutionError, match="ValueError: no"):
        papermill.execute_notebook(_notebook("raise ValueError('no')"), str(out), **options)
    with pytest.raises(CellTimeoutError):
        papermill.execute_notebook(_notebook("import time; time.sleep(60)"), str(out), execution_timeout=2, **options)
    with pytest.raises(DeadKernelError):
        papermill.execute_notebook(_notebook("import os; os.kill(os.getpid(), 9)"), str(out), **options)


@pytest.mark.parametrize("way", ["keyword", "variable"])
@pytest.mark.parametrize("served", [True, False], ids=["warm", "fallback"])
def test_memory_limit(launch, request, served, way):
    if not served:
        request.getfixturevalue("unserved")
    limit = {"memory_mb": 6000} if way == "keyword" else {"env": os.environ | {"WSS_KERNEL_MEMORY_MB": "6000"}}
    kernel = launch("wss", **limit)
    assert isinstance(kernel.process, ForkedKernel) is served
    assert kernel.value("__import__('resource').getrlimit(__import__('resource').RLIMIT_AS)") == (6000 << 20,) * 2
    _, others = kernel.run("x = bytearray(6 << 30)")
    assert others[0]["ename"] == "MemoryError"
    assert kernel.value("1 + 1") == 2
