"""What every model can do."""

from typing import Protocol, Self

import pandas as pd
import xarray as xr

from wss.forecasting.history import History


class Model(Protocol):
    """A model is two functions and a frozen result."""

    @classmethod
    def fit(cls, history: History) -> Self:
        """Fit to all that `history` knows."""

    def predict(self, time: pd.DatetimeIndex) -> xr.DataArray:
        """Demand of each step that starts at `time` (time, zone); NaN where the model cannot tell. [m3/h]"""
