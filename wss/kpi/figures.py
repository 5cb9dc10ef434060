"""One function for each row of `wss.records.kpis.KEY_FIGURES`, of its name; its parameters are what the row needs.

A function gives one number, or a series by part where the row has a `part`; what is not known is NaN.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from wss.config import Tank
from wss.kpi import energy as pumped
from wss.kpi import service


def energy(energy: xr.DataArray) -> float:
    """Energy of all steps and pumps (time, pump) [kWh]; NaN if none is known. [kWh]"""
    return float(energy.sum(min_count=1))


def cost(energy: xr.DataArray, price: xr.DataArray, stored: float) -> float:
    """Cost of energy (time, pump) [kWh] at a price (time,) [currency/kWh], and the value of water to add. [currency]"""
    return pumped.cost(energy, price) + stored if bool(energy.notnull().any()) else np.nan


def specific_energy(energy: xr.DataArray, supplied_m3: float) -> float:
    """Energy (time, pump) [kWh] for each cubic metre that the zones drew; NaN if that is not above 0. [kWh/m3]"""
    return float(energy.sum(min_count=1)) / supplied_m3 if supplied_m3 > 0 else np.nan


def energy_share(energy: xr.DataArray, period: xr.DataArray) -> pd.Series:
    """Share of the energy (time, pump) [kWh] in each tariff period (time,), by its name. [1]"""
    return pumped.shares(energy, period)


def starts(running: xr.DataArray) -> pd.Series:
    """Starts of each pump by status or speed (time, pump) [1], by pump. [1]"""
    return service.starts(running)


def minutes_outside_limits(level: xr.DataArray, tanks: Sequence[Tank]) -> pd.Series:
    """Minutes that each tank's level (time, tank) [m] was outside what the operator accepts, by tank. [min]"""
    return service.minutes_outside(level, tanks)


FIGURES: dict[str, Callable[..., float | pd.Series]] = {
    function.__name__: function
    for function in (
        energy,
        cost,
        specific_energy,
        energy_share,
        starts,
        minutes_outside_limits,
    )
}
"""Name in the table -> its function."""
