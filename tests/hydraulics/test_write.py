"""Demand from zones to nodes, and the written network: opens in EPANET and in wntr, and does the same."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import network_file
from wss.config.inp import outline
from wss.config.system import Zone
from wss.errors import NetworkError
from wss.hydraulics import Engine, inp, network
from wss.quantities import labelled

START = pd.Timestamp("2022-07-25T04:00")
LEVELS = {"1": 4.0, "2": 7.0, "3": 9.5}
TIED = {"330": "335"}


@pytest.fixture(scope="module")
def zones() -> tuple[Zone, ...]:
    one = [Zone(name=name, title=name, nodes=(node,)) for name, node in (("porto", "203"), ("industria", "35"))]
    return (*one, Zone(name="rest", title="rest"))


@pytest.fixture(scope="module")
def node_demand(net3, zones) -> xr.DataArray:
    rng = np.random.default_rng(0)
    time = pd.date_range(START, periods=96, freq="15min")
    demand = labelled("demand", rng.uniform(50, 600, (96, 3)), time=time, zone=["rest", "porto", "industria"])
    return network.zone_to_node(demand, network.demand_shares(net3, zones))


def test_shares_are_those_of_the_mean_demand(net3, zones):
    shares = network.demand_shares(net3, zones)
    np.testing.assert_allclose(shares.sum("node"), 1.0)
    assert float(shares.sel(zone="porto", node="203")) == 1.0
    with Engine(net3) as engine:
        rest = {n: d for n, d in engine.node_demand.items() if n not in ("203", "35")}
    assert float(shares.sel(zone="rest", node="15")) == pytest.approx(rest["15"] / sum(rest.values()))


def test_node_demand_keeps_the_zones_water(net3, zones):
    demand = labelled("demand", [[1.0, 2.0, 3.0]], time=[START], zone=["porto", "industria", "rest"])
    nodes = network.zone_to_node(demand, network.demand_shares(net3, zones))
    assert float(nodes.sum()) == pytest.approx(6.0)
    assert float(nodes.sel(node="35").squeeze()) == pytest.approx(2.0)


def test_zone_faults_come_all_at_once(net3):
    wrong = [Zone(name="a", title="A", nodes=("203", "no")), Zone(name="b", title="B", nodes=("203", "10"))]
    with pytest.raises(NetworkError, match="(?s)node no is no junction.*203 belongs to zone a.*exactly one zone.*zone b: none"):
        network.demand_shares(net3, wrong)
    demand, shares = labelled("demand", [[1.0]], time=[START], zone=["z"]), xr.DataArray([[1.0]], {"zone": ["y"], "node": ["1"]})
    with pytest.raises(NetworkError, match="zone z"):
        network.zone_to_node(demand, shares)


def test_written_network_runs_the_same(net3, node_demand):
    written = network.write_inp(net3, LEVELS, node_demand, 900, clock_s=6 * 3600)
    plan = labelled("pump_speed", [[1.0, 0.0], [0.0, 1.0]], time=[START, START + pd.Timedelta("7h")], pump=["10", "335"])
    with Engine(net3, TIED) as engine, Engine(written, TIED) as again:
        engine.set_demands(node_demand, 900)
        assert again.initial_level == pytest.approx(LEVELS, abs=1e-9)
        runs = [e.simulate(plan, levels, START, 86400, 60, 900) for e, levels in ((engine, LEVELS), (again, None))]
    np.testing.assert_allclose(runs[1].level, runs[0].level, atol=1e-6)
    np.testing.assert_allclose(runs[1].energy, runs[0].energy, rtol=1e-6)


def test_written_network_keeps_its_controls_by_the_clock(net3, node_demand):
    written = network.write_inp(net3, LEVELS, node_demand, 900, clock_s=6 * 3600)
    assert len([words for words in inp.sections(written)["CONT"] if "CLOCKTIME" in words]) == 2
    with Engine(net3, TIED, own_controls=True) as engine, Engine(written, TIED, own_controls=True) as again:
        engine.set_demands(node_demand, 900)
        runs = [e.simulate_own(levels, None, 6 * 3600, START, 86400, 60, 900) for e, levels in ((engine, LEVELS), (again, None))]
    xr.testing.assert_equal(runs[1].pump_speed, runs[0].pump_speed)
    np.testing.assert_allclose(runs[1].level, runs[0].level, atol=1e-6)


def test_written_network_opens_in_wntr(net3, node_demand, tmp_path):
    import wntr

    written = network.write_inp(net3, LEVELS, node_demand, 900, clock_s=13 * 3600 + 1800)
    (tmp_path / "network.inp").write_text(written, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = wntr.network.WaterNetworkModel(str(tmp_path / "network.inp"))
        model.options.quality.parameter = "NONE"
        model.options.time.hydraulic_timestep = model.options.time.report_timestep = 900
        found = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(tmp_path / "run"))
    assert (model.options.time.start_clocktime, model.options.time.duration) == (13.5 * 3600, 86400)
    with Engine(net3, TIED, own_controls=True) as engine:
        engine.set_demands(node_demand, 900)
        status = {p: model.get_link(p).initial_status.name == "Open" for p in engine.pumps}
        run = engine.simulate_own(LEVELS, status, int(13.5 * 3600), START, 86400, 900, 900)
    np.testing.assert_allclose(run.level, found.node["pressure"][["1", "2", "3"]], atol=1e-4)


def test_other_patterns_keep_their_course(node_demand, net3):
    tidal = net3.replace("[PATTERNS]", "[PATTERNS]\n tide 1.0 1.1 1.2 1.3", 1)
    lake = next(line for line in tidal.splitlines() if line.startswith(" Lake"))
    tidal = tidal.replace(lake, " Lake 167.0 tide", 1).replace("Pattern Start      \t0:00", "Pattern Start \t1:00", 1)
    written = inp.sections(network.write_inp(tidal, {}, node_demand, 1800))
    factors = [float(v) for name, *values in written["PATT"] if name == "tide" for v in values]
    assert factors == [1.1, 1.1, 1.2, 1.2, 1.3, 1.3, 1.0, 1.0]


def test_unknown_names_are_refused(net3, node_demand):
    with pytest.raises(NetworkError, match="(?s)tank 99.*node Lake"):
        network.write_inp(net3, {"99": 1.0}, node_demand.assign_coords(node=["Lake", *node_demand["node"].values[1:]]), 900)


def with_an_ellipsis(text: str) -> bytes:
    """`text` with Windows-1252 ellipses in the comments of a pump, a tank and a control, and a form feed."""
    text = text.replace("HEAD curve", "HEAD curve ;main… pump").replace("  0\n\n[PIPES]", "  0 ;deep… tank\n\n[PIPES]")
    text = text.replace("[OPTIONS]", "[CONTROLS]\n LINK U CLOSED AT TIME 5 ;at night…\x0c off\n[OPTIONS]", 1)
    return text.encode("cp1252")


def test_an_ellipsis_in_a_comment_ends_no_line(small, tmp_path):
    """Byte 0x85, which EPANET reads as any other of a comment; the network is read, and written back whole."""
    (tmp_path / "network.inp").write_bytes(with_an_ellipsis(small()))
    text = network_file.read(tmp_path / "network.inp")
    found = outline(text)
    assert (found.faults, found.of_kind("pump"), set(found.tanks)) == ((), ["U"], {"T"})
    kept = inp.added(text, "OPTIONS", "Demand Multiplier 2")
    at = {"time": [START, START + pd.Timedelta("1h")], "node": ["C", "F"]}
    demand = xr.DataArray([[20.0, 10.0]] * 2, at, ("time", "node"))
    written = network.write_inp(text, {"T": 3.0}, demand, 3600)
    assert "deep… tank" in written
    assert inp.sections(written)["CONT"] == [["LINK", "U", "CLOSED", "AT", "CLOCKTIME", "5:00:00", "AM"]]
    for one in (text, kept, written):
        with Engine(one, own_controls=True) as engine:
            assert engine.demand_nodes == ["C", "F"]
    with Engine(written) as engine:
        assert engine.initial_level == {"T": pytest.approx(3.0)}
        assert engine.node_demand == {"C": pytest.approx(20.0), "F": pytest.approx(10.0)}
