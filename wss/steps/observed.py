"""What was measured, on a regular grid: levels and pressures at its instants, everything else as means over its steps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.forecasting.demand import zone_demand
from wss.forecasting.robust import median
from wss.hydraulics import tanks
from wss.ingestion import quality
from wss.quantities import QUANTITIES, labelled
from wss.steps.masked import Masked
from wss.steps.run import Run

INSTANT = ("level", "pressure")
"""Quantities that a SCADA samples at a moment; the others are taken as means from their time to the next."""
NEAR_S = 430
"""Readings this near to an instant are pooled; a median of three leaves a spike and most of the noise behind [s]."""
FAR_S = 1200
"""Readings this near carry a line over a gap, or to the last instant [s]."""
HOLD_S = 900
"""How long a reading is believed when the next one is missing [s]."""
LEAST_COVERED = 0.75
"""Share of a step that readings must cover for a mean."""


def observed(
    run: Run, names: Sequence[str], start: pd.Timestamp, end: pd.Timestamp, step: pd.Timedelta | None = None,
    masked: Masked | None = None,
) -> xr.Dataset:
    """Readings that were known at `run.now`, without those whose flag is bad, on the grid from `start` up to but without `end`.

    Parameters
    ----------
    names
        Quantities that have sensors: `level`, `flow`, `pressure`, `power`, `pump_status`, `pump_speed`.
    step
        Step of the grid, on whose multiples it lies; the plan's decision step if None.
    masked
        Is told which readings are left out because of their flags.

    Returns
    -------
    Dataset
        Each quantity (time, its item) in our unit with every item that has a sensor; NaN where readings are missing.
    """
    step = step or pd.Timedelta(minutes=run.tenant.plan.decision_minutes)
    time = times.grid(times.floor(start, step), end, step)
    around = pd.Timedelta(seconds=FAR_S)
    good, doubtful = _read(run, names, time[0] - around, time[-1] + step + around)
    of = dict(list(good.groupby(["quantity", "item"])))
    at, step_s = times.epoch(time), int(step.total_seconds())
    found = {}
    for name in names:
        items = _items(run, name)
        values = np.full((len(time), len(items)), np.nan)
        for k, item in enumerate(items):
            if (name, item) in of:
                seconds, value = times.epoch(of[name, item]["time"]), of[name, item]["value"].to_numpy()
                values[:, k] = at_instants(seconds, value, at) if name in INSTANT else step_means(seconds, value, at, step_s)
        found[name] = labelled(name, values, time=time, **{QUANTITIES[name].dims[1]: items})
    result = xr.Dataset(found)
    if masked is not None:
        masked.note(doubtful, result, step)
    return result


def readings(run: Run, name: str, start: pd.Timestamp, end: pd.Timestamp) -> xr.DataArray:
    """The same readings of one quantity (time, its item) [our unit] in [start, end) at their own times; NaN: an item has none."""
    frame, _ = _read(run, [name], start, end)
    table = frame.pivot(index="time", columns="item", values="value").reindex(columns=_items(run, name))
    time = pd.DatetimeIndex(table.index).as_unit("ns")
    return labelled(name, table.to_numpy(dtype=float), time=time, **{QUANTITIES[name].dims[1]: list(table.columns)})


def derived_demand(run: Run, start: pd.Timestamp, end: pd.Timestamp, masked: Masked | None = None) -> xr.Dataset:
    """`demand` (time, zone) of the steps of the forecast's grid in [start, end), from the water balance of the zones. [m3/h]

    `masked` is told which readings are left out.
    """
    step = pd.Timedelta(minutes=run.tenant.forecast.step_minutes)
    measured = observed(run, ["level", "flow"], start, times.floor(end, step) + step, step, masked)
    return zone_demand(measured, run.tenant.system.zones, tanks.volume(run.configuration.network, measured["level"]))


def at_instants(seconds: np.ndarray, value: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Value at each instant `at` (time,) [s]: the median of the readings around it; where they lie on one side or only
    further away, the line through them; NaN where a line would have to reach too far.

    Parameters
    ----------
    seconds, value : (reading,)
        Readings by ascending time. [s], [any unit]
    """
    offset, near = _around(seconds, value, at, NEAR_S)
    both = (offset <= 0).any(axis=0) & (offset >= 0).any(axis=0)
    result = np.where(both, median(near), np.nan)
    rest = np.flatnonzero(~both)
    offset, far = _around(seconds, value, at[rest], FAR_S)
    count = (~np.isnan(far)).sum(axis=0)
    both = (offset < 0).any(axis=0) & (offset > 0).any(axis=0)
    close = np.nan_to_num(np.abs(offset), nan=FAR_S).min(axis=0, initial=FAR_S) <= NEAR_S
    middle, mean = (np.nansum(a, axis=0) / np.maximum(count, 1) for a in (offset, far))
    run, rise = offset - middle, far - mean
    slope = np.nansum(run * rise, axis=0) / np.maximum(np.nansum(run**2, axis=0), 1.0)
    result[rest] = np.where((count >= 2) & (both | close), mean - slope * middle, np.nan)
    return result


