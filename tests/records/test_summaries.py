"""Summaries survive the file that they are saved in, keep the keys that others read, and open what older versions saved."""

import json

import pandas as pd
import pytest

from wss.records import (
    BacktestSummary,
    Fact,
    ForecastSummary,
    KpiSummary,
    LevelRisk,
    PlanChange,
    PlanSummary,
    Reason,
    RefitSummary,
    Violation,
)
from wss.steps.run import plain

AT = pd.Timestamp("2026-01-05T06:15")
PLAN = PlanSummary(
    rung="relaxed",
    reasons=(Reason("cannot_end", "T", amount=0.3, bound=2.0), Reason("none_holds")),
    plan_cost=412.4,
    violations=(Violation("end_short", "T", AT, value=1.7, amount=0.3, bound=2.0),),
    starts={"P1": 3},
    change=PlanChange("2026-01-05T06:00:00Z", 2, 1.5, 3.1),
    forecast_run="f1",
    level_risks=(LevelRisk("T", "low", 2.0, 3, 24, 1.8, "2026-01-05T09:00:00Z"),),
)


def saved(summary):
    return json.loads(json.dumps(plain(summary.as_dict())))


@pytest.mark.parametrize(
    "summary",
    [
        PLAN,
        PlanSummary(),
        ForecastSummary(issue="2026-01-05T06:00:00Z", gaps={"north": 2}, model="median_profile", weather="none"),
        RefitSummary(model="fitted", days=99, zones=["north"], modes=["none"]),
        BacktestSummary(start="2026-01-05T06:00:00Z", origins=3, models={"fitted": 3}),
        KpiSummary(day="2026-01-04", sources=["actual"], plan_missing="no plan"),
    ],
)
def test_a_summary_survives_its_file(summary):
    assert saved(type(summary).of(saved(summary))) == saved(summary)


def test_a_plan_is_read_as_it_was_saved():
    assert PlanSummary.of(saved(PLAN)) == PLAN


def test_facts_are_saved_in_sentences_and_beside_them_as_records():
    told = saved(PLAN)
    assert told["reason"] == (
        "tank T cannot end at 2.00 m, whatever the pumps do: 0.30 m short; it is proven that no plan keeps every limit"
    )
    assert told["violations"] == ["2026-01-05 06:15: tank T ends at 1.700 m, 0.300 m below 2.000 m"]
    assert told["violations_count"] == 1
    assert [record["kind"] for record in told["reasons"]] == ["cannot_end", "none_holds"]
    assert told["violation_records"][0]["start"] == "2026-01-05T06:15:00Z"


def test_what_an_older_version_saved_stays_as_it_said():
    old = {name: value for name, value in saved(PLAN).items() if name not in ("reasons", "violation_records", "level_risks")}
    read = PlanSummary.of(old)
    assert read.reasons == (Fact("said", text=PLAN.reason),)
    assert [fact.kind for fact in read.violations] == ["said"]
    assert (read.reason, read.change, read.level_risks) == (PLAN.reason, PLAN.change, ())
    assert PlanSummary.of({}) == PlanSummary()


def test_what_a_newer_version_saved_is_told_in_its_sentences():
    newer = saved(PLAN) | {"violation_records": [{"kind": "not known here", "element": "T"}], "unheard": 1}
    assert [str(fact) for fact in PlanSummary.of(newer).violations] == [str(fact) for fact in PLAN.violations]


def test_what_is_not_known_is_not_saved():
    assert "weather_reason" not in ForecastSummary().as_dict()
    assert ForecastSummary(weather_reason="none is known").as_dict()["weather_reason"] == "none is known"
    assert set(RefitSummary(reason="12 days").as_dict()) == {"model", "reason", "days", "weather_faults"}
