"""A solver that fails, stops early or returns nonsense costs a rung at most: there is a plan, judged by EPANET, and a reason."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pyomo.contrib.solver.common.results import TerminationCondition

from wss.errors import UnsolvedError
from wss.hydraulics import Engine
from wss.optimization import solve, verify
from wss.optimization.proof.ladder import level_control
from wss.optimization.relaxation import program

HOUR = pd.Timedelta(hours=1)
solver, read = program.SolverFactory, program._read


class Failing:
    """HiGHS, as it is when something is wrong with it."""

    def __init__(self, how: str) -> None:
        self.how = how

    def available(self) -> bool:
        return True

    def solve(self, *given, **options):
        if self.how == "fails":
            raise RuntimeError("out of memory")
        results = solver("highs").solve(*given, **options)
        results.termination_condition = TerminationCondition.maxTimeLimit
        return results


@pytest.fixture(scope="module")
def short(problem):
    """Eight hours, decided hourly."""
    return replace(problem, horizon=8 * HOUR, decision_step=HOUR, replay_step_s=300, price=problem.price.isel(time=slice(0, 8)))


@pytest.mark.parametrize(("how", "says"), [("fails", "HiGHS failed: out of memory"), ("stops early", "maxTimeLimit")])
def test_a_solver_that_fails_or_stops_early(how, says, short, monkeypatch):
    monkeypatch.setattr(program, "SolverFactory", lambda name: Failing(how))
    alone = solve(short)
    assert alone.rung == "level_control"
    assert says in alone.reason
    xr.testing.assert_equal(alone.pump_speed, level_control(short))
    before = short.price.expand_dims(pump=["P1", "P2"]).T.drop_vars("pump").assign_coords(pump=["P1", "P2"]) * 0.0
    before[0] = before[-2:] = 1.0
    held = solve(replace(short, previous=before))
    assert held.rung == ("last_plan" if verify(short, before).feasible else "level_control")
    assert held.verdict.cost == verify(short, held.pump_speed).cost


@pytest.mark.parametrize("value", [np.nan, 1e9, -7.0])
def test_a_solver_that_returns_nonsense(value, short, monkeypatch):
    def nonsense(*given):
        plan = read(*given)
        return replace(plan, level=plan.level * 0 + value, share=tuple(own * value for own in plan.share))

    monkeypatch.setattr(program, "_read", nonsense)
    found = solve(short)
    verdict = verify(short, found.pump_speed)
    assert (found.verdict.feasible, found.verdict.cost) == (verdict.feasible, verdict.cost)
    assert found.rung in (("converged", "limit") if verdict.feasible else ("relaxed",)) or found.rung == "level_control"
    assert found.reason


def test_what_epanet_gives_up_on_is_passed_over(short, monkeypatch):
    """Some networks cannot be solved in some states: that is no reason to plan nothing."""
    calls = {"run": 0, "snapshot": 0}

    def unreliable(name: str, which: tuple[int, ...]):
        real = getattr(Engine, name)

        def method(self, *given, **named):
            calls[name] += 1
            if calls[name] in which:
                raise UnsolvedError("EPANET cannot solve the state")
            return real(self, *given, **named)

        return method

    monkeypatch.setattr(Engine, "run", unreliable("run", (3, 5)))
    monkeypatch.setattr(Engine, "snapshot", unreliable("snapshot", (30, 60, 90, 1000)))
    found = solve(replace(short, decision_step=pd.Timedelta(minutes=30)))
    monkeypatch.undo()
    assert calls["run"] > 5
    assert calls["snapshot"] > 1000
    assert found.rung in ("converged", "limit")
    assert verify(found.problem, found.pump_speed).feasible
