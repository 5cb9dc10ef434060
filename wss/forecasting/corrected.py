"""Issue with a fitted model: the profile as of the local midnight, corrected by what was learnt."""

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.forecasting import intervals
from wss.forecasting.features import AHEAD, SLOTS, WINDOW, context, features
from wss.forecasting.fitted import Fitted
from wss.forecasting.history import History
from wss.forecasting.samples import FAR_H
from wss.forecasting.weather import Weather

ADAPT_DAYS = 10
"""Newest days, of those that the model has not seen, that are forecast again to stretch the bands [d]."""


def folded(weather: pd.DataFrame | None, history: History) -> Weather | None:
    """Weather in the local cells of a history and of the days that may be forecast from its last one; None without any."""
    if weather is None or weather.empty:
        return None
    found = Weather.fold(weather, history.first_day, len(history.demand) + AHEAD, history.time_zone)
    return None if np.isnan(found.temperature).all() and np.isnan(found.rain).all() else found


def issue(
    fitted: Fitted, history: History, at: pd.Timestamp, time: pd.DatetimeIndex, weather: pd.DataFrame | None
) -> tuple[xr.DataArray, xr.DataArray, str]:
    """Forecast of zones that the model knows.

    Returns
    -------
    demand : (time, zone, quantile)
        [m3/h]
    members : (member, time, zone)
        [m3/h]
    str
        `none`, or the share of steps whose weather was known and used.
    """
    fitted = fitted.taken(history.zones)
    hourly = history.hourly()
    sky = folded(weather, hourly)
    sky = sky if "weather" in fitted.modes else None
    row = len(history.demand) - 1
    day, slot = history.cells(time)
    per_hour = history.demand.shape[1] // SLOTS
    fine = context(history, row, max(AHEAD, int(day.max()) - row + 1))
    issue_slot = int(history.cells(pd.DatetimeIndex([at]))[1][0]) // per_hour
    hour, lead_h = slot // per_hour, (day - row) * SLOTS + slot // per_hour - issue_slot
    relative, covered = _corrections(fitted, hourly, row, issue_slot, day, hour, lead_h, sky)
    point = np.maximum(fine.expected[day - row + WINDOW, slot] + relative, 0.0) * fine.scale
    mode = "weather" if covered.mean() > 0.5 else "none"
    of = intervals.classes(lead_h, hour)
    factor = _stretch(fitted, hourly, row, sky, mode)
    spread = fitted.spread[mode] * factor[:, None]
    wide = intervals.around(point, spread[of], fine.scale, time, history.zones)
    lead = np.minimum(lead_h, FAR_H - 1)
    return wide, intervals.members(wide, fitted.paths[mode][:, lead]), f"{covered.mean():.0%}" if covered.any() else "none"


def _corrections(
    fitted: Fitted,
    hourly: History,
    row: int,
    issue_slot: int,
    day: np.ndarray,
    hour: np.ndarray,
    lead_h: np.ndarray,
    sky: Weather | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Correction of each step (step, zone), relative to the zones' scale, and whether its weather was known (step,). [1]

    Steps further ahead than was learnt have none.
    """
    flat, which = np.unique(day * SLOTS + hour, return_inverse=True)
    day, hour = np.divmod(flat, SLOTS)
    lead = day * SLOTS + hour - row * SLOTS - issue_slot
    near = (lead < FAR_H) & (day - row < AHEAD)
    x = features(context(hourly, row), hourly, issue_slot, day[near], hour[near], lead[near].astype(float), sky)
    covered = np.zeros(len(flat), dtype=bool)
    if sky is not None:
        covered[near] = sky.covers(day[near], hour[near])
    out = np.zeros((len(flat), len(hourly.zones)))
    out[near] = fitted.correction.predict(x, hour[near], lead[near], covered[near])
    return out[which], covered[which]


def _stretch(fitted: Fitted, hourly: History, row: int, sky: Weather | None, mode: str) -> np.ndarray:
    """Factor of each zone's bands (zone,) from the days that came after the model was fitted. [1]"""
    seen = int((np.datetime64(fitted.last_day) - hourly.first_day).astype(int))
    slots, missed = np.arange(SLOTS), []
    for past in range(max(seen + 1, row - ADAPT_DAYS, WINDOW), row):
        day = np.full(SLOTS, past)
        then = hourly.until(times.local_day(str(hourly.first_day + np.timedelta64(past, "D")), hourly.time_zone)[0])
        at = context(then, past)
        x = features(at, then, 0, day, slots, slots.astype(float), sky)
        guess = fitted.correction.predict(x, slots, slots, np.full(SLOTS, mode == "weather"))
        missed.append(hourly.demand[past] / at.scale - at.expected[WINDOW] - guess)
    if not missed:
        return np.ones(len(hourly.zones))
    of = np.tile(intervals.classes(slots, slots), len(missed))
    return intervals.stretch(fitted.spread[mode], np.concatenate(missed), of)
