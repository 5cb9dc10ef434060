"""What moving a switch costs and breaks, against numbers that follow from price, power and flow alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss.optimization import Pin, verify
from wss.optimization.proof import ladder
from wss.optimization.proof.explain import MOST_REPLAYS, explain, switches

HOUR = pd.Timedelta(hours=1)
GOOD = {"P1": [(0, 3.5), (8, 21)], "P2": [(18, 18.5)]}
"""The tank stays between 1.6 and 3.7 m of its 0.5 to 4 m."""


@pytest.fixture(scope="module")
def roomy(problem):
    """The day with no level at the end to reach, so that only the moved quarter of an hour counts."""
    return replace(problem, end_level=None)


def moved(problem, plan, value=0.0, **more):
    told = explain(replace(problem, **more), plan, {"T": value}).moves
    return told.set_index(["pump", "time", "move"])


def at(problem, hours):
    return problem.start + hours * HOUR


def test_switches_begin_with_what_the_pump_does_now(problem, plan_of):
    plan = plan_of(P1=[(0, 6), (12, 14.5)], P2=[(3, 24)])
    found = [(s.pump, s.slot / 4, s.action) for s in switches(problem, plan)]
    assert found == [("P1", 0, "start"), ("P2", 3, "start"), ("P1", 6, "stop"), ("P1", 12, "start"), ("P1", 14.5, "stop")]
    running = replace(problem, initial_status={"P1": True, "P2": True})
    found = [(s.pump, s.slot / 4, s.action) for s in switches(running, plan)]
    assert found[:2] == [("P2", 0, "stop"), ("P2", 3, "start")], "P1 runs on: nothing is switched"


def test_a_move_costs_what_two_replays_differ_by(roomy, plan_of):
    """As the judge's replay of the moved plan has it; the water that it leaves is the tank's area times the depth."""
    plan, worth = plan_of(**GOOD), 0.03
    told = moved(roomy, plan, worth, start_cost=2.0)
    row = told.loc["P1", at(roomy, 21), "later"]
    base, other = (verify(roomy, plan_of(**GOOD | more)) for more in ({}, {"P1": [(0, 3.5), (8, 21.25)]}))
    assert row["energy_cost"] == pytest.approx(other.cost - base.cost, abs=1e-6)
    lower = float(base.simulation.level[-1, 0] - other.simulation.level[-1, 0])
    assert row["water_m3"] == pytest.approx(lower * np.pi * 36, rel=1e-6)
    assert row["water_m3"] < 0
    assert row["water_cost"] == pytest.approx(worth * row["water_m3"])
    assert row["cost"] == pytest.approx(row["energy_cost"] + row["water_cost"])


def test_a_run_that_a_move_ends_takes_its_start_along(roomy, plan_of):
    told = moved(roomy, plan_of(**GOOD | {"P2": [(18, 18.25)]}), start_cost=2.0)
    assert told.loc["P2", at(roomy, 18), "later"]["start_cost"] == -2.0
    assert told.loc["P2", at(roomy, 18), "earlier"]["start_cost"] == 0.0


def test_the_limit_in_the_way_is_named_with_how_much_and_when(roomy, plan_of):
    plan = plan_of(**GOOD)
    level = verify(roomy, plan).simulation.level.sel(tank="T").to_series()
    bound = float(level.max()) + 2e-4
    row = moved(roomy, plan, level_max={"T": bound}).loc["P2", at(roomy, 18.5), "later"]
    higher = verify(roomy, plan_of(**GOOD | {"P2": [(18, 18.75)]})).simulation.level.sel(tank="T").to_series()
    assert (row["limit"], row["item"], row["bound"]) == ("high", "T", bound)
    assert row["amount"] == pytest.approx(higher.max() - bound)
    assert row["at"] == higher.idxmax()
    assert row["amount"] > 0.05
    low = float(level.min()) - 2e-4
    row = moved(roomy, plan, level_min={"T": low}).loc["P1", at(roomy, 8), "later"]
    assert (row["limit"], row["at"]) == ("low", at(roomy, 8.25))
    assert row["amount"] > 0.05


def test_what_the_plan_breaks_itself_is_in_nobodys_way(roomy, plan_of):
    tight = moved(roomy, plan_of(**GOOD), level_min={"T": 3.0})
    assert tight.loc["P2", at(roomy, 18.5), "later"]["limit"] == "", "more water makes no level lower"
    assert tight.loc["P2", at(roomy, 18.5), "earlier"]["limit"] == "low"


def test_a_tank_at_its_own_limit_is_full_not_passed(roomy, plan_of):
    told = moved(roomy, plan_of(P1=[(0, 4.25), (8, 21)]))
    row = told.loc["P1", at(roomy, 4.25), "later"]
    assert (row["limit"], row["item"], row["amount"], row["bound"]) == ("full", "T", 0.0, 4.0)
    assert told.loc["P1", at(roomy, 4.25), "earlier"]["limit"] == ""


def test_pins_service_and_the_past_need_no_replay(roomy, plan_of):
    plan = plan_of(**GOOD)
    held = (Pin("P1", at(roomy, 3.5), at(roomy, 7), False),)
    told = moved(roomy, plan, pins=held)
    assert told.loc["P1", at(roomy, 0), "earlier"]["limit"] == "now"
    later = told.loc["P1", at(roomy, 3.5), "later"]
    assert (later["limit"], later["item"]) == ("held", "P1")
    assert np.isnan(later["cost"])
    assert told.loc["P1", at(roomy, 8), "earlier"]["limit"] == ""


def test_pressures_and_starts_count(roomy, plan_of):
    plan = plan_of(**GOOD)
    worst = verify(replace(roomy, pressure_min={"F": 0.0}), plan).simulation.pressure.sel(node="F")[::4].min()
    row = moved(roomy, plan, pressure_min={"F": float(worst)}).loc["P1", at(roomy, 8), "later"]
    assert (row["limit"], row["item"], row["bound"]) == ("pressure", "F", pytest.approx(float(worst)))
    assert row["amount"] > 0.01
    told = moved(roomy, plan_of(P1=[(0, 3.5), (8, 24)]), max_starts={"P1": 1})
    row = told.loc["P1", at(roomy, 0), "later"]
    assert (row["limit"], row["amount"], row["bound"]) == ("starts", 2.0, 1.0)


def test_an_end_that_is_missed_is_told_beside_the_cost(problem, plan_of):
    plan = plan_of(**GOOD)
    reached = float(verify(problem, plan).simulation.level[-1, 0])
    told = moved(problem, plan, 0.03, end_level={"T": reached})
    short = told.loc["P1", at(problem, 21), "earlier"]
    assert short["end_tank"] == "T"
    assert short["end_short"] * np.pi * 36 == pytest.approx(short["water_m3"])
    assert told.loc["P1", at(problem, 21), "later"]["end_tank"] == ""


def test_room_that_a_move_takes_and_its_departure_are_told(roomy, plan_of):
    """Late in the plan the tank is as high at the end of each run as the reserve allows; a longer run takes what it adds."""
    plan = plan_of(**GOOD)
    level = verify(roomy, plan).simulation.level.sel(tank="T").to_series()
    top = float(level.loc[at(roomy, 12) :].max())
    room = {"level_max": {"T": top + 0.2}, "level_reserve": {"T": 0.2}, "reserve_cost": 5.0}
    told = moved(roomy, plan, **room, previous=plan, change_cost=1.0)
    later = told.loc["P2", at(roomy, 18.5), "later"]
    higher = verify(roomy, plan_of(**GOOD | {"P2": [(18, 18.75)]})).simulation.level.sel(tank="T").to_series()
    deeper = (higher - top).clip(lower=0) - (level - top).clip(lower=0)
    assert (later["limit"], later["room_tank"]) == ("", "T")
    assert later["room_less"] == pytest.approx(deeper.loc[at(roomy, 6) :].max(), abs=1e-6)
    assert later["departs"] == pytest.approx(0.25), "a quarter of an hour at 1 an hour"
    assert told.loc["P2", at(roomy, 18.5), "earlier"]["room_tank"] == "", "less water takes none of the room above"
    change = explain(replace(roomy, **room, previous=plan_of(**GOOD | {"P2": [(18, 18.75)]})), plan, {}).change
    assert (change.limit, change.room_tank) == (None, "T")
    assert change.room_less == pytest.approx(later["room_less"])


def test_no_more_replays_than_allowed_and_the_next_switches_first(roomy, plan_of):
    plan = plan_of(P1=[(h, h + 0.25) for h in range(24)], P2=[(h + 0.5, h + 0.75) for h in range(24)])
    told = explain(roomy, plan, {}).moves
    assert MOST_REPLAYS - 2 <= told["cost"].notna().sum() <= MOST_REPLAYS
    order = list(told["time"].drop_duplicates())
    assert order == [roomy.time[k] for k in dict.fromkeys(s.slot for s in switches(roomy, plan))][: len(order)]


def test_what_changes_against_the_plan_in_force(roomy, plan_of):
    """The plan in force began half an hour ago and ends as long before the new one; the moved start counts once."""
    ago = roomy.start - HOUR / 2
    old = replace(roomy, start=ago, price=roomy.price.assign_coords(time=roomy.price.time - np.timedelta64(30, "m")))
    before = plan_of(of=old, P1=[(0.5, 4), (8.5, 21.5)], P2=[(18.5, 19)])
    new = plan_of(**GOOD | {"P2": [(18.25, 18.5)]})
    change = explain(replace(roomy, previous=before), new, {"T": 0.0}).change
    assert (change.switches, change.pump_hours) == (1, 0.25)
    kept = verify(roomy, plan_of(**GOOD))
    assert change.saves == pytest.approx(kept.cost - verify(roomy, new).cost, abs=1e-6)
    assert change.limit is None
    same = explain(replace(roomy, previous=before), plan_of(**GOOD), {}).change
    assert (same.switches, same.pump_hours, same.saves) == (0, 0.0, 0.0)
    assert explain(roomy, new, {}).change is None


def test_a_plan_in_force_that_ends_within_the_horizon_goes_on_as_a_day_before(roomy, plan_of):
    old = plan_of(P1=[(0, 6), (9, 16.25)])
    price = roomy.price.assign_coords(time=roomy.price.time + np.timedelta64(1, "h"))
    later = replace(roomy, start=roomy.start + HOUR, price=price, previous=old)
    kept = ladder.last_plan(later).sel(pump="P1").to_numpy()
    assert kept[-4:].tolist() == [1.0] * 4
    assert kept[:20].tolist() == [1.0] * 20
    assert kept[20:32].tolist() == [0.0] * 12
