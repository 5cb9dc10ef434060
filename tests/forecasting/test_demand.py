"""Zone demand: numbers by hand, and a balance that closes on what EPANET simulates."""

from importlib import resources

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import times
from wss.config import Zone
from wss.errors import DataError
from wss.forecasting.demand import zone_demand
from wss.hydraulics import Engine, network, tanks
from wss.quantities import check, labelled

HOUR = pd.Timedelta("1h")
TIME = times.grid(times.utc("2022-06-01"), times.utc("2022-06-01T04:00"), HOUR)
ZONES = (
    Zone(name="up", title="Up", inflow=("P",), outflow=("M",), tanks=("T",)),
    Zone(name="down", title="Down", inflow=("M",)),
)


def observed(pump, meter):
    flow = labelled("flow", np.column_stack([pump, meter]).astype(float), time=TIME, link=["P", "M"])
    return flow.to_dataset()


def volume(values):
    return xr.DataArray(np.array(values, dtype=float)[:, None], dims=("time", "tank"), coords={"time": TIME, "tank": ["T"]})


def test_known_numbers():
    # up: 100 in, 30 out, tank +20 -> 50; then 0 in, 30 out, tank -80 -> 50; then the tank at rest: 100 - 40 = 60
    demand = zone_demand(observed([100, 0, 100, 9], [30, 30, 40, 9]), ZONES, volume([500, 520, 440, 440]))["demand"]
    assert demand.sel(zone="up").values.tolist() == [50, 50, 60]
    assert demand.sel(zone="down").values.tolist() == [30, 30, 40]
    assert demand.get_index("time").equals(TIME[:3])
    check(demand.to_dataset(), "test")


def test_a_missing_meter_is_missing_in_its_zones_only():
    demand = zone_demand(observed([100, np.nan, 100, 9], [30, 30, 40, 9]), ZONES, volume([500, 500, 500, np.nan]))["demand"]
    np.testing.assert_array_equal(demand.sel(zone="up"), [70, np.nan, np.nan])
    np.testing.assert_array_equal(demand.sel(zone="down"), [30, 30, 40])
    unmetered = (ZONES[0], Zone(name="down", title="Down", inflow=("X",)))
    assert zone_demand(observed([1] * 4, [0] * 4), unmetered, volume([1] * 4))["demand"].sel(zone="down").isnull().all()


def test_half_hours_count_as_half_hours():
    time = times.grid(TIME[0], TIME[2], HOUR / 2)
    flow = labelled("flow", np.full((4, 2), 100.0), time=time, link=["P", "M"])
    stock = xr.DataArray([[0.0], [10.0], [20.0], [30.0]], dims=("time", "tank"), coords={"time": time, "tank": ["T"]})
    with_tank = Zone(name="z", title="Z", inflow=("P",), tanks=("T",))
    assert zone_demand(flow.to_dataset(), [with_tank], stock)["demand"].values.ravel().tolist() == [80, 80, 80]


def test_small_negative_demand_is_noise_and_a_large_one_a_fault():
    # through the zone flow 200 on average, so 10 is the noise
    demand = zone_demand(observed([100, 100, 100, 9], [105, 100, 130, 9]), ZONES[:1], volume([0] * 4))["demand"]
    np.testing.assert_array_equal(demand.sel(zone="up"), [0, 0, np.nan])


def test_uneven_time_is_refused():
    uneven = observed([1] * 4, [1] * 4).isel(time=[0, 1, 3])
    with pytest.raises(DataError, match="regular grid"):
        zone_demand(uneven, ZONES, volume([1] * 4).isel(time=[0, 1, 3]))


def test_the_balance_closes_on_a_simulation():
    """Net3 under its own controls: the demand that was put in comes out, for zones with and without tanks."""
    text = (resources.files("wntr") / "library" / "networks" / "Net3.inp").read_text()
    zones = (
        Zone(name="all", title="", inflow=("10", "60", "193"), outflow=("233",), tanks=("1", "2", "3")),
        Zone(name="port", title="", inflow=("233",), nodes=("203",)),
        Zone(name="works", title="", outflow=("193",), nodes=("35",)),
    )
    shares = network.demand_shares(text, zones)
    time = times.grid(times.utc("2022-06-01"), times.utc("2022-06-02"), HOUR)
    course = np.outer(1 + 0.4 * np.sin(np.arange(24) / 4), [1200, 800, 300])
    drawn = labelled("demand", course, time=time, zone=shares["zone"].values)
    with Engine(text, own_controls=True) as engine:
        engine.set_demands(network.zone_to_node(drawn, shares), 3600)
        links = sorted({link for z in zones for link in z.inflow + z.outflow})
        run = engine.simulate_own(None, None, 0, time[0], 86400, 300, 3600, links=links)
    stock = tanks.volume(text, run.level)
    flow = run.flow.reindex(time=stock["time"])
    demand = zone_demand(flow.to_dataset(), zones, stock)["demand"]
    np.testing.assert_allclose(demand, drawn, atol=0.5)  # EPANET's accuracy in flow, of 2300 m3/h
