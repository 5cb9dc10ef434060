"""The operator's theme, and the frame of its figure: panels by pixels, time axis in local time, the tariff behind everything."""

from importlib.resources import files

import pandas as pd
import plotly.graph_objects as go

from wss import times
from wss.config import Tenant
from wss.views import style
from wss.views.situation import Situation
from wss.views.words import DAYS, Language, say

PUMP_PX, TOP_PX, BOTTOM_PX, GAP_PX = 36, 44, 36, 30
TANKS_PX, TANK_LEAST_PX, TANK_MOST_PX = 636, 96, 230
"""Room for pumps and tanks together on a control-room screen, and the least and most for one tank [px]."""
TEXT, MUTED, LINE, PANEL = "#f2f6fa", "#9fb0c3", "#26354a", "#121a25"
PLANNED, RUNS, RAN, HELD, LIMIT = "#56b4e9", "#2cc295", "#5d7f76", "#f0b232", "#ff7a45"
FONT = "Inter, Segoe UI, Roboto, Noto Sans, Liberation Sans, sans-serif"
TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": PANEL,
        "plot_bgcolor": PANEL,
        "showlegend": False,
        "barmode": "overlay",
        "bargap": 0,
        "hovermode": "x",
        "dragmode": False,
        "font": {"color": TEXT, "size": 14, "family": FONT},
        "hoverlabel": {"bgcolor": "#1c2938", "bordercolor": LINE, "font": {"size": 14, "color": TEXT}},
        "xaxis": {
            "fixedrange": True,
            "gridcolor": "#1d2939",
            "zeroline": False,
            "tickfont": {"color": MUTED, "size": 14},
            "tickangle": 0,
            "ticks": "outside",
            "tickcolor": LINE,
            "hoverformat": " ",
        },
        "yaxis": {
            "fixedrange": True,
            "gridcolor": LINE,
            "zeroline": False,
            "tickfont": {"color": MUTED, "size": 13},
            "automargin": True,
            "ticklabelstandoff": 6,
        },
        "annotationdefaults": {"showarrow": False},
    }
)


def stylesheet() -> str:
    """The operator's theme as CSS."""
    return files("wss.views").joinpath("operator.css").read_text(encoding="utf-8")


def frame(situation: Situation, start: pd.Timestamp, end: pd.Timestamp) -> go.Figure:
    """An empty figure from `start` to `end` [UTC]: a panel for the pumps (axis y), one a tank (y2, y3, ...), tariff, NOW line."""
    tenant = situation.tenant
    sizes = _sizes(tenant)
    inner = sum(sizes) + GAP_PX * (len(sizes) - 1)
    ticks, labels = _ticks(start, end, tenant.time_zone, tenant.language)
    figure = go.Figure(
        layout={
            "template": TEMPLATE,
            "height": inner + TOP_PX + BOTTOM_PX,
            "margin": {"l": 10, "r": 12, "t": TOP_PX, "b": BOTTOM_PX},
            "autosize": True,
            "separators": ".," if tenant.language == "en" else ",\u202f",
            "xaxis": {"type": "date", "range": [start, end], "tickvals": ticks, "ticktext": labels, "anchor": f"y{len(sizes)}"},
        }
    )
    top = 1.0
    for row, size in enumerate(sizes, start=1):
        figure.update_layout({f"yaxis{row}": {"domain": [max(0.0, top - size / inner), top], "anchor": "x"}})
        top -= (size + GAP_PX) / inner
    _shade(figure, situation, start, end)
    clock = style.moment(situation.now, tenant.time_zone, tenant.language).split()[1]
    figure.add_shape(type="line", x0=situation.now, x1=situation.now, y0=0, y1=1, yref="paper", line={"color": TEXT, "width": 2})
    figure.add_annotation(
        x=situation.now,
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=20,
        font={"size": 14, "color": TEXT},
        text=f"<b>{say('now', tenant.language)} {clock}</b>",
    )
    return figure


def _sizes(tenant: Tenant) -> list[int]:
    """Heights of the panels, pumps first [px]."""
    pumps, tanks = PUMP_PX * len(tenant.system.pumps), len(tenant.system.tanks)
    return [pumps + 8] + [min(TANK_MOST_PX, max(TANK_LEAST_PX, (TANKS_PX - pumps) // tanks - GAP_PX))] * tanks


def _ticks(start: pd.Timestamp, end: pd.Timestamp, zone: str, language: Language) -> tuple[list[pd.Timestamp], list[str]]:
    """UTC times of every sixth local hour and their local labels; midnight names the day."""
    hours = times.grid(start.ceil("h"), end + pd.Timedelta("1ns"), times.HOUR)
    kept = [(t, w) for t, w in zip(hours, times.wall(hours, zone), strict=True) if w.hour % 6 == 0]
    labels = [f"<b>{DAYS[language][w.weekday()]} {w.day}</b>" if w.hour == 0 else f"{w:%H:%M}" for _, w in kept]
    return [t for t, _ in kept], labels


def _shade(figure: go.Figure, situation: Situation, start: pd.Timestamp, end: pd.Timestamp) -> None:
    """Shade each tariff period by its price and name it where there is room."""
    whole = end - start
    for first, last, title, rank in style.tariff_spans(situation.tariff, start, end):
        figure.add_shape(
            type="rect",
            x0=first,
            x1=last,
            y0=0,
            y1=1,
            yref="paper",
            layer="below",
            line_width=0,
            fillcolor=f"rgba(240,178,50,{0.17 * rank:.3f})",
        )
        if (last - first) / whole > 0.0075 * (len(title) + 2):
            figure.add_annotation(
                x=first + (last - first) / 2,
                y=1,
                yref="paper",
                yanchor="bottom",
                text=title,
                font={"size": 13, "color": "#e0bd74" if rank else MUTED},
            )
