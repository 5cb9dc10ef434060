"""The engine against laws of nature, numbers worked by hand, wntr and itself."""

import importlib.util
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.errors import HydraulicError, NetworkError
from wss.hydraulics import Engine, inp, tanks
from wss.quantities import check, labelled
from wss.records import EpanetWarning

START = pd.Timestamp("2022-07-25T00:00")
NET3_TIED = {"330": "335"}
DAY = {"duration_s": 86400, "step_s": 3600, "report_s": 3600}


def schedule(pumps: list[str], rows, step: str = "h") -> xr.DataArray:
    rows = np.asarray(rows, dtype=float)
    return labelled("pump_speed", rows, time=pd.date_range(START, periods=len(rows), freq=step), pump=pumps)


def alternating(pumps: list[str], seed: int = 1) -> xr.DataArray:
    return schedule(pumps, np.random.default_rng(seed).integers(0, 2, (24, len(pumps))))


def test_water_is_neither_made_nor_lost_on_net3(net3):
    """In each step: what the two sources give = what the nodes draw + what the tanks gain."""
    rng = np.random.default_rng(3)
    with Engine(net3, NET3_TIED) as engine:
        nodes = engine.demand_nodes
        factor = rng.uniform(0.6, 1.4, (24, 1))
        demand = pd.DataFrame(factor * np.array([engine.node_demand[n] for n in nodes]), columns=nodes)
        engine.set_demands(demand, 3600)
        run = engine.simulate(alternating(engine.pumps), None, START, 86400, 60, 3600, links=["10", "60"])
    gained = tanks.volume(net3, run.level).sum("tank").diff("time").values
    given = run.flow.sum("link").values
    np.testing.assert_allclose(given, demand.sum(axis=1).to_numpy() + gained, rtol=1e-4)


def test_pump_power_by_hand(small):
    """kW = rho g Q H / eta, in EPANET's own rounding 0.99922 of it."""
    with Engine(small()) as engine:
        state = engine.snapshot({"U": 1.0}, {"T": 3.0}, {"C": 20.0, "F": 20.0})
    flow, head = state.flow["U"], state.pressure["P"] - 10
    assert state.power["U"] == pytest.approx(0.99922 * 9.81 * flow / 3600 * head / 0.75, rel=1e-4)
    assert head == pytest.approx(4 / 3 * 40 - 40 / 3 * (flow / 100) ** 2, rel=1e-3)
    assert state.tank_inflow["T"] == pytest.approx(flow - 40, abs=0.01)


def test_energy_adds_up_between_reports(small):
    """A report step of a day holds exactly the energy of its hours, and power is energy over time."""
    with Engine(small()) as engine:
        plan = alternating(engine.pumps)
        fine = engine.simulate(plan, None, START, 86400, 60, 3600, links=["U"])
        coarse = engine.simulate(plan, None, START, 86400, 60, 86400)
    assert float(coarse.energy.sum()) == pytest.approx(float(fine.energy.sum()), rel=1e-12)
    np.testing.assert_allclose(coarse.power.values * 24, coarse.energy.values, rtol=1e-12)
    check(xr.Dataset({"power": fine.power, "energy": fine.energy, "flow": fine.flow}), "simulation")


@pytest.mark.parametrize("units", ["LPS", "GPM"])
def test_units_of_the_file_do_not_show(small, units):
    plan = alternating(["U"])
    with Engine(small()) as ours, Engine(small(units)) as theirs:
        assert theirs.tank_area["T"] == pytest.approx(78.53982)
        assert theirs.level_max["T"] == pytest.approx(4.0)
        assert theirs.node_demand == pytest.approx(ours.node_demand)
        a, b = (e.simulate(plan, {"T": 3.2}, START, 86400, 600, 3600, links=["U"], nodes=["C"]) for e in (ours, theirs))
    np.testing.assert_allclose(b.level.values, a.level.values, atol=2e-3)
    np.testing.assert_allclose(b.flow.values, a.flow.values, atol=0.1)
    np.testing.assert_allclose(b.pressure.values, a.pressure.values, atol=0.05)
    np.testing.assert_allclose(b.energy.values, a.energy.values, rtol=2e-3)


@pytest.mark.parametrize(("name", "tied"), [("Net1", {}), ("Net3", NET3_TIED), ("ky4", {})])
def test_same_levels_as_wntr_under_own_controls(shipped, name, tied, tmp_path):
    text = shipped("wntr", f"library/networks/{name}.inp")
    import wntr

    (tmp_path / "network.inp").write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = wntr.network.WaterNetworkModel(str(tmp_path / "network.inp"))
        model.options.time.duration, model.options.time.report_timestep = 86400, 3600
        model.options.quality.parameter = "NONE"
        found = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "run"))
    step_s = int(model.options.time.hydraulic_timestep)
    with Engine(text, tied, own_controls=True) as engine:
        status = {p: model.get_link(p).initial_status.name == "Open" for p in engine.pumps}
        run = engine.simulate_own(None, status, 0, START, 86400, step_s, 3600)
    theirs = found.node["pressure"][engine.tanks].to_numpy()
    np.testing.assert_allclose(run.level.values, theirs, atol=1e-4)


