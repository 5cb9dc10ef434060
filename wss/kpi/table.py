"""The tidy table of KPIs: one row a figure."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from wss import tariffs
from wss.config import Tank, Tariff
from wss.kpi.courses import Course
from wss.kpi.energy import energy
from wss.kpi.figures import FIGURES
from wss.records.kpis import KEY_FIGURES

COLUMNS = ["time", "name", "item", "value", "unit"]


def tabulate(
    source: str, course: Course, start: pd.Timestamp, tariff: Tariff, tanks: Sequence[Tank], stored: float = 0.0
) -> pd.DataFrame:
    """Every key figure of one course of a day: the rows of `wss.records.kpis.KEY_FIGURES`, in their order.

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
    given = inputs(course, tariff, tanks, stored)
    rows = []
    for name, figure in KEY_FIGURES.items():
        found = FIGURES[name](**{need: given[need] for need in figure.needs})
        values = {f"{source}/{part}": value for part, value in found.items()} if isinstance(found, pd.Series) else {source: found}
        rows += [(name, item, float(value), figure.unit_in(tariff.currency)) for item, value in values.items()]
    frame = pd.DataFrame(rows, columns=COLUMNS[1:]).astype({"name": "str", "item": "str", "value": float, "unit": "str"})
    frame.insert(0, "time", pd.DatetimeIndex([start] * len(frame)).as_unit("ns"))
    return frame.dropna(subset=["value"]).reset_index(drop=True)


def inputs(course: Course, tariff: Tariff, tanks: Sequence[Tank], stored: float = 0.0) -> dict[str, Any]:
    """What key figures are computed from, by the names of `wss.records.kpis.INPUTS`."""
    time = course.power.get_index("time")
    return {
        "power": course.power,
        "energy": energy(course.power),
        "price": tariffs.price(tariff, time),
        "period": tariffs.periods(tariff, time),
        "stored": stored,
        "supplied_m3": course.supplied_m3,
        "running": course.running,
        "level": course.level,
        "tanks": tanks,
    }
