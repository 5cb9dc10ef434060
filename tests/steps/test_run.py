"""The run bundle: what is saved is read back the same, drafts stay drafts, and `now` lies on the decision grid."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import wss
from wss import demo
from wss.errors import DataError, NotebookError, NotFoundError
from wss.quantities import labelled
from wss.steps.apply import apply_tenant
from wss.steps.run import TICKET, open_run, plain, read_summary, resolve_now
from wss.store import IntakeFile, Workspace, open_store

NOW = "2022-07-25T06:07"


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    workspace = Workspace(Path(os.environ["WSS_HOME"]))
    demo.install(workspace, "litoral")
    apply_tenant(workspace, "litoral", "test", "")
    return workspace


def levels(value: float = 3.0) -> xr.Dataset:
    time = pd.date_range("2022-07-25", periods=3, freq="15min", unit="ns")
    return labelled("level", np.full((3, 2), value), time=time, tank=["1", "2"]).to_dataset()


def test_what_is_saved_is_loaded_the_same(workspace):
    run = open_run("litoral", NOW)
    assert run.draft
    assert run.now == pd.Timestamp("2022-07-25T06:00")
    run.save("levels", levels(1.0))
    run.save("levels", levels(2.0))
    run.save("other", levels(3.0).isel(time=[0]))
    back = run.load(run.id, "levels")
    xr.testing.assert_identical(back["level"], levels(2.0)["level"])
    assert back["level"].attrs["units"] == "m"
    assert back.tank.dtype.kind == "U"
    assert back.time.dtype == "datetime64[ns]"
    with pytest.raises(NotFoundError, match="no group 'nosuch'"):
        run.load(run.id, "nosuch")
    with pytest.raises(NotFoundError, match="no run 'gone'"):
        run.load("gone", "levels")


def test_nothing_wrong_is_saved(workspace):
    run = open_run("litoral", NOW)
    with pytest.raises(DataError, match="units"):
        run.save("levels", levels().assign(level=lambda ds: ds["level"].assign_attrs(units="cm")))
    assert not (run.folder / "result.nc").exists()


def test_tables_and_summary(workspace):
    run = open_run("litoral", NOW)
    frame = pd.DataFrame({"time": pd.to_datetime(["2022-07-25T06:15"]).as_unit("ns"), "pump": ["010"], "speed": [0.5]})
    run.save_table("orders", frame)
    pd.testing.assert_frame_equal(run.load_table(run.id, "orders"), frame)
    assert "2022-07-25T06:15:00Z,010,0.5" in (run.folder / "orders.csv").read_text()
    with pytest.raises(NotFoundError):
        run.load_table(run.id, "nosuch")
    run.save_summary(rung="proven", cost=np.float64(1.5))
    run.save_summary(violations=["a"], share=float("nan"))
    summary = read_summary(run.folder)
    assert {k: summary[k] for k in ("rung", "cost", "violations", "share")} == {
        "rung": "proven",
        "cost": 1.5,
        "violations": ["a"],
        "share": None,
    }
    assert summary["cpu_seconds"] > 0
    assert summary["peak_memory_mb"] > 20


def test_the_ticket_decides_which_run_it_is(workspace, tmp_path):
    ticket = {
        "id": "abc",
        "kind": "optimize",
        "tenant": "litoral",
        "now": "2022-07-25T06:00:00Z",
        "cycle": True,
        "home": str(workspace.home),
    }
    (tmp_path / TICKET).write_text(json.dumps(ticket))
    run = open_run("litoral", NOW)
    assert (run.id, run.kind, run.draft, run.folder) == ("abc", "optimize", False, tmp_path)
    with pytest.raises(NotebookError, match="the notebook asks for"):
        open_run("litoral", "2022-07-24")


def test_now_defaults_to_the_delivery_of_the_last_reading_of_a_replay(workspace):
    with pytest.raises(NotFoundError, match="wss ingest litoral"):
        open_run("litoral")
    with open_store(workspace, "litoral") as store:
        sensor = int(store.sensors()["sensor_id"].iloc[0])
        time = int(pd.Timestamp("2022-07-25T08:59").timestamp())
        readings = pd.DataFrame({"sensor_id": [sensor], "time": [time], "value": [1.0], "flag": [0]})
        nothing = pd.DataFrame({"line": [], "tag": [], "time": [], "text": [], "reason": []})
        file = IntakeFile("a.csv", "0" * 64, pd.Timestamp("2022-07-25T09:00"), False, "scada")
        store.write_file(file, readings, 0, nothing, nothing[["line", "text", "reason"]])
    assert open_run("litoral").now == pd.Timestamp("2022-07-25T09:15")  # delivered ten minutes later, then the next quarter


def test_now_defaults_to_the_clock_of_a_live_tenant(workspace):
    run = open_run("litoral", NOW)
    live = run.configuration.model_copy(update={"tenant": run.tenant.model_copy(update={"clock": "live"})})
    behind = pd.Timestamp.now("UTC").tz_localize(None) - resolve_now(live, run.store)
    assert pd.Timedelta(0) <= behind < pd.Timedelta("16min")


def test_plain_is_what_json_can_hold():
    day = "2022-07-25"
    value = {"a": np.array([1.0, np.inf]), 3: (np.int64(2), pd.Timestamp(day)), "t": np.datetime64(day), "n": None}
    assert plain(value) == {"a": [1.0, None], "3": [2, "2022-07-25T00:00:00Z"], "t": "2022-07-25T00:00:00Z", "n": None}


def test_the_head_of_a_notebook_says_what_is_simulated(workspace):
    text = open_run("litoral", NOW)._repr_markdown_()
    assert "simulated" in text
    assert "Monday 25 July 2022 08:00" in text


def test_import_wss_is_light_and_lazy():
    code = "import sys, wss, wss.cli; assert not {'pandas', 'xarray', 'sqlalchemy'} & set(sys.modules), sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert wss.open_run is open_run
    with pytest.raises(AttributeError):
        _ = wss.nosuch
