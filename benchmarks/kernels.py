"""Stock kernels against warm ones: CPU seconds a notebook, notebooks a minute with two processes, and the same outputs.

`python benchmarks/kernels.py [NOTEBOOKS]` (12): notebooks that import pandas, xarray, wntr and Pyomo, run by papermill.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from wss import kernels

PROCESSES = 2
CELLS = (
    "a: int = 1",
    "import pandas as pd, xarray as xr, wntr, pyomo.environ as pyo",
    "pd.DataFrame({'a': [a]})",
    "xr.DataArray([1.0, 2.0], dims='time').mean()",
    "model = pyo.ConcreteModel()\nmodel.x = pyo.Var(bounds=(0, a))\nmodel.x.bounds",
    "import matplotlib.pyplot as plt\nplt.plot([0, a])\nplt.show()",
    "1 / 0 if a < 0 else 'end'",
)
RUNNER = """
import json, resource, sys, papermill
name, folder, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def used():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime
papermill.execute_notebook(f"{folder}/in.ipynb", None, {"a": 0}, kernel_name=name, progress_bar=False)
input()
start = used()
for number in range(first, last):
    papermill.execute_notebook(f"{folder}/in.ipynb", f"{folder}/{name}-{number}.ipynb", {"a": number}, kernel_name=name, progress_bar=False)
print(json.dumps({"own": used() - start}))
"""


def main(notebooks: int) -> dict:
    """Measure and return: per kernel CPU seconds a notebook (kernel, papermill) and notebooks a minute; what the parent took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
        cells[0].metadata["tags"] = ["parameters"]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), folder / "in.ipynb")
        found = {"stock": _run("python3", folder, notebooks)}
        before = _children()
        with kernels.warm():
            loading = time.monotonic()
            parent = kernels.status()
            loading = time.monotonic() - loading
            own = _own(parent.pid)
            found["warm"] = _run("wss", folder, notebooks)
            found["warm"]["kernel"] = round((kernels.status().cpu_seconds - found["warm"].pop("before")) / notebooks, 3)
        found["parent"] = {"cpu_seconds": own, "seconds": round(loading, 1), "all": round(_children() - before, 1)}
        differ = [n for n in range(notebooks) if _outputs(folder / f"python3-{n}.ipynb") != _outputs(folder / f"wss-{n}.ipynb")]
        found["same"] = not differ
    stock, warm = found["stock"], found["warm"]
    found["ratio"] = {
        "cpu": round(stock["kernel"] / warm["kernel"], 1),
        "a_minute": round(warm["a_minute"] / stock["a_minute"], 1),
    }
    return found


def _run(name: str, folder: Path, notebooks: int) -> dict:
    """Run the notebooks with two processes, each of which has run one before."""
    share = notebooks // PROCESSES
    commands = [[sys.executable, "-c", RUNNER, name, str(folder), str(k * share), str((k + 1) * share)] for k in range(PROCESSES)]
    runners = [
        subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for c in commands
    ]
    time.sleep(25)  # each has run its first notebook by then
    status = kernels.status() if name == "wss" else None
    before = {runner.pid: _waited(runner.pid) for runner in runners}
    start = time.monotonic()
    for runner in runners:
        runner.stdin.write("\n")
        runner.stdin.flush()
    told = [json.loads(runner.stdout.readline()) for runner in runners]
    seconds = time.monotonic() - start
    waited = sum(_waited(pid) - b for pid, b in before.items())
    for runner in runners:
        runner.communicate()
    done = {"papermill": round(sum(t["own"] for t in told) / notebooks, 3), "a_minute": round(60 * notebooks / seconds, 1)}
    return done | ({"before": status.cpu_seconds} if status else {"kernel": round(waited / notebooks, 3)})


def _own(pid: int) -> float:
    """CPU of a process [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return round((int(fields[11]) + int(fields[12])) / 100, 2)


def _waited(pid: int) -> float:
    """CPU of the children that a process has waited for [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / 100


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _outputs(path: Path) -> str:
    """Outputs of an executed notebook, without what no two runs share."""
    outputs = [cell.outputs for cell in nbformat.read(path, as_version=4).cells]
    return re.sub(r"section-[0-9a-f-]{36}|id='[^']*'|ipykernel_\d+", "", json.dumps(outputs, sort_keys=True))


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 12), indent=2))
