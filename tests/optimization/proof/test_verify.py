"""Verify applies the judge's rules in our own words: both agree on every plan, and each rule can fail one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.hydraulics.facts import facts
from wss.optimization import PeakCharge, Pin, case, verify
from wss.records import EpanetWarning, Violation

GOOD = {"P1": [(0, 2), (6, 15), (16, 17), (21, 24)], "P2": [(4, 5)]}
FULL, EMPTY = {"P1": [(0, 24)], "P2": [(0, 12)]}, {"P1": [(0, 2)]}


def breaking(problem, plan_of):
    """Name of a rule -> problem and plan that breaks it."""
    busy = {"P1": [(h, h + 0.5) for h in range(0, 24)]}
    return {
        "shuts": (problem, plan_of(**FULL)),
        "stands at its limit": (problem, plan_of(**EMPTY)),
        "EPANET warns": (
            replace(problem, network=problem.network.replace(" F   12  5   day", " F   75  5   day")),
            plan_of(**GOOD),
        ),
        "pressure": (replace(problem, pressure_min={"F": 45.0}), plan_of(**GOOD)),
        "pressure ": (replace(problem, pressure_min_everywhere=45.0), plan_of(**GOOD)),
        "ends at": (replace(problem, end_level={"T": 3.9}), plan_of(**GOOD)),
        "starts": (replace(problem, max_starts={"P1": 3, "P2": 3}), plan_of(**busy)),
    }


@pytest.fixture(params=["shuts", "stands at its limit", "EPANET warns", "pressure", "pressure ", "ends at", "starts"])
def broken(request, problem, plan_of):
    return request.param, *breaking(problem, plan_of)[request.param]


def judged(judge, problem, plan, folder):
    case.write(problem, plan, plan, folder)
    return judge(folder / "case.yml", folder / "plan.csv")


def test_a_good_plan_breaks_nothing(problem, plan_of):
    verdict = verify(problem, plan_of(**GOOD))
    assert (verdict.feasible, verdict.violations, verdict.band_violations) == (True, (), ())
    assert verdict.starts == {"P1": 3, "P2": 1}


def test_each_rule_can_fail_a_plan(broken):
    rule, problem, plan = broken
    verdict = verify(problem, plan)
    assert not verdict.feasible
    assert any(rule.strip() in str(fault) for fault in verdict.violations), verdict.violations


def test_the_judge_agrees_on_each_rule(broken, judge, tmp_path):
    _, problem, plan = broken
    told, ours = judged(judge, problem, plan, tmp_path), verify(problem, plan)
    assert told["feasible"] == ours.feasible is False
    assert told["cost"] == pytest.approx(ours.cost, abs=0.01)
    assert told["energy_kwh"] == pytest.approx(ours.energy_kwh, abs=0.01)
    assert told["starts"] == ours.starts


@pytest.mark.parametrize("seed", range(4))
def test_the_judge_agrees_on_any_plan(seed, problem, plan_of, judge, tmp_path):
    chance = np.random.default_rng(seed)
    hours = {
        p: [(a, a + n / 4) for a, n in zip(np.sort(chance.choice(22, 4, replace=False)), chance.integers(2, 9, 4), strict=True)]
        for p in ("P1", "P2")
    }
    plan = plan_of(**hours)
    told, ours = judged(judge, problem, plan, tmp_path), verify(problem, plan)
    assert told["feasible"] == ours.feasible
    assert told["cost"] == pytest.approx(ours.cost, abs=0.01)
    assert told["starts"] == ours.starts


@pytest.mark.parametrize(
    "name",
    ["net3", "single-station/variable-speed", "van-zyl/hourly", "anytown-modified/starts-3", "richmond"],
)
def test_the_judge_agrees_on_its_own_cases(name, pump_case, judge, tmp_path):
    path = pump_case(name)
    problem = case.read(path)
    pumps = list(facts(problem.network).pumps)
    chance = np.random.default_rng(7)
    per_hour = round(pd.Timedelta(hours=1) / problem.decision_step)
    on = np.repeat(chance.random((len(problem.time) // per_hour, len(pumps))) < 0.5, per_hour, axis=0)
    plan = xr.DataArray(on * 1.0, dims=("time", "pump"), coords={"time": problem.time, "pump": pumps})
    case.write_plan(plan, tmp_path / "plan.csv")
    told, ours = judge(path, tmp_path / "plan.csv"), verify(problem, plan)
    assert told["feasible"] == ours.feasible
    assert told["cost"] == pytest.approx(ours.cost, abs=0.01)
    assert told["starts"] == ours.starts


def test_what_a_plan_must_not_order(problem, plan_of):
    plan = plan_of(speed=0.9, **GOOD)
    assert any("pump P1 is set to speed 0.9, allowed are 0 and 1 to 1" in str(v) for v in verify(problem, plan).violations)
    wider = verify(replace(problem, speed_range={"P1": (0.8, 1.0), "P2": (0.8, 1.0)}), plan)
    assert str(wider.violations[0]).startswith("2026-01-0")
    late = plan_of(**GOOD).assign_coords(time=problem.time + pd.Timedelta(minutes=5))
    assert "off_grid" in {v.kind for v in verify(problem, late).violations}
    noon = Pin("P1", problem.start + pd.Timedelta(hours=15), problem.start + pd.Timedelta(hours=17), True)
    held = verify(replace(problem, pins=(noon,), out_of_service=("P2",)), plan_of(**GOOD)).violations
    assert Violation("off_held", "P1", problem.start + pd.Timedelta(hours=15)) in held
    assert Violation("runs_out", "P2", problem.start + pd.Timedelta(hours=4)) in held
    assert "2026-01-05 15:00: pump P1 is off although it is held on" in map(str, held)


def test_the_operators_band_is_judged_apart(problem, plan_of):
    verdict = verify(replace(problem, level_min={"T": 2.5}, level_max={"T": 3.0}), plan_of(**GOOD))
    assert verdict.feasible
    assert len(verdict.band_violations) > 1
    assert {(v.kind, v.element) for v in verdict.band_violations} == {("band_below", "T"), ("band_above", "T")}


def test_demand_charge_is_the_increase_over_the_peak_so_far(problem, plan_of):
    plan = plan_of(**GOOD)
    power = verify(problem, plan).simulation.power.sum("pump").to_numpy()
    highest = power.reshape(-1, 1).max()
    for so_far, expected in ((0.0, 3 * highest), (highest - 2, 6.0), (highest + 1, 0.0)):
        charged = verify(replace(problem, charges=(PeakCharge(3.0, 15, so_far),)), plan)
        assert charged.charge == pytest.approx(expected)
    night = xr.DataArray([True, False], dims="time", coords={"time": [problem.start, problem.start + pd.Timedelta(hours=6)]})
    by_night = verify(replace(problem, charges=(PeakCharge(3.0, 15, 0.0, night),)), plan)
    assert by_night.charge == pytest.approx(3 * power[:24].max())


def test_the_pump_beyond_its_curve_is_named(problem, plan_of):
    verdict = verify(problem, plan_of(speed=0.3, P2=[(2, 3)]))
    (said,) = (one for one in verdict.violations if one.warning == EpanetWarning.BEYOND_CURVE)
    assert said.more == (Violation("beyond", "P2"),)
    assert str(said).endswith("states); first it is pump P2")
