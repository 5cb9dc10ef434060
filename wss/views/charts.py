"""matplotlib figures for executed notebooks: demand and its forecast, and the plan with what the tanks will do."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wss.config import Pump, Tank, Tariff
from wss.views import style
from wss.views.words import Language, say


def forecast_chart(
    forecast: xr.Dataset | xr.DataArray,
    past: xr.Dataset | xr.DataArray | None = None,
    time_zone: str = "UTC",
    language: Language = "en",
) -> Figure:
    """Forecast demand of each zone with its 50 % and 90 % intervals, after the demand of the past days.

    Parameters
    ----------
    forecast : (time, zone, quantile)
        Demand. [m3/h]
    past : (time, zone), optional
        Derived demand up to the issue time; also beyond it, to compare. [m3/h]
    """
    demand = style.array(forecast, "demand")
    observed = None if past is None else style.array(past, "demand")
    start, end = demand.time.values[0], demand.time.values[-1]
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(
            demand.sizes["zone"],
            1,
            figsize=(11, 1.2 + 1.9 * demand.sizes["zone"]),
            sharex=True,
            squeeze=False,
            layout="constrained",
        )
        for axis, zone in zip(axes[:, 0], demand.zone.values, strict=True):
            _fan(axis, demand.sel(zone=zone), language)
            if observed is not None and zone in observed.zone.values:
                axis.plot(observed.time.values, observed.sel(zone=zone), color=style.INK, lw=1.3, label=say("measured", language))
                start = min(start, observed.time.values[0])
            axis.axvline(demand.time.values[0], color=style.VERMILLION, lw=1.2)
            axis.set_title(zone)
            axis.set_ylabel("m³/h")
            axis.set_ylim(bottom=0)
        style.local_axis(axes[-1, 0], start, end, time_zone, language)
        axes[0, 0].legend(loc="lower left", bbox_to_anchor=(0.12, 1.0), ncol=4, borderaxespad=0.1)
    return _closed(figure)


def plan_chart(
    plan: xr.Dataset,
    levels: xr.Dataset | xr.DataArray,
    tanks: Sequence[Tank],
    tariff: Tariff,
    *,
    pumps: Sequence[Pump] = (),
    baseline_levels: xr.Dataset | xr.DataArray | None = None,
    band: xr.Dataset | xr.DataArray | None = None,
    past_levels: xr.Dataset | xr.DataArray | None = None,
    compared: str = "baseline",
    time_zone: str = "UTC",
    language: Language = "en",
) -> Figure:
    """Tank levels above the pumps' plan on one time axis, over the tariff's periods.

    Parameters
    ----------
    plan : pump_speed (time, pump)
        The plan on its decision grid. [1]
    levels : (time, tank)
        Levels under the plan, one instant more than the plan. [m]
    tanks, pumps
        Titles and limits, from the tenant's configuration.
    baseline_levels : (time, tank), optional
        Levels under the network's own level control, or under another plan that `compared` names by its key in the words. [m]
    band : (time, tank, quantile), optional
        Levels under the plan when demand runs low and high. [m]
    past_levels : (time, tank), optional
        Measured levels before the plan. [m]
    """
    level, speed = style.array(levels, "level"), style.array(plan, "pump_speed")
    start, end = level.time.values[0], level.time.values[-1]
    first = start if past_levels is None else min(start, style.array(past_levels, "level").time.values[0])
    periods = style.tariff_spans(tariff, first, end)
    heights = [2.0] * len(tanks) + [0.55 + 0.42 * speed.sizes["pump"]]
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(
            len(heights),
            1,
            figsize=(11, 0.9 + sum(heights)),
            sharex=True,
            squeeze=False,
            layout="constrained",
            height_ratios=heights,
        )
        axes = axes[:, 0]
        for axis in axes:
            _shade(axis, periods)
            axis.axvline(start, color=style.VERMILLION, lw=1.2)
        for axis, tank in zip(axes, tanks, strict=False):
            _level(axis, tank, level, baseline_levels, say(compared, language), band, past_levels, language)
        _gantt(axes[-1], speed, pd.Timestamp(end), {p.id: p.title for p in pumps}, language)
        _name_periods(axes[-1], periods, tariff)
        style.local_axis(axes[-1], first, end, time_zone, language)
        axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncol=5, borderaxespad=0.1)
    return _closed(figure)


def demand_chart(derived: xr.Dataset | xr.DataArray, time_zone: str = "UTC", language: Language = "en") -> Figure:
    """Derived demand of each zone over time; a gap in the line is a missing reading. Demand is (time, zone) [m3/h]."""
    demand = style.array(derived, "demand")
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(
            demand.sizes["zone"],
            1,
            figsize=(11, 1.0 + 1.5 * demand.sizes["zone"]),
            sharex=True,
            squeeze=False,
            layout="constrained",
        )
        for axis, zone in zip(axes[:, 0], demand.zone.values, strict=True):
            axis.plot(demand.time.values, demand.sel(zone=zone), color=style.BLUE, lw=1.0)
            axis.set_title(f"{zone}   {float(demand.sel(zone=zone).isnull().mean()):.1%} {say('missing', language)}")
            axis.set_ylabel("m³/h")
        style.local_axis(axes[-1, 0], demand.time.values[0], demand.time.values[-1], time_zone, language)
    return _closed(figure)


def _closed(figure: Figure) -> Figure:
    """Take the figure from pyplot's list, so that a notebook shows it once and memory does not grow."""
    plt.close(figure)
    return figure


