"""Whatever an EPANET file may hold: it is planned, in agreement with the judge and wntr, or refused with the element and why."""

import importlib
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from epanet import toolkit

from wss.errors import NetworkError
from wss.hydraulics import Engine, tanks
from wss.hydraulics.facts import facts
from wss.optimization import Problem, case, solve, verify
from wss.quantities import labelled

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")
sys.path.append(BENCHMARKS)
odd = importlib.import_module("odd_networks")
sys.path.remove(BENCHMARKS)
HOUR = pd.Timedelta(hours=1)
START = pd.Timestamp("2026-01-05T00:00").as_unit("ns")
SOLVED = ("constant power", "efficiency curve", "check valve", "check valves at the tank", "PRV", "FCV", "control of a pipe",
          "speed pattern", "reservoirs with heads", "closed-off node", "volume curve", "tank that spills", "leak", "odd ids",
          "clocks", "pressure-driven demand", "two tanks", "pump that turns against the flow")  # fmt: skip
OTHERWISE_IN_WNTR = {"leak", "rule on a pipe", "constant power", "pumps shut in the file", "pump that turns against the flow",
                     "own report step", "pressure-driven demand"}  # fmt: skip
"""What wntr does not know or cannot write, or what stops its EPANET 2.2 at other seconds than 2.3."""
ALWAYS_WARNED = {
    "demand that is cut off": ((("100  120  0  Open\n[PUMPS]", "100  120  0  Closed\n[PUMPS]"), (" G   12  0", " G   12  1")),
                               "node G is cut off"),
    "node above the tank": (((" F   12  5", " F   65  5"),), "at node F"),
    "FCV that cannot deliver": (odd.valve("FCV", "20"), "a valve cannot deliver enough flow"),
}  # fmt: skip
REFUSED = {
    "duplicate node": ((" G   12  0", " G   12  0\n F  13  1"), "duplicate ID label F"),
    "duplicate pump": ((odd.PUMP, " P1  R  S  HEAD lift"), "duplicate ID label P1"),
    "no tank": ((odd.TANK, ""), "there is no tank"),
    "tank that is a reservoir": ((odd.TANK, " T  50"), "takes them for reservoirs"),
    "no curve": ((" lift  60  62", ""), "undefined curve lift"),
    "curve that rises": ((" lift  60  62", " lift  0  10\n lift  60  62\n lift  120  90"), "invalid head curve for pump P1"),
    "unknown node": ((odd.FAR, odd.FAR.replace("F", "Q")), "undefined node Q"),
    "long id": ((" G   12  0", f" {'G' * 40}   12  0"), "has 40 characters"),
    "no supply": ((" R   0", ""), "R"),
}


def problem(text: str, **what) -> Problem:
    """Four hours in whole hours, the middle ones dear."""
    time = pd.date_range(START, periods=4, freq="h", name="time", unit="ns")
    price = xr.DataArray([0.1, 0.3, 0.2, 0.1], dims="time", coords={"time": time}, name="price")
    return Problem(text, START, 4 * HOUR, HOUR, price, replay_step_s=300, **what)


@pytest.fixture(scope="session")
def agrees(judge):
    """agrees(problem, plan, verdict, folder): the judge says the same."""

    def check(given: Problem, plan, verdict, folder: Path) -> None:
        case.write(given, plan, plan, folder)
        told = judge(folder / "case.yml", folder / "plan.csv")
        assert (told["feasible"], told["starts"]) == (verdict.feasible, verdict.starts), told["violations"]
        assert told["cost"] == pytest.approx(verdict.cost, abs=1e-3)

    return check


@pytest.mark.parametrize("name", SOLVED)
def test_planned(name, agrees, tmp_path):
    given = case_of(tmp_path, odd.network(*odd.ODD[name]))
    found = solve(given)
    assert found.rung in ("proven", "converged", "limit"), found.reason
    verdict = verify(given, found.pump_speed)
    assert verdict.violations == ()
    agrees(given, found.pump_speed, verdict, tmp_path)


@pytest.mark.parametrize("name", odd.ODD)
def test_any_plan_is_judged_alike(name, agrees, tmp_path):
    """Two plans, one of which fills the tank to the brim, so that both verdicts are met."""
    given = case_of(tmp_path, odd.network(*odd.ODD[name]))
    for plan in ([[1, 0], [0, 0], [0, 0], [1, 1]], [[1, 1], [1, 1], [1, 1], [1, 1]]):
        verdict = verify(given, on(given, plan))
        assert verdict.energy_kwh > 0
        agrees(given, on(given, plan), verdict, tmp_path)
    assert not verdict.feasible


def on(given: Problem, plan: list[list[int]]) -> xr.DataArray:
    pumps = list(facts(given.network).pumps)
    return labelled("pump_speed", np.array(plan, float), time=given.time, pump=pumps)


def case_of(folder: Path, text: str) -> Problem:
    """The problem as a case file gives it: controls that are plant are gone, as the judge has it."""
    (folder / "network.inp").write_text(text, encoding="utf-8")
    (folder / "case.yml").write_text("""name: odd
network: network.inp
start: 2026-01-05T00:00
horizon_hours: 4
decision_minutes: 60
hydraulic_step_seconds: 300
price: [0.1, 0.3, 0.2, 0.1]
price_step_minutes: 60
pressure_min_everywhere: 5
""")
    return case.read(folder / "case.yml")


