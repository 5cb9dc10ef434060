"""A workspace that an earlier wss made opens, shows its runs, restores its backup and plans on.

Each figure here was read off when `make.py` made the archive. If a test fails, mend what reads the old files, not the figure.
"""

import hashlib
import json
import os
import re
import tarfile
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from typer.testing import CliRunner

from wss import cycle, forecasting, times, views
from wss.cli import app
from wss.optimization import case
from wss.screens.gather import read_situation
from wss.screens.operator import OperatorPage
from wss.steps.apply import active, changes
from wss.steps.publish import ORDERS
from wss.steps.quality_report import leaned_on
from wss.steps.run import open_run, read_summary
from wss.store import Workspace, open_store
from wss.views.page import operator_page

FIRST, SECOND, NOW = (times.utc(f"2025-06-{moment}") for moment in ("02T22:00", "03T17:00", "04T00:00"))
START, END = times.utc("2025-03-02"), times.utc("2025-06-05")
KINDS = {"forecast": 3, "optimize": 2, "refit": 1, "kpi": 1, "quality": 1}
READINGS = {"level": (18047, 51118.89), "flow": (27056, 1140188.40), "power": (576, 4735.20), "pump_status": (576, 319.0)}
"""Readings of each quantity, and their sum [m, m3/h, kW, 1]."""
SHA256 = "bf34d76b43152"
"""Beginning of the sum over the contents of the store: see `contents`."""
PLAN = "31e5db210138"
"""Id of the published plan."""
PUMPS = ["01", "02", "03"]


def wss(*words: str) -> str:
    """What a command says on standard output, if all is well."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def text(html: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL))


def digest(*frames: pd.DataFrame) -> str:
    """Sum over the values of tables, moments as seconds since 1970."""
    parts = []
    for frame in frames:
        moments = {c: times.epoch(frame[c]) for c in ("time", "at") if c in frame}
        parts.append(frame.assign(**moments).to_csv(index=False, header=False, float_format="%.6f"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def contents(workspace: Workspace) -> tuple[str, list]:
    """What the Portuguese utility's store holds: a sum over its readings, key figures, orders and journal; and its runs."""
    with open_store(workspace, "serra") as store:
        runs, journal = store.runs(), store.journal()
        bodies = [json.dumps(body, sort_keys=True) for body in journal["body"]]
        journal = journal[["at", "kind", "who", "reason", "run_id"]].assign(body=bodies)
        tables = (store.read(list(READINGS), START, END)[["time", "quantity", "item", "value", "flag"]], journal,
                  store.kpis()[["time", "name", "item", "value", "unit"]],
                  *(store.orders(run.id)[["time", "pump", "speed"]] for run in runs))
        return digest(*tables), runs


@pytest.fixture
def before() -> Workspace:
    """The old workspace, as WSS_HOME of this test."""
    home = Path(os.environ["WSS_HOME"])
    with tarfile.open(Path(__file__).parent / "v0.1.tar.xz") as archive:
        archive.extractall(home, filter="data")
    return Workspace(home)


@pytest.fixture
def run(before):
    """The Portuguese utility, opened at its last reading."""
    return open_run("serra")


@pytest.fixture
def plans(run):
    """Its two plans, the older first."""
    return run.store.runs("optimize")[::-1]


def test_commands(before):
    wss("store", "upgrade")
    assert [row["tenant"] for row in json.loads(wss("tenant", "list", "--json"))] == ["hills", "serra"]
    wss("check")
    assert "nothing has changed" in wss("apply", "serra")
    hills, serra = json.loads(wss("status", "--json"))
    assert (hills["title"], hills["rung"], hills["now"]) == ("Hills Water", "converged", times.iso(FIRST))
    assert (serra["title"], serra["rung"], serra["now"]) == ("Águas da Serra", "relaxed", times.iso(NOW))
    assert (serra["data_age_minutes"], serra["plan_age_minutes"], serra["files_waiting"]) == (15, 420, 1)
    assert (serra["configuration_version"], serra["error"], serra["plan_run"]) == (2, None, PLAN)
    assert "tank T2 cannot stay above 1.50 m" in serra["reason"]


