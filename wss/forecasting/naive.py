"""Demand a week ago: the yardstick that every other model must beat."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss.forecasting.history import History
from wss.quantities import labelled

MOST_WEEKS = 8
"""How far back to look for a known value [weeks]."""


@dataclass(frozen=True)
class SeasonalNaive:
    """Demand of the same slot of the wall clock, the fewest whole weeks back that it is known."""

    history: History
    """What is known."""

    @classmethod
    def fit(cls, history: History) -> "SeasonalNaive":
        """Fit to all that `history` knows."""
        return cls(history)

    def predict(self, time: pd.DatetimeIndex) -> xr.DataArray:
        """Demand of each step that starts at `time` (time, zone); NaN where none of the last weeks is known. [m3/h]"""
        demand = self.history.demand
        day, slot = self.history.cells(time)
        first = -(-np.maximum(day - len(demand) + 1, 1) // 7)
        value = np.full((len(time), demand.shape[-1]), np.nan)
        for weeks in range(MOST_WEEKS):
            back = day - 7 * (first + weeks)
            known = np.where((back >= 0)[:, None], demand[np.maximum(back, 0), slot], np.nan)
            value = np.where(np.isnan(value), known, value)
        return labelled("demand", value, time=time, zone=list(self.history.zones))
