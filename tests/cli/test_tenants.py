"""The history of a tenant's configuration, and the way back to an earlier version."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wss import times
from wss.cli import app
from wss.steps.configuration import active
from wss.store import Workspace, open_store

FILES = Path(__file__).parents[1] / "config" / "data" / "tenant"


def wss(*words: str):
    return CliRunner().invoke(app, words)


@pytest.fixture
def serra() -> Workspace:
    """The utility `serra` with three versions: the first, a wider reserve, and that with another price."""
    workspace = Workspace(Path(os.environ["WSS_HOME"]))
    shutil.copytree(FILES, workspace.tenant("serra"))
    changes = [
        ("tenant.yml", "language: pt", "language: pt\nclock: replay"),
        ("tenant.yml", "level_min_m: 1.0", "level_min_m: 1.5"),
        ("tariff.yml", "price_per_kwh: 0.30", "price_per_kwh: 0.35"),
    ]
    for note, (file, old, new) in zip(("first", "more reserve", "dearer"), changes, strict=True):
        path = workspace.tenant("serra") / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        told = wss("apply", "serra", "--note", note, "--author", "ana")
        assert told.exit_code == 0, told.output
    return workspace


def versions() -> list[dict]:
    return json.loads(wss("tenant", "history", "serra", "--json").stdout)


def test_history_says_when_by_whom_and_why(serra):
    rows = versions()
    assert [(row["version"], row["author"], row["note"]) for row in rows] == [
        (1, "ana", "first"),
        (2, "ana", "more reserve"),
        (3, "ana", "dearer"),
    ]
    assert all(times.utc(row["at"]) for row in rows)
    shown = wss("tenant", "history", "serra").stdout
    assert "more reserve" in shown
    assert "Configuration of serra" in shown


def test_an_earlier_version_comes_back_as_a_new_one(serra):
    edited = (serra.tenant("serra") / "tenant.yml").read_text(encoding="utf-8")
    told = wss("apply", "serra", "--version", "1", "--author", "rui")
    assert told.exit_code == 0, told.output
    assert "-        price_per_kwh: 0.35" in told.stdout
    assert "version 4 is active" in told.stdout
    assert "stay as they are" in told.stdout
    with open_store(serra, "serra") as store:
        assert active(store).tenant.system.tanks[0].level_min_m == 1.0
        assert store.documents(4) == store.documents(1)
    assert (versions()[-1]["author"], versions()[-1]["note"]) == ("rui", "version 1 again")
    assert (serra.tenant("serra") / "tenant.yml").read_text(encoding="utf-8") == edited
    again = wss("apply", "serra", "--version", "1")
    assert "version 4 is active; nothing has changed" in again.stdout
    assert len(versions()) == 4
    assert wss("apply", "serra", "--note", "the folder").exit_code == 0
    with open_store(serra, "serra") as store:
        assert active(store).tenant.system.tanks[0].level_min_m == 1.5


def test_a_version_that_there_is_not_is_wrong_input(serra):
    told = wss("apply", "serra", "--version", "9")
    assert (told.exit_code, "there are 1 to 3" in told.stderr) == (2, True)
    assert wss("apply", "serra", "--version", "0").exit_code == 2
    assert wss("tenant", "history", "nobody").exit_code == 2
    assert len(versions()) == 3
