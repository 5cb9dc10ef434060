"""Overrides: checked as if nobody had checked before, kept in the journal, active until they end or are cancelled."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wss import demo
from wss.errors import DataError, NotFoundError
from wss.optimization.core.problem import Pin
from wss.steps.apply import check_tenant
from wss.steps.plan import overrides
from wss.store import Workspace, open_store

NOW = pd.Timestamp("2022-07-25T06:07")
STEP = pd.Timedelta("15min")


@pytest.fixture(scope="module")
def litoral(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("wss"))
    demo.install(workspace, "litoral")
    return check_tenant(workspace, "litoral")


@pytest.fixture
def store(tmp_path):
    with open_store(Workspace(tmp_path), "litoral", create=True) as opened:
        yield opened


def pin(start="2022-07-25T06:15", end="2022-07-25T08:00", pump="335", on=False):
    return Pin(pump, pd.Timestamp(start), pd.Timestamp(end), on)


def test_active_until_it_ends(store):
    number = overrides.record(store, pin(), "Maria", NOW, "intake cleaned", {"cost_difference": 12.0})
    (held,) = overrides.active(store, NOW)
    assert (held.id, held.pin, held.who, held.reason) == (number, pin(), "Maria", "intake cleaned")
    assert overrides.active(store, pd.Timestamp("2022-07-25T07:59"))
    assert overrides.active(store, pd.Timestamp("2022-07-25T08:00")) == ()


def test_a_rerun_of_the_past_does_not_know_it(store):
    overrides.record(store, pin(), "Maria", NOW, "intake cleaned")
    assert overrides.active(store, NOW - pd.Timedelta("1s")) == ()


def test_cancelled_once_and_for_all(store):
    number = overrides.record(store, pin(), "Maria", NOW, "intake cleaned")
    overrides.cancel(store, number, "Rui", NOW + STEP)
    assert overrides.active(store, NOW + STEP) == ()
    assert len(overrides.active(store, NOW)) == 1, "before it was cancelled it held"
    with pytest.raises(NotFoundError, match="not active"):
        overrides.cancel(store, number, "Rui", NOW + STEP)
    assert store.journal()["kind"].tolist() == ["override", "override_cancelled"]


@pytest.mark.parametrize(("who", "reason"), [("", "why"), ("Maria", " "), ("x" * 201, "why"), (None, "why"), ("Maria", 7)])
def test_name_and_reason_are_required(store, who, reason):
    with pytest.raises(DataError, match="2 to 200 characters"):
        overrides.record(store, pin(), who, NOW, reason)
    assert store.journal().empty


def test_everything_wrong_is_said_at_once(litoral):
    off_grid = pd.Timestamp("2022-07-25T06:16")
    with pytest.raises(DataError) as caught:
        overrides.checked(litoral, (), NOW, "no such pump", "yes", off_grid, off_grid)
    for part in ("'no such pump'", "must be true or false", "grid of 15 min", "end must be after the start"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("start", "end"), [("2022-07-25T05:00", "2022-07-25T06:00"), ("2022-07-25T06:00", "2022-07-28T06:00")])
def test_window_must_lie_within_the_plan(litoral, start, end):
    with pytest.raises(DataError, match="after the end of the plan"):
        overrides.checked(litoral, (), NOW, "335", False, pd.Timestamp(start), pd.Timestamp(end))


def test_a_pump_is_held_once_at_a_time(litoral, store):
    overrides.record(store, pin(), "Maria", NOW, "intake cleaned")
    held, ends = overrides.active(store, NOW), pin().end
    with pytest.raises(DataError, match="held already .* by Maria: cancel that first"):
        overrides.checked(litoral, held, NOW, "335", True, ends - STEP, ends + STEP)
    assert overrides.checked(litoral, held, NOW, "335", True, ends, ends + STEP).start == ends
    assert overrides.checked(litoral, held, NOW, "10", True, ends - STEP, ends + STEP).pump == "10"


@given(st.integers(0, 191), st.integers(1, 192))
def test_every_window_on_the_grid_within_the_horizon_is_accepted(litoral, first, length):
    start = pd.Timestamp("2022-07-25T06:00") + first * STEP
    end = start + min(length, 192 - first) * STEP
    if end > NOW:
        assert overrides.checked(litoral, (), NOW, "10", True, start, end) == Pin("10", start, end, True)
