"""What runs of each notebook but the plan sum up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wss.records.summary import Summary


@dataclass(frozen=True)
class ForecastSummary(Summary):
    """Of a forecast."""

    issue: Any = None
    """First step that it tells [UTC]."""
    forecast_wape: float | None = None
    """Error of the forecast of a day ago over the hours since [1]; None: there was none."""
    history_days: float | None = None
    """How long the past is [d]."""
    gaps: Mapping[str, int] = field(default_factory=dict)
    """Zone -> steps that are missing in it."""
    model: str = ""
    refit_run: str | None = None
    """Id of the run that fitted the model; None: there is none, and the profile forecasts."""
    model_age_days: float | None = None
    """[d]"""
    model_reason: str = ""
    """Why there is no fitted model; empty: there is."""
    weather: str | None = None
    """forecast, or none; None: the version that made it does not say."""
    weather_share: str = "0%"
    """Which part of the steps ahead has weather."""
    weather_reason: str | None = None
    """Why there is none."""
    weather_faults: tuple[str, ...] | list[str] = ()
    repairs: tuple[str, ...] | list[str] = ()
    """What was taken as unknown in the past, a sentence each."""

    optional = frozenset({"weather_reason"})


@dataclass(frozen=True)
class RefitSummary(Summary):
    """Of a refit of the forecast model."""

    model: str = "none"
    """fitted or none."""
    reason: str = ""
    """Why there is no model; empty: there is."""
    days: int = 0
    """Days of demand that were known [d]."""
    weather_faults: tuple[str, ...] | list[str] = ()
    zones: list[str] | None = None
    first_day: str | None = None
    """Local date of the first day that was learnt from."""
    last_day: str | None = None
    modes: list[str] | None = None
    """`none`, and `weather` where it was learnt with weather."""
    weights: Mapping[str, Any] | None = None
    """Mode and part -> zone -> weights of what is added up [1]."""
    code_version: str | None = None

    optional = frozenset({"zones", "first_day", "last_day", "modes", "weights", "code_version"})


@dataclass(frozen=True)
class BacktestSummary(Summary):
    """Of a backtest: what was asked and what was done."""

    start: Any = None
    """First origin [UTC]."""
    end: Any = None
    """Moment before which the last origin lies [UTC]."""
    every_hours: float = 24.0
    """Time between origins [h]."""
    hours: int = 0
    """How far each origin forecasts [h]."""
    model: str = "fitted"
    refit_days: int = 0
    id: str = ""
    """Of what was asked; the same question finds what it made before."""
    kept_in: Any = None
    """Folder of the origins."""
    origins: int = 0
    new: int = 0
    kept: int = 0
    failed: int = 0
    models: Mapping[str, int] = field(default_factory=dict)
    """Model -> origins that it forecast."""


@dataclass(frozen=True)
class KpiSummary(Summary):
    """Of the key figures of a day."""

    day: str = ""
    """Local date."""
    sources: list[str] | tuple[str, ...] = ()
    """What they are of: actual, plan, baseline."""
    missing_power_share: float | None = None
    """Share of the power that was not measured [1]."""
    missing_demand_share: float | None = None
    """Share of the demand that is not known [1]."""
    plan_missing: str | None = None
    """Why there are none of the plan."""
    baseline_missing: str | None = None
    """Why there are none of the network's own level controls."""

    optional = frozenset({"plan_missing", "baseline_missing"})
