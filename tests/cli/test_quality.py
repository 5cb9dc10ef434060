"""`wss quality`: what is doubtful, as a table and as one JSON document."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from wss import demo, times
from wss.cli import app
from wss.quantities import Flag
from wss.steps.apply import apply_tenant
from wss.store import IntakeFile, Workspace, open_store

END = times.utc("2022-07-20T00:00")


def wss(*words: str):
    return CliRunner().invoke(app, ["quality", *words])


@pytest.fixture
def _two_sensors():
    """Two days of a level, of which an hour is missing and a reading is a spike, and of a flow that fell silent."""
    workspace = Workspace(Path(os.environ["WSS_HOME"]))
    demo.install(workspace, "litoral")
    apply_tenant(workspace, "litoral", "test", "")
    time = pd.date_range(END - 2 * times.DAY, END, freq="5min", inclusive="left")
    with open_store(workspace, "litoral") as store:
        ids = store.sensors().set_index(["quantity", "item"])["sensor_id"]
        level = pd.DataFrame({"sensor_id": ids["level", "1"], "time": times.epoch(time), "value": 5.0, "flag": 0})
        level.loc[500, "flag"] = int(Flag.SPIKE)
        level = level.drop(index=range(400, 412))
        flow = pd.DataFrame({"sensor_id": ids["flow", "60"], "time": times.epoch(time)[:450], "value": 900.0, "flag": 0})
        nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
        store.write_file(IntakeFile("a", "a", END), pd.concat([level, flow]), 0, nothing, nothing[["line", "text", "reason"]])


@pytest.mark.usefixtures("_two_sensors")
def test_it_says_what_is_doubtful():
    result = wss("litoral", "--json")
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    assert (told["tenant"], told["now"], told["error"]) == ("litoral", "2022-07-20T00:15:00Z", None)
    doubts = {(d["quantity"], d["item"], d["kind"]): d for d in told["doubts"]}
    assert set(doubts) == {("level", "1", "gap"), ("level", "1", "spike"), ("flow", "60", "stale")}
    gap, spike, stale = (doubts[key] for key in [("level", "1", "gap"), ("level", "1", "spike"), ("flow", "60", "stale")])
    assert (gap["first"], gap["last"], gap["note"]) == ("2022-07-19T09:15:00Z", "2022-07-19T10:20:00Z", "no reading for 65 min")
    assert (spike["masked"], gap["masked"], spike["first"]) == (True, False, "2022-07-19T17:40:00Z")
    assert stale["goes_on"]


@pytest.mark.usefixtures("_two_sensors")
def test_table_and_span():
    told = wss("litoral").output
    assert all(word in told for word in ("level 1", "spike", "goes on", "24 h"))
    short = wss("litoral", "--hours", "1", "--json")
    assert [d["kind"] for d in json.loads(short.stdout)[0]["doubts"]] == ["stale"]


@pytest.mark.usefixtures("_two_sensors")
def test_rules_that_changed_are_applied_to_the_past_on_demand():
    assert len(json.loads(wss("--json").stdout)[0]["doubts"]) == 3
    workspace = Workspace(Path(os.environ["WSS_HOME"]))
    settings = workspace.tenant("litoral") / "tenant.yml"
    settings.write_text(settings.read_text() + "\nquality:\n  gap_intervals: 20\n")
    apply_tenant(workspace, "litoral", "test", "")
    assert len(json.loads(wss("--json").stdout)[0]["doubts"]) == 3
    again = json.loads(wss("--check-from", "2022-07-18", "--json").stdout)[0]["doubts"]
    assert {d["kind"] for d in again} == {"spike", "stale"}


def test_a_tenant_without_store_is_told():
    demo.install(Workspace(Path(os.environ["WSS_HOME"])), "litoral")
    result = wss("litoral")
    assert result.exit_code == 1
    assert "wss apply litoral" in result.stderr
