"""What damaged files do to the demand forecast: ten real areas, each damage of the kinds that SCADA exports bring.

Each zone of each origin is compared with the plain six-week profile of the undamaged history: mean absolute error over a week.
Two ways: every zone has the same damage and the model was fitted before it; and the zones have a different damage each, and
the model is fitted to the damaged history.
"""

import json
from collections.abc import Callable
from typing import Annotated

import demand_data as data
import numpy as np
import typer
import xarray as xr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wss import times
from wss.forecasting import Issued, forecast, refit

LIMIT = 1.5
"""Times the error of the plain profile that no zone may exceed [1]."""
Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Hourly values of one zone up to the issue (hour,), damaged. [m3/h]"""


def last(hours: int, change: Callable[[np.ndarray], np.ndarray | float]) -> Damage:
    """The last hours changed."""
    return lambda v, _: np.r_[v[:-hours], np.broadcast_to(change(v[-hours:]), hours)]


def middle(change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """A week that began 40 days ago changed."""
    return lambda v, _: np.r_[v[:-960], change(v[-960:-792]), v[-792:]]


def scattered(count: int, change: Callable[[np.ndarray], np.ndarray | float]) -> Damage:
    """Some hours of the last day changed."""

    def damage(v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        at = len(v) - 1 - rng.choice(24, count, replace=False)
        out = v.copy()
        out[at] = change(v[at])
        return out

    return damage


def stuck(hours: int) -> Damage:
    """The last known value before the last hours repeated."""
    return lambda v, _: np.r_[v[:-hours], np.full(hours, v[:-hours][np.isfinite(v[:-hours])][-1])]


DAMAGES: dict[str, Damage] = {
    "none": lambda v, _: v,
    "last 6 h missing": last(6, lambda v: np.nan),
    "last 2 d missing": last(48, lambda v: np.nan),
    "last 7 d missing": last(168, lambda v: np.nan),
    "zeros for 6 h": last(6, lambda v: 0.0),
    "zeros for 2 d": last(48, lambda v: 0.0),
    "zeros for 7 d": last(168, lambda v: 0.0),
    "stuck for 6 h": stuck(6),
    "stuck for 2 d": stuck(48),
    "stuck for 7 d": stuck(168),
    "-999 on the last day": scattered(8, lambda v: -999.0),
    "x10 on the last day": scattered(4, lambda v: 10 * v),
    "x10 at the last hour": last(1, lambda v: 10 * v),
    "x3.6 for 3 d": last(72, lambda v: 3.6 * v),
    "/3.6 for 3 d": last(72, lambda v: v / 3.6),
    "x1000 for 3 d": last(72, lambda v: 1000 * v),
    "x3.6 for 12 h": last(12, lambda v: 3.6 * v),
    "x3.6 for a week": middle(lambda v: 3.6 * v),
    "/3.6 for a week": middle(lambda v: v / 3.6),
    "x1000 for a week": middle(lambda v: 1000 * v),
    "half of all hours missing": lambda v, rng: np.where(rng.random(len(v)) < 0.5, np.nan, v),
    "x10 in 1 % of all hours": lambda v, rng: np.where(rng.random(len(v)) < 0.01, 10 * v, v),
    "21 days only": lambda v, _: np.r_[np.full(len(v) - 504, np.nan), v[-504:]],
    "60 days only": lambda v, _: np.r_[np.full(len(v) - 1440, np.nan), v[-1440:]],
}
JUMPS = {f"{'+' if share > 1 else '-'}30 % for {days} d": (share, days) for days in (3, 10) for share in (1.3, 0.7)}
"""True changes of demand, which stay: the week ahead and the yardstick change as well."""


def damaged(past: xr.DataArray, kinds: list[str], seed: int) -> tuple[xr.DataArray, np.ndarray]:
    """Demand (time, zone) [m3/h] with a kind of damage for each zone, and the factor (zone,) of what follows [1]."""
    out, factor = past.copy(), np.ones(len(kinds))
    for zone, kind in enumerate(kinds):
        rng = np.random.default_rng([seed, zone])
        value = past.values[:, zone]
        if kind in JUMPS:
            factor[zone], days = JUMPS[kind]
            value = last(24 * days, lambda v, f=factor[zone]: f * v)(value, rng)
        else:
            value = DAMAGES[kind](value, rng)
        out[:, zone] = value
    return out, factor


def faults(issued: Issued) -> list[str]:
    """What a forecast must never be."""
    wide, paths = issued.demand, issued.members
    return [
        say
        for say, wrong in (
            ("missing", not np.isfinite(wide).all() or not np.isfinite(paths).all()),
            ("negative", (wide < 0).any() or (paths < 0).any()),
            ("falling quantiles", (wide.diff("quantile") < 0).any()),
        )
        if bool(wrong)
    ]


def compared(issued: Issued, demand: xr.DataArray, plain: xr.DataArray, factor: np.ndarray) -> np.ndarray:
    """Error over that of the plain profile (zone,), NaN where nearly nothing was measured. [1]"""
    actual = demand.sel(time=plain["time"]) * factor
    mine, theirs = (np.nansum(data.errors(point, actual), axis=0) for point in (issued.demand.sel(quantile=0.5), plain * factor))
    enough = (actual.notnull().sum("time") > data.WEEK_H // 2).to_numpy()
    return np.where(enough, mine / np.where(enough, theirs, 1.0), np.nan)


def measure(
    demand: xr.DataArray, past: xr.DataArray, moments: list, refits: bool, refit_weeks: int, console: Console
) -> dict[str, list[dict]]:
    """Ratios by damage, each with its zone and origin."""
    kinds = [*DAMAGES, *JUMPS]
    found: dict[str, list[dict]] = {kind: [] for kind in kinds}
    zones = demand["zone"].values
    for n, issue in enumerate(track(moments, "damaged files", console=console, transient=True)):
        known = past.sel(time=past.get_index("time") < issue)
        plain = data.plain_profile(known, issue, data.week_from(issue))
        stored = None if refits else data.fitted_at(past, data.refit_moment(issue, refit_weeks))
        count = len(zones)
        shares = (
            [[kinds[(n * 7 + k + z * 3) % len(kinds)] for z in range(count)] for k in (0, len(kinds) // 2)]
            if refits
            else [[kind] * count for kind in kinds]
        )
        for mix in shares:
            broken, factor = damaged(known, mix, n)
            fitted = refit(broken, issue, data.STEP, data.CALENDAR, data.ZONE) if refits else stored
            short = "days only" in mix[0]
            issued = forecast(broken, issue, data.WEEK_H, data.STEP, data.CALENDAR, data.ZONE, fitted=None if short else fitted)
            ratio = compared(issued, demand, plain, factor)
            for zone in range(count):
                found[mix[zone]].append(
                    {"ratio": float(ratio[zone]), "zone": str(zones[zone]), "issue": times.iso(issue), "faults": faults(issued)}
                )
    return found


def main(
    every: Annotated[int, typer.Option(help="Use every how manieth of the origins.", min=1)] = 8,
    refit_weeks: Annotated[int, typer.Option(help="Weeks between refits to the undamaged history.", min=1)] = 4,
    refits: Annotated[bool, typer.Option(help="Fit to the damaged history, zones damaged in different ways.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of a table.")] = False,
) -> None:
    """Measure the demand forecast on damaged files of real areas."""
    demand, weeks, _ = data.load()
    moments = data.origins(demand, weeks, 3)[::every]
    found = measure(demand, data.released(demand, weeks), moments, refits, refit_weeks, Console(stderr=True))
    found = {kind: rows for kind, rows in found.items() if rows}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table(
        "damage",
        "cells",
        "median",
        "worst",
        "zone",
        "origin",
        f"over {LIMIT:g}",
        "faults",
        title=f"error over that of the plain profile of the undamaged history, {len(moments)} origins",
    )
    for kind, rows in found.items():
        ratio = np.array([row["ratio"] for row in rows])
        worst = rows[int(np.nanargmax(ratio))]
        said = sorted({fault for row in rows for fault in row["faults"]})
        table.add_row(
            kind,
            str(len(rows)),
            f"{np.nanmedian(ratio):.2f}",
            f"{np.nanmax(ratio):.2f}",
            worst["zone"],
            worst["issue"][:13],
            str(int((ratio > LIMIT).sum())),
            ", ".join(said) or "none",
        )
    Console(width=150).print(table)


if __name__ == "__main__":
    typer.run(main)
