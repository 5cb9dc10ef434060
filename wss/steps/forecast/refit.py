"""Fit the forecast model of a tenant to its derived demand, for the issues of the weeks to come."""

from typing import Any

import pandas as pd
import xarray as xr

from wss import forecasting, times
from wss.errors import DataError
from wss.forecasting import Fitted
from wss.forecasting.intervals import HORIZON_HOURS
from wss.records import RefitSummary, Table
from wss.steps.forecast.weather import known_weather
from wss.steps.masked import Masked
from wss.steps.observed import derived_demand
from wss.steps.run import Run

MODEL = "model.npz"
"""File of the fitted model in the run's folder."""
AT_ONCE = 56 * times.DAY
"""Readings of this span are in memory at a time."""
SKILL = ["mode", "zone", "from_h", "skill"]
WEIGHTS = ["mode", "zone", "part", "profile", "linear", "boosted"]


def run_refit(run: Run) -> pd.DataFrame:
    """Fit the model to what is known at `run.now` and save it with the run; a history that is too short gives none, and says so.

    Returns
    -------
    DataFrame
        mode, zone, from_h (where the bucket of leads begins [h]), skill (how much smaller the mean absolute error of the last
        weeks is than the profile's [1]); empty without a model. Also saved as table `skill`, the weights as `weights`.
    """
    masked = Masked()
    fitted, told = fitted_at(run, masked)
    if fitted is not None:
        (run.folder / MODEL).write_bytes(fitted.to_bytes())
    masked.save(run, {})
    run.save_table(Table.WEIGHTS, _weights(fitted))
    about = {} if fitted is None else _about(fitted)
    run.save_summary(**RefitSummary(model="none" if fitted is None else "fitted", **told, **about).as_dict())
    return run.save_table(Table.SKILL, _skill(fitted))


def fitted_at(run: Run, masked: Masked | None = None) -> tuple[Fitted | None, dict[str, Any]]:
    """The model that is learnt from what is known at `run.now`, and what to say of it; `masked` is told what is left out.

    Returns
    -------
    Fitted or None
        None where the history is too short.
    dict
        reason (why there is none; empty: there is), days (of demand that are known [d]), weather_faults (list).
    """
    settings = run.tenant.forecast
    step = pd.Timedelta(minutes=settings.step_minutes)
    issue = times.floor(run.now, step)
    demand = _past(run, issue, masked)
    weather, faults = known_weather(run, issue - settings.learn_days * times.DAY)
    known = demand.notnull().any("zone")
    days = int(known.resample(time="1D").any().sum())
    fitted = None
    if bool(known.any()):
        fitted = forecasting.refit(
            demand, issue, step, run.tenant.calendar, run.tenant.time_zone, weather, settings.history_weeks
        )
    reason = f"{days} days of demand are known; a model takes 90" if fitted is None else ""
    return fitted, {"reason": reason, "days": days, "weather_faults": faults}


def stored_model(run: Run) -> tuple[Fitted | None, dict[str, Any]]:
    """The model of the newest refit up to `run.now` that a weekly run made, and what to say of it in a summary.

    Returns
    -------
    Fitted or None
        None where there is none, or it cannot be used.
    dict
        refit_run (id or None), model_age_days [d] (or None), model_reason (why there is none; empty: there is).
    """
    record = run.store.newest_run("refit", run.now)
    if record is None:
        return None, {"refit_run": None, "model_age_days": None, "model_reason": "no refit has been run yet"}
    age = round((run.now - record.now) / times.DAY, 2)
    refit = RefitSummary.of(record.summary)
    fitted, reason = None, refit.reason
    if refit.model != "none":
        try:
            fitted = forecasting.load_fitted(run.workspace.runs(run.tenant.name) / record.folder / MODEL)
        except DataError as error:
            reason = str(error)
    return fitted, {"refit_run": record.id if fitted else None, "model_age_days": age if fitted else None, "model_reason": reason}


def _past(run: Run, issue: pd.Timestamp, masked: Masked | None) -> xr.DataArray:
    """Derived demand (time, zone) of the days to learn from [m3/h]; the readings are read part by part."""
    starts = pd.date_range(issue - run.tenant.forecast.learn_days * times.DAY, issue, freq=AT_ONCE, inclusive="left")
    parts = [derived_demand(run, start, min(start + AT_ONCE, issue), masked)["demand"] for start in starts]
    demand = xr.concat(parts, "time", join="exact").assign_attrs(parts[0].attrs)
    known = demand.notnull().any("zone").to_numpy()
    return demand.isel(time=slice(int(known.argmax()) if known.any() else 0, None))


def _about(fitted: Fitted) -> dict[str, Any]:
    weights = {
        "/".join((mode, "near" if near else "far")): dict(zip(fitted.zones, part.weights.T.round(1).tolist(), strict=True))
        for (mode, near), part in fitted.correction.parts.items()
    }
    return {
        "zones": list(fitted.zones),
        "first_day": fitted.first_day,
        "last_day": fitted.last_day,
        "modes": fitted.modes,
        "weights": weights,
        "code_version": fitted.code_version,
    }


def _skill(fitted: Fitted | None) -> pd.DataFrame:
    rows = (
        []
        if fitted is None
        else [
            (mode, zone, from_h, float(fitted.skill[mode][b, z]))
            for mode in fitted.modes
            for z, zone in enumerate(fitted.zones)
            for b, from_h in enumerate(HORIZON_HOURS)
        ]
    )
    return pd.DataFrame(rows, columns=SKILL)


def _weights(fitted: Fitted | None) -> pd.DataFrame:
    """Weights of the models that are added up, by mode, zone and part (near: the first day). [1]"""
    rows = (
        []
        if fitted is None
        else [
            (mode, zone, "near" if near else "far", round(1 - linear - boosted, 1), linear, boosted)
            for (mode, near), part in fitted.correction.parts.items()
            for zone, (linear, boosted) in zip(fitted.zones, part.weights.T.tolist(), strict=True)
        ]
    )
    return pd.DataFrame(rows, columns=WEIGHTS)
