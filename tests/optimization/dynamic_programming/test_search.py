"""Dynamic programming over levels and the bound, against every plan there is."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from wss.hydraulics import Engine
from wss.optimization import verify
from wss.optimization.core.modes import choice_of, speeds_of
from wss.optimization.core.replay import replay
from wss.optimization.core.task import make_task
from wss.optimization.dynamic_programming import few_tanks, grid
from wss.optimization.dynamic_programming.bound import lower_bound
from wss.optimization.dynamic_programming.few_tanks import FewTanks
from wss.quantities import labelled

HOURS = 7


@pytest.fixture(scope="module")
def small(problem):
    """Seven hours by the hour, from a tank that must not lose water: three counts of two identical pumps, 2,187 plans."""
    some = replace(problem, horizon=pd.Timedelta(hours=HOURS), decision_step=pd.Timedelta(hours=1), replay_step_s=600)
    with Engine(some.network) as engine:
        yield make_task(some, engine)


@pytest.fixture(scope="module")
def every_plan(small):
    """Misses, cost and starts of each plan there is, by EPANET."""
    modes = [np.array(m)[:, None] for m in product(range(len(small.stations[0].modes)), repeat=HOURS)]
    return [replay(small, speeds_of(small.stations, choice, 2)) for choice in modes]


def cheapest(plans, most_starts=np.inf):
    return min(p.cost for p in plans if p.miss == 0 and p.starts.sum() <= most_starts)


def test_the_best_of_all_plans_is_found_and_bounded(small, every_plan):
    few = FewTanks.of(small)
    choices = few.candidates(3)
    best = replay(small, speeds_of(small.stations, choices[0], 2))
    assert best.miss == 0
    assert best.cost == pytest.approx(cheapest(every_plan), rel=1e-9)
    assert few.table.snapshots > 0
    assert few.replays > 0
    bound = lower_bound(small)
    assert bound <= best.cost
    assert bound == pytest.approx(best.cost, rel=5e-3)


@pytest.mark.parametrize("most", [2, 4])
def test_limited_starts_count_around_the_horizon(small, every_plan, most):
    limited = replace(small, most_starts=np.full(2, most / 2))
    choices = FewTanks.of(limited).candidates(3)
    found = [replay(limited, speeds_of(limited.stations, choice, 2)) for choice in choices]
    assert min(run.cost for run in found if run.miss == 0) == pytest.approx(cheapest(every_plan, most), rel=1e-9)


def test_a_price_on_starts_finds_a_plan_where_the_cheapest_partial_plans_use_them_up(problem, monkeypatch):
    few = tuple(replace(way, beam=replace(way.beam, states=30)) for way in few_tanks.LIMITED[1])
    with Engine(problem.network) as engine:
        task = make_task(replace(problem, max_starts={"P1": 2, "P2": 2}, replay_step_s=300), engine)
        monkeypatch.setitem(few_tanks.LIMITED, 1, few[:1])
        assert not FewTanks.of(task).candidates(1)
        monkeypatch.setitem(few_tanks.LIMITED, 1, few)
        run = replay(task, speeds_of(task.stations, FewTanks.of(task).candidates(1)[0], 2))
    assert run.miss == 0
    assert run.starts.max() <= 2


def test_every_plan_costs_more_than_the_bound_by_its_limits(small, every_plan):
    """With a start price the bound still lies below each plan that keeps the limits."""
    priced = replace(small, problem=replace(small.problem, start_cost=0.5))
    bound = lower_bound(priced)
    assert all(bound <= p.cost + 0.5 * p.starts.sum() for p in every_plan if p.miss == 0)
    assert bound > lower_bound(small)


@pytest.mark.parametrize("spare", [0.02, -0.02])
def test_what_no_plan_can_hold_is_proven(small, every_plan, spare):
    """The tank must end just below the highest level that any plan without a miss before leads to, or just above it."""
    ends = max(p.level[-1, 0] for p in every_plan if p.miss == p.end_miss.sum())
    task = replace(small, end=np.array([ends - spare]))
    assert np.isfinite(lower_bound(task)) == (spare > 0)


def test_the_table_is_epanet_between_its_points(small):
    table = grid.tabulate_levels(small)
    rng = np.random.default_rng(1)
    for level in rng.uniform(small.bottom, small.brim, (20, 1)):
        m = int(rng.integers(len(table.modes)))
        told = grid.state_of(small, table.speeds[m], tuple(level), 0)
        corners = table.corners(level[None])
        row = table.row[0]
        assert grid.read(table.rate[row, m], *corners)[0] == pytest.approx(told[:1], abs=1e-8)
        assert grid.read(table.power[row, m], *corners)[0] == pytest.approx(told[1:3], rel=1e-4)


def test_departing_from_the_plan_in_force_has_its_price(small, every_plan):
    """A plan in force stays if changing it costs more than it saves, and goes if it costs nothing."""
    feasible = sorted((p for p in every_plan if p.miss == 0), key=lambda p: p.cost)
    old = feasible[len(feasible) // 2]
    previous = labelled("pump_speed", old.speed, time=small.problem.time, pump=["P1", "P2"])
    dear = replace(small.problem, previous=previous, change_cost=1e3)
    task = make_task(dear, small.engine)
    choices = FewTanks.of(task).candidates(1)
    assert (choices[0] == choice_of(task.stations, old.speed)).all()
    free = make_task(replace(dear, change_cost=0.0), small.engine)
    choices = FewTanks.of(free).candidates(1)
    assert replay(free, speeds_of(free.stations, choices[0], 2)).cost < old.cost


def test_a_tank_with_a_volume_curve_fills_by_its_curve(small):
    curve = " bowl  0 0\n bowl  2 90\n bowl  4 500\n[PATTERNS]"
    bowl = small.problem.network.replace("4.0  12  0", "4.0  12  0  bowl").replace("[PATTERNS]", curve)
    with Engine(bowl) as engine:
        task = make_task(replace(small.problem, network=bowl), engine)
        for level in (1.0, 3.0):
            rate = grid.state_of(task, np.array([1.0, 0.0]), (level,), 0)[0]
            run = engine.run([0], [[1.0, 0.0]], {"T": level}, duration_s=60, step_s=60, report_s=60)
            assert rate * 60 == pytest.approx(run.level[1, 0] - run.level[0, 0], rel=2e-5)


@pytest.mark.parametrize("hours", [1.5, 2.0])
def test_hours_and_prices_within_a_slot_are_seen(problem, hours):
    """Slots longer than an hour: the search's replay costs and misses what the verdict does."""
    long = replace(problem, horizon=pd.Timedelta(hours=6), decision_step=pd.Timedelta(hours=hours), pressure_min={"F": 36.0})
    with Engine(long.network) as engine:
        task = make_task(long, engine)
        missed = set()
        for seed in range(12):
            speed = np.random.default_rng(seed).integers(0, 2, (task.slots, 2)).astype(float)
            run = replay(task, speed)
            verdict = verify(long, labelled("pump_speed", speed, time=long.time, pump=["P1", "P2"]))
            assert run.cost == pytest.approx(verdict.cost, rel=1e-9)
            if (run.slack < 0).any() != any("pressure" in str(v) for v in verdict.violations):
                missed.add(seed)
        assert not missed
