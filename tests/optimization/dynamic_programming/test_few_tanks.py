"""Two tanks in quarter hours: plans by half hours, and better ones around them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.optimization.conftest import NETWORK
from wss.hydraulics import Engine
from wss.optimization.core.modes import speeds_of
from wss.optimization.core.replay import replay
from wss.optimization.core.task import make_task
from wss.optimization.dynamic_programming import few_tanks
from wss.optimization.dynamic_programming.few_tanks import FewTanks
from wss.optimization.dynamic_programming.search import Corridor, cost_to_go, rules_of, search

TWO = NETWORK.replace("[PIPES]", " U   51  2.0  0.2  4.0  9  0\n[PIPES]\n side  F  U  300  150  120  0  Open")


@pytest.fixture(scope="module", params=[None, 3])
def few(request, problem):
    """Without a limit of starts, and with one."""
    starts = None if request.param is None else {"P1": request.param, "P2": request.param}
    levels, horizon = {"T": 2.0, "U": 2.0}, pd.Timedelta(hours=8)
    two = replace(problem, network=TWO, horizon=horizon, replay_step_s=300, initial_level=levels, max_starts=starts or {})
    with Engine(two.network) as engine:
        yield FewTanks.of(make_task(two, engine))


def run_of(few: FewTanks, choice: np.ndarray):
    return replay(few.task, speeds_of(few.task.stations, choice, 2))


def test_plans_keep_all_limits_and_differ(few):
    runs = [run_of(few, choice) for choice in few.candidates(4)]
    assert len(runs) > 1
    assert runs == sorted(runs, key=lambda run: run.rank)
    assert all(run.miss == 0 and (run.starts <= few.task.most_starts).all() for run in runs)
    apart = [(a.speed != b.speed).any(axis=1).mean() for k, a in enumerate(runs) for b in runs[:k]]
    assert min(apart) > few_tanks.ALIKE


def test_around_a_plan_there_is_a_better_one_with_levels_near_it(few, monkeypatch):
    start = run_of(few, few.candidates(4)[-1])
    monkeypatch.setattr(few_tanks, "MOST_PASSES", 1)
    found = few.around(start)
    assert found is not None, "a quarter of an hour is finer than the half hours of the first search"
    better = run_of(few, found)
    assert better.miss == 0
    assert better.total < start.total
    room = few_tanks.NARROW[0][0] * few.task.slot_h * (few.task.high - few.task.low) + 5e-3
    assert (np.abs(better.level - start.level) <= room).all()
    assert (better.starts <= few.task.most_starts).all()


def test_a_plan_that_misses_a_limit_is_not_searched_around(few):
    off = run_of(few, np.zeros((few.task.slots, len(few.task.stations)), int))
    assert off.miss > 0
    assert few.around(off) is None


def test_prices_at_once_are_those_one_by_one(few):
    rules = rules_of(few.task, few.table, 0.0, 2)
    prices = np.array([0.0, 0.3, 2.0])
    both = cost_to_go(few.task, few.table, rules, prices)
    for price, values in zip(prices, both, strict=True):
        np.testing.assert_array_equal(cost_to_go(few.task, few.table, rules, np.array([price]))[0], values)
    assert (np.diff(both, axis=0) >= 0).all(), "dearer starts cost no less"
    assert (both[2] > both[0]).any()


def test_no_plan_lies_in_a_corridor_that_leads_out_of_the_tank(few):
    level = np.linspace(few.task.start, few.task.high + 1, few.task.slots + 1)
    near = Corridor(level, np.full(2, 0.05))
    each, half_hours = (rules_of(few.task, few.table, 0.0, block) for block in (1, 2))
    to_go = cost_to_go(few.task, few.table, half_hours, np.zeros(1))[0]
    assert search(few.task, few.table, each, to_go, few_tanks.NARROW[0][1], 3, near) == []
