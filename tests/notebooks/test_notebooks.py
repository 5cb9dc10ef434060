"""Every notebook runs: as an engineer's draft under nbval, and through the strict runner as the cycle does it."""

import os
import subprocess
import sys

import nbformat
import pytest

from wss import notebooks, shipped
from wss.store import open_store

NOTEBOOKS = sorted(shipped.folder("notebooks").glob("*.ipynb"))


@pytest.mark.slow
def test_all_run_as_drafts(litoral):
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q", "-p", "no:cacheprovider", *NOTEBOOKS]
    environment = os.environ | {"PYTEST_ADDOPTS": ""}
    result = subprocess.run(command, cwd=NOTEBOOKS[0].parent, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stdout[-3000:]
    cells = sum(cell.cell_type == "code" for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells)
    assert f"{cells} passed" in result.stdout
    with open_store(litoral, "litoral") as store:
        assert {run.kind for run in store.runs()} == {"forecast", "optimize", "kpi", "quality"}, "a draft must not be committed"
        assert len(store.runs()) == 6


def test_declares_types_and_comments():
    for path in NOTEBOOKS:
        found = notebooks.find(path.stem)
        assert set(found.parameters.values()) <= {"str", "int", "float", "bool"}, path.name
        tagged = next(c for c in nbformat.read(path, as_version=4).cells if "parameters" in c.metadata.get("tags", []))
        assert all("#" in line for line in tagged.source.splitlines()), f"{path.name}: say what each parameter is"


@pytest.mark.slow
def test_the_executed_optimize_notebook_tells_the_decision(litoral):
    with open_store(litoral, "litoral") as store:
        record = store.published()["plan"]
    kept = nbformat.read(notebooks.executed(litoral, "litoral", record), as_version=4)
    outputs = [o for c in kept.cells if c.cell_type == "code" for o in c.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    data = [o.data for o in outputs if "data" in o]
    text = "\n".join(d.get("text/markdown", "") + d.get("text/html", "") for d in data)
    assert sum("image/png" in d for d in data) >= 2
    for word in (record.summary["rung"], "River pump", "Tank 1 (South)", "simulated", "USD"):
        assert word in text, word
