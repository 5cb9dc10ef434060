"""What an operator's page shows, as plain data: gathered from the store by the screens, drawn by the views."""

from dataclasses import dataclass, field

import pandas as pd
import xarray as xr

from wss.config import Tariff, Tenant
from wss.records import ForecastSummary, PlanSummary


@dataclass(frozen=True)
class ShownPlan:
    """The published plan with what EPANET says will happen."""

    run_id: str
    now: pd.Timestamp
    """Moment for which it was made [UTC]."""
    speed: xr.DataArray
    """(time, pump) [1]"""
    level: xr.DataArray
    """(time, tank), one instant more than `speed` [m]."""
    baseline_level: xr.DataArray
    """(time, tank) under the network's own level control [m]."""
    band: xr.DataArray
    """(time, tank, quantile) under low and high demand [m]."""
    actions: pd.DataFrame
    """time, pump, action, speed, period, why; in sentences what a step earlier or later would mean: earlier, later."""
    summary: PlanSummary


@dataclass(frozen=True)
class ShownOverride:
    """A pump that an operator holds on or off."""

    id: int
    pump: str
    on: bool
    start: pd.Timestamp
    end: pd.Timestamp
    who: str
    reason: str


@dataclass(frozen=True)
class Bill:
    """One line of the cost panel: what one choice costs against the other."""

    key: str
    """Key of its title in the words."""
    cost: float
    """Cost under the plan, or as measured [currency]."""
    baseline: float | None
    """Cost under level control on equal terms; None: not known [currency]."""


@dataclass(frozen=True)
class Situation:
    """Everything on the page at one moment."""

    tenant: Tenant
    tariff: Tariff
    now: pd.Timestamp
    """Moment that the page shows [UTC]."""
    data_time: pd.Timestamp | None = None
    """Time of the newest reading [UTC]."""
    forecast_time: pd.Timestamp | None = None
    """Moment for which the published forecast was made [UTC]."""
    forecast_summary: ForecastSummary = field(default_factory=ForecastSummary)
    """Of the published forecast run: which model and weather it used."""
    plan: ShownPlan | None = None
    past_level: xr.DataArray | None = None
    """(time, tank) measured [m]."""
    past_speed: xr.DataArray | None = None
    """(time, pump), 0 where it stood [1]."""
    bills: tuple[Bill, ...] = ()
    overrides: tuple[ShownOverride, ...] = ()
    journal: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["at", "kind", "who", "reason", "body"]))
    """Entries, oldest first."""
    accepted_by: str = ""
    """Who accepted the published plan; empty: nobody yet."""
    trouble: str = ""
    """Why the newest attempt to plan failed; empty: it did not."""
