"""Names of what a run saves in its folder: groups of its NetCDF file, and tables."""

from enum import StrEnum


class Group(StrEnum):
    """A group of a run's NetCDF file."""

    FORECAST = "forecast"
    """Of a forecast: demand (time, zone, quantile) [m3/h]."""
    MEMBERS = "members"
    """Of a forecast: sampled paths of demand (member, time, zone) [m3/h]."""
    PLAN = "plan"
    """Of a plan: pump_speed (time, pump) [1] and price (time,) [currency/kWh] on the decision grid."""
    LEVELS = "levels"
    """Of a plan: level (time, tank) in its replay, the end included [m]."""
    SIMULATED = "simulated"
    """Of a plan: level [m], flow [m3/h], power [kW] and pressure [m] at the starts of the decision steps in its replay."""
    BAND = "band"
    """Of a plan: level (time, tank, quantile) under sampled demands [m]."""
    BASELINE = "baseline"
    """Of the network's own controls: pump_speed [1] and what `SIMULATED` holds."""
    BASELINE_LEVELS = "baseline_levels"
    """Of the network's own controls: level (time, tank), the end included [m]."""


class Table(StrEnum):
    """A table of a run, a file NAME.csv."""

    ORDERS = "orders"
    """Of a plan: time [UTC], pump, speed [1], a row a change."""
    ACTIONS = "actions"
    """Of a plan: what to switch and why (see `steps.plan.reasons.actions`)."""
    MOVES = "moves"
    """Of a plan: what moving each switch would cost (see `optimization.proof.explain.Explanation`)."""
    MASKED = "masked"
    """What a run did without, because it is doubtful (see `steps.masked`)."""
    SKILL = "skill"
    """Of a refit: mode, zone, from_h [h], skill [1]."""
    WEIGHTS = "weights"
    """Of a refit: mode, zone, part and the weights of what is added up [1]."""
    ORIGINS = "origins"
    """Of a backtest: a row an origin (see `steps.forecast.backtest.Backtest`)."""
    WORST = "worst"
    """Of a backtest: the origins with the largest error, and what was special."""
    BY_LEAD = "by_lead"
    """Of a backtest: this and the next are its scores summed up (see `forecasting.backtest.Tables`)."""
    BY_SPAN = "by_span"
    BY_HOUR = "by_hour"
    BY_ORIGIN = "by_origin"
    KPI = "kpi"
    """Key figures of a day: time [UTC], name, item, value, unit."""
