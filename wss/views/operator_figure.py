"""The operator's figure (Plotly): pumps over the tariff, above what the tanks did and will do, on one time axis."""

from html import escape
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import xarray as xr

from wss import times
from wss.config import Tank
from wss.views import style
from wss.views.operator_theme import HELD, LIMIT, MUTED, PLANNED, RAN, RUNS, TEXT, frame
from wss.views.reasons import SYMBOLS, switch_words
from wss.views.situation import Situation
from wss.views.words import Language, number, say

PAST = pd.Timedelta(hours=12)
"""How much of the past the figure shows."""
HOVER_WIDTH = 76
"""Longest line of a label [characters]."""
NO_LEVEL = pd.Series(dtype=float, index=pd.DatetimeIndex([]))


def operator_figure(situation: Situation) -> go.Figure:
    """Pumps (ran, will run, held by an override) above the levels of the tanks (measured, planned, band, level control, limits).

    A tenant always gets the same traces in the same order, empty where there is nothing to show, so that a live page
    changes in place.
    """
    start, end = situation.now - PAST, situation.now + pd.Timedelta(hours=situation.tenant.plan.horizon_hours)
    if situation.plan is not None:
        end = max(situation.now + times.HOUR, pd.Timestamp(situation.plan.level.time.values[-1]))
    figure = frame(situation, start, end)
    _pumps(figure, situation, start, end)
    for row, tank in enumerate(situation.tenant.system.tanks, start=2):
        _tank(figure, situation, tank, row, start, end)
    return figure


def operator_legend(language: Language = "en") -> str:
    """What the colours of the figure mean, as HTML that wraps on a phone."""
    keys = (
        ("box", RAN, "ran"),
        ("box", RUNS, "will_run"),
        ("box", HELD, "held"),
        ("", TEXT, "measured"),
        ("", PLANNED, "planned"),
        ("box", "#2b5573", "band"),
        ("dash", MUTED, "baseline"),
        ("dot", LIMIT, "limits"),
        ("box", "#463a1c", "dear_hours"),
    )
    items = [f'<span><i class="{shape}" style="--k:{colour}"></i>{say(key, language)}</span>' for shape, colour, key in keys]
    return f'<div class="legend">{"".join(items)}</div>'


def _pumps(figure: go.Figure, situation: Situation, start: pd.Timestamp, end: pd.Timestamp) -> None:
    """Bars where a pump ran and where the plan runs it, and a frame around what an operator holds."""
    pumps, plan, past = situation.tenant.system.pumps, situation.plan, situation.past_speed
    rows = {p.id: k for k, p in enumerate(pumps)}
    ahead = None if plan is None else plan.speed.sel(time=slice(situation.now - _step(plan.speed) + pd.Timedelta("1ns"), None))
    _bars(figure, situation, past, rows, start, situation.now, RAN, "ran", {})
    _bars(figure, situation, ahead, rows, situation.now, end, RUNS, "will_run", _reasons(situation))
    for held in situation.overrides:
        row = rows[held.pump]
        figure.add_shape(
            type="rect",
            x0=max(held.start, start),
            x1=held.end,
            y0=row - 0.46,
            y1=row + 0.46,
            xref="x",
            yref="y",
            line={"color": HELD, "width": 3},
            fillcolor="rgba(240,178,50,0.10)",
        )
    figure.update_layout(
        yaxis={
            "tickvals": list(rows.values()),
            "ticktext": [escape(p.title) for p in pumps],
            "range": [len(pumps) - 0.45, -0.55],
            "showgrid": False,
            "tickfont": {"size": 15, "color": TEXT},
        }
    )


def _reasons(situation: Situation) -> dict[tuple[str, pd.Timestamp], str]:
    """What is said about each switch of the plan, by pump and moment, in lines short enough for a label."""
    told = {}
    for action in [] if situation.plan is None else situation.plan.actions.itertuples():
        first, *moves = switch_words(situation.tenant, action)
        words = [f"{SYMBOLS[action.action]} {first}", *(f"· {move}" for move in moves)]
        lines = [part for text in words for part in wrap(text, HOVER_WIDTH, subsequent_indent="\u2003")]
        told[str(action.pump), action.time] = "<br>".join(escape(line) for line in lines)
    return told


def _bars(
    figure: go.Figure,
    situation: Situation,
    speed: xr.DataArray | None,
    rows: dict[str, int],
    start: pd.Timestamp,
    end: pd.Timestamp,
    colour: str,
    key: str,
    told: dict[tuple[str, pd.Timestamp], str],
) -> None:
    """One trace: a bar for each span between `start` and `end` in which a pump runs, with its speed where that is not nominal.

    Its label says when it runs and what is `told` about the switches at its ends.
    """
    zone, language = situation.tenant.time_zone, situation.tenant.language
    base, length, row, text, hover = [], [], [], [], []
    for pump in [] if speed is None or not speed.sizes["time"] else [p for p in rows if p in speed.pump.values]:
        values, time = np.round(np.nan_to_num(speed.sel(pump=pump).values), 3), speed.get_index("time")
        for first, last, value in style.spans(values, time, time[-1] + _step(speed)):
            ends = [told.get((pump, moment), "") for moment in (first, last)]
            first, last = max(first, start), min(last, end)
            if value > 0 and last > first:
                base.append(first)
                length.append((last - first) / pd.Timedelta("1ms"))
                row.append(rows[pump])
                text.append("" if value == 1 else f"{value:.0%}")
                span = f"{say(key, language)} {style.moment(first, zone, language)} – {style.moment(last, zone, language)}"
                hover.append("<br>".join([f"<b>{span}</b>" if any(ends) else span, *filter(None, ends)]))
    figure.add_trace(
        go.Bar(
            orientation="h",
            base=base,
            x=length,
            y=row,
            width=0.66,
            marker={"color": colour, "line": {"width": 0}},
            customdata=hover,
            text=text,
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": "#08110d", "size": 13},
            hovertemplate="%{customdata}<extra></extra>",
            hoverlabel={"align": "left"},
            xaxis="x",
            yaxis="y",
        )
    )


