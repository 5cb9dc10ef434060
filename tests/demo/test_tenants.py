"""The demo utilities' files are right, and their zones' balances are those of the network."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import config, demo, tariffs, times
from wss.demo.pattern import new_tenant
from wss.demo.settings import plant_settings
from wss.errors import ConfigError, NotFoundError
from wss.hydraulics import Engine, network


@pytest.fixture
def litoral(workspace):
    return config.load(config.read_folder(workspace.tenant("litoral")))


@pytest.mark.parametrize("name", demo.names())
def test_files_are_right_and_labelled_simulated(name, new_workspace):
    workspace = new_workspace()
    configuration = config.load(config.read_folder(demo.install(workspace, name)))
    assert configuration.name == name
    assert configuration.tenant.simulated
    assert configuration.tenant.clock == "replay"
    assert {z.zone for z in plant_settings(name).zones} == {z.name for z in configuration.tenant.system.zones}
    assert workspace.inbox(name).is_dir()


def test_install_keeps_what_an_engineer_edited(workspace):
    path = workspace.tenant("litoral") / "tariff.yml"
    path.write_text("edited")
    demo.install(workspace)
    assert path.read_text() == "edited"


def test_unknown_utility_is_refused(workspace):
    with pytest.raises(NotFoundError, match="litoral"):
        demo.install(workspace, "atlantis")
    with pytest.raises(NotFoundError, match="litoral"):
        plant_settings("atlantis")


def test_tariff_is_that_of_the_benchmark_on_a_working_day(litoral):
    start, end = times.local_day("2022-07-26", litoral.tariff.time_zone)
    price = tariffs.price(litoral.tariff, times.grid(start, end, times.HOUR))
    assert price.values.tolist() == [0.06] * 7 + [0.12] * 10 + [0.20] * 4 + [0.12] * 2 + [0.06]


def test_balance_of_each_zone_is_its_nodes_demand(litoral):
    """The signs of the cut links: demand = inflow - outflow - change of storage, zone by zone, on the model itself."""
    system = litoral.tenant.system
    zones = [z.name for z in system.zones]
    drawn = xr.DataArray(
        [[1300.0, 300, 770, 390]] * 24,
        dims=("time", "zone"),
        coords={"time": pd.date_range("2022-07-01", periods=24, freq="h"), "zone": zones},
    )
    links = sorted({link for z in system.zones for link in (*z.inflow, *z.outflow)})
    with Engine(litoral.network, own_controls=True) as engine:
        engine.set_demands(network.zone_to_node(drawn, network.demand_shares(litoral.network, system.zones)), 3600)
        run = engine.simulate_own(None, None, 0, pd.Timestamp("2022-07-01"), 86400, 300, 3600, links=links)
        area = engine.tank_area
    for zone in system.zones:
        net = run.flow.sel(link=list(zone.inflow)).sum("link").values - run.flow.sel(link=list(zone.outflow)).sum("link").values
        stored = sum((run.level.sel(tank=t).diff("time").values * area[t] for t in zone.tanks), np.zeros(24))
        assert net - stored == pytest.approx(drawn.sel(zone=zone.name).values, rel=2e-3), zone.name


def test_new_tenant_is_a_live_copy_under_its_own_name(workspace):
    folder = new_tenant(workspace, "porto_novo")
    made = config.load(config.read_folder(folder)).tenant
    assert (made.name, made.simulated, made.clock) == ("porto_novo", False, "live")
    assert made.system == config.load(config.read_folder(workspace.tenant("litoral"))).tenant.system
    (folder / "tenant.yml").write_text((folder / "tenant.yml").read_text().replace("language: en", "language: pt"))
    again = new_tenant(workspace, "porto_velho", like="porto_novo")
    assert config.load(config.read_folder(again)).tenant.language == "pt"
    with pytest.raises(ConfigError, match="there already"):
        new_tenant(workspace, "porto_novo")
    with pytest.raises(NotFoundError, match="litoral"):
        new_tenant(workspace, "other", like="atlantis")


PINNED = [
    "plan:\n  release: automatic          # the plant follows the plan\n  horizon_hours: 24   # a day\n",
    "plan: {release: automatic, horizon_hours: 24}   # one line\n",
    "plan:\n  horizon_hours: 24\n  \"release\": 'automatic'",
    "plan:\n  horizon_hours: 24\n  release:\n    automatic\n# the end\n",
]


@pytest.mark.parametrize("plan", PINNED, ids=["block", "flow", "quoted", "below"])
@pytest.mark.parametrize("flow", [False, True], ids=["alone", "together"])
def test_a_new_tenant_releases_nothing_and_lives_now_however_the_pattern_is_written(workspace, plan, flow):
    path = workspace.tenant("litoral") / "tenant.yml"
    text = path.read_text()
    text = text[: text.index("plan:")]
    if flow:
        text = text.replace("simulated: true", "'simulated': true  # a demo").replace("clock: replay", '"clock": "replay"')
    path.write_text(text + plan)
    assert config.load(config.read_folder(path.parent)).tenant.plan.release == "automatic"
    told = []
    folder = new_tenant(workspace, "porto", told=told.append)
    made = config.load(config.read_folder(folder)).tenant
    assert (made.plan.release, made.plan.horizon_hours, made.clock, made.simulated) == ("on_accept", 24, "live", False)
    assert [what.partition(":")[0] for what in told] == ["simulated", "clock", "plan.release"]
    text = (folder / "tenant.yml").read_text()
    assert "Trieste, whose areas lend the demand" in text
    assert [comment in text for comment in ("# a day", "# one line", "# the end")] == [
        comment in plan for comment in ("# a day", "# one line", "# the end")
    ]
    assert "the plant follows" not in text


def test_a_new_tenant_gets_the_configuration_and_nothing_else(workspace):
    pattern = workspace.tenant("litoral")
    (pattern / "sftp_keys").write_text("ssh-ed25519 AAAA\n")
    (pattern / "sftp_keys~").write_text("ssh-ed25519 AAAA\n")
    (pattern / "nets").mkdir()
    (pattern / "nets" / "net.inp").write_text(config.read_folder(pattern)["network.inp"])
    path = pattern / "tenant.yml"
    path.write_text(path.read_text().replace("package:wntr/library/networks/Net3.inp", "nets/net.inp"))
    told = []
    folder = new_tenant(workspace, "porto", told=told.append)
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "nets/net.inp",
        "profiles/scada.yml",
        "sensors.yml",
        "tariff.yml",
        "tenant.yml",
    ]
    assert "litoral's keys would open porto" in told[0]
    assert told[-1].startswith("sftp_keys~: not copied")
    assert config.load(config.read_folder(folder)).network == config.load(config.read_folder(pattern)).network


def test_a_pattern_that_cannot_be_read_leaves_nothing_behind(workspace):
    path = workspace.tenant("litoral") / "tenant.yml"
    path.write_text(path.read_text() + "  release: automatic\n")
    with pytest.raises(ConfigError, match="wss check litoral") as said:
        new_tenant(workspace, "porto")
    assert "stands twice" in str(said.value)
    assert not workspace.tenant("porto").exists()
