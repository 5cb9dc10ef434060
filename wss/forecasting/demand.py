"""Zone demand from a water balance of what is metered: flows in and out, and the water that its tanks gain."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from wss import times
from wss.config import Zone
from wss.errors import DataError
from wss.quantities import labelled

NOISE_SHARE = 0.05
"""Share of what flows through a zone up to which a negative demand is taken as noise of its meters."""


def zone_demand(observed: xr.Dataset, zones: Sequence[Zone], volume: xr.DataArray) -> xr.Dataset:
    """Demand of each zone: inflow - outflow - gain of its tanks, step by step.

    Parameters
    ----------
    observed : Dataset
        `flow` (time, link): means over the step that starts at each time of a regular grid. [m3/h]
    zones : sequence of Zone
        Which links and tanks make up each balance.
    volume : (time, tank)
        Water in the tanks at the same times. [m3]

    Returns
    -------
    Dataset
        `demand` (time, zone) for all times but the last, at whose end no volume is known. [m3/h] A zone lacks the steps
        where one of its own meters does. Demand cannot be negative: down to -5 % of the mean flow through the zone it
        is noise and becomes 0; below that a meter lies and the step is NaN. So the balance closes but for what
        is cut off.

    Raises
    ------
    DataError
        If the grid is not regular, or has fewer than two times.
    """
    flow, volume = xr.align(observed["flow"], volume, join="exact", exclude=["link", "tank"])
    flow, volume = flow.transpose("time", "link"), volume.transpose("time", "tank")
    time = flow.get_index("time")
    steps = np.unique(np.diff(time.asi8))
    if len(steps) != 1:
        raise DataError(f"zone demand: needs a regular grid of at least two times, not {len(time)} times with {len(steps)} steps")
    step_h = (time[1] - time[0]) / times.HOUR
    mean, gain = flow.isel(time=slice(0, -1)), volume.diff("time") / step_h
    return labelled(
        "demand",
        np.column_stack([_balance(zone, mean, gain) for zone in zones]),
        time=time[:-1],
        zone=[zone.name for zone in zones],
    ).to_dataset()


def balance(zone: Zone, flow: xr.DataArray, gain: xr.DataArray) -> tuple[np.ndarray, float]:
    """Inflow - outflow - gain of one zone (time,) as it comes out, and how far below zero it may be for noise. [m3/h]

    Parameters
    ----------
    flow : (time, link)
        Means over each step. [m3/h]
    gain : (time, tank)
        Gain of volume over each step. [m3/h]
    """
    into, out = (_metered(flow, "link", links) for links in (zone.inflow, zone.outflow))
    demand = into.sum(axis=1) - out.sum(axis=1) - _metered(gain, "tank", zone.tanks).sum(axis=1)
    through = np.abs(into).sum(axis=1) + np.abs(out).sum(axis=1)
    return demand, float(NOISE_SHARE * np.nanmean(through)) if np.isfinite(through).any() else 0.0


def _balance(zone: Zone, flow: xr.DataArray, gain: xr.DataArray) -> np.ndarray:
    """Demand of one zone (time,). [m3/h]"""
    demand, noise = balance(zone, flow, gain)
    return np.where(demand < -noise, np.nan, np.maximum(demand, 0.0))


def _metered(values: xr.DataArray, dim: str, items: Sequence[str]) -> np.ndarray:
    """Columns of `items` (time, item); NaN for an item that has no meter."""
    place = {str(item): k for k, item in enumerate(values[dim].values)}
    table = np.column_stack([values.transpose(..., dim).to_numpy(), np.full(values.sizes["time"], np.nan)])
    return table[:, [place.get(item, -1) for item in items]]
