"""The workspace that an earlier wss made, unpacked for each test."""

import hashlib
import json
import os
import re
import tarfile
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from wss import times
from wss.cli import app
from wss.steps.run import open_run
from wss.store import Workspace, open_store
from wss.views import panels
from wss.views.reasons import switch_list
from wss.views.situation import Situation

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


def page(situation: Situation) -> str:
    """The words of the operator's page, without its figure and forms."""
    parts = (panels.header, panels.notices, panels.cards, panels.ready_levels, switch_list, panels.money, panels.journal)
    return text("".join(part(situation) for part in parts))


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
        tables = (
            store.read(list(READINGS), START, END)[["time", "quantity", "item", "value", "flag"]],
            journal,
            store.kpis()[["time", "name", "item", "value", "unit"]],
            *(store.orders(run.id)[["time", "pump", "speed"]] for run in runs),
        )
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
