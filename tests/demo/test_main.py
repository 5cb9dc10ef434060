"""The main job of `wss demo`, from nothing to plans that the plant has followed, and the hour after."""

import pytest

from wss import times
from wss.demo import main
from wss.demo.plant import Plant
from wss.store import open_store

QUANTITIES = ["level", "flow", "pressure", "power", "pump_status"]


@pytest.mark.slow
def test_first_run_and_the_hour_after(workspace, monkeypatch):
    monkeypatch.setattr(main, "FIRST_RUN_H", (25,))  # one plan for the whole day: a cycle less than the demo itself
    first = main.run_demo(workspace)
    assert first["first"]
    assert first["history_days"] > 90
    assert [c["error"] for c in first["cycles"]] == [None] * 2
    for cycle in first["cycles"]:
        assert cycle["violations"] == 0
        assert cycle["plan_cost"] < cycle["baseline_cost"]
    assert first["cycles"][-1]["forecast_wape"] is not None
    assert [d["day"] for d in first["daily"]] == ["2022-07-25"]
    assert first["readings"]["set_aside"] == 72
    assert (workspace.outbox("litoral") / "plan.csv").is_file()

    again = main.run_demo(workspace)
    assert not again["first"]
    assert again["now"] > first["now"]
    assert again["redelivered"]
    assert [c["error"] for c in again["cycles"]] == [None]
    with open_store(workspace, "litoral") as store:
        stored = store.read(QUANTITIES, *span(workspace))
    assert not stored.duplicated(["quantity", "item", "time"]).any()
    assert len(stored) == first["readings"]["stored"] + again["readings"]["stored"]


def span(workspace):
    plant = Plant(workspace, "litoral")
    return times.utc(plant.settings.history_start), plant.clock
