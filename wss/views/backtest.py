"""How good the forecast would have been: error by lead and hour, skill, coverage; for executed notebooks. matplotlib."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from wss.views import style
from wss.views.charts import _closed
from wss.views.words import Language, say

LINES = {"naive": (style.GREY, (0, (4, 2))), "profile": (style.GREEN, "-"), "forecast": (style.BLUE, "-")}
"""Colour and dashes of what is compared, the one on top last."""
BANDS = {80: style.SKY, 90: style.BLUE}
DAYS = ("workday", "saturday", "sunday")
PANELS = 9
"""Most panels of a figure; the tables tell of all zones."""
ALL = ""


def backtest_error_chart(by_lead: pd.DataFrame, language: Language = "en") -> Figure:
    """Error by lead of the forecast, the profile and the same hour last week: of all zones together, and a panel a zone.

    Parameters
    ----------
    by_lead
        zone ("": all), lead_h [h], wape_forecast, wape_profile, wape_naive [1].
    """
    zones = list(dict.fromkeys(zone for zone in by_lead["zone"] if zone != ALL))
    shown = [ALL, *zones[: PANELS - 1]] if len(zones) > 1 else zones
    columns = min(3, len(shown))
    rows = math.ceil(len(shown) / columns)
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(
            rows, columns, figsize=(11, 0.9 + 2.5 * rows), squeeze=False, sharex=True, layout="constrained"
        )
        for axis, zone in zip(axes.flat, shown, strict=False):
            of = by_lead[by_lead["zone"] == zone]
            _compared(axis, of["lead_h"], of, language)
            axis.set_title(zone or say("all_zones", language))
            _days(axis, of["lead_h"])
        for axis in axes.flat[len(shown) :]:
            axis.remove()
        for column in range(columns):
            lowest = max(k for k in range(column, len(shown), columns))
            axes.flat[lowest].set_xlabel(say("lead", language))
            axes.flat[lowest].tick_params(labelbottom=True)
        _legend_above(figure, axes[0, 0])
        figure.supylabel(say("relative_error", language), fontsize=10)
    return _closed(figure)


def backtest_hour_chart(by_hour: pd.DataFrame, language: Language = "en") -> Figure:
    """Error by hour of the local day of all zones together, a panel a kind of day.

    Parameters
    ----------
    by_hour
        day (workday, saturday, sunday), hour [h], wape_forecast, wape_profile, wape_naive [1].
    """
    shown = [day for day in DAYS if (by_hour["day"] == day).any()]
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(1, max(1, len(shown)), figsize=(11, 3.2), squeeze=False, sharey=True, layout="constrained")
        for axis, day in zip(axes[0], shown, strict=False):
            of = by_hour[by_hour["day"] == day].sort_values("hour")
            _compared(axis, of["hour"], of, language, marker="." if len(of) < 24 else "")
            axis.set_title(say(f"day_{day}", language))
            axis.set_xlabel(say("local_hour", language))
            axis.set_xlim(0, 23)
            axis.set_xticks(range(0, 24, 6))
        _legend_above(figure, axes[0, 0])
        axes[0, 0].set_ylabel(say("relative_error", language))
    return _closed(figure)


def backtest_skill_chart(by_span: pd.DataFrame, language: Language = "en") -> Figure:
    """How much smaller the forecast's error is than the profile's and than last week's, by zone and span of the lead.

    Parameters
    ----------
    by_span
        zone ("": all), from_h, to_h [h], skill_profile, skill_naive [1].
    """
    zones = [*(z for z in dict.fromkeys(by_span["zone"]) if z != ALL), ALL]
    spans = list(by_span[["from_h", "to_h"]].drop_duplicates().itertuples(index=False, name=None))
    width = 0.8 / len(spans)
    with plt.rc_context(style.RC):
        figure, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True, layout="constrained")
        for axis, yardstick in zip(axes, ("naive", "profile"), strict=True):
            for k, (start, end) in enumerate(spans):
                of = by_span[(by_span["from_h"] == start) & (by_span["to_h"] == end)].set_index("zone")[f"skill_{yardstick}"]
                at = np.arange(len(zones)) + (k - (len(spans) - 1) / 2) * width
                shade = plt.get_cmap("Blues")(0.4 + 0.5 * k / max(1, len(spans) - 1))
                axis.bar(at, of.reindex(zones), width=0.92 * width, color=shade, label=f"{start}–{end} h")
            axis.axhline(0, color=style.INK, lw=1.0)
            axis.axvline(len(zones) - 1.5, color=style.GREY, lw=0.8, ls=":")
            axis.set_xticks(
                range(len(zones)),
                [zone or say("all_zones", language) for zone in zones],
                **({"rotation": 45, "ha": "right"} if len(zones) > 6 else {}),
            )
            axis.grid(False, axis="x")
            axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axis.set_title(say(f"better_than_{yardstick}", language))
        _legend_above(figure, axes[0])
    return _closed(figure)


def backtest_coverage_chart(by_lead: pd.DataFrame, by_span: pd.DataFrame, language: Language = "en") -> Figure:
    """Share of what was measured inside the bands, by lead and by zone; dashed: what the bands say.

    Parameters
    ----------
    by_lead
        zone ("": all), lead_h [h], inside_80, inside_90 [1], known (hours that were measured).
    by_span
        zone, inside_80, inside_90 [1], known.
    """
    zones = [zone for zone in dict.fromkeys(by_span["zone"]) if zone != ALL]
    every = by_lead[by_lead["zone"] == ALL]
    with plt.rc_context(style.RC):
        figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), sharey=True, layout="constrained")
        for band, colour in BANDS.items():
            for axis in (left, right):
                axis.axhline(band / 100, color=colour, lw=1.2, ls=(0, (4, 2)))
            label = say("band_of", language, percent=band)
            left.plot(every["lead_h"], every[f"inside_{band}"], color=colour, lw=1.6, label=label)
            weighted = by_span.assign(inside=by_span[f"inside_{band}"].fillna(0) * by_span["known"]).groupby("zone")
            share = (weighted["inside"].sum() / weighted["known"].sum()).reindex(zones)
            right.plot(range(len(zones)), share, color=colour, marker="o", ls="", ms=8)
        left.set_xlabel(say("lead", language))
        left.set_title(say("all_zones", language))
        _days(left, every["lead_h"])
        right.set_xticks(range(len(zones)), zones, **({"rotation": 45, "ha": "right"} if len(zones) > 6 else {}))
        right.set_xlim(-0.5, len(zones) - 0.5)
        right.set_title(say("each_zone", language))
        left.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        low, _ = left.get_ylim()
        left.set_ylim(min(low, 0.6), 1.0)
        left.set_ylabel(say("inside", language))
        _legend_above(figure, left)
    return _closed(figure)


def _compared(axis: Axes, at: pd.Series, of: pd.DataFrame, language: Language, marker: str = "") -> None:
    """A line for each of what is compared; what equals the forecast lies under it."""
    for name, (colour, dashes) in LINES.items():
        width, label = 1.8 if name == "forecast" else 1.3, say(f"backtest_{name}", language)
        axis.plot(at, of[f"wape_{name}"], color=colour, ls=dashes, lw=width, marker=marker, label=label)
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))


def _days(axis: Axes, lead_h: pd.Series) -> None:
    """Ticks at whole days, or quarters of one."""
    last = int(lead_h.max()) + 1 if len(lead_h) else 24
    axis.set_xlim(0, last)
    axis.set_xticks(range(0, last + 1, 24 if last > 72 else 6 if last <= 24 else 12))


def _legend_above(figure: Figure, axis: Axes) -> None:
    """One legend for all panels, above them."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncol=len(labels), fontsize=9)
