"""`wss store`: what each command says, and its exit code."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from wss import demo
from wss.cli import app
from wss.steps.apply import apply_tenant
from wss.store import Workspace, open_store

COMMANDS = ("check", "backup", "restore", "move", "upgrade")


def wss(*words: str):
    return CliRunner().invoke(app, words)


@pytest.fixture
def workspace() -> Workspace:
    """The demo utility, applied."""
    workspace = Workspace(Path(os.environ["WSS_HOME"]))
    demo.install(workspace, "litoral")
    apply_tenant(workspace, "litoral", "test", "first")
    return workspace


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    result = wss("store", command, "--help")
    assert result.exit_code == 0
    assert f"wss store {command}" in result.output


def test_backup_and_restore(workspace):
    done = wss("store", "backup", "litoral")
    assert done.exit_code == 0, done.output
    (file,) = (workspace.home / "backups").glob("litoral-*Z.db")
    assert f"wrote {file}: 0 readings, 0 files, 0 runs, 1 versions" in done.stdout.replace("\n", " ")
    with open_store(workspace, "litoral") as store:
        store.configure({}, (), "me", "", pd.Timestamp("2022-01-01"))
    refused = wss("store", "restore", "litoral", str(file))
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    restored = wss("store", "restore", "litoral", str(file), "--force")
    assert restored.exit_code == 0, restored.output
    assert "The store from before is" in restored.stdout
    with open_store(workspace, "litoral") as store:
        assert len(store.versions()) == 1
    assert wss("store", "restore", "litoral", "nosuch.db").exit_code == 2


def test_check_says_what_is_wrong_and_fails(workspace):
    good = wss("store", "check", "--json")
    assert good.exit_code == 0, good.output
    (found,) = json.loads(good.stdout)
    assert (found["tenant"], found["good"], found["faults"], found["rows"]["version"]) == ("litoral", True, [], 1)
    path = workspace.data("litoral") / "wss.db"
    path.write_bytes(path.read_bytes()[:5000])
    bad = wss("store", "check")
    assert bad.exit_code == 1
    assert "NO" in bad.stdout
    assert "restore the last backup" in bad.stderr


def test_move_says_what_to_write_into_wss_toml(workspace, postgresql, empty_postgresql):
    empty_postgresql()
    moved = wss("store", "move", "litoral", "--to", postgresql)
    assert moved.exit_code == 0, moved.output
    line = f'litoral = "{postgresql}"'
    assert line in moved.stdout.replace("\n", "")
    (workspace.home / "wss.toml").write_text(f"[tenants]\n{line}\n")
    assert json.loads(wss("status", "--json").stdout)[0]["tenant"] == "litoral"
    with open_store(workspace, "litoral") as store:
        assert len(store.versions()) == 1
    assert wss("store", "move", "litoral", "--to", "nowhere").exit_code == 2


def test_upgrade(workspace):
    done = wss("store", "upgrade")
    assert done.exit_code == 0
    assert "already" in done.stdout
