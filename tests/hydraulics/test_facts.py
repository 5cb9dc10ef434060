"""What is read of a network without simulating it is what the engine simulates with."""

import pytest

from wss.hydraulics import Engine
from wss.hydraulics.facts import facts


@pytest.fixture(params=["Net3", "CMH", "GPM"])
def text(request, net3, small) -> str:
    return net3 if request.param == "Net3" else small(request.param)


def test_facts_are_the_engines(text):
    found = facts(text)
    with Engine(text) as engine:
        levels = {t: (engine.level_min[t], engine.initial_level[t], engine.level_max[t]) for t in engine.tanks}
        assert found.levels_m() == levels
        assert list(found.levels_m()) == engine.tanks
        assert found.tank_area == engine.tank_area
        assert (list(found.pumps), list(found.demand_nodes)) == (engine.pumps, engine.demand_nodes)


def test_facts_by_hand(small):
    """A tank of 10 m across, 2 to 4 m deep, half a metre filled; the file is in feet."""
    found = facts(small("GPM"))
    assert found.levels_m() == {"T": pytest.approx((2.0, 2.5, 4.0))}
    assert found.level["T"][0] == pytest.approx(2 / 0.3048)
    assert found.tank_area == {"T": pytest.approx(78.54, abs=0.01)}
