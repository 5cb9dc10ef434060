"""Issue a forecast: the one way in, for the step, for files and for benchmarks."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.config import Calendar
from wss.errors import DataError
from wss.forecasting import corrected
from wss.forecasting.fitted import Fitted, fit
from wss.forecasting.history import History
from wss.forecasting.intervals import members, rolling_errors, widen
from wss.forecasting.level import Jump, levelled
from wss.forecasting.model import Model
from wss.forecasting.naive import SeasonalNaive
from wss.forecasting.profile import MedianProfile
from wss.forecasting.repair import Repair, repaired

MODELS: dict[str, type[Model]] = {"seasonal_naive": SeasonalNaive, "median_profile": MedianProfile}
"""Models that need no learning, by name."""


@dataclass(frozen=True)
class Issued:
    """A forecast and how it came about."""

    demand: xr.DataArray
    """(time, zone, quantile) never missing, never negative, never falling with the quantile [m3/h]."""
    members: xr.DataArray
    """(member, time, zone) sampled paths with the same quantiles [m3/h]."""
    model: str
    """What made it."""
    weather: str
    """`none`, or the share of steps whose weather was known and used."""
    repairs: list[Repair | Jump] = field(default_factory=list)
    """What was taken as unknown in the past, and moved to another level."""


def past(
    demand: xr.DataArray, issue: pd.Timestamp, step: pd.Timedelta, calendar: Calendar, time_zone: str, history_weeks: int = 8
) -> tuple[History, list[Repair | Jump]]:
    """Repaired history as known at `issue`, and what was repaired; see `forecast` for the arguments and errors."""
    if issue != times.floor(issue, step):
        raise DataError(f"forecast: issue {times.iso(issue)} must be a multiple of {step}")
    known = demand.sel(time=demand.get_index("time") <= issue - step)
    if not bool(known.notnull().any()):
        raise DataError(f"forecast: no demand is known before {times.iso(issue)}")
    history, repairs = repaired(History.fold(known, step, calendar, time_zone, history_weeks).until(issue))
    history, jumps = levelled(history)
    return history, [*repairs, *jumps]


def refit(
    demand: xr.DataArray,
    issue: pd.Timestamp,
    step: pd.Timedelta,
    calendar: Calendar,
    time_zone: str,
    weather: pd.DataFrame | None = None,
    history_weeks: int = 8,
) -> Fitted | None:
    """Fit a model to what was known at `issue`; None where the history is too short. Arguments as `forecast`."""
    history, _ = past(demand, issue, step, calendar, time_zone, history_weeks)
    hourly = history.hourly()
    return fit(hourly, corrected.folded(weather, hourly))


def forecast(
    demand: xr.DataArray,
    issue: pd.Timestamp,
    steps: int,
    step: pd.Timedelta,
    calendar: Calendar,
    time_zone: str,
    history_weeks: int = 8,
    settling_days: int = 84,
    model: str = "median_profile",
    fitted: Fitted | None = None,
    weather: pd.DataFrame | None = None,
) -> Issued:
    """Demand from `issue` on, with quantiles and sampled paths from errors of issues on the same past.

    Parameters
    ----------
    demand : (time, zone)
        Past demand at multiples of `step`; gaps are NaN or absent. What ends after `issue` is not looked at. [m3/h]
    issue : Timestamp
        First moment to forecast, a multiple of `step`. UTC
    steps : int
        How many steps to forecast.
    calendar : Calendar
        Holidays, which count as Sundays.
    time_zone : str
        IANA zone of the people who draw the water.
    history_weeks, settling_days : int
        How far back the profile looks; how many past days are forecast again for the quantiles where nothing was fitted.
    model : str
        One of MODELS; used where nothing was fitted, for zones that `fitted` does not know, and for those first seen today.
    fitted : Fitted, optional
        What `refit` learnt.
    weather : DataFrame, optional
        Rows by time [UTC], columns as `weather.COLUMNS`; past and future.

    Raises
    ------
    DataError
        If nothing is known before `issue`, `issue` is off the grid or the model is unknown.
    """
    if model not in MODELS:
        raise DataError(f"model {model!r} is unknown; there are {', '.join(MODELS)}")
    if steps < 1:
        raise DataError(f"forecast: steps ({steps}) must be at least 1")
    history, repairs = past(demand, issue, step, calendar, time_zone, history_weeks)
    time = pd.date_range(issue, periods=steps, freq=step, name="time", unit="ns")
    mine = [] if fitted is None else [zone for zone in history.zones if zone in fitted.zones and zone not in _new(history)]
    others = [zone for zone in history.zones if zone not in mine]
    parts, name, mode = [], model, "none"
    if mine:
        *part, mode = corrected.issue(fitted, history.of(mine), issue, time, weather)
        parts.append(part)
        name = f"fitted to {fitted.first_day} to {fitted.last_day}"
    if others:
        parts.append(_plain(history.of(others), issue, time, MODELS[model], settling_days))
    return Issued(*_joined(parts, list(history.zones)), name, mode, repairs)


def _joined(parts: list[list[xr.DataArray]], zones: list[str]) -> tuple[xr.DataArray, xr.DataArray]:
    """Quantiles and sampled paths of all zones, of those forecast in one way and another. [m3/h]"""
    wide = xr.concat([part[0] for part in parts], "zone", join="exact").transpose("time", "zone", "quantile")
    count = min(path.sizes["member"] for _, path in parts)
    paths = [path.isel(member=slice(-count, None)).assign_coords(member=range(count)) for _, path in parts]
    return wide.sel(zone=zones).assign_attrs(parts[0][0].attrs), xr.concat(paths, "zone", join="exact").sel(zone=zones)


def _new(history: History) -> set[str]:
    """Zones of which only the issue's own day is known: a correction begins with what its midnight knew."""
    known = ~np.isnan(history.demand).all(axis=1)
    return {zone for zone, new in zip(history.zones, known[-1] & ~known[:-1].any(axis=0), strict=True) if new}


def _plain(history: History, issue: pd.Timestamp, time: pd.DatetimeIndex, model: type[Model], settling_days: int) -> tuple:
    """Quantiles (time, zone, quantile) and paths (member, time, zone) of a model that needs no learning."""
    point = model.fit(history).predict(time)
    if bool(point.isnull().any()):
        point = point.fillna(MedianProfile.fit(history).predict(time))
    errors = rolling_errors(model, history, issue, len(time), settling_days)
    wide = widen(point, errors, history)
    return wide, members(wide, errors)
