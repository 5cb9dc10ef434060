"""The cycle of the demo utility: what it publishes, what it reports, and what a rerun of the past leaves alone."""

from pathlib import Path

import pandas as pd
import pytest

from wss import cycle
from wss.store import open_store

pytestmark = pytest.mark.slow


def test_forecast_and_plan_are_published_together(litoral):
    with open_store(litoral, "litoral") as store:
        seen = store.published()
        assert set(seen) == {"forecast", "plan"}
        assert seen["plan"].parameters["forecast_run"] == seen["forecast"].id
        assert seen["plan"].now == seen["forecast"].now
        orders = store.orders(seen["plan"].id)
    assert seen["plan"].summary["violations"] == []
    assert seen["plan"].summary["plan_cost"] < seen["plan"].summary["baseline_cost"]
    assert seen["forecast"].summary["forecast_wape"] < 0.15
    released = pd.read_csv(litoral.outbox("litoral") / "plan.csv", dtype={"pump": str})
    assert list(released.columns) == ["time", "pump", "speed"]
    assert len(released) == len(orders)
    assert set(released["pump"]) == {"10", "335"}


def test_a_rerun_of_the_past_is_recorded_and_not_published(litoral):
    with open_store(litoral, "litoral") as store:
        before = store.published()
    result = cycle.run_cycle("litoral", before["plan"].now - pd.Timedelta("6h"), intake=False, reason="rerun")
    assert result.error is None
    assert "not published" in result.reason
    assert result.rung in ("proven", "converged", "limit")
    assert result.violations == 0
    assert all(Path(p).is_file() for p in result.notebooks)
    assert {"case.yml", "network.inp", "plan.csv", "baseline.csv"} <= {p.name for p in Path(result.run_folder).iterdir()}
    assert result.cpu_seconds > 2
    assert result.peak_memory_mb > 100
    with open_store(litoral, "litoral") as store:
        assert store.published() == before
        assert store.run(Path(result.run_folder).name.partition("-")[2]).inputs["reason"] == "rerun"


def test_a_refit_of_a_short_history_is_a_run_that_says_so(litoral):
    result = cycle.run_weekly("litoral")
    assert result.error is None
    assert (result.model, result.first_day) == ("none", None)
    assert "90" in result.reason
    assert Path(result.notebook).is_file()
    with open_store(litoral, "litoral") as store:
        (record,) = store.runs("refit")
    assert record.cycle
    assert record.summary["days"] >= 20


def test_the_day_has_key_figures_of_plan_actual_and_baseline(litoral):
    with open_store(litoral, "litoral") as store:
        kpis = store.kpis()
    assert {item.partition("/")[0] for item in kpis["item"]} == {"plan", "actual", "baseline"}
    assert {"energy", "cost", "specific_energy", "energy_share", "starts", "minutes_outside_limits"} <= set(kpis["name"])


def test_a_day_without_readings_has_no_key_figures_and_still_a_report_of_the_doubtful(litoral):
    result = cycle.run_daily("litoral", "1999-01-01")
    assert result.error
    assert not result.kpis
    assert Path(result.quality_notebook).is_file()
    assert "quality" not in result.error
