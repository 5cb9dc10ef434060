"""Which moves are added to a plan: by brute force over all of them, and within the limits of starts."""

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
from wss.optimization.local_search import compound
from wss.optimization.local_search.compound import Around, Breadth
from wss.optimization.local_search.moves import effects_of, group_starts, moves_of
from wss.optimization.local_search.target import Room, target_of

FEW = 24
"""Moves, so few that all combinations of three can be scored one by one."""


@pytest.fixture(scope="module")
def around(problem):
    """A poor hourly plan with few moves around it."""
    with Engine(problem.network) as engine:
        task = make_task(replace(problem, decision_step=pd.Timedelta(hours=1)), engine)
        choice = np.tile([[1], [1], [0], [2], [0], [1]], (task.slots // 6, 1))
        run = replay(task, task.stations[0].modes[choice[:, 0]])
        table = tabulate(task, run.level, choice, every(task, 1))
        response = respond(task, table, Known(run.level, shares(task, choice), run), every(task, 1))
        target = target_of(task, choice, run, run.level, response.rows.slack, Room.least(task))
        moves = moves_of(task, choice, tuple(np.zeros((task.slots, 3), bool) for _ in range(1)))
        moves = moves.take(np.sort(np.random.default_rng(44).permutation(len(moves))[:FEW]))
        effects = effects_of(task, response, choice, moves, np.zeros(choice.shape, bool))
        yield Around(task, target, choice, moves, effects, target.own(effects), set())


def by_hand(around: Around, size: int) -> dict[tuple[int, ...], float]:
    """Scores of all combinations of so many moves that do not touch each other."""
    found = {}
    for which in combinations(range(FEW), size):
        spans = sorted((around.moves.first[i], around.moves.last[i]) for i in which)
        if all(a[1] < b[0] for a, b in zip(spans, spans[1:], strict=False)):
            total = around.effects.total(np.array([which])).at(around.target.every.at)
            found[which] = float(around.target.score(around.target.every, total)[0])
    return found


def test_the_best_single_move_or_pair_comes_first(around):
    every_one = by_hand(around, 1) | by_hand(around, 2)
    found = list(around.additions([], np.inf, Breadth(2 * FEW)))
    assert found[0][1] == pytest.approx(min(every_one.values()), rel=1e-12)
    assert [value for _, value in found] == sorted(value for _, value in found)
    for added, value in found:
        assert value == pytest.approx(every_one[tuple(sorted(added))], rel=1e-12)


@pytest.mark.parametrize("size", [3, 4])
def test_more_moves_are_combined_only_where_fewer_lead_nowhere(around, monkeypatch, size):
    monkeypatch.setattr(compound, "WIDTH", 10**6)
    fewer = min(min(by_hand(around, n).values()) for n in range(1, size))
    more = by_hand(around, size)
    bar = fewer - 1e-9
    assert min(more.values()) < bar
    found = list(around.additions([], bar, Breadth(2 * FEW, most=size)))
    assert (len(found[0][0]), found[0][1]) == (size, pytest.approx(min(more.values()), rel=1e-12))
    assert not list(around.additions([], bar, Breadth(2 * FEW, most=size - 1)))


def test_moves_are_drawn_at_random_but_always_the_same(around):
    drawn = [
        tuple(around._shortlist(np.arange(FEW), np.zeros(FEW), Breadth(4, drawn=6, seed=seed)).tolist()) for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(6 <= len(each) <= 10 for each in drawn)


def test_what_adds_starts_is_not_offered_where_they_are_used_up(around):
    starts = group_starts(around.task, around.choice)
    limited = replace(around.task, most_starts=np.full(2, starts[0] / 2))
    target = replace(around.target, most_starts=starts)
    within = replace(around, task=limited, target=target)
    offered = [added for added, _ in within.additions([], np.inf, Breadth(2 * FEW))]
    assert offered
    for added in offered:
        assert (group_starts(limited, around.moves.apply(around.choice, *added)) <= starts).all()
    effects = around.effects.at(target.every.at)
    counted = target.score(target.every, effects) - around.target.score(target.every, effects)
    np.testing.assert_allclose(counted, target.miss_price * np.maximum(effects.starts[:, 0], 0), atol=1e-6)
    assert (counted > 0).any()
