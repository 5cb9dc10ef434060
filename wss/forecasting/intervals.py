"""Quantiles from the tenant's own errors: the model is issued again as of each past day, and what it missed by is kept."""

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.forecasting.history import History
from wss.forecasting.model import Model
from wss.quantities import labelled
from wss.robust import median

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
HORIZON_HOURS = (0, 6, 24, 48, 96)
"""Where the buckets of the horizon begin [h]."""
DAY_HOURS = (0, 5, 9, 13, 17, 21)
"""Where the classes of the local day begin [h]."""
CLASSES = len(HORIZON_HOURS) * len(DAY_HOURS)
HALF_LIFE_DAYS = 42.0
"""Age at which an error counts half [d]."""
ADAPT_ROWS, STRETCH = 48, (0.8, 1.6)
"""Errors that are needed to stretch a band, and the least and greatest stretch [1]."""
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
    bucket = classes(np.arange(len(time)) * (history.step / times.HOUR), np.asarray(times.wall(time, history.time_zone).hour))
    spread = np.empty((*point.shape, len(QUANTILES)))
    everything = _quantiles(errors.reshape(-1, errors.shape[-1]), np.array(BLIND_SPREAD)[None] - 1)
    for one in np.unique(bucket):
        mine = bucket == one
        spread[mine] = _quantiles(errors[:, mine].reshape(-1, errors.shape[-1]), everything)
    return around(point, spread, np.maximum(point, _floor(history)), time, history.zones)


def classes(lead_h: np.ndarray, hour: np.ndarray) -> np.ndarray:
    """Class of steps whose errors are alike, from their lead [h] and hour of the local day (step,): 0 to CLASSES - 1."""
    return (np.digitize(lead_h, HORIZON_HOURS) - 1) * len(DAY_HOURS) + np.digitize(hour, DAY_HOURS) - 1


def around(
    point: np.ndarray, spread: np.ndarray, scale: np.ndarray, time: pd.DatetimeIndex, zones: tuple[str, ...]
) -> xr.DataArray:
    """Quantiles about a point forecast, which stays the median.

    Parameters
    ----------
    point : (time, zone)
        [m3/h]
    spread : (time, zone, quantile)
        Quantiles of the errors relative to `scale`; their median is taken off. [1]
    scale : (time, zone) or (zone,)
        [m3/h]

    Returns
    -------
    (time, zone, quantile)
        Never negative, never falling with the quantile. [m3/h]
    """
    spread = spread - spread[..., QUANTILES.index(0.5), None]
    value = np.sort(np.maximum(point[..., None] + spread * np.broadcast_to(scale, point.shape)[..., None], 0), axis=-1)
    wide = labelled("demand", point, time=time, zone=list(zones)).expand_dims(quantile=list(QUANTILES), axis=-1)
    return wide.copy(data=value)


