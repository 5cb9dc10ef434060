"""What energy and peaks cost, worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tariffs.conftest import demand_charge
from wss import tariffs, times
from wss.config import DemandCharge, Tariff
from wss.errors import DataError
from wss.quantities import labelled


def power(values, start="2022-01-03T08:00", step="15min") -> xr.DataArray:
    """Power of all pumps [kW]; Lisbon's winter wall shows UTC, and 2022-01-03 is a Monday with ponta from 09:30 to 12:00."""
    time = pd.date_range(start, periods=len(values), freq=step, unit="ns", name="time")
    return xr.DataArray(np.asarray(values, dtype=float), dims="time", coords={"time": time})


def charging(tariff: Tariff, **charge) -> Tariff:
    """The tariff with another demand charge."""
    one = DemandCharge(**charge) if charge else None
    return tariff.model_copy(update={"versions": tuple(v.model_copy(update={"demand_charge": one}) for v in tariff.versions)})


def test_peak_of_a_window(portugal):
    tariff = charging(portugal, price_per_kw=5.0, window_minutes=15)
    assert demand_charge(tariff, power([10, 40, 30])) == 200.0
    assert demand_charge(tariff, power([10, 40, 30]), peak_so_far_kw=35.0) == 25.0
    assert demand_charge(tariff, power([10, 40, 30]), peak_so_far_kw=45.0) == 0.0


def test_power_is_averaged_over_windows_that_start_on_full_hours(portugal):
    tariff = charging(portugal, price_per_kw=1.0, window_minutes=60)
    assert demand_charge(tariff, power([0, 40, 40, 0, 0, 0, 0, 60])) == 20.0  # 80/4 and 60/4
    assert demand_charge(tariff, power([80, 40, 0, 0], start="2022-01-03T08:30")) == 60.0  # (80 + 40)/2 of what is there


def test_minutes_are_averaged_and_long_steps_count_as_they_are(portugal):
    tariff = charging(portugal, price_per_kw=1.0, window_minutes=15)
    assert demand_charge(tariff, power([90] * 5 + [0] * 10, step="1min")) == 30.0
    assert demand_charge(tariff, power([30, 20], step="60min")) == 30.0


def test_only_named_periods_count(portugal):
    tariff = charging(portugal, price_per_kw=5.0, periods=("ponta",))
    assert demand_charge(tariff, power([50, 60], start="2022-01-03T09:15")) == 300.0  # the second starts at 09:30
    assert demand_charge(tariff, power([50, 60], start="2022-01-03T13:00")) == 0.0


def test_each_local_month_has_its_own_peak(portugal):
    """In summer the wall is an hour ahead: 23:00 UTC of 30 June is 1 July there."""
    tariff = charging(portugal, price_per_kw=2.0)
    across = power([50, 30], start="2022-06-30T22:45")
    assert demand_charge(tariff, across, peak_so_far_kw=45.0) == 2 * 5 + 2 * 30
    assert demand_charge(tariff, power([50, 30], start="2022-06-30T22:30"), peak_so_far_kw=45.0) == 10.0


def test_windows_keep_apart_in_the_doubled_hour(portugal):
    """Both passes of 01:00 to 02:00 on 30 October 2022 have their own four windows."""
    tariff = charging(portugal, price_per_kw=1.0)
    assert demand_charge(tariff, power([80, 0, 0, 0, 20, 0, 0, 0], start="2022-10-30T00:00")) == 80.0


def test_missing_power_counts_as_unknown(portugal):
    tariff = charging(portugal, price_per_kw=1.0)
    assert demand_charge(tariff, power([np.nan, 20])) == 20.0
    assert demand_charge(tariff, power([np.nan, np.nan])) == 0.0


def test_no_charge_no_cost(portugal):
    assert demand_charge(charging(portugal), power([1000])) == 0.0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40), st.integers(1, 39))
def test_charge_of_a_month_adds_up_over_its_parts(portugal, values, cut):
    """Planned in two parts of whole windows, each knowing the peak before it, a month costs the same."""
    tariff = charging(portugal, price_per_kw=3.0)
    whole = power(values)
    first, second = whole[:cut], whole[cut:]
    parts = demand_charge(tariff, first) + demand_charge(tariff, second, peak_so_far_kw=float(first.max()))
    assert parts == pytest.approx(demand_charge(tariff, whole))


def energy(values: dict[str, list[float]], start="2022-01-03T09:00") -> xr.DataArray:
    time = pd.date_range(start, periods=len(next(iter(values.values()))), freq="15min", unit="ns", name="time")
    return labelled("energy", np.array(list(values.values())).T, time=time, pump=list(values))


def test_bill_by_hand(portugal):
    """09:00 and 09:15 are cheia at 0.24, 09:30 is ponta at 0.32; the peak of ponta is (4 + 6) kWh / 0.25 h = 40 kW at 5 EUR."""
    found = tariffs.bill(portugal, energy({"P1": [1, 2, 4], "P2": [0, 0, 6]}))
    assert found["period"].tolist() == ["ponta", "cheia", "demand_charge"]
    assert found["energy_kwh"].tolist()[:2] == [10.0, 3.0]
    assert found["cost"].tolist() == pytest.approx([3.2, 0.72, 200.0])
    assert np.isnan(found["energy_kwh"].iloc[2])


def test_bill_without_demand_charge_and_without_pumps(portugal):
    found = tariffs.bill(charging(portugal), energy({"P1": [1.0, 2.0]}).sum("pump"))
    assert found.to_dict("list") == {"period": ["cheia"], "energy_kwh": [3.0], "cost": [pytest.approx(0.72)]}


def test_bill_of_a_year_is_energy_times_price(portugal):
    start, end = (times.local_day(f"{y}-01-01", "Europe/Lisbon")[0] for y in (2022, 2023))
    time = times.grid(start, end, pd.Timedelta("15min"))
    draw = labelled("energy", np.random.default_rng(1).uniform(0, 10, (len(time), 2)), time=time, pump=["a", "b"])
    found = tariffs.bill(portugal, draw).set_index("period")
    assert found["energy_kwh"].sum() == pytest.approx(float(draw.sum()))
    cost = float((draw.sum("pump") * tariffs.price(portugal, time)).sum())
    assert found["cost"].drop("demand_charge").sum() == pytest.approx(cost)


@pytest.mark.parametrize("times_", [["2022-01-03T09:00"], ["2022-01-03T09:00", "2022-01-03T09:15", "2022-01-03T10:00"]])
def test_irregular_grid_is_refused(portugal, times_):
    draw = labelled("energy", np.ones((len(times_), 1)), time=pd.DatetimeIndex(times_), pump=["a"])
    with pytest.raises(DataError, match="a regular grid of at least two steps"):
        tariffs.bill(portugal, draw)
