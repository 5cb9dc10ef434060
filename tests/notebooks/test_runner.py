"""The runner: only declared parameters, a folder that is complete or absent, and failed runs that keep their notebook."""

import json
import os
import time

import nbformat
import pandas as pd
import pytest

from wss import demo, notebooks, shipped
from wss.errors import NotebookError, NotFoundError
from wss.steps.apply import apply_tenant
from wss.store import Workspace, open_store

NOW = pd.Timestamp("2022-07-25T06:00")
PARAMETERS = """
tenant: str = "litoral"  # who
now: str = ""  # when
hours: int = 1  # how long
share: float = 0.5
loud: bool = False
"""


@pytest.fixture
def workspace(monkeypatch) -> Workspace:
    workspace = Workspace(shipped.Path(os.environ["WSS_HOME"]))
    demo.install(workspace, "litoral")
    apply_tenant(workspace, "litoral", "test", "")
    return workspace


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a notebook of the given code where the runner looks for it."""
    monkeypatch.setattr(shipped, "folder", lambda name: tmp_path)

    def write(name: str, code: str, parameters: str = PARAMETERS) -> None:
        cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(code)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / f"{name}.ipynb")

    return write


def test_parameters_must_be_declared_and_of_their_type(write):
    write("some", "1")
    some = notebooks.find("some")
    notebooks.check_parameters(some, {"tenant": "litoral", "now": "", "hours": 3, "share": 1, "loud": True})
    with pytest.raises(NotebookError, match="5 faults") as error:
        notebooks.check_parameters(
            some, {"tenant=1; __import__('os').system('true')": 1, "hours": "3", "share": True, "loud": 1, "tenant": 7}
        )
    assert "hours: '3' is a str, the notebook declares int" in str(error.value)


def test_unknown_notebook_and_missing_declaration(write):
    write("bare", "1", parameters='tenant: str = "x"')
    with pytest.raises(NotebookError, match="does not declare now"):
        notebooks.find("bare")
    with pytest.raises(NotFoundError, match="there are: bare"):
        notebooks.find("nosuch")


def test_wrong_parameters_execute_nothing(write, workspace):
    write("some", "1")
    with open_store(workspace, "litoral") as store, pytest.raises(NotebookError, match="not a parameter"):
        notebooks.run_notebook("some", "litoral", NOW, {"nosuch": 1}, workspace=workspace, store=store, cycle=False)
    assert not list(workspace.runs("litoral").rglob("*.ipynb"))


def test_a_run_is_complete_and_committed(write, workspace):
    write(
        "some",
        """
import wss
from wss.quantities import labelled
run = wss.open_run(tenant, now)
run.save("plan", labelled("level", [[1.0]], time=[run.now], tank=["1"]).to_dataset())
run.save_table("orders", __import__("pandas").DataFrame({"time": [run.now], "pump": ["10"], "speed": [1.0]}))
run.save_summary(rung="proven", hours=hours)
""",
    )
    with open_store(workspace, "litoral") as store:
        record = notebooks.run_notebook("some", "litoral", NOW, {"hours": 4}, workspace=workspace, store=store, cycle=True)
        orders = store.orders(record.id)
        assert store.run(record.id) == record
    assert (record.status, record.error, record.cycle) == ("ok", None, True)
    folder = workspace.runs("litoral") / record.folder
    assert record.folder == f"some/2022/07/25/060000Z-{record.id}"
    assert {p.name for p in folder.iterdir()} == {"notebook.ipynb", "manifest.json", "result.nc", "orders.csv", "summary.json"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["parameters"] == {"tenant": "litoral", "now": "2022-07-25T06:00:00Z", "hours": 4}
    assert manifest["code_version"] == shipped.code_version()
    assert manifest["config_version"] == 1
    assert set(manifest["files"]) == {"notebook.ipynb", "result.nc", "orders.csv", "summary.json"}
    assert "xarray" in manifest["libraries"]
    assert record.summary["hours"] == 4
    assert record.cpu_seconds > 0.5
    assert record.peak_memory_mb > 50
    assert orders["pump"].tolist() == ["10"]
    assert not list((workspace.runs("litoral") / ".staging").iterdir())


def test_a_failed_run_keeps_its_notebook(write, workspace):
    write("some", "1 / 0")
    with open_store(workspace, "litoral") as store:
        record = notebooks.run_notebook("some", "litoral", NOW, {}, workspace=workspace, store=store, cycle=True)
        assert store.runs(status="failed") == [record]
    assert record.error == "some.ipynb, cell 3: ZeroDivisionError: division by zero"
    kept = nbformat.read(notebooks.executed(workspace, "litoral", record), as_version=4)
    assert any(o.output_type == "error" for c in kept.cells if c.cell_type == "code" for o in c.outputs)


def test_a_killed_kernel_is_a_failed_run(write, workspace):
    write("some", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with open_store(workspace, "litoral") as store:
        record = notebooks.run_notebook("some", "litoral", NOW, {}, workspace=workspace, store=store, cycle=True)
    assert record.status == "failed"
    assert "DeadKernelError" in record.error
    assert notebooks.executed(workspace, "litoral", record).is_file()


def test_a_notebook_cannot_ask_for_another_tenant_or_moment(write, workspace):
    write("some", "import wss\nwss.open_run(tenant, '2022-07-01')")
    with open_store(workspace, "litoral") as store:
        record = notebooks.run_notebook("some", "litoral", NOW, {}, workspace=workspace, store=store, cycle=True)
    assert "pass both parameters on to wss.open_run" in record.error


def test_what_a_killed_runner_left_is_swept_after_a_day(tmp_path):
    for name, age in (("old", 90_000), ("new", 60)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    notebooks.sweep(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["new"]
    notebooks.sweep(tmp_path / "nosuch")
