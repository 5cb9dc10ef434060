"""Plans that differ in few slots of few stations: where moves of one and two switches leave limits missed."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from wss.hydraulics import Engine
from wss.optimization.core.replay import replay
from wss.optimization.core.response import Known, respond, shares
from wss.optimization.core.tables import every, tabulate
from wss.optimization.core.task import make_task
from wss.optimization.local_search import large_neighbourhood, polish
from wss.optimization.local_search.moves import effects_of, propagate
from wss.optimization.local_search.repair import ATTEMPTS, MOST_STATIONS, Repairs
from wss.optimization.local_search.target import Room, target_of


@pytest.fixture(scope="module")
def short(problem):
    """An hourly plan that leaves the tank short at the end: task, plan, its replay, response around it and target."""
    with Engine(problem.network) as engine:
        task = make_task(replace(problem, decision_step=pd.Timedelta(hours=1)), engine)
        choice = polish.polish(task, np.ones((task.slots, 1), int), np.zeros(1), 60).choice.copy()
        choice[np.flatnonzero(choice[:, 0])[-1]] = 0
        run = replay(task, task.stations[0].modes[choice[:, 0]])
        assert run.end_miss.max() > 0.1
        table = tabulate(task, run.level, choice, every(task, 1))
        response = respond(task, table, Known(run.level, shares(task, choice), run), every(task, 1))
        yield task, choice, run, response, target_of(task, choice, run, run.level, response.rows.slack, Room.least(task))


def nothing_blocked(task, choice):
    return tuple(np.zeros((len(choice), len(station.modes)), bool) for station in task.stations)


def test_no_pair_of_slots_is_better_than_the_best_that_is_found(short, monkeypatch):
    task, choice, _, response, target = short
    monkeypatch.setattr(large_neighbourhood, "MOST_CHANGES", 2)
    found = large_neighbourhood.neighbours(task, response, target, choice, [0], nothing_blocked(task, choice))
    moves = large_neighbourhood._singles(task, choice, [0], nothing_blocked(task, choice))
    assert len(moves) == task.slots * (len(task.stations[0].modes) - 1) <= large_neighbourhood.MOST_SINGLES
    effects = effects_of(task, response, choice, moves, np.zeros(choice.shape, bool)).at(target.every.at)
    single = np.arange(len(moves))[:, None]
    pair = np.array([(i, j) for i, j in combinations(range(len(moves)), 2) if moves.first[i] != moves.first[j]])
    best = min(
        (float(score.min()), moves.apply(choice, *which[score.argmin()].tolist()).tobytes())
        for which in (single, pair)
        for score in [large_neighbourhood._scores(target, effects, which)]
    )
    assert found[0].tobytes() == best[1]


def test_every_neighbour_misses_less_by_the_balance_of_water(short):
    task, choice, run, response, target = short
    found = large_neighbourhood.neighbours(task, response, target, choice, [0], nothing_blocked(task, choice))
    assert [int((plan != choice).sum()) for plan in found] == sorted((int((p != choice).sum()) for p in found), reverse=True)
    at = np.arange(task.slots)
    for plan in found:
        inflow = response.gain[0][at, plan[:, 0]] - response.gain[0][at, choice[:, 0]]
        level = run.level + propagate(response, inflow[None])[0]
        assert (task.end - level[-1]).max() < run.end_miss.max() - 0.05
    really = [replay(task, task.stations[0].modes[plan[:, 0]]) for plan in found]
    assert min(one.miss for one in really) < run.miss / 2


def test_blocked_modes_are_not_chosen(short):
    task, choice, _, response, target = short
    blocked = nothing_blocked(task, choice)
    blocked[0][:12] = True
    for plan in large_neighbourhood.neighbours(task, response, target, choice, [0], blocked):
        np.testing.assert_array_equal(plan[:12], choice[:12])
    blocked[0][:] = True
    assert large_neighbourhood.neighbours(task, response, target, choice, [0], blocked) == []


def test_only_stations_that_move_the_tank_act_on_it(short):
    task, choice, _, response, _ = short
    assert large_neighbourhood.acting_on(response, choice, 0) == [0]
    still = replace(response, gain=tuple(own * 0 for own in response.gain))
    assert large_neighbourhood.acting_on(still, choice, 0) == []


def test_repairs_end_when_nothing_new_comes_of_them(short):
    task, choice, run, response, target = short
    repairs, tried = Repairs(), {choice.tobytes()}
    searches = 0
    while searches <= len(MOST_STATIONS) * ATTEMPTS:
        plans = repairs.candidates(task, response, target, run, choice, nothing_blocked(task, choice), tried)
        if not plans:
            break
        assert not {plan.tobytes() for plan in plans} & tried
        tried |= {plan.tobytes() for plan in plans}
        searches += 1
    assert 1 <= searches <= len(MOST_STATIONS) * ATTEMPTS
    repairs.restart()
    assert repairs.candidates(task, response, target, run, choice, nothing_blocked(task, choice), {choice.tobytes()})


def test_the_polish_of_a_large_network_repairs_and_goes_on_from_rejected_plans(short, monkeypatch):
    task, choice, run, *_ = short
    monkeypatch.setattr(polish, "is_large", lambda task: True)
    reached = polish.polish(task, choice, np.zeros(1), 40)
    assert reached.replay.miss == 0
    search = polish._Search(task, choice, np.zeros(1), polish.LARGE)
    worse = replace(run, miss=run.miss + 1)
    search._near = [(replace(worse, miss=run.miss + 2), choice), (worse, choice[::-1].copy())]
    search._rejected = polish.LARGE.stuck
    search.candidates()
    np.testing.assert_array_equal(search.choice, choice[::-1])
    assert search.reached(False).replay.miss == pytest.approx(run.miss)
    assert len(search._near) == 1


def test_a_plan_that_misses_less_must_be_worth_its_cost(short):
    task, choice, run, *_ = short
    search = polish._Search(task, choice, np.zeros(1), polish.QUICK)
    a_little_less = replace(run, miss=run.miss * (1 - 1e-6))
    assert search._better(replace(a_little_less, total=run.total))
    assert not search._better(replace(a_little_less, total=run.total * 1.5))
    assert search._better(replace(run, miss=0.0, total=run.total * 10))
    assert not search._better(replace(run, miss=run.miss * 1.1, total=0.0))
