"""What an override would cost, before anybody confirms it."""

from dataclasses import dataclass, field, replace

import pandas as pd
import xarray as xr

from wss import times
from wss.optimization.core.problem import Pin
from wss.records import Fact
from wss.steps.plan import optimize, overrides
from wss.steps.run import Run


@dataclass(frozen=True)
class Preview:
    """The plan with one more pin against the plan without it, from the same moment."""

    pin: Pin
    now: pd.Timestamp
    """Moment that both start from [UTC]."""
    cost_difference: float
    """Energy and demand charge, with the pin less without [currency]."""
    violations: tuple[Fact, ...]
    """What the plan with the pin breaks."""


@dataclass
class Previewer:
    """Previews overrides, and computes the plan to compare with once for each moment, forecast and set of pins."""

    _known: dict[tuple, float] = field(default_factory=dict)

    def preview(self, run: Run, pin: Pin) -> Preview:
        """Plan at `run.now` [UTC] with `pin`, on the published forecast, against the plan without it. Nothing is saved.

        Raises
        ------
        WssError
            If there is no forecast, or no plan can be computed.
        """
        run = replace(run, now=times.floor(run.now, pd.Timedelta(minutes=run.tenant.plan.decision_minutes)))
        held = tuple(o.pin for o in overrides.active(run.store, run.now))
        forecast = optimize.forecast_for(run)
        without = self._without(run, forecast, held)
        with_pin = optimize.plan(run, forecast, (*held, pin))
        return Preview(pin, run.now, _cost(with_pin) - without, with_pin.violations)

    def _without(self, run: Run, forecast: xr.Dataset, held: tuple[Pin, ...]) -> float:
        """Cost of the plan with what is held already. [currency]"""
        version = int(run.store.versions()["version"].max())
        key = (run.now, held, version, float(forecast["demand"].sum()), run.store.last_time())
        if key not in self._known:
            self._known = {key: _cost(optimize.plan(run, forecast, held))}
        return self._known[key]


def _cost(result: optimize.PlanResult) -> float:
    """Energy and demand charge. [currency]"""
    return result.plan_cost + result.demand_charge
