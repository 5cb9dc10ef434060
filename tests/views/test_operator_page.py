"""The operator's page says what is true: ages, next actions, levels at seven, money; and shows it on one time axis."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.records import Reason
from wss.views import panels
from wss.views.operator_figure import operator_figure
from wss.views.operator_theme import stylesheet
from wss.views.reasons import switch_list
from wss.views.situation import Bill, Situation

PARTS = (panels.header, panels.notices, panels.cards, panels.ready_levels, switch_list, panels.money, panels.journal)
"""What the page is made of, beside the figure and the forms."""


def text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def empty(situation):
    return Situation(tenant=situation.tenant, tariff=situation.tariff, now=situation.now)


def test_figure_runs_each_pump_as_planned(situation):
    past, ahead = operator_figure(situation).data[:2]
    hours = sum(ahead.x) / 3.6e6
    planned = situation.plan.speed
    assert hours == pytest.approx(float((planned > 0).sum()) / 4 - 0.2 * int(float(planned.sel(pump="10")[0] > 0)))
    assert {t for t in ahead.text if t} == {"90%"}
    assert sum(past.x) / 3.6e6 == pytest.approx(2 * 6.0), "both pumps ran from midnight to 06:00 local"


def test_figure_keeps_its_traces_when_there_is_no_plan(situation):
    full, bare = operator_figure(situation), operator_figure(empty(situation))
    assert [(t.type, t.yaxis) for t in full.data] == [(t.type, t.yaxis) for t in bare.data]


def test_figure_shows_now_limits_and_overrides(situation):
    figure = operator_figure(situation)
    vertical = [s for s in figure.layout.shapes if s.type == "line" and s.x0 == s.x1]
    assert [pd.Timestamp(s.x0) for s in vertical] == [situation.now]
    limits = sorted(s.y0 for s in figure.layout.shapes if s.type == "line" and s.yref == "y2")
    assert limits == [2.0, 9.0]
    (frame,) = (s for s in figure.layout.shapes if s.type == "rect" and s.yref == "y")
    held = situation.overrides[0]
    assert (pd.Timestamp(frame.x0), pd.Timestamp(frame.x1)) == (held.start, held.end)


@pytest.mark.parametrize("now", ["2022-03-26T18:00", "2022-10-29T18:00"])
def test_axis_stays_local_over_a_clock_change(situation, now):
    axis = operator_figure(replace(empty(situation), now=pd.Timestamp(now))).layout.xaxis
    local = times.wall(pd.DatetimeIndex(axis.tickvals), "Europe/Rome")
    assert all(hour % 6 == 0 for hour in local.hour)
    labels = [f"{t:%H:%M}" if t.hour else None for t in local]
    assert all(shown == label for shown, label in zip(axis.ticktext, labels, strict=True) if label)


def test_levels_reach_the_browser_as_plain_numbers(situation):
    lines = [t for t in operator_figure(situation).data if t.type == "scatter"]
    assert all(isinstance(v, (float, int, type(None))) for t in lines for v in t.y)
    planned = lines[3]
    np.testing.assert_allclose(planned.y, situation.plan.level.sel(tank="1"), atol=1e-4)


def test_header_names_the_utility_and_that_it_is_simulated(situation):
    html = panels.header(situation)
    assert "Águas &lt;Litoral&gt;" in html
    assert "SIMULATED" in html
    assert "06:12" in text(html)
    plain = situation.tenant.model_copy(update={"simulated": False})
    assert "SIMULATED" not in panels.header(replace(situation, tenant=plain))


@pytest.mark.parametrize(("minutes", "level"), [(7, "ok"), (90, "ok"), (91, "warn"), (720, "warn"), (721, "bad"), (None, "bad")])
def test_age_of_data_turns_amber_and_red_at_the_tenants_limits(situation, minutes, level):
    time = None if minutes is None else situation.now - pd.Timedelta(minutes=minutes)
    first = panels.status(replace(situation, data_time=time)).split('class="pill ')[1]
    assert first.startswith(level)


@pytest.mark.parametrize(("rung", "level"), [("proven", "ok"), ("relaxed", "warn"), ("level_control", "bad"), ("none", "bad")])
def test_rung_is_shown_with_its_reason(situation, rung, level):
    plan = replace(
        situation.plan, summary=replace(situation.plan.summary, rung=rung, reasons=(Reason("solver_stopped", text="<stopped>"),))
    )
    last = panels.status(replace(situation, plan=plan)).split('class="pill ')[-1]
    assert last.startswith(level)
    assert "without a result: &lt;stopped&gt;" in last


def test_cards_are_the_next_three_actions(situation):
    words = text(panels.cards(situation))
    assert re.search(r"07:00 Mon · in 48 min Night ■ Stop Lake pump the cheap period ends at 07:00", words)
    assert "Set River pump to 90%" in words
    assert "Start Lake pump" not in words
    late = text(panels.cards(replace(situation, now=situation.now + pd.Timedelta("6h"))))
    assert "23:00" in late
    assert "&lt;b&gt;" in late
    assert "Nothing to switch" in late


def test_level_at_seven_is_that_of_the_plan(situation):
    seven = pd.Timestamp("2022-07-26T05:00")
    expected = [f"{float(situation.plan.level.sel(tank=t, time=seven)):.2f} m" for t in ("1", "2", "3")]
    html = panels.ready_levels(situation)
    assert re.findall(r"<b class=\"num\">([^<]+)</b>", html) == expected
    assert "07:00 tomorrow (Tue)" in html


@pytest.mark.parametrize(
    ("now", "seven"),
    [
        ("2022-07-25T04:12", "07:00 tomorrow (Tue)"),
        ("2022-07-25T23:30", "07:00 today (Tue)"),
        ("2022-03-26T22:59", "07:00 tomorrow (Sun)"),
        ("2022-03-27T01:30", "07:00 tomorrow (Mon)"),
        ("2022-10-30T00:30", "07:00 today (Sun)"),
    ],
)
def test_seven_is_the_next_morning_that_is_not_settled(situation, now, seven):
    assert seven in panels.ready_levels(replace(empty(situation), now=pd.Timestamp(now)))


def test_a_band_that_crosses_a_limit_is_said(situation):
    plan = replace(situation.plan, band=situation.plan.band + 3.0)
    assert "may cross a limit" in panels.ready_levels(replace(situation, plan=plan))
    assert "may cross a limit" not in panels.ready_levels(situation)


def test_money_has_its_sign(situation):
    words = text(
        panels.money(replace(situation, bills=(Bill("bill_horizon", 412.4, 498.9), Bill("bill_demand_charge", 60.0, 50.0))))
    )
    assert "Next 48 h 412 499 −17.3 %" in words
    assert "60 50 +20.0 %" in words


def test_nothing_typed_becomes_markup(situation):
    html = panels.journal(situation) + panels.override_text(situation, situation.overrides[0]) + panels.header(situation)
    assert "<cleaned>" not in html
    assert "<Litoral>" not in html
    assert "João override: River pump held off until Mon 13:00" in text(html)


def test_without_anything_the_page_still_stands(situation):
    bare = empty(situation)
    words = text("".join(part(bare) for part in PARTS))
    assert "No plan yet." in words
    assert "none" in words


def test_the_page_asks_nobody_for_anything(situation):
    html = "".join(part(situation) for part in PARTS)
    assert not re.findall(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)\s*=""", html)
    assert "@import" not in stylesheet()
    assert not re.findall(r"url\(['\"]?https?:", stylesheet())
