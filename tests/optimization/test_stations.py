"""Stations of pumps that need or disturb each other, and the ways in which a station's modes may change."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.optimization.conftest import NETWORK
from wss.hydraulics import Engine
from wss.optimization import solve
from wss.optimization.core import modes
from wss.optimization.core.modes import Station, choice_of, find_stations, speeds_of
from wss.optimization.core.replay import replay
from wss.optimization.core.response import Known, respond, shares
from wss.optimization.core.tables import every, tabulate
from wss.optimization.core.task import make_task
from wss.optimization.local_search.moves import effects_of, group_starts, moves_of
from wss.optimization.relaxation.fractional import Margins
from wss.optimization.relaxation.program import solve_fractions

SERIES = (
    NETWORK.replace("[RESERVOIRS]", " A  0  0\n B  0  0\n[RESERVOIRS]\n deep  -125")
    .replace("[CURVES]", " W1  deep  A  HEAD lift\n W2  A  B  HEAD high\n W3  B  J  HEAD lift\n[CURVES]")
    .replace(" lift  70  62", " lift  70  62\n high  70  70")
)
"""With three pumps one behind the other, of which no two lift water from the deep."""
APART = (
    NETWORK.replace("[RESERVOIRS]", " V   0   3\n[RESERVOIRS]")
    .replace("[PIPES]", " U   50  2.0  0.5  4.0  12  0\n[PIPES]\n over  V  U  500  250  120  0  Open")
    .replace("[CURVES]", " P3  R  V  HEAD lift\n[CURVES]")
)
"""With a second zone, whose pump and tank are its own."""
UNLIKE = NETWORK.replace("P2  R  S  HEAD lift", "P2  R  S  HEAD weak").replace(" lift  70  62", " lift  70  62\n weak  50  60")


def test_pumps_that_need_each_other_are_one_station(problem):
    with Engine(SERIES) as engine:
        found = {
            tuple(sorted(engine.pumps[i] for i in s.pumps)): s for s in find_stations(engine, replace(problem, network=SERIES))
        }
    chain = next(station for pumps, station in found.items() if "W1" in pumps)
    assert {"W1", "W2", "W3"} <= {p for pumps in found for p in pumps if "W1" in pumps}
    assert sorted(len(group) for group in chain.groups)[-1] == 2, "the two with the same curve are counted, the other is named"


def station_of(sizes: list[int]) -> Station:
    """A station with groups of so many pumps."""
    ends = np.cumsum([0, *sizes]).tolist()
    groups, pumps = [tuple(range(a, b)) for a, b in zip(ends[:-1], ends[1:], strict=True)], list(range(ends[-1]))
    return Station(tuple(pumps), modes._modes(pumps, groups, dict.fromkeys(pumps, [0.0, 1.0])), tuple(groups))


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(station_of))
@settings(max_examples=30, deadline=None)
def test_a_way_leads_all_modes_to_one_or_changes_one_group_alone(station):
    several = len(station.groups) > 1
    assert (station.ways[: len(station.modes)] == np.arange(len(station.modes))[:, None]).all()
    assert len(station.ways) == len(station.modes) + several * sum(len(group) + 1 for group in station.groups)
    for way, (group, state) in zip(station.ways[len(station.modes) :], station.way_states, strict=True):
        others = [i for i in range(station.modes.shape[1]) if i not in station.groups[group]]
        assert (station.modes[way][:, others] == station.modes[:, others]).all()
        assert (station.states[group][way] == state).all()


@pytest.fixture(scope="module")
def unlike(problem):
    """A station of two different pumps, a plan of theirs and its moves with their effects."""
    with Engine(UNLIKE) as engine:
        task = make_task(replace(problem, network=UNLIKE), engine)
        on = np.zeros((task.slots, 2))
        on[4:12, 0] = on[30:50, 0] = on[60:80, 0] = on[88:, 0] = on[20:36, 1] = 1
        choice = choice_of(task.stations, on)
        run = replay(task, speeds_of(task.stations, choice, 2))
        response = respond(
            task, tabulate(task, run.level, choice, every(task, 4)), Known(run.level, shares(task, choice), run), every(task, 1)
        )
        moves = moves_of(task, choice, tuple(np.zeros((task.slots, len(s.modes)), bool) for s in task.stations))
        yield task, choice, run, moves, effects_of(task, response, choice, moves, np.zeros(choice.shape, bool))


def test_pumps_of_a_station_move_on_their_own(unlike):
    task, choice, run, moves, effects = unlike
    alone = np.flatnonzero((moves.way >= 4) & (moves.last - moves.first > 2))
    assert len(alone) > 10
    before = speeds_of(task.stations, choice, 2)
    errors = []
    for i in alone:
        plan = speeds_of(task.stations, moves.apply(choice, int(i)), 2)
        assert sorted((plan != before).any(axis=0)) == [False, True], "one pump changes, the other goes on as it was"
        after = replay(task, plan)
        if not after.shut_s.any() and not run.shut_s.any():
            errors.append(after.cost - run.cost - effects.cost[i])
    assert len(errors) > 5
    assert np.abs(errors).max() < 0.04


def test_starts_that_moves_add_are_counted(unlike):
    task, choice, _, moves, effects = unlike
    before = group_starts(task, choice)
    for i in range(len(moves)):
        np.testing.assert_array_equal(group_starts(task, moves.apply(choice, i)) - before, effects.starts[i])


def test_modes_that_all_clash_leave_a_plan(problem, monkeypatch):
    """Where EPANET warns about every pair of modes, the linear program chooses what clashes least, and does not give up."""
    monkeypatch.setattr(modes, "JOINT_MODES", 1)
    with Engine(APART) as engine:
        task = make_task(replace(problem, network=APART), engine)
        assert len(task.stations) == 2
        choice = np.zeros((task.slots, 2), int)
        start = Known(np.repeat(task.start[None], task.slots + 1, axis=0), shares(task, choice))
        response = respond(task, tabulate(task, start.level, choice, every(task, 4)), start, every(task, 4))
        both = np.ones((len(response.slots), *(len(s.modes) for s in task.stations)), bool)
        one, two = (np.zeros_like(own) for own in response.warned)
        one[:, 1:] = two[:, 1:] = True
        plan = solve_fractions(
            task, replace(response, clashes={(0, 1): both}, warned=(one, two)), Margins(np.zeros(2), np.zeros(2))
        )
    assert all(np.allclose(own.sum(axis=1), 1) for own in plan.share)


def test_three_pumps_in_series_are_planned(problem):
    one = replace(
        problem,
        decision_step=pd.Timedelta(hours=1),
        network=SERIES.replace("P1  R  S", "P1  deep  S").replace("P2  R  S", "P2  deep  S"),
    )
    found = solve(one)
    assert found.verdict.feasible, found.verdict.violations
    assert (found.pump_speed.sel(pump="W1") > 0).any()
