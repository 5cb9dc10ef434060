"""Tanks that may be full or empty: shut to water that goes elsewhere then, which the linear response has to know."""

from dataclasses import replace

import numpy as np
import pytest

from tests.optimization.conftest import NETWORK
from wss.hydraulics import Engine
from wss.optimization.core.modes import choice_of, speeds_of
from wss.optimization.core.replay import replay
from wss.optimization.core.response import Known, respond, shares
from wss.optimization.core.tables import every, tabulate
from wss.optimization.core.task import BRIM_M, make_task
from wss.optimization.local_search.moves import effects_of, moves_of, unlimited

LOW_TANK = NETWORK.replace("[PIPES]", " U   44  1.0  0.2  3.0  8  0\n[PIPES]\n side  F  U  300  150  120  0  Open")
"""With a second tank, which lies lower and is full soon."""


@pytest.fixture(scope="module")
def filled(problem):
    """A task whose lower tank may be full, and is from the morning on: the task, the plan's modes and its replay."""
    one = replace(problem, network=LOW_TANK, clamp_exempt=("U",), initial_level={"T": 2.0, "U": 1.0})
    with Engine(one.network) as engine:
        task = make_task(one, engine)
        (station,) = task.stations
        on = np.zeros((task.slots, 2))
        on[:30, 0] = on[36:60, 0] = on[64:78, 0] = on[86:, 0] = 1
        choice = choice_of(task.stations, on)
        run = replay(task, speeds_of(task.stations, choice, 2))
        yield task, choice, run


def _response(filled):
    task, choice, run = filled
    table = tabulate(task, run.level, choice, every(task, 4))
    return respond(task, table, Known(run.level, shares(task, choice), run), every(task, 1))


def test_the_lower_tank_is_full_for_hours(filled):
    task, _, run = filled
    full = run.level[:, 1] > task.brim[1]
    assert 20 < full.sum() < 90
    assert run.shut_s[0] == 0


def test_what_a_full_tank_cannot_take_raises_no_other(filled):
    task, _, run = filled
    response = _response(filled)
    assert (response.surplus[:, 1] > 0).any(), "the tank must fill up within a row"
    higher = unlimited(task, response)
    assert higher[-1, 1] > 0
    np.testing.assert_allclose(higher[:, 0], 0, atol=1e-9)


def test_moves_beside_a_full_tank_do_what_the_response_says(filled):
    task, choice, run = filled
    response = _response(filled)
    moves = moves_of(task, choice, (np.zeros((task.slots, 3), bool),))
    effects = effects_of(task, response, choice, moves, np.zeros((task.slots, 1), bool))
    errors = []
    for i in np.flatnonzero(moves.last - moves.first <= 4)[::12]:
        after = replay(task, speeds_of(task.stations, moves.apply(choice, int(i)), 2))
        if not after.shut_s[0]:
            errors.append((after.level - run.level - effects.level[i])[-1, 0] / max(np.abs(effects.level[i, :, 0]).max(), 0.02))
    assert len(errors) > 15
    assert np.abs(errors).max() < 0.02


HIGH_TANK = NETWORK.replace("[PIPES]", " U   58  0.6  0.2  3.0  8  0\n[PIPES]\n side  F  U  300  150  120  0  Open")
"""With a second tank, which lies too high to be filled without both pumps and is empty soon."""


def test_what_an_empty_tank_does_not_give_lowers_no_other(problem):
    one = replace(problem, network=HIGH_TANK, clamp_exempt=("U",), initial_level={"T": 2.0, "U": 0.6})
    with Engine(one.network) as engine:
        task = make_task(one, engine)
        on = np.zeros((task.slots, 2))
        on[8:30, 0] = on[36:60, 0] = on[66:78, 0] = on[86:, 0] = 1
        choice = choice_of(task.stations, on)
        run = replay(task, speeds_of(task.stations, choice, 2))
        table = tabulate(task, run.level, choice, every(task, 4))
        response = respond(task, table, Known(run.level, shares(task, choice), run), every(task, 1))
    empty = run.level[:, 1] < task.bottom[1]
    assert empty.sum() > 30
    assert run.band_miss[:, 1].max() < BRIM_M
    np.testing.assert_allclose(unlimited(task, response), 0, atol=1e-9)
    rows = table.rows(np.flatnonzero(empty[:-1] & empty[1:]))
    assert table.base[rows[5:], 1].min() > -1e-3
