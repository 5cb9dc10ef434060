"""What if a pump were out, demand rose, or power cost something else: the engineer's plan beside the plan as it stands."""

import asyncio
import io
from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from wss import tariffs
from wss.config import Tariff
from wss.screens import background
from wss.steps.plan import optimize, overrides
from wss.steps.plan.optimize import PlanResult
from wss.steps.run import Run
from wss.views import plan_chart
from wss.views.tables import comparison_table
from wss.views.words import Language, say

DEMAND_RANGE = (0.6, 1.6)
"""Least and greatest factor on demand [1]."""


def whatif(run: Run) -> widgets.Widget:
    """Fields for what may change at `run.now`, and a button that plans twice; nothing is saved and nothing published."""
    return WhatIf(run).widget


class WhatIf:
    """Widgets of the what-if and what its button does."""

    def __init__(self, run: Run):
        self.run = run
        self._base: PlanResult | None = None
        language, wide = run.tenant.language, {"description_width": "initial"}
        self._say = lambda key, **values: say(key, language, **values)
        self.out = {p.id: widgets.Checkbox(description=p.title, indent=False) for p in run.tenant.system.pumps}
        self.demand = widgets.FloatSlider(
            value=1.0,
            min=DEMAND_RANGE[0],
            max=DEMAND_RANGE[1],
            step=0.05,
            readout_format=".0%",
            description=self._say("whatif_demand"),
            style=wide,
            continuous_update=False,
        )
        self.prices = {
            p.name: widgets.BoundedFloatText(
                value=p.price_per_kwh,
                min=0.0,
                max=50.0,
                step=0.01,
                style=wide,
                description=self._say("whatif_price", period=p.title),
            )
            for p in tariffs.version_at(run.configuration.tariff, run.now).periods
        }
        self.compute = widgets.Button(description=self._say("whatif_compute"), button_style="primary")
        self.compute.on_click(lambda _: background.start(self._compute, self._complain))
        self.answer = widgets.HTML(escape(self._say("whatif_hint")))
        self.picture = widgets.Image(format="png", layout=widgets.Layout(display="none", max_width="100%"))
        out = widgets.VBox([widgets.HTML(self._say("whatif_out")), *self.out.values()])
        fields = widgets.HBox([out, self.demand, widgets.VBox(list(self.prices.values()))])
        self.widget = widgets.VBox([fields, self.compute, self.answer, self.picture])

    def changes(self) -> dict[str, Any]:
        """What the fields say, checked again: pumps out, factor on demand [1], tariff."""
        low, high = DEMAND_RANGE
        return {
            "out_of_service": tuple(pump for pump, box in self.out.items() if box.value is True),
            "demand_factor": min(high, max(low, float(self.demand.value))),
            "tariff": with_prices(self.run.configuration.tariff, {name: field.value for name, field in self.prices.items()}),
        }

    async def _compute(self) -> None:
        changes = self.changes()
        self.answer.value = escape(self._say("whatif_computing"))
        base, other = await asyncio.to_thread(self._both, changes)
        tenant, tariff = self.run.tenant, changes["tariff"]
        self.answer.value = comparison_table(
            {"plan_as_is": _figures(base, tenant.language), "plan_if": _figures(other, tenant.language)},
            tariff.currency,
            tenant.language,
        ).to_html()
        chart = plan_chart(
            other.pump_speed.to_dataset(name="pump_speed"),
            other.levels,
            tenant.system.tanks,
            tariff,
            pumps=tenant.system.pumps,
            baseline_levels=base.levels,
            compared="plan_as_is",
            time_zone=tenant.time_zone,
            language=tenant.language,
        )
        picture = io.BytesIO()
        chart.savefig(picture, format="png")
        self.picture.value, self.picture.layout.display = picture.getvalue(), ""

    def _both(self, changes: Mapping[str, Any]) -> tuple[PlanResult, PlanResult]:
        """The plan as it stands, computed once, and the plan with the changes."""
        pins = tuple(o.pin for o in overrides.active(self.run.store, self.run.now))
        forecast = optimize.forecast_for(self.run)
        if self._base is None:
            self._base = optimize.plan(self.run, forecast, pins)
        return self._base, optimize.plan(self.run, forecast, pins, changes)

    def _complain(self, text: str) -> None:
        self.answer.value = escape(self._say("failed", error=text))


def with_prices(tariff: Tariff, prices: Mapping[str, float]) -> Tariff:
    """The tariff with other energy prices for its periods [currency/kWh]; validated again."""
    changed = tariff.model_dump()
    for version in changed["versions"]:
        for period in version["periods"]:
            period["price_per_kwh"] = float(prices.get(period["name"], period["price_per_kwh"]))
    return Tariff.model_validate(changed)


def _figures(result: PlanResult, language: Language) -> dict[str, Any]:
    """What the table compares. [kWh], [currency], [1]"""
    tariff, speed = result.inputs.tariff, result.pump_speed
    bill = {
        say(row.period, language) if np.isnan(row.energy_kwh) else f"– {tariffs.title(tariff, row.period)}": row.cost
        for row in result.bill.itertuples()
    }
    starts = ((speed > 0) & ~(speed.shift(time=1, fill_value=0.0) > 0)).isel(time=slice(1, None)).sum()
    return {
        "energy": float(result.simulation.energy.sum()),
        "energy_cost": result.plan_cost,
        "bill": bill,
        "starts": int(starts),
        "broken": len(result.violations),
        "rung": result.solution.rung,
    }
