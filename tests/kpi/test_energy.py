"""Energy, cost and shares worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import tariffs, times
from wss.errors import DataError
from wss.kpi import energy
from wss.quantities import labelled

QUARTER = pd.Timedelta("15min")


def powers(values, start="2022-06-01T05:00", step=QUARTER):
    time = pd.date_range(times.utc(start), periods=len(values), freq=step, name="time", unit="ns")
    table = np.array(values, dtype=float).reshape(len(values), -1)
    return labelled("power", table, time=time, pump=["P1", "P2"][: table.shape[1]])


def test_the_pump_of_39_kw():
    """360 m3/h against 30 m at 75 % draw 1000 * 9.81 * 0.1 * 30 / 0.75 = 39.24 kW; in six quarters that is 58.86 kWh."""
    power = 1000 * 9.81 * (360 / 3600) * 30 / 0.75 / 1000
    used = energy.energy(powers([power] * 6))
    assert used.attrs["units"] == "kWh"
    assert float(used.sum()) == pytest.approx(39.24 * 1.5)


def test_cost_over_a_price_change(tariff):
    """100 kW from 07:00 to 07:30 local (05:00 UTC in summer): 25 kWh at 0.10, then 25 kWh at 0.30, is 2.50 + 7.50."""
    used = energy.energy(powers([100, 100]))
    price = tariffs.price(tariff, used.get_index("time"))
    assert price.values.tolist() == [0.1, 0.3]
    assert energy.cost(used, price) == pytest.approx(10.0)


def test_two_pumps_cost_what_both_cost(tariff):
    used = energy.energy(powers([[100, 10], [0, np.nan]]))
    assert energy.cost(used, tariffs.price(tariff, used.get_index("time"))) == pytest.approx(0.1 * 27.5)
    assert energy.missing_share(powers([[100, 10], [0, np.nan]])) == 0.25


def test_shares_sum_to_one(tariff):
    used = energy.energy(powers([100, 50, 50]))
    share = energy.shares(used, tariffs.periods(tariff, used.get_index("time")))
    assert share.to_dict() == pytest.approx({"night": 0.5, "day": 0.5})
    assert energy.shares(0 * used, tariffs.periods(tariff, used.get_index("time"))).empty


def test_a_lost_power_is_what_the_pump_usually_draws():
    """It draws 40 kW; of the lost quarters it stood in one, ran in one, and a third of one; of the last nobody knows."""
    power = powers([40, 42, 40, np.nan, np.nan, np.nan, np.nan])
    status = labelled("pump_status", np.array([1, 1, 1, 0, 1, 1 / 3, np.nan])[:, None], time=power.get_index("time"), pump=["P1"])
    np.testing.assert_allclose(energy.fill(power, status).values.ravel(), [40, 42, 40, 0, 40, 40 / 3, np.nan])
    never = powers([np.nan, np.nan, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(energy.fill(never, 0 * status).values.ravel()[:6], 0)


def test_misaligned_price_and_uneven_time_are_refused(tariff):
    used = energy.energy(powers([100, 100]))
    with pytest.raises(xr.AlignmentError):
        energy.cost(used, tariffs.price(tariff, used.get_index("time") + QUARTER))
    with pytest.raises(DataError, match="regular grid"):
        energy.energy(powers([1, 1, 1, 1]).isel(time=[0, 1, 3]))


def test_the_price_of_a_step_is_the_mean_of_its_quarters():
    time = pd.date_range(times.utc("2022-06-01"), periods=8, freq="15min", name="time", unit="ns")
    price = labelled("price", [0.1, 0.1, 0.1, 0.3, 0.2, 0.2, 0.2, 0.2], time=time)
    assert energy.mean_price(price, time[::4]).values.tolist() == pytest.approx([0.15, 0.2])
    assert energy.mean_price(price, time).values.tolist() == price.values.tolist()


def test_total_cost_is_the_cost_of_what_is_known_throughout(tariff):
    used = energy.energy(powers([[1, 2], [3, 4], [5, 6]]))
    price = tariffs.price(tariff, used.get_index("time"))
    assert energy.total_cost(used, price) == pytest.approx(energy.cost(used, price))
    with pytest.raises(xr.AlignmentError):
        energy.total_cost(used, price[1:])


def test_a_cubic_metre_costs_its_share(tariff):
    used = energy.energy(powers([40.0, 40.0]))  # 20 kWh at 07:00 and 07:15 in Rome: 10 at 0.10, 10 at 0.30
    price = tariffs.price(tariff, used.get_index("time"))
    assert energy.cost_per_m3(used, price, 80.0) == pytest.approx(0.05)
    assert energy.cost_per_m3(used, price, float("nan")) == 0.0
