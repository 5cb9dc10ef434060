"""Plan after plan: what is to be done soon stays as it was announced, unless a limit or enough money asks for a change."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.hydraulics import Engine
from wss.optimization import solve
from wss.optimization.core.replay import departures
from wss.optimization.core.task import SOON_COUNTS, SOON_H, make_task
from wss.optimization.proof.explain import kept_on
from wss.optimization.proof.ladder import last_plan

HOUR = pd.Timedelta(hours=1)
ERRORS = (1.0, 1.02, 0.98, 1.01, 0.97)
"""Factors of the demand that one forecast after the other sees."""


def test_departing_soon_counts_more(problem, plan_of):
    """A quarter of an hour at 8 an hour is 2; at once four times that, falling to once six hours ahead."""
    given = plan_of(P1=[(0, 12)])
    with Engine(problem.network) as engine:
        task = make_task(replace(problem, previous=given, change_cost=8.0), engine)
        counted = [departures(task, _without(given, hour)) for hour in (0, 3, 6, 11.75)]
    assert (SOON_COUNTS, SOON_H) == (4.0, 6.0)
    assert counted == pytest.approx([8.0, 5.0, 2.0, 2.0])


def _without(plan: xr.DataArray, hour: float) -> np.ndarray:
    speed = plan.to_numpy().copy()
    speed[int(hour * 4), 0] = 0.0
    return speed


def changes(problem, change_cost: float) -> tuple[int, float]:
    """Switches changed and pump hours set otherwise over hourly cycles, each with an error of its own in the demand."""
    previous, level, count, hours = None, {"T": 2.0}, 0, 0.0
    for k, error in enumerate(ERRORS):
        now = _later(problem, k, error, level)
        now = replace(now, previous=previous, change_cost=change_cost if k else 0.0)
        found = solve(now)
        assert found.verdict.feasible
        if previous is not None:
            _, more, pump_hours = kept_on(now, found.pump_speed, last_plan(now))
            count, hours = count + more, hours + pump_hours
        truth = _later(problem, k, 1.0, level)
        with Engine(truth.network) as engine:
            run = engine.simulate(found.pump_speed, level, truth.start, 3600, 300, 3600)
        previous, level = found.pump_speed, {"T": float(run.level[-1, 0])}
    return count, hours


def _later(problem, hours: int, factor: float, level: dict[str, float]):
    """The day from `hours` later on, with a demand of `factor`; the tank ends where the day began."""
    head, _, tail = problem.network.partition("[PATTERNS]\n")
    pattern, _, tail = tail.partition("[CONTROLS]")
    rolled = " ".join(np.roll(pattern.replace("day", "").split(), -hours))
    tail = tail.replace("[OPTIONS]\n", f"[OPTIONS]\n Demand Multiplier {factor}\n")
    start = problem.start + hours * HOUR
    return replace(
        problem,
        network=f"{head}[PATTERNS]\n day {rolled}\n[CONTROLS]{tail}",
        start=start,
        price=problem.price.roll(time=-hours).assign_coords(time=pd.date_range(start, periods=24, freq="h", unit="ns")),
        decision_step=HOUR,
        replay_step_s=300,
        initial_level=level,
        end_level={"T": 2.0},
    )


def test_plans_flutter_less_where_changing_them_has_a_price(problem):
    free, dear = changes(problem, 0.0), changes(problem, 1.0)
    assert dear[0] <= free[0] / 2
    assert dear[1] <= free[1] / 2
    assert free[0] > 0
