"""Issue a forecast: the one way in, for the step, for files and for benchmarks."""

import pandas as pd
import xarray as xr

from wss import times
from wss.config import Calendar
from wss.errors import DataError
from wss.forecasting.history import History
from wss.forecasting.intervals import rolling_errors, widen
from wss.forecasting.model import Model
from wss.forecasting.naive import SeasonalNaive
from wss.forecasting.profile import MedianProfile

MODELS: dict[str, type[Model]] = {"seasonal_naive": SeasonalNaive, "median_profile": MedianProfile}
"""Models by name."""


def forecast(
    demand: xr.DataArray, issue: pd.Timestamp, steps: int, step: pd.Timedelta, calendar: Calendar, time_zone: str,
    history_weeks: int = 8, settling_days: int = 84, model: str = "median_profile",
) -> xr.DataArray:
    """Demand from `issue` on, with quantiles from rolling-origin errors on the same past.

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
        How far back the profile looks; how many past days are forecast again for the quantiles.
    model : str
        One of MODELS.

    Returns
    -------
    (time, zone, quantile)
        Never missing, never negative, never falling with the quantile. [m3/h]

    Raises
    ------
    DataError
        If nothing is known before `issue`, `issue` is off the grid or the model is unknown.
    """
    if model not in MODELS:
        raise DataError(f"model {model!r} is unknown; there are {', '.join(MODELS)}")
    if issue != times.floor(issue, step) or steps < 1:
        raise DataError(f"forecast: issue {times.iso(issue)} must be a multiple of {step} and steps ({steps}) at least 1")
    known = demand.sel(time=demand.get_index("time") <= issue - step)
    if not bool(known.notnull().any()):
        raise DataError(f"forecast: no demand is known before {times.iso(issue)}")
    history = History.fold(known, step, calendar, time_zone, history_weeks).until(issue)
    time = pd.date_range(issue, periods=steps, freq=step, name="time", unit="ns")
    point = MODELS[model].fit(history).predict(time)
    if bool(point.isnull().any()):
        point = point.fillna(MedianProfile.fit(history).predict(time))
    return widen(point, rolling_errors(MODELS[model], history, issue, steps, settling_days), history)
