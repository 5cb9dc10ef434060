"""Sentences about switches and changes say what the figures say, in both languages, on the wall clock."""

from dataclasses import replace

import pandas as pd
import pytest

from wss import views
from wss.optimization.proof.explain import COLUMNS
from wss.records import PlanChange
from wss.views import panels
from wss.views.operator_figure import operator_figure
from wss.views.reasons import change_words, limit_words, move_words, switch_list, switch_words

MOMENT = pd.Timestamp("2022-07-25T04:00")


def row(**more):
    plain = {
        "time": MOMENT,
        "pump": "10",
        "action": "start",
        "move": "later",
        "minutes": 15.0,
        "energy_cost": 0.3,
        "charge": 0.0,
        "start_cost": 0.0,
        "water_m3": 4.0,
        "water_cost": 0.12,
        "cost": 0.42,
        "limit": "",
        "item": "",
        "amount": 0.0,
        "bound": 0.0,
        "at": pd.NaT,
        "end_tank": "",
        "end_short": 0.0,
        "room_tank": "",
        "room_less": 0.0,
        "departs": 0.0,
    }
    return plain | more


@pytest.fixture
def tenant(situation):
    return situation.tenant


@pytest.fixture
def portuguese(tenant):
    return tenant.model_copy(update={"language": "pt"})


def test_a_move_has_its_price(tenant, portuguese):
    assert move_words(tenant, "EUR", row()) == "15 min later costs 0.42 EUR more"
    assert move_words(portuguese, "EUR", row(move="earlier", cost=1.1)) == "15 min mais cedo custa mais 1,10 EUR"
    assert move_words(tenant, "EUR", row(limit="now")) == ""


def test_a_move_that_a_limit_forbids_names_it(tenant, portuguese):
    barred = row(limit="low", item="2", amount=0.08, bound=1.2, at=pd.Timestamp("2022-07-25T06:15"))
    words = "15 min later is not possible: Tank South would fall 0.08 m below 1.20 m at 08:15"
    assert move_words(tenant, "EUR", barred) == words
    assert move_words(tenant, "EUR", barred, known=True) == "15 min later is not possible"
    words = "15 min mais tarde não é possível: Tank South desceria 0,08 m abaixo de 1,20 m às 08:15"
    assert move_words(portuguese, "EUR", barred) == words
    tomorrow = barred | {"at": pd.Timestamp("2022-07-25T22:30")}
    assert limit_words(tenant, tomorrow, MOMENT).endswith("at 00:30 (Tue)")


def test_a_saving_is_claimed_only_where_it_needs_no_price_of_water(tenant):
    less_energy = row(energy_cost=-4.6, water_cost=3.0, cost=-1.6)
    assert move_words(tenant, "EUR", less_energy) == "15 min later would save 1.60 EUR"
    more_water = row(energy_cost=4.6, water_cost=-5.7, cost=-1.1)
    assert move_words(tenant, "EUR", more_water) == "15 min later costs no more"
    short = less_energy | {"end_tank": "1", "end_short": 0.04}
    assert move_words(tenant, "EUR", short) == "15 min later costs no more and leaves Tank West 0.04 m short at the end"
    both = row(energy_cost=-1.0, water_cost=-1.0, cost=-2.0)
    assert move_words(tenant, "EUR", both) == "15 min later would save 1.00 EUR"


def test_what_held_a_move_back_that_costs_no_more_is_told(tenant, portuguese):
    cheaper = row(energy_cost=-1.6, water_cost=0.0, cost=-1.6)
    roomless = cheaper | {"room_tank": "2", "room_less": 0.08, "departs": 0.4}
    assert move_words(tenant, "EUR", roomless) == "15 min later would save 1.60 EUR and leaves Tank South 0.08 m less room"
    assert move_words(portuguese, "EUR", row(cost=0.0) | {"room_tank": "2", "room_less": 0.08}) == (
        "15 min mais tarde não custa mais e deixa a Tank South menos 0,08 m de folga"
    )
    departing = cheaper | {"room_tank": "2", "room_less": 0.001, "departs": 0.4}
    assert move_words(tenant, "EUR", departing) == "15 min later would save 1.60 EUR but departs from the plan in force"
    assert move_words(tenant, "EUR", row(room_tank="2", room_less=0.08)) == "15 min later costs 0.42 EUR more"


