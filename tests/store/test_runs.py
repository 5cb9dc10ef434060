"""Runs are committed whole, published together, and found again as they were seen; the journal; the lease."""

from dataclasses import replace

import pandas as pd
import pytest

from wss.errors import LeaseError, NotFoundError, StoreError
from wss.store import RunRecord

NOW = pd.Timestamp("2022-03-01T06:00")
RUN = RunRecord(
    id="r1",
    kind="optimize",
    now=NOW,
    started_at=NOW,
    finished_at=NOW,
    status="ok",
    cycle=True,
    parameters={"tenant": "demo"},
    inputs={"forecast": "f1"},
    summary={"rung": "proven", "cost": 1.5, "left": []},
    code_version="1",
    config_version=3,
    cpu_seconds=1.25,
    peak_memory_mb=99.5,
    folder="optimize/x",
    error=None,
)
ORDERS = pd.DataFrame({"time": [NOW, NOW + pd.Timedelta("1h")], "pump": ["10", "10"], "speed": [1.0, 0.0]})
KPIS = pd.DataFrame({"time": [NOW], "name": ["cost"], "item": ["plan"], "value": [1.5], "unit": ["EUR"]})


def test_round_trip(store):
    store.commit_run(RUN, ORDERS, KPIS)
    assert store.run("r1") == RUN
    pd.testing.assert_frame_equal(store.orders("r1"), ORDERS.assign(time=ORDERS["time"].dt.as_unit("ns")), check_dtype=False)
    assert store.kpis().to_dict("records") == KPIS.assign(run_id="r1").to_dict("records")
    assert store.orders("none").empty
    with pytest.raises(NotFoundError, match="no run 'r2'"):
        store.run("r2")


def test_a_run_is_committed_whole_or_not_at_all(store):
    doubled = pd.concat([ORDERS, ORDERS])
    with pytest.raises(StoreError):
        store.commit_run(RUN, doubled, KPIS)
    assert store.runs() == []
    assert store.kpis().empty
    store.commit_run(RUN, ORDERS)
    with pytest.raises(StoreError, match="a run is committed once"):
        store.commit_run(RUN)


def test_runs_are_listed_newest_first(store):
    for i, (kind, status) in enumerate([("forecast", "ok"), ("optimize", "failed"), ("optimize", "ok")]):
        store.commit_run(replace(RUN, id=f"r{i}", kind=kind, status=status))
    assert [r.id for r in store.runs()] == ["r2", "r1", "r0"]
    assert [r.id for r in store.runs("optimize", limit=1)] == ["r2"]
    assert [r.id for r in store.runs(status="ok")] == ["r2", "r0"]


def test_kpis_of_a_day_are_those_of_its_last_run(store):
    store.commit_run(RUN, kpis=KPIS)
    store.commit_run(replace(RUN, id="r2"), kpis=KPIS.assign(value=float("nan")))
    assert store.kpis()["value"].isna().tolist() == [True]
    assert store.kpis(run_id="r1")["value"].tolist() == [1.5]
    assert store.kpis(start=NOW + pd.Timedelta("1s")).empty
    assert store.kpis(end=NOW).empty


def test_forecast_and_plan_are_published_together(store):
    for number in (1, 2):
        store.commit_run(replace(RUN, id=f"f{number}", kind="forecast"))
        store.commit_run(replace(RUN, id=f"p{number}"))
    assert store.published() == {}
    later = NOW + pd.Timedelta("1h")
    store.publish({"forecast": "f1", "plan": "p1"}, NOW)
    store.publish({"forecast": "f2", "plan": "p2"}, later)
    assert {kind: run.id for kind, run in store.published().items()} == {"forecast": "f2", "plan": "p2"}
    assert {kind: run.id for kind, run in store.published(later - pd.Timedelta("1s")).items()} == {"forecast": "f1", "plan": "p1"}
    assert store.published(NOW - pd.Timedelta("1s")) == {}
    assert store.published_history("plan", later, later + pd.Timedelta("1h")) == [(NOW, "p1"), (later, "p2")]
    assert store.published_history("plan", NOW, later) == [(NOW, "p1")]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (replace(RUN, id="bad", status="failed"), "run bad is failed"),
        (replace(RUN, id="bad", cycle=False), "run bad is a draft"),
        (None, "no run 'bad'"),
    ],
)
def test_what_is_not_fit_is_not_published_and_nothing_beside_it(store, bad, why):
    store.commit_run(RUN)
    if bad:
        store.commit_run(bad)
    with pytest.raises(StoreError, match=why):
        store.publish({"plan": "r1", "forecast": "bad"}, NOW)
    assert store.published() == {}


def test_journal(store):
    assert store.journal().empty
    assert store.write_journal("override", "ana", NOW, {"pump": "10", "on": True}, "noise", "r1") == 1
    store.write_journal("accept", "rui", NOW + pd.Timedelta("1h"), {})
    first = store.journal("override").iloc[0]
    assert first[["at", "who", "reason", "run_id"]].tolist() == [NOW, "ana", "noise", "r1"]
    assert first["body"] == {"pump": "10", "on": True}
    assert store.journal(since=NOW + pd.Timedelta("1s"))["kind"].tolist() == ["accept"]


def test_a_lease_is_held_by_one_until_it_is_given_back(store):
    with store.lease("cycle", "a", NOW, 60):
        with (
            pytest.raises(LeaseError, match="cycle is held by a since 2022-03-01T06:00:00Z and until 2022-03-01T06:01:00Z"),
            store.lease("cycle", "b", NOW + pd.Timedelta("59s"), 60),
        ):
            pass
        with store.lease("other", "b", NOW, 60):
            pass
    with store.lease("cycle", "b", NOW, 60):
        pass


def test_a_lease_expires_by_the_time_it_is_given(store):
    with store.lease("cycle", "a", NOW, 60), store.lease("cycle", "b", NOW + pd.Timedelta("60s"), 60):
        pass
    later = NOW + pd.Timedelta("60s")
    with store.lease("cycle", "c", later, 60):
        pass


def test_one_whose_lease_expired_does_not_give_back_the_lease_of_another(store):
    first = store.lease("cycle", "a", NOW, 60)
    first.__enter__()
    with store.lease("cycle", "b", NOW + pd.Timedelta("60s"), 60):
        first.__exit__(None, None, None)
        with pytest.raises(LeaseError), store.lease("cycle", "c", NOW + pd.Timedelta("61s"), 60):
            pass
