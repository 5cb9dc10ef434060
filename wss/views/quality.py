"""matplotlib figures about data and forecast quality, for the engineer's notebooks."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from wss.views import style
from wss.views.charts import _closed
from wss.views.words import Language, say

SHARES, COLOURS = (0, 0.25, 0.5, 0.75, 0.999, 1.001), (style.VERMILLION, style.ORANGE, "#F5CB5C", style.YELLOW, "#D8EEE6")
"""Steps of the share of good readings in an hour, and their colours: a single bad reading must be seen."""


def quality_chart(readings: pd.DataFrame, time_zone: str = "UTC", language: Language = "en") -> Figure:
    """Share of good readings by sensor and hour, as a heatmap; white is an hour without any reading.

    Beside each sensor: its good readings as a share of those that it should have given, at its usual number an hour.

    Parameters
    ----------
    readings : columns time (UTC), quantity, item, flag
        As the store returns them; flag 0 is good.
    """
    frame = readings.assign(sensor=readings["quantity"] + " " + readings["item"].astype(str), good=readings["flag"].eq(0),
                            hour=readings["time"].dt.floor("h"))
    hours = pd.date_range(frame["hour"].min(), frame["hour"].max(), freq="h")
    good, count = (frame.pivot_table(index="sensor", columns="hour", values="good", aggfunc=of).reindex(columns=hours)
                   for of in ("sum", "count"))
    share = good / count
    complete = (good.sum(axis=1) / (count.median(axis=1) * len(hours))).clip(upper=1.0)
    with plt.rc_context(style.RC | {"axes.grid": False}):
        figure, axis = plt.subplots(figsize=(11, 1.2 + 0.26 * len(share)), layout="constrained")
        edges = hours.append(hours[-1:] + pd.Timedelta("1h"))
        mesh = axis.pcolormesh(edges, np.arange(len(share) + 1), share.to_numpy(), cmap=ListedColormap(COLOURS),
                               norm=BoundaryNorm(SHARES, len(COLOURS)))
        axis.set_yticks(np.arange(len(share)) + 0.5, [f"{name}   {value:.1%}" for name, value in complete.items()])
        axis.invert_yaxis()
        axis.set_title(say("quality_title", language))
        figure.colorbar(mesh, ax=axis, shrink=0.8, pad=0.01, format="{x:.0%}", ticks=SHARES[:-1], label=say("good", language))
        style.local_axis(axis, edges[0], edges[-1], time_zone, language)
    return _closed(figure)


def forecast_error_chart(forecast: xr.Dataset | xr.DataArray, truth: xr.Dataset | xr.DataArray,
                         naive: xr.Dataset | xr.DataArray | None = None, language: Language = "en") -> Figure:
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
        figure, axes = plt.subplots(demand.sizes["zone"], 1, figsize=(11, 1.0 + 1.6 * demand.sizes["zone"]), sharex=True,
                                    squeeze=False, layout="constrained")
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
