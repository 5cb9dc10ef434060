"""The tidy table of KPIs: one row a figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss import tariffs
from wss.config import Tank, Tariff
from wss.kpi.energy import cost, energy, shares
from wss.kpi.service import minutes_outside, starts

COLUMNS = ["time", "name", "item", "value", "unit"]


@dataclass(frozen=True)
class Course:
    """What one way of running the pumps did on a day: as measured, as planned, or as the level controls would have."""

    power: xr.DataArray
    """(time, pump) means on a regular grid no coarser than a quarter of an hour, NaN where unknown [kW]."""
    running: xr.DataArray
    """(time, pump) status or speed; its first time is the state that the day began with [1]."""
    level: xr.DataArray
    """(time, tank) at instants of a regular grid [m]."""
    supplied_m3: float
    """Water that the zones drew; NaN if unknown [m3]."""


def tabulate(
    source: str, course: Course, start: pd.Timestamp, tariff: Tariff, tanks: Sequence[Tank], stored: float = 0.0
) -> pd.DataFrame:
    """KPIs of one course of a day.

    Parameters
    ----------
    source : str
        `actual`, `plan` or `baseline`.
    start : Timestamp
        First moment of the day. UTC
    stored : float
        Value of water to add to the cost, so that courses which end with different levels compare. [currency]

    Returns
    -------
    DataFrame[time, name, item, value, unit]
        `item` is the source, or `source/part`; what is not known has no row.
    """
    time = course.power.get_index("time")
    price, period = tariffs.price(tariff, time), tariffs.periods(tariff, time)
    used = energy(course.power)
    total = float(used.sum(min_count=1))
    rows = [
        ("energy", source, total, "kWh"),
        ("cost", source, cost(used, price) + stored if np.isfinite(total) else np.nan, tariff.currency),
        ("specific_energy", source, total / course.supplied_m3 if course.supplied_m3 > 0 else np.nan, "kWh/m3"),
    ]
    by_part = (
        ("energy_share", shares(used, period), "1"),
        ("starts", starts(course.running), "1"),
        ("minutes_outside_limits", minutes_outside(course.level, tanks), "min"),
    )
    rows += [(name, f"{source}/{part}", float(value), unit) for name, values, unit in by_part for part, value in values.items()]
    frame = pd.DataFrame(rows, columns=COLUMNS[1:]).astype({"name": "str", "item": "str", "value": float, "unit": "str"})
    frame.insert(0, "time", pd.DatetimeIndex([start] * len(frame)).as_unit("ns"))
    return frame.dropna(subset=["value"]).reset_index(drop=True)