@pytest.mark.parametrize("name", odd.ODD)
def test_equal_to_the_toolkit_and_to_wntr(name, tmp_path):
    """Levels of a day under the network's own controls, beside the toolkit's own loop and wntr, which has EPANET 2.2."""
    text = odd.network(*odd.ODD[name])
    (tmp_path / "network.inp").write_text(text, encoding="utf-8")
    with Engine(text, own_controls=True) as engine:
        bare, status, clock = toolkit_levels(tmp_path / "network.inp", engine.tanks)
        run = engine.simulate_own(None, status, clock, START, 86400, 900, 3600)
        np.testing.assert_allclose(run.level.values, bare, atol=5e-4)
        if name not in OTHERWISE_IN_WNTR:
            np.testing.assert_allclose(run.level.values, wntr_levels(tmp_path)[engine.tanks].to_numpy(), atol=1e-4)


def toolkit_levels(file: Path, tanks: list[str]) -> tuple[np.ndarray, dict[str, bool], int]:
    """Levels (hour, tank), which pumps are open in the file, and its clock at the start."""
    project = toolkit.createproject()
    toolkit.open(project, str(file), "/dev/null", "")
    toolkit.settimeparam(project, toolkit.DURATION, 86400)
    indices, rows, span = [toolkit.getnodeindex(project, t) for t in tanks], [], 1
    links = range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)
    pumps = [i for i in links if toolkit.getlinktype(project, i) == toolkit.PUMP]
    status = {toolkit.getlinkid(project, i): bool(toolkit.getlinkvalue(project, i, toolkit.INITSTATUS)) for i in pumps}
    clock = toolkit.gettimeparam(project, toolkit.STARTTIME)
    toolkit.openH(project)
    toolkit.initH(project, toolkit.INITFLOW)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while span > 0:
            if toolkit.runH(project) % 3600 == 0:
                get = toolkit.getnodevalue
                rows.append([get(project, i, toolkit.HEAD) - get(project, i, toolkit.ELEVATION) for i in indices])
            span = toolkit.nextH(project)
    toolkit.close(project)
    toolkit.deleteproject(project)
    return np.array(rows), status, clock


def wntr_levels(folder: Path) -> pd.DataFrame:
    """Pressures (hour, node) by wntr. [m]"""
    import wntr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = wntr.network.WaterNetworkModel(str(folder / "network.inp"))
        model.options.time.duration, model.options.quality.parameter = 86400, "NONE"
        model.options.time.report_timestep, model.options.time.report_start = 3600, 0
        return wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(folder / "run")).node["pressure"]


@pytest.mark.parametrize("name", ALWAYS_WARNED)
def test_what_no_plan_can_mend_is_named(name, agrees, tmp_path):
    edits, says = ALWAYS_WARNED[name]
    given = problem(odd.network(*edits))
    plan = on(given, [[1, 0], [0, 0], [0, 0], [1, 1]])
    verdict = verify(given, plan)
    assert any("EPANET warns" in str(v) and says in str(v) for v in verdict.violations), verdict.violations
    agrees(given, plan, verdict, tmp_path)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_element_and_why(name):
    edit, says = REFUSED[name]
    with pytest.raises(NetworkError) as told:
        solve(problem(odd.network(edit)))
    assert says in str(told.value)


@pytest.mark.parametrize("unit", odd.FLOW_UNITS)
def test_every_flow_unit_costs_the_same(unit, agrees, tmp_path):
    plan = [[1, 0], [0, 0], [0, 0], [1, 1]]
    given, ours = problem(odd.in_units(unit), pressure_min={"J": 30.0}), problem(odd.TEXT, pressure_min={"J": 30.0})
    verdict = verify(given, on(given, plan))
    assert verdict.feasible
    assert verdict.cost == pytest.approx(verify(ours, on(ours, plan)).cost, rel=1e-3)
    assert case.describe(given, "x")["pressure_min"]["J"] == pytest.approx(30 / 0.3048 * 0.4333 if unit in odd.IN_FEET else 30)
    agrees(given, on(given, plan), verdict, tmp_path)
    if unit == "GPM":
        found = solve(given)
        assert found.verdict.cost <= verdict.cost
        agrees(given, found.pump_speed, found.verdict, tmp_path)


def test_level_follows_the_volume_curve():
    """What flows in is what the volume gains, at levels where a metre holds 30 and 250 m3."""
    text = odd.network(*odd.ODD["volume curve"])
    with Engine(text) as engine:
        for level in (0.8, 3.2):
            run = engine.run([0], [[0.0, 0.0]], {"T": level}, duration_s=600, step_s=60, report_s=60)
            inflow = engine.snapshot({}, {"T": level}, 0).tank_inflow["T"]
            both = xr.DataArray(run.level, dims=("time", "tank"), coords={"tank": ["T"]})
            gained = float(tanks.volume(text, both).diff("time").sum())
            assert gained == pytest.approx(inflow / 6, rel=0.01)
            assert run.level[-1, 0] - level == pytest.approx(inflow / 6 / (30 if level < 1 else 250), rel=0.01)
        assert engine.tank_area["T"] == pytest.approx((400 - 15) / 3.5)
        assert math.pi / 4 * 8**2 != pytest.approx(engine.tank_area["T"])
