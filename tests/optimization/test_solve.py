"""What a plan must be: within all limits, cheap, the same each time, obedient, and there even when something is missing."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.errors import DataError
from wss.hydraulics import Engine
from wss.optimization import PeakCharge, Pin, case, solve, verify
from wss.optimization.core.replay import replay
from wss.optimization.core.task import make_task
from wss.optimization.dynamic_programming.few_tanks import FewTanks
from wss.optimization.local_search import polish
from wss.optimization.proof.ladder import last_plan, level_control
from wss.optimization.relaxation import program, successive_linearization
from wss.optimization.relaxation.fractional import LinearPlan

HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def solution(problem):
    return solve(problem)


def test_a_plan_keeps_all_limits_and_beats_level_control(problem, solution):
    assert solution.rung in ("converged", "limit")
    assert solution.verdict.violations == solution.verdict.band_violations == ()
    own = verify(problem, level_control(problem))
    assert solution.verdict.cost < 0.8 * own.cost
    level = solution.verdict.simulation.level.sel(tank="T")
    assert float(level[-1]) >= 2.0 - 1e-3
    assert 0.5 < float(level.min()) <= float(level.max()) < 4.0


def test_the_same_plan_each_time(problem, solution):
    again = solve(problem)
    xr.testing.assert_identical(again.pump_speed, solution.pump_speed)
    assert again.verdict.cost == solution.verdict.cost


def test_the_dear_hours_are_avoided(solution):
    energy = solution.verdict.simulation.energy.sum("pump").to_numpy()
    assert energy[17 * 4 : 21 * 4].sum() < 0.05 * energy.sum()


def test_pins_and_pumps_out_of_service(problem):
    noon = Pin("P1", problem.start + 17 * HOUR, problem.start + 19 * HOUR, True)
    night = Pin("P1", problem.start, problem.start + 2 * HOUR, False)
    held = solve(replace(problem, pins=(noon, night), out_of_service=("P2",)))
    assert held.verdict.feasible
    first = held.pump_speed.sel(pump="P1").to_numpy()
    assert (first[17 * 4 : 19 * 4] == 1).all()
    assert (first[: 2 * 4] == 0).all()
    assert (held.pump_speed.sel(pump="P2") == 0).all()


def test_a_demand_charge_keeps_the_peak_down(problem, solution):
    power = solution.verdict.simulation.power.sum("pump").to_numpy()
    so_far = 0.6 * power.max()
    charged = solve(replace(problem, charges=(PeakCharge(5.0, 15, so_far),)))
    free = verify(charged.problem, solution.pump_speed)
    assert charged.verdict.feasible
    assert charged.verdict.cost + charged.verdict.charge < free.cost + free.charge
    assert charged.verdict.charge == pytest.approx(
        5 * max(charged.verdict.simulation.power.sum("pump").to_numpy().max() - so_far, 0)
    )


def test_end_levels_are_kept_or_those_of_a_settled_day(problem):
    high = solve(replace(problem, end_level={"T": 3.2}))
    assert float(high.verdict.simulation.level.sel(tank="T")[-1]) >= 3.2 - 1e-3
    two_days = pd.date_range(problem.start, periods=48, freq="h", name="time")
    tiled = xr.DataArray(np.tile(problem.price.to_numpy(), 2), dims="time", coords={"time": two_days})
    settled = solve(replace(problem, horizon=48 * HOUR, price=tiled, end_level=None, end_level_floor={"T": 1.0}))
    level = settled.verdict.simulation.level.sel(tank="T")
    assert settled.verdict.feasible
    assert settled.problem.end_level["T"] >= 1.0 - 1e-6
    assert float(level[-1]) >= float(level.sel(time=problem.start + 24 * HOUR)) - 0.25


def test_few_starts_where_they_are_limited(problem):
    few = solve(replace(problem, max_starts={"P1": 2, "P2": 2}))
    assert few.verdict.feasible
    assert max(few.verdict.starts.values()) <= 2


def test_variable_speed(problem, solution):
    drives = solve(replace(problem, speed_range={"P1": (0.8, 1.0), "P2": (0.8, 1.0)}, decision_step=HOUR, replay_step_s=300))
    assert drives.verdict.feasible
    speeds = np.unique(drives.pump_speed)
    assert ((speeds == 0) | ((speeds >= 0.8) & (speeds <= 1.0))).all()


def test_a_drive_with_a_few_speeds(problem):
    drives = {"P1": (0.85, 0.95, 1.0), "P2": (0.9, 1.0)}
    hourly = replace(problem, decision_step=HOUR, replay_step_s=300)
    few = replace(hourly, speed_range={"P1": (0.8, 1.0), "P2": (0.9, 1.0)}, speed_steps=drives)
    found = solve(few)
    assert found.verdict.feasible
    for pump, steps in drives.items():
        assert set(np.unique(found.pump_speed.sel(pump=pump))) <= {0.0, *steps}
    between = found.pump_speed.where(found.pump_speed == 0, 0.93)
    kept = last_plan(replace(few, previous=between))
    assert [set(np.unique(kept.sel(pump=p))) - {0.0} for p in drives] == [{0.95}, {0.9}]
    told = verify(few, between).violations
    assert any("pump P1 is set to speed 0.93, allowed are 0 and 0.85 and 0.95 and 1" in str(v) for v in told)
    with pytest.raises(DataError, match="pump P1: the speeds 0.7, 1 are not within"):
        replace(few, speed_steps={"P1": (0.7, 1.0)})


@pytest.mark.parametrize(("large", "polished"), [(True, 1), (False, 4)])
def test_the_own_controls_are_polished_if_they_come_nearest_alone_in_a_large_network(large, polished, problem, monkeypatch):
    hourly = replace(problem, decision_step=HOUR, replay_step_s=300)
    started = []

    def coarse(task, progress):
        found = successive_linearization.linear_rounds(task, progress)
        return replace(found, choices=[np.zeros_like(choice) for choice in found.choices[:1]])

    def watched(task, choice, *rest):
        started.append(choice)
        return polish.polish(task, choice, *rest)

    monkeypatch.setattr(sys.modules["wss.optimization.solve"], "is_large", lambda task: large)
    monkeypatch.setattr(sys.modules["wss.optimization.solve"], "linear_rounds", coarse)
    monkeypatch.setattr(sys.modules["wss.optimization.solve"], "polish", watched)
    monkeypatch.setattr(FewTanks, "of", lambda task: None)
    found = solve(hourly)
    own = verify(hourly, level_control(hourly))
    assert len(started) == polished, "of other networks both plans are searched around once more"
    assert started[0].any(), "all off empties the tank"
    assert found.verdict.feasible
    assert found.verdict.cost < own.cost


def test_a_missing_solver_lowers_the_rung(problem, solution, monkeypatch):
    monkeypatch.setattr(program, "available", lambda: False)
    first = solve(problem)
    assert (first.rung, first.verdict.feasible) == ("level_control", True)
    assert "HiGHS" in first.reason
    second = solve(replace(problem, previous=solution.pump_speed))
    assert second.rung == "last_plan"
    xr.testing.assert_equal(second.pump_speed, solution.pump_speed)


def test_the_last_plan_goes_on_as_a_day_before(problem, solution):
    later = replace(
        problem,
        start=problem.start + 6 * HOUR,
        previous=solution.pump_speed,
        price=problem.price.assign_coords(time=problem.price.time + np.timedelta64(6, "h")),
    )
    speed = last_plan(later)
    np.testing.assert_array_equal(speed[: 18 * 4], solution.pump_speed[6 * 4 :])
    np.testing.assert_array_equal(speed[18 * 4 :], solution.pump_speed[: 6 * 4])
    pinned = replace(later, pins=(Pin("P1", later.start, later.end, True),))
    assert (last_plan(pinned).sel(pump="P1") == 1).all()


def test_a_tank_that_cannot_hold_its_band_is_named_with_its_time(problem):
    best = solve(replace(problem, out_of_service=("P1", "P2"), level_min={"T": 1.5}))
    assert best.rung not in ("converged", "limit", "proven")
    assert "tank T cannot stay above 1.50 m from 2026-01-05 " in best.reason
    assert "short" in best.reason


def test_that_no_plan_keeps_the_limits_is_said_where_it_is_proven(problem):
    short = replace(problem, horizon=pd.Timedelta(hours=4), decision_step=pd.Timedelta(hours=1), replay_step_s=600)
    best = solve(replace(short, end_level={"T": 3.9}, out_of_service=("P2",)), bound=True)
    assert best.reason.startswith("tank T cannot end at 3.90 m")
    assert best.reason.endswith("; it is proven that no plan keeps every limit")
    assert best.bound is None
    assert "proven" not in solve(replace(short, end_level={"T": 2.2}), bound=True).reason


def test_no_tank_is_said_to_fail_that_the_plan_keeps(problem, solution):
    """The linear program may go astray where the plan does not: then what the plan misses is named, if anything is."""
    shortfall = sys.modules["wss.optimization.solve"]._shortfall
    with Engine(problem.network) as engine:
        task = make_task(problem, engine)
        good = replay(task, solution.pump_speed.to_numpy())
        still = replay(task, np.zeros((task.slots, 2)))
    level = np.full((25, 1), task.low[0] - 28)
    astray = LinearPlan((), level, 0.0, np.maximum(task.low - level, 0), np.zeros(1), ())
    assert shortfall(task, astray, good) is None
    assert "28.00 m short" in str(shortfall(task, astray, still))
    low_end = np.vstack([np.tile(task.low, (24, 1)), task.end - 0.3])
    ends = LinearPlan((), low_end, 0.0, np.zeros_like(low_end), np.zeros(1), ())
    assert shortfall(task, ends, good) is None
    assert str(shortfall(task, ends, still)) == "tank T cannot end at 2.00 m, whatever the pumps do: 0.30 m short"


def test_what_the_network_lacks_is_refused(problem):
    with pytest.raises(DataError) as told:
        solve(
            replace(problem, pins=(Pin("P9", problem.start, problem.end, True),), level_min={"U": 1.0}, pressure_min={"X": 3.0})
        )
    for part in ("pump with a pin: P9", "tank with a band: U", "node with a pressure limit: X"):
        assert part in str(told.value)


def test_a_solved_case_holds_before_the_judge(problem, solution, judge, tmp_path):
    case.write(problem, solution.pump_speed, level_control(problem), tmp_path)
    told = judge(tmp_path / "case.yml", tmp_path / "plan.csv")
    assert told["feasible"]
    assert told["cost"] == pytest.approx(solution.verdict.cost, abs=1e-3)
    assert judge(tmp_path / "case.yml", tmp_path / "baseline.csv")["feasible"]


@pytest.mark.parametrize(("name", "reach"), [("net3.yml", 136.5), ("single-station/hourly.yml", 131.5)])
def test_benchmarks(name, reach, bench, judge, tmp_path):
    path = bench / "pumps" / name
    found = solve(case.read(path))
    case.write_plan(found.pump_speed, tmp_path / "plan.csv")
    told = judge(path, tmp_path / "plan.csv")
    assert told["feasible"]
    assert told["cost"] <= reach


def test_engine_stays_the_callers(problem):
    with Engine(problem.network) as engine:
        before = engine.snapshot({"P1": 1.0}, {"T": 2.0}, 0)
        solve(problem)
        after = engine.snapshot({"P1": 1.0}, {"T": 2.0}, 0)
        assert (after.flow, after.power, after.pressure) == (before.flow, before.power, before.pressure)
