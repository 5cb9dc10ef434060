"""matplotlib figures about data and forecast quality, for the engineer's notebooks."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from wss.quantities import DOUBTFUL, Flag
from wss.views import style
from wss.views.charts import _closed
from wss.views.words import Language, say

GOOD_COLOUR, SILENT_COLOUR = "#D8EEE6", "#C9CDD3"
COLOURS = {
    Flag.UNIT: style.BLUE,
    Flag.PUMP: style.PURPLE,
    Flag.STUCK: "#6B4C9A",
    Flag.RANGE: style.VERMILLION,
    Flag.RATE: style.ORANGE,
    Flag.SPIKE: style.YELLOW,
    Flag.SCADA_BAD: "#6E6E6E",
    Flag.BALANCE: style.SKY,
    Flag.RESET: "#8C6D31",
    Flag.UNCERTAIN: "#F3DDA2",
    Flag.GAP: "#F2C4C4",
}
"""Colour of each flag, the one that is shown where an hour has several first: what is masked before what only informs."""


def quality_chart(
    readings: pd.DataFrame, time_zone: str = "UTC", language: Language = "en", spans: pd.DataFrame | None = None
) -> Figure:
    """What is doubtful by sensor and hour, as a heatmap: the flag that most readings of the hour have, be it only one; white is
    an hour without any reading, and grey one of a sensor that has fallen silent.

    Beside each sensor: its good readings as a share of those that it should have given, at its usual number an hour. A reading
    after a gap is good.

    Parameters
    ----------
    readings : columns time (UTC), quantity, item, flag
        As the store returns them; flag 0 is good.
    spans : columns quantity, item, flag, start, end (UTC, NaT: goes on)
        Where given, hours of silence are told from others without readings.
    """
    frame = readings.assign(
        sensor=_sensor(readings), good=readings["flag"].to_numpy() & ~int(Flag.GAP) == 0, hour=readings["time"].dt.floor("h")
    )
    hours = pd.date_range(frame["hour"].min(), frame["hour"].max(), freq="h")
    good, count = (
        frame.pivot_table(index="sensor", columns="hour", values="good", aggfunc=of).reindex(columns=hours)
        for of in ("sum", "count")
    )
    complete = (good.sum(axis=1) / (count.median(axis=1) * len(hours))).clip(upper=1.0)
    kinds = _kinds(frame, list(count.index), hours, spans)
    shown = [k for k in range(len(COLOURS) + 2) if (kinds == k).any()]
    palette, names = _legend(language)
    with plt.rc_context(style.RC | {"axes.grid": False}):
        figure, axis = plt.subplots(figsize=(11, 1.8 + 0.26 * len(count)), layout="constrained")
        edges = hours.append(hours[-1:] + pd.Timedelta("1h"))
        cells = np.ma.masked_less(kinds, 0)
        axis.pcolormesh(edges, np.arange(len(count) + 1), cells, cmap=ListedColormap(palette), vmin=-0.5, vmax=len(palette) - 0.5)
        axis.hlines(np.arange(1, len(count)), edges[0], edges[-1], color="white", lw=1.5)
        axis.set_yticks(np.arange(len(count)) + 0.5, [f"{name}   {value:.1%}" for name, value in complete.items()])
        axis.invert_yaxis()
        axis.set_title(say("quality_title", language))
        patches = [Patch(facecolor=palette[k], label=names[k]) for k in shown]
        patches.append(Patch(facecolor="white", edgecolor=style.GREY, lw=0.6, label=say("no_reading", language)))
        figure.legend(handles=patches, loc="outside lower left", ncols=6, fontsize=9)
        style.local_axis(axis, edges[0], edges[-1], time_zone, language)
    return _closed(figure)


def _sensor(frame: pd.DataFrame) -> pd.Series:
    return frame["quantity"].astype(str) + " " + frame["item"].astype(str)


def _legend(language: Language) -> tuple[list[str], list[str]]:
    """Colour and words of each kind of hour: 0 good, then the flags in the order of COLOURS, then silent."""
    names = [say(f"flag_{flag.name.lower()}", language) for flag in COLOURS]
    return [GOOD_COLOUR, *COLOURS.values(), SILENT_COLOUR], [say("good", language), *names, say("flag_stale", language)]


def _kinds(frame: pd.DataFrame, sensors: list[str], hours: pd.DatetimeIndex, spans: pd.DataFrame | None) -> np.ndarray:
    """Kind of each hour of each sensor (sensor, hour), numbered as in `_legend`; -1: no reading."""
    row, column = pd.Index(sensors).get_indexer(frame["sensor"]), hours.get_indexer(frame["hour"])
    cells = np.zeros((len(sensors), len(hours), len(COLOURS)), dtype=int)
    flag = frame["flag"].to_numpy()
    for k, kind in enumerate(COLOURS):
        has = flag & int(kind) > 0
        np.add.at(cells, (row[has], column[has], k), 1)
    masked = [k for k, kind in enumerate(COLOURS) if kind & DOUBTFUL]
    grave = cells.copy()
    grave[:, :, masked] *= 1000
    kinds = np.where(cells.any(axis=2), grave.argmax(axis=2) + 1, -1)
    there = np.zeros(kinds.shape, dtype=bool)
    there[row, column] = True
    kinds[there & (kinds < 0)] = 0
    if spans is not None:
        silent = spans[spans["flag"].eq(int(Flag.STALE))]
        for name, start in zip(_sensor(silent), silent["start"], strict=True):
            if name in sensors:
                at = sensors.index(name)
                kinds[at, (hours > start) & ~there[at]] = len(COLOURS) + 1
    return kinds


def forecast_error_chart(
    forecast: xr.Dataset | xr.DataArray,
    truth: xr.Dataset | xr.DataArray,
    naive: xr.Dataset | xr.DataArray | None = None,
    language: Language = "en",
) -> Figure:
    """Absolute error of the median forecast by lead time, a panel a zone.

    Parameters
    ----------
    forecast : (time, zone, quantile)
        Demand from the issue time on. [m3/h]
    truth : (time, zone)
        Derived demand; instants without a forecast are left out. [m3/h]
    naive : (time, zone), optional
        A forecast to compare with, such as the same hour last week. [m3/h]
    """
    demand = style.array(forecast, "demand").sel(quantile=0.5)
    measured = style.array(truth, "demand").reindex(time=demand.time)
    lead = (demand.get_index("time") - demand.get_index("time")[0]) / pd.Timedelta("1h")
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(
            demand.sizes["zone"],
            1,
            figsize=(11, 1.0 + 1.6 * demand.sizes["zone"]),
            sharex=True,
            squeeze=False,
            layout="constrained",
        )
        for axis, zone in zip(axes[:, 0], demand.zone.values, strict=True):
            seen = measured.sel(zone=zone).values
            axis.plot(lead, abs(demand.sel(zone=zone).values - seen), color=style.BLUE, lw=1.6, label=say("forecast", language))
            if naive is not None:
                other = style.array(naive, "demand").reindex(time=demand.time).sel(zone=zone).values
                axis.plot(lead, abs(other - seen), color=style.GREY, lw=1.2, ls=(0, (4, 2)), label=say("naive", language))
            axis.set_title(zone)
            axis.set_ylabel("m³/h")
            axis.set_ylim(bottom=0)
        axes[-1, 0].set_xlabel(say("lead", language))
        axes[0, 0].legend(loc="lower left", bbox_to_anchor=(0.12, 1.0), ncol=2, borderaxespad=0.1)
    return _closed(figure)