def test_snapshot_is_the_first_step_of_a_simulation(net3):
    with Engine(net3, NET3_TIED) as engine:
        on = dict.fromkeys(engine.pumps, 1.0)
        levels = {"1": 4.0, "2": 8.0, "3": 9.0}
        plan = schedule(engine.pumps, [[1, 1]])
        run = engine.simulate(plan, levels, START, 3600, 3600, 3600, links=engine.links, nodes=["123", "20"])
        state = engine.snapshot(on, levels, 0)
        later = engine.snapshot(on, levels, 5 * 3600)
    assert state.flow == pytest.approx(run.flow.isel(time=0).to_series().to_dict(), abs=1e-9)
    assert state.power == pytest.approx(run.power.isel(time=0).to_series().to_dict())
    assert state.pressure["20"] == pytest.approx(float(run.pressure.sel(node="20")[0]))
    rise = (run.level[1] - run.level[0]).to_series()
    assert {t: q / engine.tank_area[t] for t, q in state.tank_inflow.items()} == pytest.approx(rise.to_dict(), rel=1e-4)
    assert later.tank_inflow != pytest.approx(state.tank_inflow, rel=0.01)


def test_runs_leave_no_trace_in_the_next(net3):
    with Engine(net3, NET3_TIED) as engine:
        plan = alternating(engine.pumps)
        first = engine.simulate(plan, None, START, 86400, 3600, 3600)
        engine.simulate(alternating(engine.pumps, seed=9), {"1": 2.0}, START, 86400, 900, 3600)
        engine.snapshot({"10": 1.0}, {"3": 5.0}, 7200)
        again = engine.simulate(plan, None, START, 86400, 3600, 3600)
    xr.testing.assert_identical(first.level, again.level)
    xr.testing.assert_identical(first.energy, again.energy)