def step_means(seconds: np.ndarray, value: np.ndarray, start: np.ndarray, step_s: int) -> np.ndarray:
    """Mean over each step from `start` (time,) [s] on; a reading holds until the next, but not longer than 15 minutes or one
    and a half times the sensor's usual interval. NaN where less than three quarters of a step are covered.

    Parameters
    ----------
    seconds, value : (reading,)
        Readings by ascending time. [s], [any unit]
    """
    if not len(seconds):
        return np.full(len(start), np.nan)
    gap = np.diff(seconds)
    longest = max(HOLD_S, 1.5 * float(np.median(gap))) if len(gap) else HOLD_S
    held = np.minimum(np.append(gap, longest), longest)
    edge = np.concatenate([start, start + step_s])
    k = np.maximum(np.searchsorted(seconds, edge, side="right") - 1, 0)
    since = np.minimum(np.maximum(edge - seconds[k], 0), held[k])
    covered = _integral(held, k, since)
    total = _integral(value * held, k, value[k] * since)
    return np.where(covered >= LEAST_COVERED * step_s, total / np.maximum(covered, 1e-9), np.nan)


def _integral(whole: np.ndarray, k: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Integral over each step (time,), given those of the readings, and at the starts and then the ends of all steps (2 time,)
    the last reading and its part so far."""
    up_to = np.concatenate([[0.0], np.cumsum(whole)])[k] + part
    return up_to[len(k) // 2:] - up_to[:len(k) // 2]


def _around(seconds: np.ndarray, value: np.ndarray, at: np.ndarray, reach_s: int) -> tuple[np.ndarray, np.ndarray]:
    """Time from each instant [s] and value of the readings within reach of it, (reading, instant), NaN where there are fewer."""
    first, last = np.searchsorted(seconds, at - reach_s), np.searchsorted(seconds, at + reach_s, side="right")
    most = int((last - first).max(initial=0))
    index = first + np.arange(most)[:, None]
    inside = index < last
    index = np.minimum(index, len(seconds) - 1)
    return np.where(inside, seconds[index] - at, np.nan), np.where(inside, value[index], np.nan)


def _read(run: Run, names: Sequence[str], start: pd.Timestamp, end: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Readings known at `run.now`, the good ones and the doubtful ones: time, quantity, item, value, flag."""
    frame = run.store.read(list(names), start, end, known_by=run.now)
    good = quality.mask(frame, run.tenant.quality.masked)["value"].notna()
    return frame[good], frame[~good]


def _items(run: Run, name: str) -> list[str]:
    """Items of a quantity that have a sensor: pumps and tanks in the order of tenant.yml, others in that of sensors.yml."""
    items = list(dict.fromkeys(s.item for s in run.configuration.sensors if s.quantity == name))
    order = {"level": run.configuration.tank_ids, "power": run.configuration.pump_ids, "pump_status": run.configuration.pump_ids}
    return sorted(items, key=order[name].index) if name in order else items
