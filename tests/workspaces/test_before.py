"""A workspace that an earlier wss made opens, shows its runs, restores its backup and plans on.

Each figure here was read off when `make.py` made the archive. If a test fails, mend what reads the old files, not the figure.
"""

import hashlib
import json

import nbformat
import pytest

from tests.workspaces.conftest import (
    END,
    FIRST,
    KINDS,
    NOW,
    PLAN,
    PUMPS,
    READINGS,
    SECOND,
    SHA256,
    START,
    contents,
    page,
    text,
    wss,
)
from wss import cycle, forecasting, times, views
from wss.optimization import case
from wss.screens.gather import read_situation
from wss.steps.apply import changes
from wss.steps.configuration import active
from wss.steps.quality.report import leaned_on
from wss.steps.run import open_run, read_summary
from wss.store import Workspace, open_store


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
        ("flow", "03", "gap", False),
        ("level", "T2", "range", True),
        ("power", "01", "range", True),
    ]
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


def test_fitted_model(run):
    (record,) = run.store.runs("refit")
    assert views.refit_story(record.summary, "pt").data == (
        "Ajustado a 92 dias de consumo, de 2025-03-02 a 2025-06-01, nos modos none."
    )
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
    said = page(read_situation(open_run("serra")))
    assert "desde o plano de ter 18:00" in said
