"""A tenant that has been applied, with an empty store, and the means to break it."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from wss import demo
from wss.cli import app
from wss.store import Workspace, open_store

HEADER = "time,value,quality\n"


class Utility:
    """The demo utility without any reading."""

    def __init__(self, home: Path):
        self.workspace = Workspace(home)
        self.folder = demo.install(self.workspace, "litoral")

    def wss(self, *words: str):
        """Run a command; its result has exit_code, stdout and stderr."""
        return CliRunner().invoke(app, words)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text in one of the tenant's files."""
        text = (self.folder / file).read_text()
        assert old in text, f"{file} has no {old!r}"
        (self.folder / file).write_text(text.replace(old, new))

    def deliver(self, name: str, body: str) -> Path:
        """Put a file into the inbox as SCADA does; it has been still for an hour."""
        path = self.workspace.inbox("litoral") / name
        path.write_text(HEADER + body)
        os.utime(path, (path.stat().st_mtime - 3600,) * 2)
        return path

    def where(self) -> list[str]:
        """Folders that hold a file of SCADA."""
        top = self.workspace.data("litoral")
        return sorted(p.relative_to(top).parts[0] for p in top.rglob("*.csv"))

    def ingest(self, *words: str) -> tuple[int, dict]:
        """Exit code of an intake, and what it said as JSON."""
        result = self.wss("ingest", "litoral", *words, "--json")
        assert "Traceback" not in result.output
        (one,) = json.loads(result.stdout)
        return result.exit_code, one

    def levels(self) -> int:
        """Number of readings of levels in the store."""
        with open_store(self.workspace, "litoral") as store:
            return len(store.read(["level"], pd.Timestamp("2022-07-23"), pd.Timestamp("2022-07-26")))

    def refused(self) -> str:
        """The error of an intake that fails, leaving its one file where a later one finds it."""
        code, said = self.ingest()
        assert code != 0
        assert said["error"]
        assert "unexpected" not in said["error"]
        assert self.where() in (["inbox"], ["work"])
        return said["error"]

    def goes_in(self, readings: int) -> None:
        """The file goes in, exactly once."""
        (file,) = self.ingest()[1]["files"]
        assert (file["state"], file["read"], file["stored"]) == ("stored", readings, readings)
        assert self.levels() == readings
        assert self.where() == ["archive"]
        with open_store(self.workspace, "litoral") as store:
            assert len(store.files()) == 1


@pytest.fixture
def utility() -> Utility:
    utility = Utility(Path(os.environ["WSS_HOME"]))
    assert utility.wss("apply", "litoral").exit_code == 0
    return utility
