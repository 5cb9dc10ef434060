"""What an earlier wss computed is shown by screens and notebooks as it was.

Each figure here was read off when `make.py` made the archive. If a test fails, mend what reads the old files, not the figure.
"""

import pandas as pd

from tests.workspaces.conftest import PUMPS, SECOND, page, text
from wss import times, views
from wss.screens.gather import read_situation
from wss.screens.operator import OperatorPage
from wss.steps.plan.publish import ORDERS
from wss.steps.run import open_run


def test_plans_as_their_notebook_shows_them(run, plans):
    tenant, where = run.tenant, {"time_zone": "Europe/Lisbon", "language": "pt"}
    shown = []
    for plan in plans:
        actions, moves = (run.load_table(plan.id, name) for name in ("actions", "moves"))
        levels, decided = run.load(plan.id, "levels"), run.load(plan.id, "plan")
        views.plan_chart(
            decided,
            levels,
            tenant.system.tanks,
            run.configuration.tariff,
            pumps=tenant.system.pumps,
            baseline_levels=run.load(plan.id, "baseline_levels"),
            band=run.load(plan.id, "band"),
            **where,
        )
        views.forecast_chart(run.load(plan.summary["forecast_run"], "forecast"), **where)
        parts = (
            views.actions_table(actions, pumps=tenant.system.pumps, **where),
            views.moves_table(moves, tenant, "EUR"),
            views.cost_table(plan.summary, "EUR", "pt"),
            views.margin_table(levels, tenant.system.tanks, **where),
        )
        shown.append(
            [
                views.plan_story(plan.summary, "EUR", tanks=tenant.system.tanks, tenant=tenant, **where).data,
                views.change_story(plan.summary, tenant, "EUR").data,
                *(text(part.to_html()) for part in parts),
            ]
        )
        assert list(decided["pump"].values) == PUMPS
    (first, none, switches, moved, cost, _), (story, change, switched, _, money, margin) = shown
    assert first.startswith("**Otimizado, verificado no EPANET** (`converged`): no change of the plan lowers its cost")
    assert "Em 6 de 17 consumos, Reservatório do Vale desce abaixo de 1,50 m, no pior caso até 0,57 m" in first
    assert none == "Não havia plano em vigor."
    assert "Elevatória Desligar Vazio caso contrário, Reservatório do Alto subiria 0,37 m acima de 3,60 m às 00:00" in switches
    assert "+0.65 -0.12 +10.94 -1.75 -1.22 Reservatório do Alto subiria 0,37 m acima de 3,60 m" in moved
    assert "Energia [kWh] 618.5 646.5 -28.0 -4.3 Custo da energia [EUR] 111.3 119.1" in cost
    assert "tank T2 cannot stay above 1.50 m" in story
    assert "whatever the pumps do: 0.76 m short" in story
    assert "* 2025-06-03 17:15 to 2025-06-03 19:45: tank T2 is up to 0.90 m below 1.50 m" in story
    assert change == (
        "5 manobras alteradas desde o plano de seg 23:00: sem isso, o EPANET avisaria sobre o estado da rede às 20:00 (ter)."
    )
    assert "60 min mais cedo não é possível: o operador fixou Furo 2" in switched
    assert "Encargo de potência [EUR] 0.1 0.1 -0.0 -25.9 Total [EUR] 114.4 133.4" in money
    assert "Reservatório do Alto 0.52 ter 18:00 -0.98" in margin


def test_operators_page(run):
    shown = read_situation(run)
    said = page(shown)
    for words in (
        "Um limite não pode ser cumprido",
        "O plano viola 1 limite(s): 2025-06-03 17:15 to 2025-06-03 19:45",
        "tank T2 is up to 0.90 m below 1.50 m",
        "5 manobras alteradas desde o plano de seg 23:00",
        "Ligar Elevatória caso contrário, Reservatório do Vale subiria 0,30 m acima de 4,20 m às 08:00",
        "Reservatório do Vale 4,04 m 3,7 – 4,4 m",
        "Em 17 de 17 consumos, Reservatório do Alto desce abaixo de 1,50 m",
        "Próximas 24 h 114 133 −14,3 %",
        "Ontem, realizado 112 119 −5,3 %",
        "ter 17:00 Marta fixou: Furo 2 desligada até ter 21:00 “limpeza do furo”",
        "seg 23:00 Marta aceitou o plano",
        "Todas as manobras e porquê (9)",
    ):
        assert words in said
    assert shown.plan.now == SECOND
    assert len(shown.plan.actions) == 13


def test_english_page(before):
    said = page(read_situation(open_run("hills")))
    for words in (
        "Optimised, checked in EPANET",
        "no change of the plan lowers its cost",
        "Next 24 h 106 115 −8.3 %",
        "Well 1 stops: Peak begins at 08:00: energy will cost 0.240 GBP/kWh",
        "In 1 of 2 sampled demands Valley tank falls below 1.50 m",
    ):
        assert words in said


def test_an_old_plan_can_be_accepted(before):
    page = OperatorPage(open_run("serra"))
    page.who.value = "Ana"
    page.accept.click()
    accepted = page.run.store.journal(kind="accept")
    assert sorted(accepted["who"]) == ["Ana", "Marta"]
    released = pd.read_csv(before.outbox("serra") / ORDERS, dtype={"pump": str})
    assert (len(released), released["time"][0], sorted(set(released["pump"]))) == (15, times.iso(SECOND), PUMPS)


def test_key_figures_of_a_day(run):
    (record,) = run.store.runs("kpi")
    assert (record.summary["day"], record.summary["sources"]) == ("2025-06-03", ["actual", "baseline", "plan"])
    for kpis in (run.store.kpis(run_id=record.id), run.load_table(record.id, "kpi")):
        said = text(views.kpi_table(kpis, run.tenant.system.pumps, run.tenant.system.tanks, "pt").to_html())
        for words in (
            "Custo da energia [EUR] 133.72 112.26 118.52",
            "Energia [kWh] 727.36 574.78 583.36",
            "Parte da energia peak 63% 70% 79%",
            "Reservatório do Alto 180 315 0",
            "Energia por volume [kWh/m3] 0.298 0.244 0.248",
            "Arranques Furo 2 3 2 2",
        ):
            assert words in said
