"""Meters must cut the network into zones: the cut of a real network, and what breaks it."""

from importlib.resources import files

import pytest

from wss.config import System
from wss.config.check_balance import check_balance
from wss.config.inp import outline

NET3 = outline(files("wntr").joinpath("library/networks/Net3.inp").read_text())
ZONES = {
    "north": {"inflow": ["10", "60"], "outflow": ["116", "173", "225"], "tanks": ["3"], "nodes": ["123", "15"]},
    "south": {"inflow": ["116", "173", "225", "193"], "outflow": ["233"], "tanks": ["1", "2"]},
    "port": {"inflow": ["233"], "nodes": ["203"]},
    "industry": {"outflow": ["193"], "nodes": ["35"]},
}


def system(**changed: dict) -> System:
    """The four zones of Net3, some of them changed."""
    zones = [{"name": name, "title": name, **zone, **changed.get(name, {})} for name, zone in ZONES.items()]
    tanks = [{"id": i, "title": i, "level_min_m": 3, "level_max_m": 9} for i in ("1", "2", "3")]
    return System.model_validate({"network": "net3.inp", "zones": zones, "tanks": tanks, "pumps": [{"id": "10", "title": "10"}]})


def faults(**changed: dict) -> list[str]:
    return [what for what, _ in check_balance(system(**changed), NET3)]


def test_cut_of_net3_is_whole():
    assert faults() == []


def test_every_unmetered_link_of_the_cut_is_found():
    for link in ("116", "173", "225"):
        left = [name for name in ("116", "173", "225") if name != link]
        found = faults(north={"outflow": left}, south={"inflow": [*left, "193"]})
        assert len(found) >= 2, link
        assert any("measures nothing of zone north: unmetered links join both its ends" in fault for fault in found)


def test_every_meter_in_the_wrong_list_is_found():
    for link in ("116", "173", "225"):
        left = [name for name in ("116", "173", "225") if name != link]
        assert any(
            f"link {link} runs from" in fault and "out of zone north; list it under `outflow`" in fault
            for fault in faults(north={"inflow": ["10", "60", link], "outflow": left})
        )
    assert faults(industry={"inflow": ["193"], "outflow": []}) == [
        "link 193 runs from 35 to 181 in the network, which is out of zone industry; list it under `outflow`"
    ]


def test_source_without_meter_is_found():
    assert faults(north={"inflow": ["60"]}) == [
        "link 10 joins zone north to reservoir Lake and is not in its balance; list it under `inflow` or `outflow`"
    ]


def test_tank_left_out_is_found():
    assert faults(south={"tanks": ["1"]}) == [
        "the meters of zone south enclose tanks that it does not list; add under `tanks`: 2"
    ]


def test_zones_without_a_meter_between_them():
    """Two zones that share one part of the network."""
    found = faults(port={"inflow": ["233"], "nodes": ["203", "1"]}, south={"outflow": ["233"]})
    assert "unmetered links join zones south and port, so their demands cannot be told apart" in found[0]


@pytest.mark.parametrize("status", ["Closed", "CLOSED"])
def test_closed_pipe_joins_nothing(status):
    text = files("wntr").joinpath("library/networks/Net3.inp").read_text().replace("[STATUS]", f"[STATUS]\n 116 {status}\n", 1)
    left = system(north={"outflow": ["173", "225"]}, south={"inflow": ["173", "225", "193"]})
    assert list(check_balance(left, outline(text))) == []
