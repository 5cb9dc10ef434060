"""A tenant that has been applied, with an empty store, and the means to break it."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wss import demo
from wss.cli import app
from wss.store import Workspace

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


@pytest.fixture
def utility() -> Utility:
    utility = Utility(Path(os.environ["WSS_HOME"]))
    assert utility.wss("apply", "litoral").exit_code == 0
    return utility
