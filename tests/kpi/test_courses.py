"""Courses of a day, worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import times
from wss.kpi import courses
from wss.quantities import labelled

START = times.utc("2022-06-01")
END = START + 2 * times.HOUR
HOURS = times.grid(START, END, times.HOUR)
QUARTERS = times.grid(START, END, courses.QUARTER)


def column(name: str, values: list, time: pd.DatetimeIndex, **item) -> xr.DataArray:
    return labelled(name, np.array(values, dtype=float)[:, None], time=time, **item)


def plan(time: pd.DatetimeIndex, speed: float) -> list[xr.DataArray]:
    """Speed, power, level and demand of a plan for one pump at 100 kW."""
    on = [speed] * len(time)
    return [
        column("pump_speed", on, time, pump=["P"]),
        column("power", [100 * speed] * len(time), time, pump=["P"]),
        column("level", [2.0] * len(time), time, tank=["T"]),
        column("demand", [50.0] * len(time), time, zone=["Z"]),
    ]


def test_supplied_water_counts_a_lost_hour_as_the_others():
    demand = labelled("demand", [[10.0, 1.0], [np.nan, 3.0]], time=HOURS, zone=["A", "B"])
    assert courses.supplied(demand) == pytest.approx(2 * 10 + 2 * 2)
    assert np.isnan(courses.supplied(demand * np.nan))


def test_gaps_of_demand_are_bridged():
    time = times.grid(START, START + 4 * times.HOUR, times.HOUR)
    demand = column("demand", [np.nan, 10, np.nan, 20], time, zone=["Z"])
    assert courses.without_gaps(demand)[:, 0].values.tolist() == [10, 10, 15, 20]


def test_hourly_power_is_spread_over_quarters():
    power = column("power", [100, 40], HOURS, pump=["P"])
    spread = courses.quarters(power, START, END)
    assert spread.get_index("time").equals(QUARTERS)
    assert spread[:, 0].values.tolist() == [100] * 4 + [40] * 4
    assert courses.quarters(spread, START, END) is spread


def test_how_the_pumps_stood():
    status = labelled("pump_status", [[np.nan, 0, np.nan], [1, 1, np.nan]], time=HOURS, pump=["A", "B", "C"])
    assert courses.standing(status) == {"A": True, "B": False}


def test_a_later_plan_goes_on_where_the_first_ends():
    found = courses.planned([plan(HOURS[:1], 1.0), plan(HOURS[1:], 0.0)], {"P": False}, START, END)
    assert found.running[:, 0].values.tolist() == [0, 1, 0]  # it stood when the day began
    assert found.power[:, 0].values.tolist() == [100] * 4 + [0] * 4
    assert found.supplied_m3 == pytest.approx(100)
    assert courses.planned([plan(HOURS, 1.0)], {}, START, END).running[:, 0].values.tolist() == [1, 1, 1]


def test_plans_that_leave_an_hour_out_do_not_count():
    assert courses.planned([], {}, START, END) is None
    assert courses.planned([plan(HOURS, 1.0)], {}, START, END + times.HOUR) is None


def test_a_lost_reading_of_power_is_what_the_pump_draws():
    """The pump runs from the second quarter on at 40 kW; the reading of the third is lost. It stood an hour before."""
    on = column("pump_status", [0, 1, 1, 1, 0, 0, 0, 0], QUARTERS, pump=["P"])
    power = column("power", [0, 40, np.nan, 40, 0, 0, 0, 0], QUARTERS, pump=["P"])
    before = pd.DatetimeIndex([START - times.HOUR, START - courses.QUARTER])
    readings = xr.concat([column("pump_status", [0, 0], before, pump=["P"]), on], "time")
    level, demand = column("level", [2.0] * 8, QUARTERS, tank=["T"]), column("demand", [50, 50], HOURS, zone=["Z"])
    found = courses.measured(xr.Dataset({"power": power, "pump_status": on}), readings, level, demand, START)
    assert found.power[:4, 0].values.tolist() == [0, 40, 40, 40]
    assert found.running.get_index("time")[0] == START  # the last reading that is not after the day's start
    assert found.supplied_m3 == pytest.approx(100)