def test_store_and_archive_are_whole(before):
    for found in json.loads(wss("store", "check", "--values", "--json")):
        assert (found["good"], found["faults"]) == (True, [])
        assert (found["rows"]["reading"], found["rows"]["run"]) == {"hills": (3080, 2), "serra": (46255, 8)}[found["tenant"]]


def test_readings_and_when_they_were_known(run):
    read = run.store.read(list(READINGS), START, END)
    assert {name: (len(of), round(of["value"].sum(), 2)) for name, of in read.groupby("quantity")} == READINGS
    assert read["flag"].value_counts().to_dict() == {0: 46252, 2: 2, 32: 1}
    assert len(run.store.read(["level"], START, END, known_by=FIRST)) == 17840
    corrected = times.utc("2025-06-03T11:15")
    for known, level in (("15:57", 2.88), ("15:58", 2.92)):
        seen = run.store.read(["level"], corrected, corrected + times.HOUR / 4, times.utc(f"2025-06-03T{known}"), ["T2"])
        assert seen["value"].tolist() == [level]


def test_ledger_and_doubts(run):
    files = run.store.files()
    counts = files[["read", "stored", "duplicate", "corrected", "missing", "set_aside", "quarantined"]].sum().tolist()
    assert counts == [46355, 46255, 22, 1, 16, 60, 1]
    assert files["state"].value_counts().to_dict() == {"stored": 9, "quarantined": 1}
    (unknown,) = json.loads(wss("ingest", "serra", "--unknown", "--json"))
    assert (unknown["tag"], unknown["readings"]) == ("QT_CLORO", 60)
    assert run.store.quarantined()["reason"].tolist() == ["column LT_T1: the value is not a number"]
    (told,) = json.loads(wss("quality", "serra", "--hours", "168", "--json"))
    assert [(d["quantity"], d["item"], d["kind"], d["masked"]) for d in told["doubts"]] == [
        ("flow", "03", "gap", False), ("level", "T2", "range", True), ("power", "01", "range", True)]
    assert leaned_on(run, 7)["kind"].tolist() == ["forecast", "optimize", "forecast"]
    leaned = text(views.leaned_table(leaned_on(run, 7), "pt").to_html())
    assert "forecast level T2 fora da gama 2 1 1 leituras boas próximas" in leaned


def test_configuration_and_its_versions(run):
    assert active(run.store).pump_ids == PUMPS
    diff = changes(run.store.documents(1), run.store.documents(2)).splitlines()
    assert [line for line in diff if line.startswith(("-  ", "+  "))] == ["-  start_cost: 0", "+  start_cost: 0.5"]
    assert run.store.versions()["note"].tolist() == ["first", "a start wears a pump"]


def test_runs_are_all_there(run):
    found = run.store.runs()
    assert {kind: sum(one.kind == kind for one in found) for kind in KINDS} == KINDS
    (failed,) = run.store.runs(status="failed")
    assert "no demand is known before 2025-03-02" in failed.error
    for one in found:
        folder = run.workspace.runs("serra") / one.folder
        assert read_summary(folder) == one.summary
        assert nbformat.read(folder / "notebook.ipynb", as_version=4).cells
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["files"] == {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in manifest["files"]}
    assert [at for at, _ in run.store.published_history("plan", START, END)] == [FIRST, SECOND]
    assert run.store.published(as_of=FIRST)["plan"].now == FIRST