def _fan(axis: Axes, demand: xr.DataArray, language: Language) -> None:
    time, quantiles = demand.time.values, list(demand["quantile"].values)
    for low, high, alpha in ((0.05, 0.95, 0.18), (0.25, 0.75, 0.32)):
        if low in quantiles and high in quantiles:
            axis.fill_between(
                time,
                demand.sel(quantile=low),
                demand.sel(quantile=high),
                color=style.BLUE,
                alpha=alpha,
                lw=0,
                label=say("interval", language, percent=100 * (high - low)),
            )
    axis.plot(time, demand.sel(quantile=0.5), color=style.BLUE, lw=1.8, label=say("forecast", language))


def _shade(axis: Axes, periods) -> None:
    axis.grid(False, axis="x")
    for start, end, _, rank in periods:
        axis.axvspan(start, end, color=style.ORANGE, alpha=0.04 + 0.20 * rank, lw=0, zorder=0)


def _name_periods(axis: Axes, periods, tariff: Tariff) -> None:
    """Name each period where it is wide enough to read, above the axis."""
    whole = (periods[-1][1] - periods[0][0]) / pd.Timedelta("1h")
    for start, end, title, _ in periods:
        if (end - start) / pd.Timedelta("1h") > whole * 0.011 * (len(title) + 1):
            axis.annotate(
                title,
                (start + (end - start) / 2, 1.02),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=8,
                color="#7A5200",
            )


def _level(axis: Axes, tank: Tank, level, baseline, compared: str, band, past, language: Language) -> None:
    if band is not None:
        spread = style.array(band, "level").sel(tank=tank.id)
        low, high = spread.isel(quantile=0), spread.isel(quantile=-1)
        axis.fill_between(spread.time.values, low, high, color=style.BLUE, alpha=0.20, lw=0, label=say("band", language))
    if baseline is not None:
        other = style.array(baseline, "level").sel(tank=tank.id)
        axis.plot(other.time.values, other, color=style.GREY, lw=1.3, ls=(0, (4, 2)), label=compared)
    if past is not None:
        seen = style.array(past, "level").sel(tank=tank.id)
        axis.plot(seen.time.values, seen, color=style.INK, lw=1.5, label=say("measured", language))
    axis.plot(level.time.values, level.sel(tank=tank.id), color=style.BLUE, lw=2.0, label=say("planned", language))
    for limit in (tank.level_min_m, tank.level_max_m):
        line = axis.axhline(limit, color=style.VERMILLION, lw=1.0, ls=(0, (1, 1)))
    line.set_label(say("limits", language))
    room = 0.08 * (tank.level_max_m - tank.level_min_m)
    lowest, highest = axis.dataLim.intervaly
    axis.set_ylim(min(lowest, tank.level_min_m) - room, max(highest, tank.level_max_m) + room)
    axis.set_title(tank.title)
    axis.set_ylabel("m")


def _gantt(axis: Axes, speed: xr.DataArray, end: pd.Timestamp, titles: dict[str, str], language: Language) -> None:
    """One row a pump; a bar where it runs, with its speed where that is not the nominal one."""
    pumps, time = list(speed.pump.values), speed.get_index("time")
    for row, pump in enumerate(pumps):
        axis.axhline(row, color="#C9CDD2", lw=0.8, zorder=1)
        for start, stop, value in style.spans(np.round(speed.sel(pump=pump).values, 4), time, end):
            if value > 0:
                axis.barh(row, stop - start, left=start, height=0.62, color=style.GREEN, lw=0, zorder=2)
                if value != 1:
                    axis.annotate(
                        f"{value:.0%}", (start + (stop - start) / 2, row), ha="center", va="center", fontsize=8, color="white"
                    )
    axis.set_yticks(range(len(pumps)), [titles.get(pump, str(pump)) for pump in pumps])
    axis.set_ylim(len(pumps) - 0.4, -0.6)
    axis.set_title(say("pumps", language), pad=16)
    axis.grid(False)
