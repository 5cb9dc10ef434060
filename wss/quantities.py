"""THE table of names, dims and units, and the check at each border."""

from enum import IntFlag
from typing import NamedTuple

import pandas as pd
import xarray as xr

from wss.errors import raise_all

EXTRA_DIMS = {"quantile", "member"}


class Flag(IntFlag):
    """What is doubtful about a reading; its value is kept as it came."""

    GOOD = 0
    SCADA_BAD = 1
    """The export itself says that the reading is not good."""
    RANGE = 2
    """Outside what the sensor can read."""
    RATE = 4
    """Changed faster than the sensor can."""
    STUCK = 8
    """Exactly the same for longer than the sensor can be."""
    SPIKE = 16
    """A single reading that jumped away and back."""
    UNCERTAIN = 2048
    """The export itself calls the reading uncertain."""
    GAP = 32
    """The first reading after a time without any; it is fine in itself."""
    STALE = 64
    """The sensor has fallen silent."""
    UNIT = 128
    """In another unit than the sensor's: off by its factor for hours."""
    RESET = 256
    """The first reading of a register that was reset, changed or ran over."""
    PUMP = 512
    """Contradicts what the other sensors say about whether the pump runs."""
    BALANCE = 1024
    """Part of a water balance that does not close; it does not say which part is wrong."""


DOUBTFUL = Flag.SCADA_BAD | Flag.RANGE | Flag.RATE | Flag.STUCK | Flag.SPIKE | Flag.UNIT | Flag.PUMP
"""Flags of values that are never computed with. The others inform: a reading after a gap or a reset is as good as any, and
an open balance does not say which of its readings is wrong."""


class Quantity(NamedTuple):
    """One physical quantity: what an array of that name must look like."""

    dims: tuple[str, ...]
    units: str
    low: float
    high: float
    meaning: str
    gaps: bool = False
    """Whether values may be missing (NaN)."""


QUANTITIES = {
    "demand": Quantity(("time", "zone"), "m3/h", 0, 1e5, "water drawn by a zone, mean of the step from time on", True),
    "level": Quantity(("time", "tank"), "m", -1, 100, "water depth in a tank at time", True),
    "flow": Quantity(("time", "link"), "m3/h", -1e5, 1e5, "flow through a link, positive from its start to its end node", True),
    "pressure": Quantity(("time", "node"), "m", -100, 1000, "pressure at a node, as a column of water", True),
    "power": Quantity(("time", "pump"), "kW", 0, 1e5, "electric power of a pump", True),
    "energy": Quantity(("time", "pump"), "kWh", 0, 1e7, "electric energy of a pump in the step from time on"),
    "energy_total": Quantity(("time", "pump"), "kWh", 0, 1e12, "register of a pump's energy meter at time; counts up", True),
    "volume_total": Quantity(("time", "link"), "m3", -1e12, 1e12, "register of a flow meter at time; counts up", True),
    "pump_speed": Quantity(("time", "pump"), "1", 0, 1.5, "speed / nominal speed from time on; 0 = off", True),
    "pump_status": Quantity(("time", "pump"), "1", 0, 1, "1 while a pump runs, 0 while it stands", True),
    "price": Quantity(("time",), "currency/kWh", -5, 50, "energy price of the step from time on, in attrs['currency']"),
}


def units(name: str) -> str:
    """Unit of the quantity `name`; KeyError if the table lacks it."""
    return QUANTITIES[name].units


def labelled(name: str, values, **coords) -> xr.DataArray:
    """Array of the quantity `name` with its dims, units and meaning set.

    Parameters
    ----------
    values : array of the quantity's dims, in their order
        In the quantity's unit.
    coords
        One index for each dim (`time=...`, `tank=...`).
    """
    q = QUANTITIES[name]
    return xr.DataArray(values, dims=q.dims, coords=coords, name=name, attrs={"units": q.units, "long_name": q.meaning})


def check(ds: xr.Dataset, during: str) -> xr.Dataset:
    """Return `ds` unchanged if every variable obeys QUANTITIES. Call at each border, on what we computed.

    Raises
    ------
    DataError
        Lists every unknown name, wrong dim or unit, unsorted, doubled or zoned time, and value missing or out of range.
    """
    faults = []
    for name, da in ds.data_vars.items():
        q = QUANTITIES.get(str(name))
        if q is None:
            faults.append(f"{name}: unknown name; add it to QUANTITIES or rename it")
            continue
        if set(da.dims) - EXTRA_DIMS != set(q.dims):
            faults.append(f"{name}: dims {da.dims}, expected {q.dims}")
        if da.attrs.get("units") != q.units:
            faults.append(f"{name}: units {da.attrs.get('units')!r}, expected {q.units!r}")
        faults += [f"{name}: {fault}" for fault in _time_faults(da)]
        holes = int(da.isnull().sum())
        low, high = (float(da.min()), float(da.max())) if holes < da.size else (q.low, q.high)
        if low < q.low or high > q.high:
            faults.append(f"{name}: values from {low:g} to {high:g}, allowed are {q.low:g} to {q.high:g} {q.units}")
        if holes and not q.gaps:
            faults.append(f"{name}: {holes} of {da.size} values are missing")
    raise_all(faults, during)
    return ds


def _time_faults(da: xr.DataArray) -> list[str]:
    if "time" not in da.coords:
        return ["no time coordinate"]
    time = da.get_index("time")
    if not isinstance(time, pd.DatetimeIndex) or time.tz is not None:
        return ["time is not UTC without zone"]
    return [] if time.is_monotonic_increasing and not time.has_duplicates else ["time is not sorted and unique"]
