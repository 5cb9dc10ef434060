"""The table of key figures is complete, and its page says what it says."""

from pathlib import Path

import pytest

from wss.records import document
from wss.records.kpis import INPUTS, KEY_FIGURES, heading, title, written
from wss.views.words import LANGUAGES

DOCS = Path(__file__).parents[2] / "docs"


def test_page_is_up_to_date():
    assert (DOCS / "kpis.md").read_text(encoding="utf-8") == document.kpis_page(), "run `make docs`"


@pytest.mark.parametrize("name", KEY_FIGURES)
def test_every_figure_explains_itself_in_every_language(name):
    figure = KEY_FIGURES[name]
    assert set(figure.title) == set(LANGUAGES)
    assert all(text.strip() for text in (*figure.title.values(), figure.unit, figure.meaning, figure.formula))
    assert figure.needs
    assert set(figure.needs) <= set(INPUTS)
    assert figure.decimals >= 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_figures_look_alike(language):
    titles = [figure.title[language] for figure in KEY_FIGURES.values()]
    assert len(set(titles)) == len(titles)


def test_money_is_in_the_currency_of_the_tariff():
    assert KEY_FIGURES["cost"].unit_in("EUR") == "EUR"
    assert KEY_FIGURES["cost"]._replace(unit="currency/m3").unit_in("BRL") == "BRL/m3"
    assert KEY_FIGURES["specific_energy"].unit_in("EUR") == "kWh/m3"


def test_figures_are_written_with_their_decimals():
    given = [("cost", 1234.5), ("specific_energy", 0.0423), ("energy_share", 0.615), ("starts", 3.0), ("energy", float("nan"))]
    assert [written(*each) for each in given] == ["1,234.50", "0.042", "62%", "3", "—"]
    assert heading("cost", "EUR", "pt") == "Custo da energia [EUR]"
    assert heading("starts", "1") == "Pump starts"


def test_a_figure_that_the_table_lacks_has_its_name():
    assert heading("cost_per_volume", "EUR/m3", "pt") == "cost_per_volume [EUR/m3]"
    assert written("cost_per_volume", 0.0512) == "0.05"
    assert title("energy", "xx") == "Energy"
