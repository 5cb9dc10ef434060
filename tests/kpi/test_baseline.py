"""The level controls of Net3, on the second and on the plan's grid."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import times
from wss.config import Zone
from wss.hydraulics import network
from wss.kpi import baseline
from wss.quantities import labelled

QUARTER = pd.Timedelta("15min")
START = times.utc("2022-07-24T22:00")  # midnight in Rome
ALL = (Zone(name="all", title="All"),)


@pytest.fixture(scope="module")
def net3() -> str:
    return (resources.files("wntr") / "library" / "networks" / "Net3.inp").read_text()


@pytest.fixture(scope="module")
def controlled(net3):
    """Net3 from a Roman midnight on, 24 h at 2,500 m3/h."""
    time = times.grid(START, START + times.DAY, times.HOUR)
    demand = labelled("demand", np.full((24, 1), 2500.0), time=time, zone=["all"])
    nodes = network.zone_to_node(demand, network.demand_shares(net3, ALL))
    levels, status = {"1": 4.0, "2": 8.0, "3": 9.0}, {"10": False, "335": True}
    return baseline.level_control(
        net3, nodes, levels, status, START, times.DAY, "Europe/Rome", decision_step=QUARTER, tied={"330": "335"}
    )


def test_it_starts_from_what_was_measured(controlled):
    assert controlled.own.level.isel(time=0).to_series().to_dict() == pytest.approx({"1": 4.0, "2": 8.0, "3": 9.0}, abs=1e-6)
    assert controlled.own.level.get_index("time")[-1] == START + times.DAY


def test_controls_act_by_the_local_clock(controlled):
    """Net3 runs its lake pump from 01:00 to 15:00; at Rome in summer that is 23:00 to 13:00 UTC."""
    lake = controlled.pump_speed.sel(pump="10").to_series()
    on = lake[lake > 0].index
    assert on[0] == times.utc("2022-07-24T23:00")
    assert on[-1] == times.utc("2022-07-25T12:45")


def test_the_snapped_schedule_costs_about_the_same(controlled):
    assert controlled.pump_speed.sizes["time"] == 96
    assert float(controlled.snapped.energy.sum()) == pytest.approx(float(controlled.own.energy.sum()), rel=0.05)


def test_a_level_beyond_the_brim_counts_as_the_brim(net3, controlled):
    time = times.grid(START, START + times.DAY, times.HOUR)
    demand = labelled("demand", np.full((24, 1), 2500.0), time=time, zone=["all"])
    nodes = network.zone_to_node(demand, network.demand_shares(net3, ALL))
    high = baseline.level_control(net3, nodes, {"3": 99.0}, None, START, times.HOUR, "Europe/Rome", decision_step=QUARTER)
    assert float(high.own.level.sel(tank="3")[0]) == pytest.approx(35.5 * 0.3048, abs=1e-6)


def test_stored_water_has_a_value():
    """100 m3 more in one tank at 0.05 and 20 m3 less in the other at 0.10 are worth 5 - 2 = 3."""

    def at(values):
        return xr.DataArray(np.array(values, dtype=float), dims="tank", coords={"tank": ["A", "B"]})

    assert baseline.stored_water_value(at([600, 80]), at([500, 100]), at([0.05, 0.10])) == pytest.approx(3.0)
    assert baseline.stored_water_value(at([600, 80]), at([600, 80]), 0.05) == 0.0
    with pytest.raises(xr.AlignmentError):
        baseline.stored_water_value(at([600, 80]), at([500, 100]).sel(tank=["A"]), 0.05)


def test_what_is_left_counts_tank_by_tank_whatever_their_order(net3):
    """Half a metre more in one tank, as much in one, one that is not measured: only the first counts."""
    time = pd.DatetimeIndex([START])
    own = labelled("level", [[5.0, 5.0, 5.0]], time=time, tank=["1", "2", "3"])
    real = labelled("level", [[5.0, 5.5]], time=time, tank=["3", "1"])
    area = np.pi / 4 * (85 * 0.3048) ** 2
    assert baseline.left_value(net3, real, own, 0.1) == pytest.approx(0.1 * 0.5 * area, rel=1e-6)
