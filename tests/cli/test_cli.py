"""The command line: help that teaches, one JSON document on standard output, exit codes that say what happened."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wss import __version__, demo
from wss.cli import app
from wss.cli.operate import side_by_side
from wss.store import Workspace

COMMANDS = ["demo", "plant", "ingest", "cycle", "kpi", "status", "quality", "check", "apply", "dashboard", "lab"]


def wss(*words: str):
    return CliRunner().invoke(app, words)


@pytest.fixture
def litoral_files() -> Path:
    """Folder of the demo utility's files in an empty workspace."""
    return demo.install(Workspace(Path(os.environ["WSS_HOME"])), "litoral")


def test_help_shows_every_command():
    result = wss("--help")
    assert result.exit_code == 0
    for command in [*COMMANDS, "tenant", "WSS_HOME", "Exit code"]:
        assert command in result.output


@pytest.mark.parametrize(
    "words", [[c] for c in COMMANDS] + [["tenant", "new"], ["tenant", "list"], ["tenant", "history"]], ids=" ".join
)
def test_help_has_an_example(words):
    result = wss(*words, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert " ".join(["wss", *words]) in result.output


def test_version():
    assert wss("--version").output.strip() == f"wss {__version__}"


def test_without_a_tenant_it_says_what_to_do():
    result = wss("status")
    assert result.exit_code == 2
    assert "wss demo" in result.stderr
    assert result.stdout == ""


def test_unknown_tenants_are_all_named(litoral_files):
    result = wss("cycle", "nosuch", "litoral", "other", "--json")
    assert result.exit_code == 2
    assert "nosuch, other" in result.stderr
    assert result.stdout == ""


def test_wrong_moment_is_wrong_input(litoral_files):
    result = wss("cycle", "litoral", "--now", "yesterday")
    assert result.exit_code == 2
    assert "ISO" in result.stderr


def test_check_and_apply(litoral_files):
    assert wss("check").exit_code == 0
    first = wss("apply", "litoral", "--author", "ana", "--note", "first")
    assert (first.exit_code, first.stdout.strip()) == (0, "litoral: version 1 is active")
    assert "nothing has changed" in wss("apply", "litoral").stdout
    tenant = litoral_files / "tenant.yml"
    tenant.write_text(tenant.read_text().replace("horizon_hours: 48", "horizon_hours: 24"))
    second = wss("apply", "litoral", "--note", "shorter")
    assert "-  horizon_hours: 48" in second.stdout
    assert "+  horizon_hours: 24" in second.stdout
    assert "version 2 is active" in second.stdout


def test_a_tenant_without_a_store_fails_and_stops_no_other(litoral_files):
    result = wss("cycle", "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert (told["tenant"], told["rung"]) == ("litoral", "none")
    assert "wss apply litoral" in told["error"]
    assert "wss apply litoral" in result.stderr


def test_status_of_a_new_tenant(litoral_files):
    wss("apply", "litoral")
    (litoral_files.parent.parent / "data" / "litoral" / "inbox" / "a.csv").write_text("time,value\n")
    result = wss("status", "--json")
    assert result.exit_code == 0
    (told,) = json.loads(result.stdout)
    assert told["files_waiting"] == 1
    assert told["data_age_minutes"] is None
    assert told["rung"] == "none"
    assert told["code_version"].startswith(__version__)


def test_ingest_of_an_empty_inbox(litoral_files):
    wss("apply", "litoral")
    result = wss("ingest", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [{"tenant": "litoral", "files": [], "error": None}]


def test_tenant_new_says_what_did_not_go_along(litoral_files):
    (litoral_files / "sftp_keys").write_text("# none yet\n")
    told = wss("tenant", "new", "porto_novo", "--like", "litoral").stdout
    assert "sftp_keys: not copied, litoral's keys would open porto_novo" in told
    assert "plan.release: on_accept instead of automatic" in told
    assert not (litoral_files.parent / "porto_novo" / "sftp_keys").exists()


def test_check_names_both_tenants_of_a_shared_key(litoral_files):
    wss("tenant", "new", "porto_novo")
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + 43 * "A"
    for name in ("litoral", "porto_novo"):
        (litoral_files.parent / name / "sftp_keys").write_text(f"{key} {name}\n")
    result = wss("check")
    assert result.exit_code == 2
    assert "of litoral is also a key of porto_novo (tenants/porto_novo/sftp_keys:1)" in result.stderr
    assert "of porto_novo is also a key of litoral (tenants/litoral/sftp_keys:1)" in result.stderr
    assert wss("apply", "porto_novo").exit_code == 2


def test_tenant_new_and_list(litoral_files):
    result = wss("tenant", "new", "porto_novo")
    assert result.exit_code == 0
    assert "wss check porto_novo" in result.stdout
    assert wss("check", "porto_novo").exit_code == 0
    assert wss("tenant", "new", "porto_novo").exit_code == 2
    assert wss("tenant", "new", "Porto!").exit_code == 2
    rows = json.loads(wss("tenant", "list", "--json").stdout)
    assert [r["tenant"] for r in rows] == ["litoral", "porto_novo"]


def test_key_figures_stand_side_by_side_with_their_decimals():
    rows = [
        ("cost_per_volume", "actual", 0.05, "EUR/m3"),  # the table lacks it
        ("energy_share", "actual/night", 0.615, "1"),
        ("specific_energy", "actual", 0.0423, "kWh/m3"),
        ("specific_energy", "plan", 0.0401, "kWh/m3"),
    ]
    kpis = [dict(zip(("name", "item", "value", "unit"), row, strict=True)) for row in rows]
    assert side_by_side(kpis) == [
        ["Energy per volume", "", "0.040", "0.042", None, "kWh/m3"],
        ["Share of energy", "night", None, "62%", None, ""],
        ["cost_per_volume", "", None, "0.05", None, "EUR/m3"],
    ]
