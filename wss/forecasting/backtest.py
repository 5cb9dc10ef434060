"""Backtest: which moments of the past are forecast again, beside which yardsticks, and how good it was. No store, no files."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.config import Calendar
from wss.forecasting.calendar import SATURDAY, SUNDAY, day_types
from wss.forecasting.history import History
from wss.forecasting.naive import SeasonalNaive
from wss.forecasting.profile import MedianProfile

NAMES = ("forecast", "profile", "naive")
"""What is compared: the forecast's median, the profile alone, and the same hour last week."""
BANDS = (80, 90)
"""Central bands whose coverage is told [%]."""
SPANS_H = (0, 6, 24, 48, 96, 168)
"""Where spans of the lead begin, the first one aside where they end [h]."""
DAY_CLASSES = ("workday", "saturday", "sunday")
"""A holiday counts as a Sunday."""
ALL = ""
"""Zone of the sums over all zones."""
MONDAY = pd.Timestamp("1970-01-05")


def origins(first: pd.Timestamp, end: pd.Timestamp, every: pd.Timedelta, step: pd.Timedelta, time_zone: str) -> pd.DatetimeIndex:
    """Moments from `first` up to but without `end` [UTC] at multiples of `step`; those whole days apart keep the wall's clock."""
    if every % times.DAY:
        return times.grid(times.floor(first, step), end, every)
    local = times.wall(pd.DatetimeIndex([times.floor(first, step), end]), time_zone)
    wall = pd.date_range(local[0], local[1] + times.DAY, freq=every)
    found = wall.tz_localize(time_zone, ambiguous=np.ones(len(wall), dtype=bool), nonexistent="shift_forward")
    found = found.tz_convert("UTC").tz_localize(None).as_unit("ns").rename("time").floor(step)
    return found[(found >= times.floor(first, step)) & (found < end)].unique()


def refit_moments(moments: pd.DatetimeIndex, days: int) -> pd.DatetimeIndex:
    """Moment of the refit whose model each origin uses: Mondays 00:00 UTC for whole weeks.

    They do not depend on the first origin, so that a backtest of another span uses the same models.
    """
    return MONDAY + (moments - MONDAY) // (days * times.DAY) * (days * times.DAY)


def yardsticks(history: History, time: pd.DatetimeIndex) -> xr.Dataset:
    """Forecasts to compare with, from a repaired history: `profile` and `naive` (time, zone). [m3/h]"""
    return xr.Dataset({"profile": MedianProfile.fit(history).predict(time), "naive": SeasonalNaive.fit(history).predict(time)})


