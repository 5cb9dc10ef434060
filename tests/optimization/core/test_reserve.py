"""Room inside the bands: what it counts, that the search knows it as the replay does, and that plans leave it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss.errors import DataError
from wss.hydraulics import Engine
from wss.optimization import solve
from wss.optimization.core.replay import replay
from wss.optimization.core.reserve import RAMP_H, Reserve
from wss.optimization.core.task import make_task
from wss.optimization.local_search.moves import Effects
from wss.optimization.local_search.polish import polish
from wss.optimization.local_search.target import Room, target_of

HOUR = pd.Timedelta(hours=1)


def test_it_grows_with_the_lead_and_counts_by_the_metre():
    low, high = np.array([1.0, 2.0]), np.array([5.0, np.inf])
    made = Reserve.of(low, high, np.array([0.4, 0.2]), 8.0, np.array([0.0, RAMP_H / 2, RAMP_H, 2 * RAMP_H]))
    np.testing.assert_allclose(made.low, [[1.0, 2.0], [1.2, 2.1], [1.4, 2.2], [1.4, 2.2]])
    np.testing.assert_allclose(made.high[:, 0], [5.0, 4.8, 4.6, 4.6])
    level = np.array([[0.9, 9.0], [1.1, 9.0], [4.7, 2.1], [3.0, 3.0]])
    np.testing.assert_allclose(made.counted(level, np.arange(4)), [0.1 * 20, 0.1 * 20, 0.1 * 20 + 0.1 * 40, 0.0], atol=1e-12)
    np.testing.assert_allclose(made.only(np.array([1])).counted(level[:, 1:], np.arange(4)), [0, 0, 4.0, 0], atol=1e-12)


def test_nothing_is_left_where_none_is_asked_for_and_never_the_middle():
    band = np.array([1.0]), np.array([2.0])
    assert Reserve.of(*band, np.zeros(1), 5.0, np.arange(3.0)) is None
    assert Reserve.of(*band, np.ones(1), 0.0, np.arange(3.0)) is None
    wide = Reserve.of(*band, np.ones(1), 5.0, np.array([RAMP_H]))
    np.testing.assert_allclose([wide.low[0, 0], wide.high[0, 0], wide.price[0]], [1.25, 1.75, 20.0])


@pytest.fixture
def hourly(problem):
    return replace(problem, decision_step=HOUR, replay_step_s=300, level_reserve={"T": 0.3}, reserve_cost=2.0)


def test_the_search_counts_it_as_the_replay_does(hourly):
    with Engine(hourly.network) as engine:
        task = make_task(hourly, engine)
        bare = make_task(replace(hourly, reserve_cost=0.0), engine)
        choice = np.tile([[1], [1], [0], [2], [0], [0]], (task.slots // 6, 1))
        speed = task.stations[0].modes[choice[:, 0]]
        run, plain = replay(task, speed), replay(bare, speed)
        counted = run.total - plain.total
        by_hand = task.reserve.counted(run.level, np.arange(task.slots + 1)).sum() * task.slot_h
        assert counted == pytest.approx(by_hand)
        assert counted > 0
        nothing = Effects(
            np.zeros((1, *run.level.shape)), np.zeros(1), np.zeros((1, 0)), np.zeros((1, 0)), np.zeros((1, 1)), np.zeros(1)
        )
        scores = [
            target.score(target.every, nothing.at(target.every.at))[0]
            for which in (task, bare)
            for target in [replace(target_of(which, choice, run, run.level, np.zeros(0), Room.least(task)), miss_price=0.0)]
        ]
    assert scores[0] - scores[1] == pytest.approx(counted)


def test_plans_keep_off_the_edge_of_bands_where_it_is_worth_it(hourly):
    def outside(found):
        with Engine(hourly.network) as engine:
            task = make_task(hourly, engine)
            return float(task.reserve.counted(replay(task, found.pump_speed.to_numpy()).level, np.arange(task.slots + 1)).sum())

    bare, kept = solve(replace(hourly, reserve_cost=0.0)), solve(hourly)
    assert outside(kept) < 0.5 * outside(bare)
    assert bare.verdict.cost <= kept.verdict.cost * (1 + 1e-6)
    assert kept.verdict.feasible


def test_levels_and_limits_come_before_it(hourly):
    """A reserve wider than the tank allows lowers no plan's rung."""
    found = solve(replace(hourly, level_reserve={"T": 9.0}, reserve_cost=1e4))
    assert (found.rung in ("converged", "limit"), list(found.verdict.violations)) == (True, [])


def test_the_best_plan_with_it_is_no_dearer_by_its_own_count(hourly):
    with Engine(hourly.network) as engine:
        task = make_task(hourly, engine)
        start = np.tile([[1], [1], [0], [2], [0], [0]], (task.slots // 6, 1))
        found = polish(task, start, np.zeros(1), 40)
        assert found.replay.rank < replay(task, task.stations[0].modes[start[:, 0]]).rank


def test_a_tank_that_is_not_there_is_named(hourly):
    with Engine(hourly.network) as engine, pytest.raises(DataError, match="tank with a reserve: X is not in the network"):
        make_task(replace(hourly, level_reserve={"X": 0.1}), engine)