def spread_table(lead_h: np.ndarray, hour: np.ndarray, age_days: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Quantiles of relative errors by class, newer errors counting more.

    Parameters
    ----------
    lead_h, hour, age_days : (row,)
        Lead [h], hour of the local day and age of each row [d].
    missed : (row, zone)
        What was measured less what was forecast, relative to the zone's scale; NaN where unknown. [1]

    Returns
    -------
    (class, zone, quantile)
        [1]
    """
    of = classes(lead_h, hour)
    weight = 0.5 ** (age_days / HALF_LIFE_DAYS)
    everything = _weighted(missed, weight, np.broadcast_to(np.array(BLIND_SPREAD) - 1, (missed.shape[1], len(QUANTILES))))
    return np.stack([_weighted(missed[of == k], weight[of == k], everything) for k in range(CLASSES)])


def skill(lead_h: np.ndarray, usual: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """How much smaller the mean absolute error is than the profile's (bucket, zone), by HORIZON_HOURS; NaN where unknown. [1]

    Parameters
    ----------
    lead_h : (row,)
        [h]
    usual, missed : (row, zone)
        By how much the profile and the forecast missed; NaN where unknown. [any unit]
    """
    bucket = np.digitize(lead_h, HORIZON_HOURS) - 1
    sums = [[np.nansum(np.abs(e[bucket == b]), axis=0) for e in (usual, missed)] for b in range(len(HORIZON_HOURS))]
    usual_sum, missed_sum = np.moveaxis(np.array(sums), 1, 0)
    return 1 - missed_sum / np.where(usual_sum > 0, usual_sum, np.nan)


def _weighted(errors: np.ndarray, weight: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Weighted quantiles of each column (zone, quantile); `otherwise` where there are too few."""
    out = otherwise.copy()
    for zone, column in enumerate(errors.T):
        known = ~np.isnan(column)
        if known.sum() >= FEWEST:
            order = np.argsort(column[known])
            w = weight[known][order]
            place = (np.cumsum(w) - w / 2) / w.sum()
            out[zone] = np.interp(QUANTILES, place, column[known][order])
    return out


def stretch(spread: np.ndarray, missed: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Factor (zone,) by which bands must be stretched to hold what they should have held of recent errors. [1]

    Adaptive conformal in one step: the 80th percentile of the errors over the half-width of their 80 % band, drawn halfway
    to 1 and bounded.

    Parameters
    ----------
    spread : (class, zone, quantile)
        Relative to the zone's scale. [1]
    missed : (row, zone)
        Recent errors, of issues that came after the spread was learnt; NaN where unknown. [1]
    of : (row,)
        Class of each row.
    """
    low, mid, high = (spread[of][..., QUANTILES.index(q)] for q in (0.1, 0.5, 0.9))
    width = np.where(missed >= 0, high - mid, mid - low)
    score = np.abs(missed) / np.maximum(width, 1e-9)
    out = np.ones(missed.shape[1])
    for zone, column in enumerate(score.T):
        known = ~np.isnan(column)
        if known.sum() >= ADAPT_ROWS:
            out[zone] = np.clip(np.sqrt(np.quantile(column[known], 0.8)), *STRETCH)
    return out


def members(wide: xr.DataArray, paths: np.ndarray) -> xr.DataArray:
    """Sampled demand paths that have the forecast's quantiles and the errors' own course over hours and zones.

    Each past issue's errors say in which order its path stands among the others at each step and zone; the path takes the
    quantile of that order (Schaake shuffle). Tanks feel the sum over hours and zones, which independent quantiles cannot give.

    Parameters
    ----------
    wide : (time, zone, quantile)
        [m3/h]
    paths : (member, time, zone)
        Errors of past issues at the same leads; unknown ones are taken as 0. [any unit]

    Returns
    -------
    (member, time, zone)
        Never negative. [m3/h]

    References
    ----------
    .. [1] M. Clark et al., "The Schaake Shuffle", Journal of Hydrometeorology 5 (2004).
    """
    count = len(paths)
    rank = np.argsort(np.argsort(np.nan_to_num(paths), axis=0, kind="stable"), axis=0)
    at = (rank + 0.5) / count
    value = wide.transpose("time", "zone", "quantile").to_numpy()
    known = np.r_[0.0, QUANTILES, 1.0]
    ends = np.concatenate([2 * value[..., :1] - value[..., 1:2], value, 2 * value[..., -1:] - value[..., -2:-1]], axis=-1)
    place = np.clip(np.searchsorted(known, at, side="right") - 1, 0, len(known) - 2)
    share = (at - known[place]) / (known[place + 1] - known[place])
    ends = np.broadcast_to(ends, (count, *ends.shape))
    low, high = (np.take_along_axis(ends, (place + k)[..., None], axis=-1)[..., 0] for k in (0, 1))
    sampled = np.maximum(low + share * (high - low), 0.0)
    return xr.DataArray(
        sampled,
        dims=("member", "time", "zone"),
        name="demand",
        attrs=wide.attrs,
        coords={"member": np.arange(count), "time": wide["time"].values, "zone": wide["zone"].values},
    )


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
