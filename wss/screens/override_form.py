"""The form by which an operator holds a pump on or off: fill in, see the cost, confirm; and the list of what is held."""

import asyncio
from collections.abc import Callable
from html import escape

import ipywidgets as widgets
import pandas as pd

from wss import times
from wss.errors import DataError
from wss.optimization import Pin
from wss.screens import background
from wss.screens.preview import Preview, Previewer
from wss.steps.plan import overrides
from wss.steps.run import Run
from wss.views import panels, style
from wss.views.facts import told
from wss.views.situation import ShownOverride, Situation
from wss.views.words import number, say

USUAL = pd.Timedelta(hours=2)
"""Length of the window that the form proposes."""


class OverrideForm:
    """Widgets of the form. Every value is checked again when a button is pressed: what a browser sends proves nothing."""

    def __init__(self, run: Callable[[], Run], who: widgets.Text, obey: Callable[[], None]):
        self._run, self._who, self._obey = run, who, obey
        self._previewer, self._seen = Previewer(), None
        self._listed: tuple[ShownOverride, ...] | None = None
        self._offering = False
        language = run().tenant.language
        self._say = lambda key, **values: say(key, language, **values)
        wide = {"layout": widgets.Layout(width="auto")}
        self.pump = widgets.Dropdown(**wide)
        self.state = widgets.Dropdown(options=[(self._say("hold_off"), False), (self._say("hold_on"), True)], **wide)
        self.start, self.end = widgets.Dropdown(**wide), widgets.Dropdown(**wide)
        self.reason = widgets.Text(placeholder=self._say("reason"), continuous_update=False, **wide)
        self.show = widgets.Button(description=self._say("preview"), **wide)
        self.confirm = widgets.Button(description=self._say("confirm"), disabled=True, **wide).add_class("wss-go")
        self.answer, self.held = widgets.HTML(), widgets.VBox()
        self.show.on_click(lambda _: background.start(self._preview, self.complain))
        self.confirm.on_click(lambda _: background.start(self._confirm, self.complain))
        for field in (self.pump, self.state, self.start, self.end):
            field.observe(lambda _: self._changed(), names="value")
        label = widgets.HTML(f"<h2>{self._say('hold')}</h2>")
        self.widget = widgets.VBox(
            [
                label,
                _row(self.pump, self.state),
                _row(self.start, widgets.HTML(self._say("until")), self.end),
                self.reason,
                _row(self.show, self.confirm),
                self.answer,
                self.held,
            ]
        ).add_class("panel")

    def update(self, situation: Situation) -> None:
        """Offer today's pumps and times, and list what is held."""
        tenant, step = situation.tenant, pd.Timedelta(minutes=situation.tenant.plan.decision_minutes)
        first = times.floor(situation.now, step)
        grid = pd.date_range(first, first + pd.Timedelta(hours=tenant.plan.horizon_hours), freq=step, unit="ns")
        named = list(zip(style.moments(grid, tenant.time_zone, tenant.language), grid, strict=True))
        self._offering = True
        try:
            _offer(self.pump, [(p.title, p.id) for p in tenant.system.pumps])
            _offer(self.start, named[:-1])
            _offer(self.end, named[1:], preferred=first + USUAL)
        finally:
            self._offering = False
        if situation.overrides != self._listed:
            self._listed = situation.overrides
            self.held.children = [self._held(situation, held) for held in situation.overrides]

    def complain(self, text: str) -> None:
        """Say under the form what went wrong."""
        self.answer.value = f'<div class="notice bad">{escape(self._say("failed", error=text))}</div>'

    def _held(self, situation: Situation, held: ShownOverride) -> widgets.Widget:
        button = widgets.Button(description=self._say("cancel"), layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: background.start(lambda: self._cancel(held.id), self.complain))
        return (
            widgets.Box([widgets.HTML(panels.override_text(situation, held)), button]).add_class("wss-row").add_class("wss-held")
        )

    def _pin(self) -> Pin:
        run = self._run()
        held = overrides.active(run.store, run.now)
        asked = (self.pump.value, self.state.value, self.start.value, self.end.value)
        return overrides.checked(run.configuration, held, run.now, *asked)

    async def _preview(self) -> None:
        self._forget()
        pin = self._pin()
        self.answer.value = f'<div class="notice busy">{self._say("computing")}</div>'
        seen = await asyncio.to_thread(self._previewer.preview, self._run(), pin)
        if pin != self._pin():
            return
        self._seen = seen
        self.answer.value = self._in_words(seen)
        self.confirm.disabled = False

    async def _confirm(self) -> None:
        run, pin, seen = self._run(), self._pin(), self._seen
        if seen is None or seen.pin != pin:
            raise DataError(self._say("preview_first"))
        shown = {"cost_difference": round(seen.cost_difference, 2), "violations": list(map(str, seen.violations))}
        overrides.record(run.store, pin, self._who.value, run.now, self.reason.value, shown)
        self._forget()
        self.reason.value = ""
        self._obey()

    async def _cancel(self, override_id: int) -> None:
        run = self._run()
        overrides.cancel(run.store, override_id, self._who.value, run.now)
        self._obey()

    def _changed(self) -> None:
        """A field has another value: unless that is only because the times moved on, the cost shown is that of something else."""
        if not self._offering:
            self._forget()

    def _forget(self) -> None:
        self._seen, self.confirm.disabled, self.answer.value = None, True, ""

    def _in_words(self, seen: Preview) -> str:
        run = self._run()
        tenant, currency = run.tenant, run.configuration.tariff.currency
        amount = abs(seen.cost_difference)
        key = "costs_same" if amount < 0.5 else "costs_more" if seen.cost_difference > 0 else "costs_less"
        shown = number(amount, ",.0f", tenant.language)
        money = self._say(key, amount=shown, currency=currency, hours=tenant.plan.horizon_hours)
        broken = told(tenant, seen.violations[:3])
        limits = self._say("breaks", what=escape(broken)) if broken else self._say("breaks_nothing")
        return f'<div class="notice {"bad" if broken else "ok"}"><b>{escape(money)}</b><br>{limits}</div>'


def _row(*children: widgets.Widget) -> widgets.Box:
    return widgets.Box(children).add_class("wss-row")


def _offer(field: widgets.Dropdown, options: list[tuple], preferred=None) -> None:
    """Set a field's options without losing what was chosen."""
    if tuple(options) == tuple(field.options):
        return
    values, chosen = [value for _, value in options], field.value
    kept = chosen if chosen in values else preferred if preferred in values else values[0]
    field.options = options
    field.value = kept