def test_engines_in_two_threads_do_not_meet(small, net3):
    def energy(seed: int) -> list[float]:
        with Engine(net3, NET3_TIED) as engine, Engine(small()) as other:
            both = [(e, alternating(e.pumps, seed)) for e in (engine, other)] * 5
            runs = [e.simulate(plan, None, START, 86400, 900, 3600) for e, plan in both]
        return [float(run.energy.sum()) + len(run.warnings) for run in runs]

    alone = [energy(seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(energy, (1, 2))) == alone


def test_demands_replace_every_category_and_the_multiplier(small):
    text = small().replace("[OPTIONS]", "[DEMANDS]\n C  10  day\n C  7\n[OPTIONS]\n Demand Multiplier 3")
    with Engine(text) as engine:
        assert engine.node_demand == pytest.approx({"C": 3 * 17.0, "F": 60.0})
        engine.set_demands(pd.DataFrame({"C": [11.0, 13.0]}), 3600)
        inflow = [engine.snapshot({}, {"T": 3.0}, second).tank_inflow["T"] for second in (0, 3600, 7200)]
        assert inflow == pytest.approx([-11.0, -13.0, -11.0], abs=1e-3)
        engine.set_demands(pd.DataFrame({"F": [5.0]}), 900)
        assert engine.snapshot({}, {"T": 3.0}, 0).tank_inflow["T"] == pytest.approx(-5.0, abs=1e-3)


def test_heads_of_reservoirs_keep_their_course_on_another_demand_step(small):
    text = small().replace("S  10.0", "S  10  tide").replace("[TIMES]", "[PATTERNS]\n tide 1 2 3\n[TIMES]\n Pattern Start 12:00")
    with Engine(text) as engine:
        before = [engine.snapshot({"U": 1.0}, {"T": 3.0}, s).flow["U"] for s in (0, 43200, 86400)]
        engine.set_demands(pd.DataFrame({"C": [30.0], "F": [20.0]}), 7200)
        after = [engine.snapshot({"U": 1.0}, {"T": 3.0}, s).flow["U"] for s in (0, 43200, 86400)]
    assert before[1] > before[0] > before[2]  # heads of 30, 20 and 10 m, in the order 20, 30, 10
    assert after == pytest.approx(before, rel=0.02)


def test_a_faster_pump_lifts_more_and_a_slow_one_is_reported(small):
    with Engine(small()) as engine:
        flows = [engine.snapshot({"U": speed}, {"T": 3.0}, 0).flow["U"] for speed in (0.95, 1.0, 1.1)]
        stuck = engine.snapshot({"U": 0.5}, {"T": 3.0}, 0)
    assert flows == sorted(flows)
    assert stuck.warning == EpanetWarning.BEYOND_CURVE


def test_a_run_names_the_pumps_beyond_their_curve(small):
    with Engine(small()) as engine:
        run = engine.run([0, 3600], [[1.0], [0.5]], {"T": 3.0}, duration_s=7200, step_s=3600, report_s=3600)
    assert {second for second, _ in run.beyond} == {state.second for state in run.warnings} >= {3600}
    assert {pump for _, pump in run.beyond} == {0}
    assert min(second for second, _ in run.beyond) == 3600


def test_a_full_tank_is_clamped_and_its_pipe_shut(small):
    with Engine(small()) as engine:
        filled = engine.simulate(schedule(["U"], [[1.0]]), None, START, 86400, 3600, 3600)
        full = engine.simulate(schedule(["U"], [[1.0]]), {"T": 4.0}, START, 7200, 3600, 3600)
        empty = engine.simulate(schedule(["U"], [[0.0]]), None, START, 86400, 3600, 3600)
    assert filled.clamped[0] == (7200, "T", pytest.approx(4.0))
    assert full.shut == [(0, "T", 3600), (3600, "T", 3600)]
    assert empty.clamped[-1] == (86400, "T", pytest.approx(2.0))
    assert empty.warnings[-1].warning in (EpanetWarning.NEGATIVE_PRESSURE, EpanetWarning.CUT_OFF)


def test_a_node_cut_off_has_no_pressure(small):
    with Engine(small().replace("F  100.0  250.0  130  0  Open", "F  100.0  250.0  130  0  Closed")) as engine:
        state = engine.snapshot({}, None, {"F": 5.0})
    assert np.isnan(state.pressure["F"])
    assert state.warning


def test_flutter_at_a_full_tank_ends_in_a_spill(shipped):
    text = shipped("epyt", "networks/exeter-benchmarks/Richmond_skeleton.inp")
    with Engine(text) as engine:
        run = engine.run([0], [[1.0] * len(engine.pumps)], **DAY)
        assert any(state.spilling for state in run.warnings)
        assert len(run.energy) == 24
        quiet = engine.run([0], [[0.0] * len(engine.pumps)], **DAY)
    assert not any(state.spilling for state in quiet.warnings)


def test_agrees_with_the_judge_of_the_benchmark(bench, net3, tmp_path):
    spec = importlib.util.spec_from_file_location("judge", bench / "pumps" / "judge.py")
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    plan = schedule(["10", "335"], np.random.default_rng(0).integers(0, 2, (24, 2)))
    plan.rename("speed").to_series().reset_index()[["time", "pump", "speed"]].assign(
        time=lambda f: f["time"] + (pd.Timestamp("2026-01-05") - START)
    ).to_csv(tmp_path / "plan.csv", index=False)
    verdict = judge.judge(bench / "pumps" / "net3.yml", tmp_path / "plan.csv")
    with Engine(net3, NET3_TIED) as engine:
        run = engine.simulate(plan, None, START, 86400, 60, 3600)
    price = np.array([0.06] * 7 + [0.12] * 10 + [0.20] * 4 + [0.12] * 2 + [0.06])
    assert float(run.energy.sum()) == pytest.approx(verdict["energy_kwh"], abs=1e-3)
    assert float((run.energy.sum("pump") * price).sum()) == pytest.approx(verdict["cost"], abs=1e-3)
    low_end = int((run.level[-1] < run.level[0] - 1e-3).sum())
    assert len(run.warnings) + len(run.shut) + len(run.clamped) + low_end == verdict["violation_count"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("P  0", "P" * 300 + "  0"), "300 characters"),
        (("U  S", ";U  S"), "no pump"),
        (("[OPTIONS]", "[OPTIONS]\n HYDRAULICS SAVE /tmp/x"), "names a file"),
        ((" PC  P", " PC  Q"), "undefined node"),
    ],
)
def test_unfit_networks_are_refused_with_the_reason(small, change, message):
    with pytest.raises(NetworkError, match=message):
        Engine(small().replace(*change, 1))


def test_an_id_of_31_characters_is_fine_and_of_32_is_not(small):
    long = "F" * 31
    with Engine(small().replace(" F ", f" {long} ")) as engine:
        assert long in engine.junctions
    with pytest.raises(NetworkError, match="32 characters"):
        inp.refuse(small().replace(" F ", f" {long}F "))


def test_wrong_questions_name_what_is_wrong(net3):
    with Engine(net3) as engine:
        with pytest.raises(HydraulicError, match="(?s)tank 9 .*tank 1: level 99.000 m is outside 0.030 to 9.784 m"):
            engine.run([0], [[1, 1]], {"9": 1.0, "1": 99.0}, **DAY)
        with pytest.raises(HydraulicError, match="pump X"):
            engine.simulate(schedule(["X"], [[1]]), None, START, 3600, 3600, 3600)
        with pytest.raises(HydraulicError, match="missing or negative"):
            engine.run([0], [[np.nan, 1]], **DAY)
        with pytest.raises(HydraulicError, match="(?s)node Lake.*node 15: demand is missing at 1 of 2 steps"):
            engine.set_demands(pd.DataFrame({"Lake": [1.0, 1.0], "15": [np.nan, 1.0]}), 3600)
        with pytest.raises(HydraulicError, match="own_controls=True"):
            engine.simulate_own(None, None, 0, START, 3600, 3600, 3600)
    with pytest.raises(NetworkError, match="(?s)tied link 999.*tied to 15"):
        Engine(net3, {"999": "335", "330": "15"})
