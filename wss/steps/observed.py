"""What was measured, on a regular grid: levels and pressures at its instants, everything else as means over its steps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.forecasting.demand import zone_demand
from wss.hydraulics import tanks
from wss.ingestion import quality
from wss.ingestion.resample import FAR_S, at_instants, step_means
from wss.quantities import QUANTITIES, labelled
from wss.steps.masked import Masked
from wss.steps.run import Run

INSTANT = ("level", "pressure")
"""Quantities that a SCADA samples at a moment; the others are taken as means from their time to the next."""


def observed(
    run: Run,
    names: Sequence[str],
    start: pd.Timestamp,
    end: pd.Timestamp,
    step: pd.Timedelta | None = None,
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
