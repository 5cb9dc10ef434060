"""The parts of the search by what must hold: stations, realization, the linear response, replays."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.hydraulics import Engine
from wss.optimization import Pin, case
from wss.optimization.core.modes import Station, choice_of, find_stations, speeds_of
from wss.optimization.core.replay import count_starts, replay
from wss.optimization.core.response import Known, respond, shares
from wss.optimization.core.tables import every, tabulate
from wss.optimization.core.task import make_task
from wss.optimization.local_search.moves import effects_of, moves_of, propagate
from wss.optimization.relaxation.fractional import Margins
from wss.optimization.relaxation.program import solve_fractions
from wss.optimization.relaxation.rounding import realize


def test_identical_pumps_are_counted(task):
    (station,) = task.stations
    assert station.groups == ((0, 1),)
    assert station.modes.tolist() == [[0, 0], [1, 0], [1, 1]]


def test_a_pin_gives_a_pump_its_name_back(problem):
    pinned = replace(problem, pins=(Pin("P2", problem.start, problem.end, False),))
    with Engine(problem.network) as engine:
        (station,) = find_stations(engine, pinned)
    assert station.groups == ((0,), (1,))


def test_stations_of_a_real_network(bench):
    problem = case.read(bench / "pumps" / "richmond.yml")
    with Engine(problem.network) as engine:
        found = {tuple(sorted(engine.pumps[i] for i in s.pumps)) for s in find_stations(engine, problem)}
    assert found == {("1A", "2A", "3A"), ("4B",), ("5C",), ("6D",), ("7F",)}


@given(st.lists(st.integers(0, 2), min_size=96, max_size=96))
@settings(max_examples=50, deadline=None)
def test_identical_pumps_take_turns(count):
    station = Station((0, 1), np.array([[0, 0], [1, 0], [1, 1.0]]), ((0, 1),))
    choice = np.array(count)[:, None]
    speed = speeds_of((station,), choice, 2)
    assert (speed.sum(axis=1) == count).all()
    assert (choice_of((station,), speed) == choice).all()
    together = np.maximum(np.diff(count, prepend=count[-1]), 0).sum()
    assert together <= count_starts(speed > 0).sum() <= together + 2


@given(st.lists(st.floats(0, 1), min_size=24, max_size=24))
@settings(max_examples=25, deadline=None)
def test_realized_running_times_follow_their_plan(small_task, running):
    share = np.zeros((24, 3))
    share[:, 1], share[:, 0] = running, 1 - np.array(running)
    choice = realize(small_task, (share,), 4, 0.0)
    error = np.cumsum(small_task.stations[0].modes[choice[:, 0]].sum(axis=1) - np.repeat(running, 4))
    assert np.abs(error).max() <= 0.5 + 1e-9


@pytest.fixture(scope="module")
def small_task(problem):
    with Engine(problem.network) as engine:
        yield make_task(problem, engine)


@pytest.fixture
def known(task, plan_of):
    """A plan that keeps all limits: its modes and its replay."""
    choice = choice_of(task.stations, plan_of(P1=[(0, 2), (6, 15), (16, 17), (21, 24)], P2=[(4, 5)]).to_numpy())
    run = replay(task, speeds_of(task.stations, choice, 2))
    return choice, run


def test_the_response_gives_the_known_trajectory_back(task, known):
    choice, run = known
    table = tabulate(task, run.level, choice, every(task, 4))
    response = respond(task, table, Known(run.level, shares(task, choice), run), every(task, 1))
    assert not response.surplus.any()
    assert (response.gain[0][np.arange(96), choice[:, 0]] == 0).all()
    np.testing.assert_allclose(response.level, run.level)


def test_moves_do_what_the_response_says(task, known):
    choice, run = known
    table = tabulate(task, run.level, choice, every(task, 4))
    response = respond(task, table, Known(run.level, shares(task, choice), run), every(task, 1))
    moves = moves_of(task, choice, tuple(np.zeros((96, 3), bool) for _ in range(1)))
    effects = effects_of(task, response, choice, moves, np.zeros((96, 1), bool))
    short = np.flatnonzero(moves.last - moves.first <= 2)[::15]
    for i in short:
        after = replay(task, speeds_of(task.stations, moves.apply(choice, int(i)), 2))
        if after.shut_s.any():  # the tank fills to the brim: beyond what a linear response can know
            continue
        np.testing.assert_allclose(after.level - run.level, effects.level[i], atol=0.02)
        assert after.cost - run.cost == pytest.approx(effects.cost[i], abs=0.03)
        assert after.starts.sum() - run.starts.sum() == pytest.approx(effects.starts[i].sum(), abs=1)


def test_the_linear_program_balances_water(task):
    start = Known(np.repeat(task.start[None], 97, axis=0), shares(task, np.zeros((96, 1), int)))
    response = respond(task, tabulate(task, start.level, np.zeros((96, 1), int), every(task, 4)), start, every(task, 2))
    plan = solve_fractions(task, response, Margins(np.zeros(1), np.zeros(1)))
    assert np.allclose(plan.share[0].sum(axis=1), 1)
    assert plan.level.min() >= task.low[0] - 1e-6
    assert plan.level.max() <= task.high[0] + 1e-6
    assert plan.level[-1, 0] >= task.end[0] - 1e-6
    inflow = response.surplus + np.einsum("km,kmt->kt", plan.share[0], response.gain[0])
    level = response.level + propagate_steps(response, inflow)
    np.testing.assert_allclose(level, plan.level, atol=1e-6)
    assert plan.water_value[0] > 0


def test_the_margin_gives_way_to_an_end_at_the_brim_and_to_a_tank_that_may_be_full(task):
    start = Known(np.repeat(task.start[None], 97, axis=0), shares(task, np.zeros((96, 1), int)))
    response = respond(task, tabulate(task, start.level, np.zeros((96, 1), int), every(task, 4)), start, every(task, 2))
    wide = Margins(np.full(1, 0.3), np.zeros(1))
    plan = solve_fractions(task.with_end(task.high), response, wide)
    assert plan.miss.max() < 1e-6
    assert plan.level[-1, 0] == pytest.approx(task.high[0], abs=1e-6)
    assert plan.level[:-1].max() <= task.high[0] - 0.3 + 1e-6
    spilling = solve_fractions(replace(task.with_end(task.high), exempt=np.ones(1, bool)), response, wide)
    assert spilling.level.max() == pytest.approx(task.high[0], abs=1e-6)
    assert spilling.cost < plan.cost


def test_an_end_level_met_to_the_last_bit_is_met(task, known):
    choice, run = known
    speed = speeds_of(task.stations, choice, 2)
    assert replay(task.with_end(run.level[-1]), speed).miss == 0
    assert replay(task.with_end(run.level[-1] + 2e-3), speed).miss == pytest.approx(2e-3)


def propagate_steps(response, inflow):
    return propagate(response, inflow[None])[0]


def test_water_balance_of_a_replay(problem, task, known):
    _, run = known
    with Engine(problem.network) as engine:
        whole = engine.run(
            np.arange(96) * 900, run.speed, task.levels, duration_s=86400, step_s=60, report_s=900, links=["P1", "P2"]
        )
    factors = np.array(
        [0.6, 0.5, 0.5, 0.5, 0.6, 0.8, 1.2, 1.5, 1.4, 1.2, 1.1, 1.1, 1.2, 1.1, 1.0, 1.0, 1.1, 1.3, 1.5, 1.4, 1.2, 0.9, 0.7, 0.6]
    )
    stored = (run.level[-1, 0] - run.level[0, 0]) * np.pi * 36
    assert whole.flow.sum() / 4 - 55 * factors.sum() == pytest.approx(stored, abs=0.5)
