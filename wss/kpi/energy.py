"""Energy of pumps, what it costs, and when it was drawn."""

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.errors import DataError
from wss.quantities import labelled


def energy(power: xr.DataArray) -> xr.DataArray:
    """Energy of each step of a regular grid of mean powers [kW]: (time, pump), NaN where the power is. [kWh]

    Raises
    ------
    DataError
        If the grid is not regular, or has fewer than two times.
    """
    power = power.transpose("time", "pump")
    step_h = regular_step(power) / times.HOUR
    return labelled("energy", power.to_numpy() * step_h, time=power.get_index("time"), pump=power["pump"].values)


def cost(energy: xr.DataArray, price: xr.DataArray) -> float:
    """Cost of energy (time, pump) [kWh] at a price (time,) [currency/kWh] on the same grid; missing energy is free. [currency]"""
    energy, price = xr.align(energy, price, join="exact")
    return float((energy * price).sum())


def total_cost(energy: xr.DataArray, price: xr.DataArray) -> float:
    """Cost of energy (time, pump) [kWh], known throughout, at a price (time,) [currency/kWh] on the same grid. [currency]"""
    total, price = xr.align(energy.sum("pump"), price, join="exact")
    return float((total.to_numpy() * price.to_numpy()).sum())


def cost_per_m3(energy: xr.DataArray, price: xr.DataArray, supplied_m3: float) -> float:
    """Cost of energy (time, pump) [kWh] at a price (time,) [currency/kWh] for each cubic metre; 0 if none was. [currency/m3]"""
    return cost(energy, price) / supplied_m3 if supplied_m3 > 0 else 0.0


def mean_price(price: xr.DataArray, time: pd.DatetimeIndex) -> xr.DataArray:
    """Mean price (time,) of each step of a coarser grid that a price (time,) on a regular grid fills. [currency/kWh]"""
    values = price.to_series().to_numpy()
    per_step = max(len(values) // len(time), 1)
    return labelled("price", values.reshape(len(time), per_step).mean(axis=1), time=time)


def shares(energy: xr.DataArray, period: xr.DataArray) -> pd.Series:
    """Share of the energy (time, pump) [kWh] in each tariff period (time,) of the same grid, by its name; they sum to 1. [1]

    Empty if no energy was drawn.
    """
    energy, period = xr.align(energy, period, join="exact")
    total = energy.sum("pump").to_series().groupby(period.to_series(), sort=False).sum()
    return total / total.sum() if total.sum() > 0 else total.iloc[:0]


def fill(power: xr.DataArray, status: xr.DataArray) -> xr.DataArray:
    """Power (time, pump) [kW]; where it is missing, what the pump usually draws while it runs, times its status (time, pump) [1].

    It stays missing where the status is not known either, or the pump never ran while both were.
    """
    power, status = xr.align(power, status, join="exact")
    usual = power.where(status > 0.99).median("time")
    return power.fillna(xr.where(status > 0, usual * status, status)).assign_attrs(power.attrs)


def missing_share(power: xr.DataArray) -> float:
    """Share of the steps and pumps of power (time, pump) [kW] that is not known. [1]"""
    return float(power.isnull().mean())


def regular_step(values: xr.DataArray) -> pd.Timedelta:
    """Step of the regular grid `time` of an array in any unit [-]; DataError if it is not regular."""
    time = values.get_index("time")
    steps = np.unique(np.diff(time.asi8))
    if len(steps) != 1:
        raise DataError(f"{values.name}: needs a regular grid of two times or more, not {len(time)} with {len(steps)} steps")
    return time[1] - time[0]