def _tank(figure: go.Figure, situation: Situation, tank: Tank, row: int, start: pd.Timestamp, end: pd.Timestamp) -> None:
    plan, axis, language = situation.plan, f"y{row}", situation.tenant.language
    seen = _of(situation.past_level, tank.id, start)
    arrays = [None] * 4
    if plan is not None:
        arrays = [plan.level, plan.baseline_level, plan.band.isel(quantile=0), plan.band.isel(quantile=-1)]
    planned, control, *edges = (_of(a, tank.id, start) for a in arrays)
    for edge, fill in zip(edges, ("none", "tonexty"), strict=True):
        figure.add_trace(
            go.Scatter(
                **_points(edge),
                mode="lines",
                line={"width": 0},
                fill=fill,
                hoverinfo="skip",
                fillcolor="rgba(86,180,233,0.28)",
                xaxis="x",
                yaxis=axis,
            )
        )
    _line(figure, situation, control, axis, "baseline", {"color": MUTED, "width": 1.6, "dash": "dash"})
    _line(figure, situation, planned, axis, "planned", {"color": PLANNED, "width": 3})
    _line(figure, situation, seen, axis, "measured", {"color": TEXT, "width": 2.2})
    values = np.concatenate([seen, planned, control, *edges, [tank.level_min_m, tank.level_max_m]])
    room = 0.12 * (tank.level_max_m - tank.level_min_m)
    low, high = np.nanmin(values) - room, np.nanmax(values) + room
    _limits(figure, tank, axis, (start, end), (low, high))
    ticks = [tank.level_min_m, (tank.level_min_m + tank.level_max_m) / 2, tank.level_max_m]
    figure.update_layout(
        {f"yaxis{row}": {"range": [low, high], "tickvals": ticks, "ticktext": [f"{number(t, '.1f', language)} m" for t in ticks]}}
    )
    last = seen.dropna()
    muted = f"<span style='color:{MUTED}'>{say('now', language).lower()}</span>"
    now = f"   {muted} <b>{number(last.iloc[-1], '.2f', language)} m</b>" if len(last) else ""
    figure.add_annotation(
        x=0,
        xref="x domain",
        y=1,
        yref=f"{axis} domain",
        xanchor="left",
        yanchor="bottom",
        align="left",
        text=f"<b>{escape(tank.title)}</b>{now}",
        font={"size": 15, "color": TEXT},
    )


def _limits(figure: go.Figure, tank: Tank, axis: str, time: tuple[pd.Timestamp, ...], shown: tuple[float, float]) -> None:
    """The operator's limits [m] as lines, and what lies outside them, as far as it is shown, as areas."""
    start, end = time
    for limit, outer in zip((tank.level_min_m, tank.level_max_m), shown, strict=True):
        figure.add_shape(
            type="rect",
            x0=start,
            x1=end,
            y0=limit,
            y1=outer,
            xref="x",
            yref=axis,
            line_width=0,
            layer="below",
            fillcolor="rgba(255,122,69,0.10)",
        )
        figure.add_shape(
            type="line",
            x0=start,
            x1=end,
            y0=limit,
            y1=limit,
            xref="x",
            yref=axis,
            line={"color": LIMIT, "width": 1.4, "dash": "dot"},
        )


def _line(figure: go.Figure, situation: Situation, series: pd.Series, axis: str, key: str, line: dict) -> None:
    zone, language = situation.tenant.time_zone, situation.tenant.language
    figure.add_trace(
        go.Scatter(
            **_points(series),
            mode="lines",
            line=line,
            xaxis="x",
            yaxis=axis,
            connectgaps=False,
            customdata=style.moments(series.index, zone, language),
            hovertemplate=f"%{{customdata}}  {say(key, language)} <b>%{{y:.2f}} m</b><extra></extra>",
        )
    )


def _points(series: pd.Series) -> dict[str, list]:
    """Coordinates of a line as plain lists; a gap is None."""
    return {"x": list(series.index), "y": [None if np.isnan(v) else round(float(v), 4) for v in series]}


def _of(level: xr.DataArray | None, tank: str, start: pd.Timestamp) -> pd.Series:
    """Levels of one tank from `start` on; empty if there are none."""
    if level is None or tank not in level.tank.values:
        return NO_LEVEL
    series = level.sel(tank=tank).to_series()
    return series[series.index >= start]


def _step(speed: xr.DataArray) -> pd.Timedelta:
    """Step of the grid of an array."""
    time = speed.get_index("time")
    return time[1] - time[0] if len(time) > 1 else times.HOUR
