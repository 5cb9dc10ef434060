"""What candidates of the polish are measured by, and which are offered."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss.hydraulics import Engine
from wss.optimization.core.replay import replay
from wss.optimization.core.task import make_task
from wss.optimization.local_search import polish
from wss.optimization.local_search.moves import Effects
from wss.optimization.local_search.target import WIDEST_ROOM_M, Room, target_of


def test_every_missed_instant_counts_in_a_long_horizon(problem):
    """Of 288 steps about 64 stand for all; a limit missed for a moment between two of them must not be overlooked."""
    with Engine(problem.network) as engine:
        task = make_task(replace(problem, decision_step=pd.Timedelta(minutes=5)), engine)
        still = np.zeros((task.slots, 1), int)
        run = replay(task, task.stations[0].modes[still[:, 0]])
        level = np.tile((task.low + task.high) / 2, (task.slots + 1, 1))
        level[[7, 100, 101]] = task.high + 0.1
        target = target_of(task, still, run, level, np.zeros(0), Room.least(task))
    assert set(target.coarse.at) >= {7, 100, 101, task.slots}
    assert len(target.coarse.at) < task.slots / 3
    assert abs(target.coarse.weight.sum() - len(level)) < 8
    nothing = Effects(np.zeros((1, *level.shape)), np.zeros(1), np.zeros((1, 0)), np.zeros((1, 0)), np.zeros((1, 1)), np.zeros(1))
    exact = target.score(target.every, nothing.at(target.every.at))[0]
    thinned = target.score(target.coarse, nothing.at(target.coarse.at))[0]
    assert 0 < exact <= thinned * 1.001


def test_little_that_is_missed_soon_has_the_widest_room(problem):
    """Room that grew by what was missed took thousands of looks at all moves for a tenth of a millimetre."""
    with Engine(problem.network) as engine:
        task = make_task(problem, engine)
        run = replay(task, np.zeros((task.slots, len(engine.pumps))))
        missed = np.zeros_like(run.band_miss)
        missed[7] = 1e-4
        run = replace(run, end_miss=np.full(1, 1e-4), band_miss=missed, shut=np.zeros_like(run.shut))
        room, steps = Room.least(task), 0
        while (wider := room.wider(run)).differs(room):
            assert (wider.level >= room.level).all()
            assert (wider.end >= room.end).all()
            room, steps = wider, steps + 1
        assert steps <= 12
        assert room.end[0] == room.level[7, 0] == WIDEST_ROOM_M
        np.testing.assert_array_equal(np.delete(room.level, 7, axis=0), np.delete(Room.least(task).level, 7, axis=0))


def test_room_is_no_larger_than_what_the_plan_keeps_unless_something_nearer_failed(problem):
    with Engine(problem.network) as engine:
        task = make_task(problem, engine)
        still = np.zeros((task.slots, 1), int)
        run = replay(task, np.zeros((task.slots, len(engine.pumps))))
        level = np.tile((task.low + task.high) / 2, (task.slots + 1, 1))
        level[[5, 6]], level[7] = task.low + 2e-4, task.high + 0.01
        level[-1] = task.end + 1e-4
        missed = np.zeros_like(level)
        missed[7] = 0.01
        best = replace(run, level=level, band_miss=missed, end_miss=np.zeros(1), miss=0.0)
        least = Room.least(task)
        learned = Room(least.level.copy(), least.end)
        learned.level[6] *= 3
        room = learned.beside(task, best)
        target = target_of(task, still, best, level, np.zeros(0), learned)
    np.testing.assert_allclose(room.level[[4, 5, 6, 7], 0], [1e-3, 2e-4, 3e-3, 1e-3])
    assert room.end[0] == pytest.approx(1e-4)
    assert (target.low[5] <= level[5]).all(), "what the plan does is no miss"
    assert target.end[0] <= level[-1, 0] + 1e-12


def test_what_epanet_warned_of_unforeseen_is_not_offered_again(problem, monkeypatch):
    refused: set[tuple[int, int]] = set()
    with Engine(problem.network) as engine:
        task = make_task(problem, engine)
        start = np.tile([[1]], (task.slots, 1))
        search = polish._Search(task, start, np.zeros(1), polish.QUICK)
        search._bundle = 1
        best = search.best
        monkeypatch.setattr(polish, "replay", lambda task, speed: replace(best, warned=np.array([5]), miss=best.miss + 1))
        for _ in range(5):
            candidate = search.candidates()[0]
            changes = {(int(k), int(candidate[k, 0])) for k in np.flatnonzero(candidate[:, 0] != 1)}
            assert changes
            assert not changes & refused
            assert not search.tries(candidate)
            refused |= changes


@pytest.mark.parametrize("adds_up", [True, False])
def test_plans_that_are_replayed_together_teach_once_or_in_turn(problem, monkeypatch, adds_up):
    with Engine(problem.network) as engine:
        task = make_task(problem, engine)
        search = polish._Search(task, np.tile([[1]], (task.slots, 1)), np.zeros(1), replace(polish.QUICK, adds_up=adds_up))
        search._bundle = 1
        plans = search.candidates()[:2]
        assert len(plans) == 2
        short = replace(search.best, end_miss=np.full(1, 0.01), miss=search.best.miss + 1)
        monkeypatch.setattr(polish, "replay", lambda task, speed: short)
        before = search._room.end[0]
        for plan in plans:
            assert not search.tries(plan)
        assert search._room.end[0] == pytest.approx(before + (0.02 if adds_up else 0.01))


def test_a_large_network_is_offered_several_plans_that_share_no_move(problem, monkeypatch):
    monkeypatch.setattr(polish, "is_large", lambda task: True)
    with Engine(problem.network) as engine:
        task = make_task(problem, engine)
        search = polish._Search(task, np.tile([[1]], (task.slots, 1)), np.zeros(1), polish.LARGE)
        assert len(search.candidates()) == 1
        search._bundle = 1
        plans = search.candidates()
    assert 1 < len(plans) <= polish.LARGE.alternatives
    assert len({plan.tobytes() for plan in plans}) == len(plans)
    offered = [((1, 2), 5.0), ((2,), 6.0), ((3,), 7.0), ((3, 4), 8.0), ((4,), 9.0)]
    assert list(polish._disjoint(iter(offered))) == [((1, 2), 5.0), ((3,), 7.0), ((4,), 9.0)]
