"""A plan knows what it changes against the one in force, and what changing it counts."""

import numpy as np
import pytest

from wss import times
from wss.optimization.proof import ladder
from wss.steps.plan import optimize
from wss.steps.plan.start import plan_in_force, pump_hour_cost
from wss.steps.run import open_run

pytestmark = pytest.mark.slow


@pytest.fixture
def run(litoral):
    run = open_run("litoral")
    yield run
    run.store.close()


def test_the_second_plan_says_what_it_changed(run):
    first, second = sorted((r for r in run.store.runs() if r.kind == "optimize"), key=lambda r: r.now)
    assert first.summary["change"] is None
    change = second.summary["change"]
    assert change["since"] == times.iso(first.now)
    before, after = (run.load(r.id, "plan")["pump_speed"] for r in (first, second))
    shared = np.intersect1d(before.time, after.time)
    other = before.sel(time=shared) != after.sel(time=shared).sel(pump=before.pump)
    step_h = run.tenant.plan.decision_minutes / 60
    assert change["pump_hours"] == pytest.approx(float(other.sum()) * step_h)
    assert (change["switches"] == 0) == (change["pump_hours"] == 0)


def test_an_hour_of_a_pump_costs_what_the_plan_in_force_says(run):
    record, previous = run.store.published()["plan"], plan_in_force(run)
    hours = float((run.load(record.id, "plan")["pump_speed"] > 0).sum()) * run.tenant.plan.decision_minutes / 60
    assert pump_hour_cost(run, previous) == pytest.approx(record.summary["plan_cost"] / hours)
    assert pump_hour_cost(run, None) == 0.0


def test_a_plan_that_is_kept_is_unchanged(run):
    """The plan of this moment, told against what the plan in force would have done."""
    result = optimize.plan(run, optimize.forecast_for(run))
    problem = result.solution.problem
    assert problem.change_cost == pytest.approx(run.tenant.plan.change_percent / 100 * pump_hour_cost(run, problem.previous))
    change = optimize.reasons(run, result)[1].change
    kept = ladder.last_plan(problem)
    last = problem.previous.time.values[-1]
    stay = kept.where(kept.time <= last, result.solution.pump_speed.sel(pump=kept.pump))
    assert (change.switches == 0) == bool((stay == result.solution.pump_speed.sel(pump=kept.pump)).all())
    assert np.isfinite(change.saves)
