"""The truth behind the readings, hour by hour: what tests compare derived quantities with. No part of the product reads it."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from wss.demo.waterworks import Course
from wss.quantities import labelled

FILE = "plant_truth.nc"


def hourly(course: Course) -> xr.Dataset:
    """Level at the start of each hour, and means of flow, power and demand, of a course of whole hours [our units]."""
    start = list(course.first_level.values())
    levels = np.vstack([[start], course.data["level"].sel(tank=list(course.first_level)).values[:-1]])
    level = labelled("level", levels, time=course.time, tank=list(course.first_level))
    means = {name: course.data[name].resample(time="h").mean(keep_attrs=True) for name in ("flow", "power", "demand")}
    return xr.Dataset({"level": level.isel(time=course.time.minute == 0), **means})


def keep(folder: Path, courses: Sequence[Course]) -> None:
    """Add courses to the truth kept in `folder`, in place of what it has of the same hours."""
    new = xr.concat([hourly(c) for c in courses], "time", join="exact")
    path = folder / FILE
    if path.is_file():
        old = read(folder)
        new = xr.concat([old.sel(time=old.get_index("time") < new.get_index("time")[0]), new], "time", join="exact")
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    new.to_netcdf(unfinished, engine="h5netcdf")
    os.replace(unfinished, path)


def read(folder: Path) -> xr.Dataset:
    """Hourly truth of the plant whose data is in `folder` [our units]; FileNotFoundError before its history."""
    ds = xr.load_dataset(folder / FILE, engine="h5netcdf")
    return ds.assign_coords(time=pd.DatetimeIndex(ds.time.values).as_unit("ns"))
