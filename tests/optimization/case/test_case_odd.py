"""What is odd about a case but legal by the judge, and what a case means by its steps."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
import yaml

from wss.errors import ConfigError
from wss.hydraulics import Engine
from wss.optimization import case

CASE = {"name": "odd", "network": "network.inp", "start": "2026-01-05T00:00", "horizon_hours": 6, "decision_minutes": 60,
        "hydraulic_step_seconds": 300, "price": [0.1, 0.2, 0.3], "price_step_minutes": 60}  # fmt: skip


@pytest.fixture
def reads(problem, tmp_path):
    """reads(key=value, ...): the problem of the case with these keys, or its faults; `network` is text."""

    def read(**changes):
        (tmp_path / "network.inp").write_text(changes.pop("text", problem.network), encoding="utf-8")
        (tmp_path / "case.yml").write_text(yaml.safe_dump(CASE | changes), encoding="utf-8")
        return case.read(tmp_path / "case.yml")

    return read


def test_lists_of_prices_repeat_and_may_differ_in_length(reads):
    assert reads().price.to_numpy().tolist() == [0.1, 0.2, 0.3] * 2
    both = reads(price={"P1": [1, 2], "P2": [5, 6, 7, 8]}, price_scale=0.5, price_step_minutes=90).price
    assert both.sel(pump="P1").to_numpy().tolist() == [0.5, 1, 0.5, 1]
    assert both.sel(pump="P2").to_numpy().tolist() == [2.5, 3, 3.5, 4]


def test_the_price_of_a_hydraulic_step_is_that_at_its_start(reads):
    """Prices every 15 minutes, steps of an hour: only each fourth price is ever met."""
    found = reads(hydraulic_step_seconds=3600, price=[1, 2, 3, 4, 5], price_step_minutes=15)
    assert found.price_on(found.time, ["P1", "P2"])[:, 0].tolist() == [1, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("start", ["2026-01-05", "2026-01-05 00:00", date(2026, 1, 5), datetime(2026, 1, 5)])
def test_starts_of_every_kind(reads, start):
    assert reads(start=start).start == pd.Timestamp("2026-01-05")


def test_keys_that_may_be_empty_or_are_not_needed(reads):
    found = reads(max_starts=None, pressure_min_everywhere=None, clamp_exempt=[], end_level={})
    assert (found.max_starts, found.pressure_min_everywhere, found.currency) == ({}, None, "")
    assert reads(max_starts=0).max_starts == {"P1": 0, "P2": 0}


def test_a_pump_whose_speeds_are_all_zero_is_out_of_service(reads, plan_of):
    found = reads(speed={"P1": [0, 0], "P2": [0.8, 1]})
    assert (found.out_of_service, found.speed_range) == (("P1",), {"P2": (0.8, 1.0)})
    assert case.describe(found, "x")["speed"] == {"P1": [0, 0], "P2": [0.8, 1.0]}


@pytest.mark.parametrize(
    ("decision", "hydraulic", "grid", "replay"),
    [
        (60, 300, 60, 300),
        (7.5, 450, 7.5, 450),
        (0.5, 30, 0.5, 30),
        (30, 3600, 60, 3600),
        (20, 900, 60, 900),
        (60, 7200, 60, 3600),
    ],
)
def test_pumps_change_only_where_epanet_stops(reads, decision, hydraulic, grid, replay):
    """The network reports hourly, so that a step of two hours still stops each hour."""
    found = reads(decision_minutes=decision, hydraulic_step_seconds=hydraulic)
    assert (found.decision_step, found.replay_step_s) == (pd.Timedelta(minutes=grid), replay)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"horizon_hours": 6.5}, "horizon_hours: 6.5 h is not a whole number"),
        ({"decision_minutes": 50}, "horizon_hours: 6 h is not a whole number of steps of decision_minutes: 50"),
        ({"hydraulic_step_seconds": 7000, "decision_minutes": 30}, "hydraulic_step_seconds: pumps could change every 1050 min"),
        ({"initial_level": {1: 2.0}}, "write the id in quotes: '1'"),
        ({"speed": {"P1": [0.7, 0.8, 0.9]}}, "speed.P1: [0.7, 0.8, 0.9] is not [lowest, highest]"),
        ({"start": "2026-01-05T00:00:00Z"}, "must have no time zone"),
        ({"open_when_off": {"P1": "P2"}}, "open_when_off: P1 is not a pipe or valve"),
        ({"initial_level": {"T": 4.1}}, "initial_level: tank T: 4.1 is outside its limits of 0.5 to 4"),
        ({"horizon_hours": True, "max_starts": "3"}, "horizon_hours: True must be a number"),
        ({"horizon_hours": 90000, "hydraulic_step_seconds": 1}, "more than 200,000 hydraulic steps"),
    ],
)
def test_what_no_plan_could_follow_is_a_fault(reads, changes, says):
    with pytest.raises(ConfigError) as told:
        reads(**changes)
    assert says in str(told.value)


def test_check_valves_cannot_be_tied(reads, problem):
    text = problem.network.replace("900  100  120  0  Open", "900  100  120  0  CV")
    with pytest.raises(ConfigError, match="open_when_off: far is a check valve"):
        reads(text=text, open_when_off={"far": "P1"})


def test_controls_of_other_links_are_plant_and_those_of_pumps_stay_for_the_fall_back(reads, problem):
    rules = "[RULES]\nRULE a\nIF TANK T LEVEL BELOW 1\nTHEN PIPE far STATUS IS CLOSED\nRULE b\nIF TANK T LEVEL ABOVE 3\n" \
            "THEN PUMP P2 STATUS IS CLOSED\nAND PIPE far STATUS IS OPEN\n\n[ENERGY]"  # fmt: skip
    text = problem.network.replace("[CONTROLS]", "[CONTROLS]\n LINK far CLOSED IF NODE T BELOW 1").replace("[ENERGY]", rules)
    with Engine(text) as before, Engine(reads(text=text).network) as after:
        assert before.removed == after.removed
        assert len(after.removed) == 4
    assert reads(text=text).network == text, "as the judge has it: what acts on no pump and no tied link stays"
    assert reads().network == problem.network


def test_pressure_everywhere_is_where_the_first_demand_is(reads, problem):
    """The judge looks at a node's first demand category only."""
    text = problem.network.replace("[CONTROLS]", "[DEMANDS]\n F  0  day\n F  5  day\n[CONTROLS]")
    found = reads(text=text, pressure_min_everywhere=20, pressure_min={"J": 30})
    assert (found.pressure_min_everywhere, found.pressure_min) == (None, {"J": 30.0})
    assert reads(pressure_min_everywhere=20).pressure_min_everywhere == 20.0


def test_plans_at_odd_moments_are_written_as_they_are(reads, tmp_path):
    found = reads(start="2026-01-05T00:00:00.25", decision_minutes=0.5, hydraulic_step_seconds=30, horizon_hours=1)
    plan = found.price.expand_dims(pump=["P1", "P2"]).T.isel(time=[0]).reindex(time=found.time, method="ffill") * 0 + 1.0
    plan[7:, 0] = 0.0
    case.write_plan(plan.rename("pump_speed"), tmp_path / "plan.csv")
    assert "2026-01-05T00:03:30.250000,P1,0.0" in (tmp_path / "plan.csv").read_text()
    np.testing.assert_array_equal(case.read_plan(tmp_path / "plan.csv", found), plan)