def test_plans_as_their_notebook_shows_them(run, plans):
    tenant, where = run.tenant, {"time_zone": "Europe/Lisbon", "language": "pt"}
    shown = []
    for plan in plans:
        actions, moves = (run.load_table(plan.id, name) for name in ("actions", "moves"))
        levels, decided = run.load(plan.id, "levels"), run.load(plan.id, "plan")
        views.plan_chart(decided, levels, tenant.system.tanks, run.configuration.tariff, pumps=tenant.system.pumps,
                         baseline_levels=run.load(plan.id, "baseline_levels"), band=run.load(plan.id, "band"), **where)
        views.forecast_chart(run.load(plan.summary["forecast_run"], "forecast"), **where)
        parts = (views.actions_table(actions, pumps=tenant.system.pumps, **where), views.moves_table(moves, tenant, "EUR"),
                 views.cost_table(plan.summary, "EUR", "pt"), views.margin_table(levels, tenant.system.tanks, **where))
        shown.append([views.plan_story(plan.summary, "EUR", tanks=tenant.system.tanks, tenant=tenant, **where).data,
                      views.change_story(plan.summary, tenant, "EUR").data, *(text(part.to_html()) for part in parts)])
        assert list(decided["pump"].values) == PUMPS
    (first, none, switches, moved, cost, _), (story, change, switched, _, money, margin) = shown
    assert "nenhuma pequena mudança o torna mais barato" in first
    assert "Em 6 de 17 consumos, Reservatório do Vale desce abaixo de 1,50 m, no pior caso até 0,57 m" in first
    assert none == "Não havia plano em vigor."
    assert "Elevatória Desligar Vazio caso contrário, Reservatório do Alto subiria 0,37 m acima de 3,60 m às 00:00" in switches
    assert "+0.65 -0.12 +10.94 -1.75 -1.22 Reservatório do Alto subiria 0,37 m acima de 3,60 m" in moved
    assert "Energia [kWh] 618.5 646.5 -28.0 -4.3 Custo da energia [EUR] 111.3 119.1" in cost
    assert "Reservatório do Alto não se mantém acima de 1,50 m com nenhum plano: faltam 0,76 m" in story
    assert "* ter 18:15 a ter 20:45: Reservatório do Alto fica até 0,90 m abaixo de 1,50 m" in story
    assert change == ("5 manobras alteradas desde o plano de seg 23:00: sem isso, o EPANET avisaria sobre o estado da rede"
                      " às 20:00 (ter).")
    assert "60 min mais cedo não é possível: o operador fixou Furo 2" in switched
    assert "Encargo de potência [EUR] 0.1 0.1 -0.0 -25.9 Total [EUR] 114.4 133.4" in money
    assert "Reservatório do Alto 0.52 ter 18:00 -0.98" in margin


def test_arrays_and_case_of_plans(run, plans):
    for plan, level, volume, hours in zip(plans, (3.1058, 2.7112), (17722.76, 18329.08), (42, 45), strict=True):
        assert float(run.load(plan.id, "levels")["level"].mean()) == pytest.approx(level, abs=1e-4)
        assert float(run.load(plan.summary["forecast_run"], "forecast")["demand"].sum()) == pytest.approx(volume, abs=0.01)
        assert run.load(plan.summary["forecast_run"], "members").sizes["member"] == 17
        simulated = run.load(plan.id, "simulated")
        assert float(simulated["power"].sum()) == pytest.approx(plan.summary["energy_kwh"], rel=1e-3)
        assert set(simulated.data_vars) | {"pump_speed"} == set(run.load(plan.id, "baseline").data_vars)
        folder = run.workspace.runs("serra") / plan.folder
        problem = case.read(folder / "case.yml")
        assert problem.start == plan.now
        for name in ("plan.csv", "orders.csv"):
            assert float(case.read_plan(folder / name, problem).sum()) == hours


