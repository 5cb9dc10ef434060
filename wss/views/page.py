"""The operator's page as one static HTML file: shown when the live one is down, and what the live one is made of."""

from html import escape
from importlib.resources import files

from wss.views import panels
from wss.views.operator_figure import operator_figure, operator_legend
from wss.views.reasons import switch_list
from wss.views.situation import Situation
from wss.views.words import say


def stylesheet() -> str:
    """The operator's theme as CSS."""
    return files("wss.views").joinpath("operator.css").read_text(encoding="utf-8")


def operator_page(situation: Situation) -> str:
    """The whole page without its forms, complete in one file: no request leaves the machine."""
    language = situation.tenant.language
    figure = operator_figure(situation).to_html(
        full_html=False, include_plotlyjs=True, config={"displayModeBar": False, "responsive": True}
    )
    return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(situation.tenant.title)}</title><style>body {{ margin: 0; background: #0a0f16; }} {stylesheet()}</style></head>
<body><div class="wss"><div class="page">
<div class="top topline">{panels.header(situation)}{panels.notices(situation)}
<div class="first"><div>{panels.cards(situation)}</div><div class="panel">{panels.ready_levels(situation)}</div></div></div>
<div class="main"><div class="panel">{operator_legend(language)}{figure}{switch_list(situation)}</div></div>
<div class="side"><div class="panel">{panels.money(situation)}</div><div class="panel">{panels.journal(situation)}</div>
<div class="note">{say("snapshot", language)}</div></div>
</div></div></body></html>
"""
