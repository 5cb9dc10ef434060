"""The light parse of EPANET files agrees with wntr, which reads them in full."""

from importlib.resources import files

import pytest
import wntr

from wss.config.inp import outline


@pytest.mark.parametrize("name", ["Net3", "Net6", "ky10"])
def test_outline_agrees_with_wntr(name):
    path = files("wntr").joinpath(f"library/networks/{name}.inp")
    found, model = outline(path.read_text()), wntr.network.WaterNetworkModel(str(path))
    assert found.faults == ()
    assert {k: found.of_kind(k) for k in ("junction", "reservoir", "tank", "pump", "valve")} == {
        "junction": model.junction_name_list,
        "reservoir": model.reservoir_name_list,
        "tank": model.tank_name_list,
        "pump": model.pump_name_list,
        "valve": model.valve_name_list,
    }
    ends = {name: (link.start_node_name, link.end_node_name) for name, link in model.links()}
    assert {name: (link.start, link.end) for name, link in found.links.items()} == ends
    assert found.tanks == {n: pytest.approx((t.min_level, t.max_level)) for n, t in model.tanks()}
    moved = {action.target()[0].name for _, control in model.controls() for action in control.actions()}
    shut = {name for name, link in model.links() if str(link.initial_status) == "Closed"}
    assert {name for name, link in found.links.items() if link.closed} == shut - moved - set(model.pump_name_list)


TEXT = "[junctions]\n J1 10\n[TANKS]\n T1 60 2.5 0.5 4.8 20 0\n[PIPES]\n P1 J1 T1 100 300 130 0 Open ; note\n[OPTIONS]\n {}\n"


@pytest.mark.parametrize(
    ("option", "highest"),
    [
        ("Units LPS", 4.8),
        ("UNITS cmh", 4.8),
        ("Units GPM", 1.46304),
        ("Headloss H-W", 1.46304),
    ],
)
def test_length_follows_from_the_flow_unit(option, highest):
    assert outline(TEXT.format(option)).tanks["T1"][1] == pytest.approx(highest)


def test_old_tank_without_levels_is_a_reservoir():
    assert outline(TEXT.format("").replace("T1 60 2.5 0.5 4.8 20 0", "T1 60")).nodes["T1"] == "reservoir"
