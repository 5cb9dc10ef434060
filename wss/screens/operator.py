"""The operator's live page: what to switch now and next, why, what the tanks will do, what it costs; accept or override."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any

import ipywidgets as widgets

from wss import times
from wss.errors import DataError
from wss.screens import background
from wss.screens.gather import clock, read_situation
from wss.screens.live_figure import LiveFigure
from wss.screens.override_form import OverrideForm
from wss.screens.server import tenant_of_process
from wss.steps.configuration import active
from wss.steps.plan import overrides
from wss.steps.plan.publish import release
from wss.steps.run import Run, open_run
from wss.views import panels, style
from wss.views.operator_figure import operator_figure, operator_legend
from wss.views.operator_theme import stylesheet
from wss.views.reasons import switch_list
from wss.views.situation import Situation
from wss.views.words import say

REFRESH_S = 30
"""How often the page looks for new readings and plans, and lets the ages grow [s]."""


def operator(tenant: str = "", replan: Callable[..., Any] | None = None) -> widgets.Widget:
    """The operator's page of one tenant, which keeps itself up to date.

    Parameters
    ----------
    tenant
        Name of the tenant; empty: that of the process (environment WSS_TENANT), which is what an app uses.
    replan
        Called as `replan(tenant, intake=False, reason=...)` after an override, such as `wss.cycle.run_cycle`; None: the next
        scheduled cycle obeys it.
    """
    return OperatorPage(open_run(tenant or tenant_of_process()), replan).widget


class OperatorPage:
    """Widgets of the page and what their buttons do."""

    def __init__(self, run: Run, replan: Callable[..., Any] | None = None):
        self._base, self._replan = run, replan
        self.run = self._at_clock()
        language = run.tenant.language
        self._say = lambda key, **values: say(key, language, **values)
        self.top, self.cards, self.ready, self.money, self.journal, self.state = (widgets.HTML() for _ in range(6))
        self.switches = widgets.HTML()
        self.news, self.alarm = widgets.HTML(), widgets.HTML()
        self._planning = asyncio.Lock()
        self.situation = read_situation(self.run)
        self.figure = LiveFigure(patience_s=3.5 * REFRESH_S, lost_words=self._say("lost"))
        self.who = widgets.Text(placeholder=self._say("who"), continuous_update=False, layout=widgets.Layout(width="auto"))
        self.accept = widgets.Button(description=self._say("accept"), layout=widgets.Layout(width="auto")).add_class("wss-go")
        self.accept.on_click(lambda _: background.start(self._accept, self._complain))
        self.form = OverrideForm(lambda: self.run, self.who, self._obey)
        self.widget = self._layout()
        self._show()
        background.every(REFRESH_S, self.refresh, self._alarm)

    def refresh(self) -> None:
        """Read the store again and change on the page what has changed."""
        self.run = self._at_clock()
        self.situation = read_situation(self.run)
        self._show()
        self.alarm.value = ""

    def _show(self) -> None:
        shown = self.situation
        self.top.value = panels.header(shown) + panels.notices(shown)
        self.cards.value, self.ready.value = panels.cards(shown), panels.ready_levels(shown)
        self.switches.value = switch_list(shown)
        self.money.value, self.journal.value = panels.money(shown), panels.journal(shown)
        self.state.value = self._acceptance(shown)
        self.accept.disabled = shown.plan is None or bool(shown.accepted_by)
        self.form.update(shown)
        self.figure.show(operator_figure(shown))

    def _at_clock(self) -> Run:
        configured = replace(self._base, configuration=active(self._base.store))
        return replace(configured, now=clock(configured))

    async def _accept(self) -> None:
        shown = self.situation
        overrides.require_words(who=self.who.value)
        if shown.plan is None or shown.accepted_by:
            raise DataError(self._say("nothing_to_accept"))
        published = self.run.store.published().get("plan")
        if published is None or published.id != shown.plan.run_id:
            self.refresh()
            raise DataError(self._say("plan_changed"))
        release(self.run.store, self.run.workspace, self.run.tenant.name, published.id)
        self.run.store.write_journal(
            "accept", self.who.value.strip(), self.run.now, {"plan_time": times.iso(shown.plan.now)}, run_id=published.id
        )
        self.news.value = ""
        self.refresh()

    def _obey(self) -> None:
        """Plan again at once, so that the plan obeys the journal."""
        self.refresh()
        if self._replan is None:
            self._tell("ok", self._say("next_cycle"))
            return
        self._tell("busy", self._say("replanning"))
        background.start(self._plan_again, self._complain)

    async def _plan_again(self) -> None:
        async with self._planning:
            result = await asyncio.to_thread(self._replan, self.run.tenant.name, intake=False, reason="override")
        self.refresh()
        if result.error:
            self._complain(result.error)
        else:
            self._tell("ok", self._say("replanned"))

    def _acceptance(self, shown: Situation) -> str:
        if shown.plan is None:
            return self._say("no_plan")
        time = style.moment(shown.plan.now, shown.tenant.time_zone, shown.tenant.language)
        released = "released" if shown.tenant.plan.release == "automatic" else "not_accepted"
        words = self._say("accepted" if shown.accepted_by else released, time=time, who=shown.accepted_by)
        return f'<div class="note">{escape(words)}</div>'

    def _tell(self, level: str, text: str) -> None:
        self.news.value = f'<div class="notice {level}">{escape(text)}</div>'

    def _complain(self, text: str) -> None:
        self._tell("bad", self._say("failed", error=text))

    def _alarm(self, text: str) -> None:
        """Say above everything that what is shown may be old; the next refresh that succeeds takes it away."""
        self.alarm.value = f'<div class="notice bad"><b>{escape(self._say("not_fresh"))}</b> {escape(text)}</div>'

    def _layout(self) -> widgets.Widget:
        language = self.run.tenant.language
        row = widgets.Box([self.who, self.accept]).add_class("wss-row")
        decide = widgets.VBox([widgets.HTML(f"<h2>{self._say('decide')}</h2>"), row, self.state, self.news]).add_class("panel")
        first = widgets.Box([self.cards, widgets.Box([self.ready]).add_class("panel")]).add_class("first")
        chart = widgets.VBox([widgets.HTML(operator_legend(language)), self.figure, self.switches]).add_class("panel")
        grid = widgets.Box(
            [
                widgets.VBox([self.top, self.alarm, first]).add_class("top"),
                widgets.VBox([chart]).add_class("main"),
                widgets.VBox(
                    [
                        widgets.Box([self.money]).add_class("panel"),
                        decide,
                        self.form.widget,
                        widgets.Box([self.journal]).add_class("panel"),
                    ]
                ).add_class("side"),
            ]
        ).add_class("page")
        return widgets.VBox([widgets.HTML(f"<style>{stylesheet()}</style>"), grid]).add_class("wss")
