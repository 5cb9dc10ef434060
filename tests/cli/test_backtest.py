"""`wss backtest forecast`: a table, one JSON document, the executed notebook, and what is wrong with the input."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from wss.cli import app
from wss.store import open_store

SPAN = ("--from", "2022-07-20T22:00", "--to", "2022-07-22T22:00", "--every", "24h", "--model", "profile", "--hours", "24")


def wss(*words: str):
    return CliRunner().invoke(app, ["backtest", "forecast", "litoral", *words])


@pytest.mark.slow
def test_as_json_as_a_table_and_as_a_notebook(litoral):
    told = json.loads(wss(*SPAN, "--jobs", "1", "--json").stdout)
    assert (told["origins"], told["new"], told["failed"], told["failures"]) == (2, 2, 0, [])
    assert [(row["from_h"], row["to_h"]) for row in told["spans"]] == [(0, 6), (6, 24)]
    assert all(0 < row["wape_forecast"] < 0.2 and row["skill_profile"] == 0 for row in told["spans"])
    table = wss(*SPAN)
    assert table.exit_code == 0
    assert "2 origins of 2, 0 of them new" in table.stdout
    assert f"{told['spans'][0]['wape_forecast']:.1%}" in table.stdout
    done = json.loads(wss(*SPAN, "--notebook", "--json").stdout)
    kept = nbformat.read(done["notebook"], as_version=4)
    outputs = [output for cell in kept.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
    text = "\n".join(output.get("data", {}).get("text/markdown", "") for output in outputs)
    assert re.search(r"2 moments of the past, 24 h apart, were forecast again over 24 h", text)
    with open_store(litoral, "litoral") as store:
        (record,) = store.runs("backtest")
    assert (record.cycle, record.summary["origins"], record.summary["model"]) == (False, 2, "profile")
    assert (litoral.runs("litoral") / record.folder / "by_lead.csv").is_file()


def test_origins_that_fail_are_told_with_exit_code_1(litoral):
    result = wss("--from", "2022-07-01", "--to", "2022-07-12", "--every", "10d", "--model", "profile", "--hours", "1", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert [failure["origin"] for failure in told["failures"]] == ["2022-07-01T00:00:00Z"]
    assert "2022-07-01T00:00:00Z" in result.stderr


def test_wrong_input_is_told_with_exit_code_2(litoral):
    for words, said in (
        (("--every", "7"), "write hours or days, such as 6h or 1d"),
        (("--model", "oracle"), "'oracle' is unknown"),
        (("--from", "tomorrow"), "'tomorrow' is not an ISO time"),
    ):
        result = wss(*words)
        assert result.exit_code == 2
        assert said in result.stderr
    assert CliRunner().invoke(app, ["backtest", "forecast", "nobody"]).exit_code == 2


@pytest.mark.slow
def test_a_killed_backtest_leaves_no_process_behind_and_goes_on(litoral):
    span = ("--from", "2022-07-12", "--to", "2022-07-22", "--every", "1h", "--model", "profile", "--hours", "1")
    command = [sys.executable, "-c", "from wss.cli import app; app()", "backtest", "forecast", "litoral", *span, "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    runs = litoral.runs("litoral") / "backtest"
    assert _within(60, lambda: len(list(runs.glob("*/origins/*.parquet"))) >= 2)
    workers = [pid for pid in _children(process.pid) if "spawn_main" in _words(pid)]
    assert len(workers) == 2
    process.kill()
    process.wait()
    assert _within(30, lambda: not any("spawn_main" in _words(pid) for pid in workers))
    done = {path.name for path in runs.glob("*/origins/*.parquet")}
    assert 2 <= len(done) < 240
    told = json.loads(wss("--from", "2022-07-12", "--to", "2022-07-12T02:00", *span[4:], "--json").stdout)
    assert (told["origins"], told["failed"]) == (2, 0)


def _within(seconds: int, condition) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _words(pid: int) -> str:
    """Command line of a process; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
