"""Plans made window by window: whole slots, EPANET in the loop, and misses mended where they arise."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss.errors import SolverError
from wss.hydraulics import Engine
from wss.optimization import solve
from wss.optimization.core.replay import replay
from wss.optimization.core.response import Known, respond, shares
from wss.optimization.core.tables import every, tabulate
from wss.optimization.core.task import make_task
from wss.optimization.relaxation import mend, relax_and_fix
from wss.optimization.relaxation.fractional import Before, LinearPlan, Margins
from wss.optimization.relaxation.mend import Decided, first_miss, mended, simulated
from wss.optimization.relaxation.program import solve_fractions, solve_whole

NONE = Margins(np.zeros(1), np.zeros(1))


@pytest.fixture(scope="module")
def task(problem):
    with Engine(problem.network) as engine:
        yield make_task(problem, engine)


@pytest.fixture(scope="module")
def planned(task):
    """A plan of fractions, with the snapshots that it is based on."""
    choice = np.zeros((task.slots, 1), int)
    table = tabulate(task, np.repeat(task.start[None], task.slots + 1, axis=0), choice, every(task, 4))
    start = Known(np.repeat(task.start[None], task.slots + 1, axis=0), shares(task, choice))
    plan = solve_fractions(task, respond(task, table, start, every(task, 4)), NONE)
    slots = np.arange(task.slots + 1)
    level = np.column_stack([np.interp(slots, every(task, 4), column) for column in plan.level.T])
    return table, Known(level, tuple(np.repeat(own, 4, axis=0) for own in plan.share)), plan


def before(**changed) -> Before:
    return replace(Before(None, np.zeros(1, int), np.zeros(2), np.inf), **changed)


def test_the_parts_of_a_response_make_the_whole(task, planned):
    table, known, _ = planned
    whole, edges = respond(task, table, known, every(task, 4)), every(task, 4)
    joined = respond(task, table, known, edges[:9]).then(respond(task, table, known, edges[8:]))
    for name in ("edges", "level", "carry", "lift", "surplus", "known_power"):
        np.testing.assert_allclose(getattr(joined, name), getattr(whole, name), atol=1e-9)
    assert len(joined.rows.slack) == len(whole.rows.slack)
    with pytest.raises(ValueError, match="ends at slot 32, the other begins at 36"):
        respond(task, table, known, edges[:9]).then(respond(task, table, known, edges[9:]))


def test_a_response_may_start_elsewhere(task, planned):
    table, known, _ = planned
    response = respond(task, table, known, every(task, 4))
    higher = response.starting(response.level[0] + 0.1)
    assert (higher.level > response.level).all()
    assert higher.level[-1] - response.level[-1] < 0.1, "more water leaves a tank that stands higher"
    same, low = (solve_fractions(task, each, NONE) for each in (response.starting(response.level[0]), higher))
    assert same.cost == pytest.approx(planned[2].cost, rel=0.03)
    assert low.cost < same.cost, "water that is there need not be pumped"


def test_the_first_step_is_of_whole_slots(task, planned):
    table, known, _ = planned
    response = respond(task, table, known, every(task, 4))
    plan, relaxed = solve_whole(task, response, NONE, before()), solve_fractions(task, response, NONE)
    np.testing.assert_allclose(plan.share[0][0] * 4, np.round(plan.share[0][0] * 4), atol=1e-6)
    assert relaxed.cost - 1e-6 <= plan.cost <= 1.02 * relaxed.cost
    assert plan.loss[0].min() == 0
    assert plan.loss[0].max() > 0


def test_starts_that_are_used_up_are_not_there(task, planned):
    table, known, _ = planned
    limited = replace(task, most_starts=np.full(2, 3.0))
    response = respond(task, table, known, every(task, 4))
    free = solve_whole(limited, response, NONE, before(first=np.zeros(1, int)))
    none = solve_whole(limited, response, NONE, before(first=np.zeros(1, int), starts=np.full(2, 3.0)))
    assert free.share[0][:, 1:].sum() > 1
    assert none.cost > 2 * free.cost, "with no start left the tank cannot be filled"


def test_only_so_many_pumps_change_at_a_time(task, planned):
    table, known, _ = planned
    response = respond(task, table, known, every(task, 4))
    count = (task.stations[0].modes > 0).sum(axis=1)

    def fastest(plan: LinearPlan) -> float:
        return np.abs(np.diff(plan.share[0] @ count, prepend=0)).max()

    assert fastest(solve_whole(task, response, NONE, before())) > 0.5
    assert fastest(solve_whole(task, response, NONE, before(changes=0.25))) <= 0.25 + 1e-6


def test_a_plan_in_windows_keeps_all_limits_at_little_more_than_the_bound(task, planned):
    table, known, plan = planned
    told = []
    margins = Margins(np.full(1, 0.02), np.zeros(1))
    found = relax_and_fix.plan_in_windows(task, table, known, margins, lambda *what: told.append(what))
    run = simulated(task, found.choice)
    assert run.miss == 0
    assert run.cost <= 1.05 * plan.cost
    assert found.simulations >= 2 * 24
    assert told[-1] == ("windows", 1.0)
    again = relax_and_fix.plan_in_windows(task, table, known, Margins(np.full(1, 0.02), np.zeros(1)))
    assert (again.choice == found.choice).all()


def test_the_end_is_decided_again_while_it_is_missed(task, planned, monkeypatch):
    table, known, _ = planned
    monkeypatch.setattr(relax_and_fix, "END_MARGIN_M", -0.3)
    margins = Margins(np.full(1, 0.02), np.zeros(1))
    monkeypatch.setattr(relax_and_fix, "PASSES", 1)
    once = simulated(task, relax_and_fix.plan_in_windows(task, table, known, margins).choice)
    monkeypatch.setattr(relax_and_fix, "PASSES", 4)
    often = simulated(task, relax_and_fix.plan_in_windows(task, table, known, margins).choice)
    assert once.end_miss.max() > 0.1
    assert often.end_miss.max() < 0.02


def test_a_miss_is_mended_where_it_arises(task):
    choice = np.zeros((40, 1), int)
    choice[:36] = 2
    run = simulated(task, choice)
    wrong = first_miss(run, 0)
    assert wrong is not None
    assert wrong > 4, "both pumps fill the tank to the brim after a while"
    first = wrong - wrong % 4
    plan = LinearPlan((), np.zeros((2, 1)), 0.0, np.zeros((2, 1)), np.zeros(1), (np.array([0.0, 1.0, 2.0]),))
    before_it = simulated(task, choice[:first]).miss
    found, simulations = mended(task, Decided(choice[: first + 4], simulated(task, choice[: first + 4]), plan), first, before_it)
    assert simulations >= 1
    assert len(found.choice) == wrong + 1
    assert (found.choice[:first] == choice[:first]).all()
    assert found.run.miss <= before_it + relax_and_fix.LEVEL_TOLERANCE_M
    whole = Decided(choice[:4], simulated(task, choice[:4]), plan)
    assert mended(task, whole, 0, 0.0) == (whole, 0)


def test_a_station_may_go_half_the_way(task):
    choice = np.zeros((4, 1), int)
    plan = LinearPlan((), np.zeros((2, 1)), 0.0, np.zeros((2, 1)), np.zeros(1), (np.array([0.0, 1.0, 2.0]),))
    still = Decided(choice, simulated(task, choice), plan)
    assert mend._between(task, still, 0, 3, 2) == [1]
    assert mend._between(task, still, 0, 3, 1) == []
    pinned = replace(task, may_run=np.zeros_like(task.may_run))
    assert mend._between(pinned, still, 0, 3, 2) == []


def test_a_replay_may_end_early(task):
    choice = np.ones((task.slots, 1), int)
    whole, part = simulated(task, choice), simulated(task, choice[:12])
    np.testing.assert_array_equal(part.level, whole.level[:13])
    np.testing.assert_array_equal(part.energy, whole.energy[:12])
    assert not part.end_miss.any()
    assert part.cost == pytest.approx(float((whole.energy[:12] * task.price[:12]).sum()))
    assert replay(task, whole.speed).miss == whole.miss


@pytest.mark.parametrize("fails", [False, True])
def test_windows_are_tried_where_the_other_plans_miss_something(fails, problem, monkeypatch):
    tried, module = [], sys.modules["wss.optimization.solve"]

    def watched(*given):
        tried.append(given)
        if fails:
            raise SolverError("HiGHS stopped without an optimum")
        return relax_and_fix.plan_in_windows(*given)

    monkeypatch.setattr(module, "plan_in_windows", watched)
    hourly = replace(problem, decision_step=pd.Timedelta(hours=1), replay_step_s=300)
    assert solve(hourly).verdict.feasible
    assert not tried
    dry = replace(hourly, out_of_service=("P1", "P2"), level_min={"T": 1.5})
    found = solve(dry)
    assert len(tried) == 1
    assert found.rung in ("relaxed", "level_control")
    assert "T" in found.reason
    monkeypatch.setattr(relax_and_fix, "WINDOW_WORK", 100)
    solve(dry)
    assert len(tried) == 1, "the horizon is too long for it"
