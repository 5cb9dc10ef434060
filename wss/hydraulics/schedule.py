"""Pump switches at any second, brought onto the grid on which a plan may switch."""

import numpy as np
import pandas as pd
import xarray as xr

from wss.errors import HydraulicError
from wss.hydraulics.results import Simulation
from wss.quantities import labelled


def snap(run: Simulation, step: pd.Timedelta) -> xr.DataArray:
    """Pump speeds of `run` on a regular grid: on in a step if the pump ran for at least half of it, at its mean speed then.

    For a switch between two moments of the grid this is the nearer moment; a pump that runs shorter than half a step is
    dropped, so the grid must be fine enough for the controls.

    Parameters
    ----------
    run : Simulation
        Its `pump_speed` (time, pump) holds from each time on [1]; its `level` says where it ends.
    step : Timedelta
        Step of the grid, which begins with the run.

    Returns
    -------
    (time, pump)
        `pump_speed` at every moment of the grid. [1]

    Raises
    ------
    HydraulicError
        If the run is no whole number of steps long.
    """
    ends = run.level.get_index("time")
    start, length_s, step_s = ends[0], (ends[-1] - ends[0]).total_seconds(), step.total_seconds()
    if length_s % step_s:
        raise HydraulicError(f"a run of {length_s:g} s cannot be brought onto steps of {step_s:g} s")
    second = (run.pump_speed.get_index("time") - start).total_seconds().to_numpy()
    speed = run.pump_speed.transpose("time", "pump").values
    edges = np.arange(0, length_s + step_s / 2, step_s)
    on_s = _per_step(second, (speed > 0).astype(float), edges)
    turned = _per_step(second, speed, edges)
    with np.errstate(invalid="ignore"):
        mean = np.where(on_s >= step_s / 2, turned / on_s, 0.0)
    time = pd.date_range(start, periods=len(edges) - 1, freq=step, name="time", unit="ns")
    return labelled("pump_speed", np.round(mean, 9), time=time, pump=run.pump_speed["pump"].values)


def _per_step(second: np.ndarray, value: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Integral over each step between `edges` [s] of columns of `value` that hold from `second` [s] on."""
    knots = np.append(second, max(edges[-1], second[-1]))
    total = np.vstack([np.zeros(value.shape[1]), np.cumsum(value * np.diff(knots)[:, None], axis=0)])
    return np.diff([np.interp(edges, knots, column) for column in total.T], axis=1).T