def test_operators_page(run):
    shown = read_situation(run)
    said = text(operator_page(shown))
    for words in ("Um limite não pode ser cumprido", "O plano viola 1 limite(s): ter 18:15 a ter 20:45",
                  "Reservatório do Alto fica até 0,90 m abaixo de 1,50 m", "5 manobras alteradas desde o plano de seg 23:00",
                  "Ligar Elevatória caso contrário, Reservatório do Vale subiria 0,30 m acima de 4,20 m às 08:00",
                  "Reservatório do Vale 4,04 m 3,7 – 4,4 m", "Em 17 de 17 consumos, Reservatório do Alto desce abaixo de 1,50 m",
                  "Próximas 24 h 114 133 −14,3 %", "Ontem, realizado 112 119 −5,3 %",
                  "ter 17:00 Marta fixou: Furo 2 desligada até ter 21:00 “limpeza do furo”", "seg 23:00 Marta aceitou o plano",
                  "Todas as manobras e porquê (9)"):
        assert words in said
    assert shown.plan.now == SECOND
    assert len(shown.plan.actions) == 13


def test_english_page(before):
    said = text(operator_page(read_situation(open_run("hills"))))
    for words in ("Optimised, checked in EPANET", "no small change makes it cheaper", "Next 24 h 106 115 −8.3 %",
                  "Well 1 stops: Peak begins at 08:00: energy will cost 0.240 GBP/kWh",
                  "In 1 of 2 sampled demands Valley tank falls below 1.50 m"):
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
        for words in ("Custo da energia [EUR] 133.72 112.26 118.52", "Energia [kWh] 727.36 574.78 583.36",
                      "Parte da energia peak 63% 70% 79%", "Reservatório do Alto 180 315 0",
                      "Energia por volume [kWh/m3] 0.298 0.244 0.248", "Arranques Furo 2 3 2 2"):
            assert words in said


def test_fitted_model(run):
    (record,) = run.store.runs("refit")
    assert views.refit_story(record.summary, "pt").data == (
        "Ajustado a 92 dias de consumo, de 2025-03-02 a 2025-06-01, nos modos none.")
    model = forecasting.load_fitted(run.workspace.runs("serra") / record.folder / "model.npz")
    assert (model.zones, model.modes, model.last_day) == (("baixa", "alta"), ["none"], "2025-06-01")
    skill, weights = (run.load_table(record.id, name) for name in ("skill", "weights"))
    assert skill["skill"].head(5).tolist() == pytest.approx(model.skill["none"][:, 0])
    assert len(weights) == 4
    views.skill_chart(skill, weights, "pt")


def test_backup_comes_back_in_another_workspace(before, tmp_path, monkeypatch):
    (file,) = (before.home / "backups").glob("*.db")
    expected = contents(before)
    assert expected[0].startswith(SHA256)
    monkeypatch.setenv("WSS_HOME", str(tmp_path))
    assert "46,255 readings, 10 files, 8 runs, 2 versions" in wss("store", "restore", "serra", str(file))
    assert contents(Workspace(tmp_path)) == expected


@pytest.mark.slow
def test_a_new_cycle_follows_the_old_plan(before):
    result = cycle.run_cycle("serra", workspace=before)
    assert result.error is None
    assert (result.files, result.now) == (1, "2025-06-04T01:00:00Z")
    assert result.rung in ("proven", "converged", "limit", "relaxed")
    assert 0 < result.forecast_wape < 0.2  # of the forecast of the first old cycle
    with open_store(before, "serra") as store:
        published = store.published()
        plan, forecast = published["plan"], published["forecast"]
        assert forecast.summary["refit_run"] == store.runs("refit")[0].id
        assert forecast.summary["model"] == "fitted to 2025-03-02 to 2025-06-01"
        assert plan.summary["change"]["since"] == times.iso(SECOND)
        assert plan.summary["level_age_minutes"] == 60
        assert len(store.read(["level"], NOW, END)) == 8
        assert len(store.published_history("plan", START, END)) == 3
    said = text(operator_page(read_situation(open_run("serra"))))
    assert "desde o plano de ter 18:00" in said
