"""Quantiles from the tenant's own errors: the model is issued again as of each past day, and what it missed by is kept."""

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.forecasting.history import History
from wss.forecasting.model import Model
from wss.forecasting.robust import median
from wss.quantities import labelled

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
HORIZON_HOURS = (0, 6, 24, 48, 96)
"""Where the buckets of the horizon begin [h]."""
DAY_HOURS = (0, 5, 9, 13, 17, 21)
"""Where the classes of the local day begin [h]."""
FEWEST = 20
"""Errors that a class needs; with fewer, all errors of the zone count."""
BLIND_SPREAD = (0.6, 0.7, 0.85, 1.0, 1.15, 1.3, 1.4)
"""Ratio of each quantile to the forecast where there are hardly any errors yet."""


def rolling_errors(model: type[Model], history: History, issue: pd.Timestamp, steps: int, days: int) -> np.ndarray:
    """Relative errors of the model issued as of each of the last `days` days at the issue's time of day.

    Returns
    -------
    (origin, step, zone)
        (measured - forecast) / scale, where scale is the forecast, at least a tenth of the zone's median; NaN where
        nothing was measured. [1]
    """
    errors = []
    usual = _floor(history)
    for back in range(1, days + 1):
        origin = issue - back * times.DAY
        past = history.until(origin)
        if np.isnan(past.demand).all():
            break
        time = pd.date_range(origin, periods=steps, freq=history.step)
        forecast = model.fit(past).predict(time).to_numpy()
        errors.append((_measured(history, time) - forecast) / np.maximum(forecast, usual))
    return np.array(errors) if errors else np.full((1, steps, len(history.zones)), np.nan)


def widen(forecast: xr.DataArray, errors: np.ndarray, history: History) -> xr.DataArray:
    """Forecast with quantiles: the error quantiles of the same horizon bucket and class of the local day, added.

    The forecast stays the median: the median error of the past weeks says little about the next one, and correcting by it
    made forecasts worse (measured on real areas).

    Parameters
    ----------
    forecast : (time, zone)
        Point forecast from the issue on. [m3/h]
    errors : (origin, step, zone)
        From `rolling_errors`, for the same steps.

    Returns
    -------
    (time, zone, quantile)
        Never negative, never falling with the quantile. [m3/h]
    """
    time = forecast.get_index("time")
    point = forecast.to_numpy()
    ahead = np.arange(len(time)) * (history.step / times.HOUR)
    hour = np.asarray(times.wall(time, history.time_zone).hour)
    bucket = np.digitize(ahead, HORIZON_HOURS) * 100 + np.digitize(hour, DAY_HOURS)
    spread = np.empty((*point.shape, len(QUANTILES)))
    everything = _quantiles(errors.reshape(-1, errors.shape[-1]), np.array(BLIND_SPREAD)[None] - 1)
    for one in np.unique(bucket):
        mine = bucket == one
        spread[mine] = _quantiles(errors[:, mine].reshape(-1, errors.shape[-1]), everything)
    spread -= spread[..., QUANTILES.index(0.5), None]  # the model's own forecast stays the median
    scale = np.maximum(point, _floor(history))[..., None]
    value = np.sort(np.maximum(point[..., None] + spread * scale, 0), axis=-1)
    wide = labelled("demand", point, time=time, zone=list(history.zones)).expand_dims(quantile=list(QUANTILES), axis=-1)
    return wide.copy(data=value)


def _quantiles(errors: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Quantiles of each column's errors (zone, quantile); `otherwise` where there are too few."""
    ordered = np.sort(errors, axis=0)
    count = (~np.isnan(errors)).sum(axis=0)
    place = np.clip(np.outer(count + 1, QUANTILES) - 1, 0, np.maximum(count - 1, 0)[:, None])  # the (n + 1) rule
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)[:, None])
    zone = np.arange(errors.shape[1])[:, None]
    value = ordered[low, zone] + (place - low) * (ordered[high, zone] - ordered[low, zone])
    return np.where((count >= FEWEST)[:, None], value, otherwise)


def _measured(history: History, time: pd.DatetimeIndex) -> np.ndarray:
    day, slot = history.cells(time)
    inside = day < len(history.demand)
    value = np.full((len(time), len(history.zones)), np.nan)
    value[inside] = history.demand[day[inside], slot[inside]]
    return value


def _floor(history: History) -> np.ndarray:
    """Smallest scale of a zone's relative errors: a tenth of its median demand (zone,). [m3/h]"""
    usual = median(history.demand.reshape(-1, len(history.zones)))
    return np.maximum(0.1 * np.nan_to_num(usual), 1e-9)
