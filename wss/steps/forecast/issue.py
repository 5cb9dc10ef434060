"""Forecast demand from what was known at a moment."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from wss import forecasting, times
from wss.errors import NotFoundError
from wss.forecasting import Fitted, Issued, metrics
from wss.forecasting.corrected import ADAPT_DAYS
from wss.forecasting.weather import USUAL_DAYS
from wss.quantities import check
from wss.records import ForecastSummary, Group
from wss.steps.forecast.refit import stored_model
from wss.steps.forecast.weather import known_weather
from wss.steps.masked import Masked
from wss.steps.observed import derived_demand
from wss.steps.run import Run

WEATHER_PAST = (USUAL_DAYS + ADAPT_DAYS + 1) * times.DAY
"""How far back the weather is read: what is usual for the days that an issue looks at again."""


def run_forecast(run: Run) -> xr.Dataset:
    """Forecast the zones' demand over the plan's horizon and one step more, save it with the run and return it.

    The model is the one of the newest weekly refit up to `run.now`; where there is none that can be used, the profile.

    Returns
    -------
    Dataset
        `demand` (time, zone, quantile) from the step that holds `run.now` on; group `forecast`. The sampled paths,
        `demand` (member, time, zone), are group `members`. [m3/h]

    Raises
    ------
    DataError
        If no demand can be derived from any reading before `run.now`.
    """
    issue, step = moment_of(run)
    masked = Masked()
    steps = int(pd.Timedelta(hours=run.tenant.plan.horizon_hours) / step) + 1
    past = known_past(run, masked)
    fitted, model = stored_model(run)
    new = [] if fitted is None else [str(zone) for zone in past["zone"].values if zone not in fitted.zones]
    if new:
        model["model_reason"] = f"the model does not know {', '.join(new)}: the profile forecasts what it does not know"
    weather, faults = known_weather(run, issue - WEATHER_PAST)
    issued = issued_at(run, past, steps, fitted, weather)
    result = run.save(Group.FORECAST, check(issued.demand.to_dataset(), "forecast"))
    run.save(Group.MEMBERS, issued.members.astype("float32").to_dataset())
    masked.save(run, {})
    summary = ForecastSummary(
        issue=issue,
        forecast_wape=yesterdays_wape(run, past),
        **_history(past, issue),
        model=issued.model,
        **model,
        **_weather(issued.weather, weather, fitted),
        weather_faults=faults,
        repairs=[str(repair) for repair in issued.repairs],
    )
    run.save_summary(**summary.as_dict())
    return result


def moment_of(run: Run) -> tuple[pd.Timestamp, pd.Timedelta]:
    """First step that a forecast made at `run.now` tells [UTC], and the length of its steps."""
    step = pd.Timedelta(minutes=run.tenant.forecast.step_minutes)
    return times.floor(run.now, step), step


def known_past(run: Run, masked: Masked | None = None) -> xr.DataArray:
    """Derived demand (time, zone) as known at `run.now` that a forecast looks at; `masked` is told what is left out. [m3/h]"""
    settings = run.tenant.forecast
    issue, _ = moment_of(run)
    return derived_demand(run, issue - (settings.settling_days + 7 * settings.history_weeks) * times.DAY, issue, masked)["demand"]


def issued_at(
    run: Run, past: xr.DataArray, steps: int, fitted: Fitted | None, weather: pd.DataFrame | None, model: str = "median_profile"
) -> Issued:
    """Forecast of `steps` steps from the one that holds `run.now` on.

    Parameters
    ----------
    past : (time, zone)
        As `known_past` gives it. [m3/h]
    fitted, weather, model
        As `forecasting.forecast` takes them.
    """
    settings = run.tenant.forecast
    issue, step = moment_of(run)
    return forecasting.forecast(
        past,
        issue,
        steps,
        step,
        run.tenant.calendar,
        run.tenant.time_zone,
        settings.history_weeks,
        settings.settling_days,
        model,
        fitted,
        weather,
    )


def _weather(used: str, weather: pd.DataFrame | None, fitted: Fitted | None) -> dict[str, Any]:
    """Mode of the weather ahead: all of it that is known at the issue is forecast; and why there is none."""
    if used != "none":
        return {"weather": "forecast", "weather_share": used}
    if fitted is None or "weather" not in fitted.modes:
        reason = "" if weather is None else "the model was fitted without weather"
    else:
        reason = "no weather is known for the steps ahead"
    return {"weather": "none", "weather_share": "0%", "weather_reason": reason}


def yesterdays_wape(run: Run, demand: xr.DataArray) -> float | None:
    """Error of the forecast that was in force a day ago over the hours since, all zones together; None if there was none.

    Parameters
    ----------
    demand : (time, zone)
        Derived demand up to `run.now`. [m3/h]

    Returns
    -------
    float or None
        Sum of absolute errors of the median over the sum of demand. [1]
    """
    yesterday = run.now - times.DAY
    history = run.store.published_history("forecast", yesterday, yesterday + times.HOUR)
    if not history:
        return None
    known = [run_id for at, run_id in history if at <= yesterday] or [history[0][1]]
    try:
        then = run.load(known[-1], Group.FORECAST)["demand"].sel(quantile=0.5, drop=True)
    except NotFoundError:  # somebody tidied up the run's folder
        return None
    then, last = xr.align(then, demand.sel(time=demand.get_index("time") >= yesterday), join="inner")
    error = metrics.wape(then, last)
    return round(error, 4) if np.isfinite(error) else None


def _history(demand: xr.DataArray, issue: pd.Timestamp) -> dict[str, Any]:
    """How long the past is, and how many steps of each zone are missing in it."""
    known = demand.notnull()
    since = demand.get_index("time")[known.any("zone").values]
    if since.empty:
        return {"history_days": 0.0, "gaps": {}}
    missing = (~known.sel(time=slice(since[0], None))).sum("time")
    gaps = {str(zone): int(count) for zone, count in missing.to_series().items()}
    return {"history_days": round((issue - since[0]) / times.DAY, 2), "gaps": gaps}