def score(issued: xr.Dataset, demand: xr.DataArray, step: pd.Timedelta, calendar: Calendar, time_zone: str) -> xr.Dataset:
    """Errors of many origins against what was measured; NaN where it is unknown.

    Parameters
    ----------
    issued : forecast (origin, lead, zone, quantile), profile, naive (origin, lead, zone)
        `origin` is the first moment of each [UTC], `lead` counts steps from it. [m3/h]
    demand : (time, zone)
        What was measured at the end of all. [m3/h]

    Returns
    -------
    Dataset
        `actual`, and the absolute error `error_<name>` of each of NAMES (origin, lead, zone); `loss` (origin, lead, zone,
        quantile), the quantile loss [m3/h]; `inside_80`, `inside_90` (origin, lead, zone), 1 where the band holds what was
        measured, else 0 [1]. Coordinates of (origin, lead): `lead_h` (lead,) whole hours [h], `hour` of the local day [h] and
        `day`, a place in DAY_CLASSES.
    """
    issued = issued.transpose("origin", "lead", "zone", "quantile")
    moments = issued.get_index("origin").to_numpy()[:, None] + issued["lead"].to_numpy() * step.to_timedelta64()
    flat = pd.DatetimeIndex(moments.ravel())
    actual = demand.transpose("time", "zone").reindex(time=flat.unique(), zone=issued["zone"].values).sel(time=flat)
    dims = ("origin", "lead", "zone")
    value = actual.to_numpy().reshape(*moments.shape, -1)
    wide, quantile = issued["forecast"].to_numpy(), issued["quantile"].to_numpy()
    point = {"forecast": issued["forecast"].sel(quantile=0.5).to_numpy(), **{n: issued[n].to_numpy() for n in NAMES[1:]}}
    over = value[..., None] - wide
    scores = {"actual": (dims, value), **{f"error_{name}": (dims, np.abs(p - value)) for name, p in point.items()}}
    scores["loss"] = ((*dims, "quantile"), np.maximum(quantile * over, (quantile - 1) * over))
    for band in BANDS:
        low, high = (wide[..., int(np.argmin(np.abs(quantile - q)))] for q in (0.5 - band / 200, 0.5 + band / 200))
        scores[f"inside_{band}"] = dims, np.where(np.isnan(value), np.nan, (value >= low) & (value <= high))
    wall = times.wall(flat, time_zone)
    kind = day_types(wall.to_numpy().astype("datetime64[D]"), calendar)
    coords = {
        "hour": (dims[:2], wall.hour.to_numpy().reshape(moments.shape)),
        "day": (dims[:2], np.digitize(kind, (SATURDAY, SUNDAY)).reshape(moments.shape)),
        "lead_h": ("lead", issued["lead"].to_numpy() * (step / times.HOUR) // 1),
    }
    return xr.Dataset(
        {n: (d, v.astype("float32")) for n, (d, v) in scores.items()},
        issued.coords.to_dataset().drop_vars("quantile").coords | {"quantile": quantile} | coords,
    )


@dataclass(frozen=True)
class Tables:
    """Scores summed up. `wape` is the sum of absolute errors over the sum of what was measured [1], `skill_<yardstick>` how much
    smaller the forecast's error is than the yardstick's [1], `inside_80` and `inside_90` shares [1], `pinball` the mean quantile
    loss [m3/h], `known` how many values were measured. Errors are of the `count` of them for which all of NAMES are known.
    Zone "" is all zones together."""

    by_lead: pd.DataFrame
    """zone, lead_h [h] and the scores."""
    by_span: pd.DataFrame
    """zone, from_h, to_h [h], mae [m3/h] and the scores."""
    by_hour: pd.DataFrame
    """day (of DAY_CLASSES), hour [h] and the scores."""
    by_origin: pd.DataFrame
    """origin [UTC], zone and the scores."""


def tables(scores: xr.Dataset) -> Tables:
    """Sum up `scores` (origin, lead, zone) by lead, span of the lead, hour of the local day, and origin."""
    hour = np.broadcast_to(scores["lead_h"].to_numpy(), scores["hour"].shape)
    ends = [*(h for h in SPANS_H if h <= hour.max()), int(hour.max()) + 1]
    span = np.digitize(hour, ends) - 1
    clock = scores["day"].to_numpy() * 24 + scores["hour"].to_numpy()
    origin = np.broadcast_to(np.arange(scores.sizes["origin"])[:, None], hour.shape)
    found = {
        name: _summed(scores, of.astype(int))
        for name, of in (("lead", hour), ("span", span), ("clock", clock), ("origin", origin))
    }
    lead, spans, clocks, by_origin = found.values()
    clocks = clocks[clocks["zone"] == ALL]
    return Tables(
        lead.rename(columns={"group": "lead_h"}),
        spans.assign(from_h=np.take(ends, spans["group"]), to_h=np.take(ends, spans["group"] + 1)).drop(columns="group"),
        clocks.assign(day=np.take(DAY_CLASSES, clocks["group"] // 24), hour=clocks["group"] % 24)
        .drop(columns=["group", "zone"])
        .reset_index(drop=True),
        by_origin.assign(origin=scores.get_index("origin")[by_origin["group"]]).drop(columns="group"),
    )


def _summed(scores: xr.Dataset, of: np.ndarray) -> pd.DataFrame:
    """Scores of each group and zone, and of all zones; `of` (origin, lead) are the groups' numbers from 0."""
    names = [f"error_{name}" for name in NAMES]
    zones = [str(zone) for zone in scores["zone"].values]
    fair = np.logical_and.reduce([np.isfinite(scores[name].to_numpy()) for name in ("actual", *names)])
    groups = np.unique(of)

    def total(values: np.ndarray) -> np.ndarray:
        """(group, zone + 1), the last one of all zones; NaN counts as 0."""
        sums = np.stack([np.bincount(of.ravel(), np.nan_to_num(values[..., z]).ravel())[groups] for z in range(len(zones))], 1)
        return np.column_stack([sums, sums.sum(axis=1)])

    count, measured = total(fair), total(np.where(fair, scores["actual"], 0.0))
    errors = {name: total(np.where(fair, scores[f"error_{name}"], 0.0)) for name in NAMES}
    known = total(np.isfinite(scores["actual"].to_numpy()))
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {"count": count, "known": known} | {f"mae_{name}": e / count for name, e in errors.items()}
        columns |= {f"wape_{name}": e / measured for name, e in errors.items()}
        columns |= {f"skill_{name}": 1 - errors["forecast"] / errors[name] for name in NAMES[1:]}
        columns |= {f"inside_{band}": total(scores[f"inside_{band}"].to_numpy()) / known for band in BANDS}
        columns["pinball"] = total(scores["loss"].mean("quantile").to_numpy()) / known
    frame = pd.DataFrame(
        {
            "zone": np.tile([*zones, ALL], len(groups)),
            "group": np.repeat(groups, len(zones) + 1),
            **{name: value.ravel() for name, value in columns.items()},
        }
    )
    return frame.replace([np.inf, -np.inf], np.nan).astype({"count": int, "known": int})


def together(parts: list[xr.Dataset], moments: pd.DatetimeIndex) -> xr.Dataset:
    """Forecasts (lead, zone, quantile) of several origins as one, by `origin`; zones that an origin lacks are NaN. [m3/h]"""
    joined = xr.concat(parts, pd.DatetimeIndex(moments, name="origin"), join="outer")
    return joined.sel(zone=list(dict.fromkeys(str(z) for part in parts for z in part["zone"].values)))