@pytest.mark.parametrize("kind", ["low", "high", "empty", "full", "pressure", "warning", "starts", "held", "out"])
def test_every_limit_has_words_in_both_languages(tenant, portuguese, kind):
    found = {"limit": kind, "item": "10", "amount": 2.0, "bound": 1.0, "at": "2022-07-25T06:15:00Z"}
    said = [limit_words(one, found, MOMENT) for one in (tenant, portuguese)]
    assert said[0] != said[1]
    assert all("{" not in words and "nan" not in words.lower() for words in said)
    assert ("Lake pump" in said[0]) == (kind in ("starts", "held", "out")), "node 10 and tank 10 are no pumps"


def test_a_change_says_what_it_saves_or_why_it_must_be(tenant, portuguese, day):
    change = PlanChange(**day.summary["change"])
    assert change_words(tenant, "EUR", change) == "2 switches changed since the plan of Mon 05:30: saves 3.10 EUR."
    assert change_words(portuguese, "EUR", replace(change, switches=1, saves=-0.5)) == (
        "1 manobra alterada desde o plano de seg 05:30: custa mais 0,50 EUR."
    )
    assert change_words(tenant, "EUR", replace(change, switches=0)) == "Unchanged since the plan of Mon 05:30."
    must = replace(change, limit="low", item="2", amount=0.08, bound=2.0, at="2022-07-25T06:15:00Z")
    assert "without that, Tank South would fall 0.08 m below 2.00 m at 08:15" in change_words(tenant, "EUR", must)
    roomy = replace(change, saves=-2.36, room_tank="2", room_less=0.05)
    assert change_words(tenant, "EUR", roomy).endswith("Mon 05:30: costs 2.36 EUR more and leaves Tank South 0.05 m more room.")
    assert change_words(tenant, "EUR", replace(roomy, saves=3.1)).endswith("saves 3.10 EUR.")
    assert change_words(tenant, "EUR", None) == ""
    assert "No plan was in force" in views.change_story({}, tenant, "EUR").data


def test_a_switch_is_told_with_its_reason_and_its_moves(tenant, day):
    action = next(day.actions.iloc[[1]].itertuples())
    assert switch_words(tenant, action) == [
        "Mon 07:45 River pump goes to 90%: holds the level of Tank South",
        "15 min earlier costs 1.10 EUR more",
        "15 min later is not possible",
    ]


def test_behind_each_bar_stands_why_it_begins_and_ends(situation):
    ahead = operator_figure(situation).data[1]
    bar = next(words for words in ahead.customdata if words.startswith("<b>will run Mon 23:00"))
    assert "▶ Mon 23:00 Lake pump starts: fills the tanks &lt;b&gt;<br>· 15 min earlier &lt;i&gt;" in bar
    plain = next(words for words in ahead.customdata if words.startswith("will run"))
    assert plain.count("<br>") == 0, "where nothing is said of the ends, only the span"
    lines = [line for words in ahead.customdata for line in words.replace("<b>", "").replace("</b>", "").split("<br>")]
    assert max(map(len, lines)) <= 90


def test_the_list_has_every_switch_ahead_for_keyboard_and_phone(situation):
    html = switch_list(situation)
    assert html.startswith('<details class="switches"><summary>Every switch and why (4)')
    assert html.count("<li ") == 4
    assert "&lt;i&gt;" in html
    assert switch_list(replace(situation, plan=None)) == ""
    assert "(1)" in switch_list(replace(situation, now=situation.now + pd.Timedelta("6h")))


def test_cards_say_what_a_quarter_of_an_hour_is_worth_and_what_changed(situation):
    html = panels.cards(situation)
    assert "15 min earlier costs 1.10 EUR more" in html
    assert "2 switches changed since the plan of Mon 05:30: saves 3.10 EUR." in html


def test_moves_table_takes_the_water_off(tenant):
    moves = pd.DataFrame([row(), row(limit="now", move="earlier"), row(limit="starts", item="10", amount=3.0, bound=2.0)])
    table = views.moves_table(moves, tenant, "EUR").data
    assert table.iloc[0].tolist() == ["Mon 06:00", "Lake pump", "15 min later", 0.3, 0.0, -4.0, 0.12, 0.42, ""]
    assert table.iloc[1, -1] == "Lake pump would start 3 times, 2 are allowed"
    assert len(views.moves_table(pd.DataFrame(columns=list(COLUMNS)), tenant, "EUR").data) == 0
