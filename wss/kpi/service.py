"""How the pumps were used, and whether the tanks kept what the operator accepts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from wss.config import Tank
from wss.kpi.energy import regular_step

TOLERANCE_M = 1e-3
"""A level this far outside its limits is not outside [m]."""


def starts(running: xr.DataArray) -> pd.Series:
    """How often each pump went from standing to running, by pump. [1]

    Parameters
    ----------
    running : (time, pump)
        Status or relative speed; a missing value is as the one before. The first time only says how the pump stood. [1]
    """
    known = pd.DataFrame(running.transpose("time", "pump").to_pandas()).ffill().bfill()
    on = (known > 0.5) if running.name == "pump_status" else (known > 0)
    return (on.astype(int).diff() > 0).sum()


def minutes_outside(level: xr.DataArray, tanks: Sequence[Tank]) -> pd.Series:
    """Minutes that each tank spent below or above what the operator accepts, by tank. [min]

    Parameters
    ----------
    level : (time, tank)
        At the instants of a regular grid, each of which stands for its step; an unknown level is not outside. [m]
    """
    minutes = regular_step(level) / pd.Timedelta(minutes=1)
    found = {}
    for tank in tanks:
        if tank.id in level["tank"].values:
            depth = level.sel(tank=tank.id).to_numpy()
            outside = (depth < tank.level_min_m - TOLERANCE_M) | (depth > tank.level_max_m + TOLERANCE_M)
            found[tank.id] = float(np.sum(outside) * minutes)
    return pd.Series(found, dtype=float)
