"""Colours (Okabe and Ito, safe for the colour-blind), time axes in local time, and shading by price."""

from zoneinfo import ZoneInfo

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from wss import tariffs, times
from wss.config import Tariff
from wss.views.words import DAYS, Language

BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE, YELLOW = (
    "#0072B2",
    "#56B4E9",
    "#009E73",
    "#E69F00",
    "#D55E00",
    "#CC79A7",
    "#F0E442",
)
INK, GREY = "#222222", "#8A8F98"
SERIES = (BLUE, GREEN, PURPLE, ORANGE, VERMILLION, SKY)
RC = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": "#E6E8EB",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "figure.dpi": 110,
    "axes.axisbelow": True,
}


def array(data: xr.Dataset | xr.DataArray, name: str) -> xr.DataArray:
    """The array `name` of a dataset; an array is returned as it is."""
    return data[name] if isinstance(data, xr.Dataset) else data


def moment(time: pd.Timestamp, zone: str, language: Language = "en") -> str:
    """A UTC moment as an operator says it: `Mon 06:45`, in local time."""
    return moments(pd.DatetimeIndex([time]), zone, language)[0]


def moments(time: pd.DatetimeIndex, zone: str, language: Language = "en") -> list[str]:
    """Each of many UTC moments as `moment` gives it."""
    local = times.wall(time, zone)
    return [f"{DAYS[language][day]} {clock}" for day, clock in zip(local.day_of_week, local.strftime("%H:%M"), strict=True)]


def local_axis(axis: Axes, start, end, zone: str, language: Language = "en") -> None:
    """Label a horizontal axis of naive UTC times from `start` to `end` in local time; midnight names the day."""
    hours = (pd.Timestamp(end) - pd.Timestamp(start)) / times.HOUR
    every = next((step for step in (1, 2, 3, 6, 12) if hours / step <= 14), 24)
    tz = ZoneInfo(zone)

    def label(value: float, _position: int) -> str:
        local = mdates.num2date(value, tz=tz)
        return f"{local:%H:%M}" if local.hour else f"{DAYS[language][local.weekday()]}\n{local:%d/%m}"

    axis.xaxis.set_major_locator(mdates.HourLocator(byhour=range(0, 24, every), interval=1, tz=tz))
    if every == 24 and hours > 16 * 24:
        axis.xaxis.set_major_locator(mdates.AutoDateLocator(tz=tz, maxticks=12))
    axis.xaxis.set_major_formatter(FuncFormatter(label))
    axis.set_xlim(pd.Timestamp(start), pd.Timestamp(end))


def spans(values, time: pd.DatetimeIndex, end: pd.Timestamp) -> list[tuple[pd.Timestamp, pd.Timestamp, object]]:
    """Runs of equal values on a grid as (start, end, value); the last one ends at `end`."""
    values = np.asarray(values)
    first = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1)] if len(values) else []
    stops = [*(time[k] for k in first[1:]), end]
    return [(time[k], stop, values[k]) for k, stop in zip(first, stops, strict=True)]


def tariff_spans(tariff: Tariff, start, end) -> list[tuple[pd.Timestamp, pd.Timestamp, str, float]]:
    """Tariff periods between two UTC moments as (start, end, title, price rank from 0 cheapest to 1 dearest)."""
    start, end = times.utc(start), times.utc(end)
    time = times.grid(times.floor(start, pd.Timedelta("15min")), end, pd.Timedelta("15min"))
    names, prices = tariffs.periods(tariff, time).values, tariffs.price(tariff, time).values
    order = sorted(set(prices))
    rank = {price: k / max(1, len(order) - 1) for k, price in enumerate(order)}
    price_of = dict(zip(names, prices, strict=True))
    return [(max(a, start), b, tariffs.title(tariff, name), rank[price_of[name]]) for a, b, name in spans(names, time, end)]
