"""The Prefect flows run over the same functions; each really runs through Prefect and leaves what it says."""

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from wss import cycle, shipped
from wss.demo.plant import Plant
from wss.errors import NotFoundError, WssError
from wss.store import open_store

FLOWS = sorted(shipped.folder("flows").glob("*.py"))
ALLOWED = {"os", "sys", "json", "time", "prefect", "report", "wss.cycle", "wss.steps", "wss"}


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory) -> Iterator[str]:
    """Address of a Prefect server of these tests, as one has who schedules with it; a flow then need not start its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("prefect")
    environment = os.environ | {"PREFECT_HOME": str(home)}
    with (home / "log").open("w") as log:
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    api = f"http://127.0.0.1:{port}/api"
    try:
        deadline = time.monotonic() + 120
        while not _healthy(api):
            assert server.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.5)
        yield api
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)


def _healthy(api: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{api}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def with_server(prefect_server, monkeypatch) -> None:
    """Flows of this test use the server."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)


@pytest.mark.parametrize("path", FLOWS, ids=lambda p: p.stem)
def test_flows_are_short_and_only_call_the_cycle(path: Path):
    tree = ast.parse(path.read_text())
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert imported <= ALLOWED
    assert len(path.read_text().splitlines()) <= 50


def test_prefect_is_told_where_to_live_and_to_stay_quiet(monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "7")
    told = cycle.prefect_environment()
    assert told["PREFECT_HOME"].endswith("/.prefect")
    assert told["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] == "7", "what an administrator sets stays"
    assert (told["DO_NOT_TRACK"], told["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")


def test_every_flow_is_run_by_a_test_below():
    here = ast.parse(Path(__file__).read_text())
    run = {
        call.args[0].value
        for call in ast.walk(here)
        if isinstance(call, ast.Call)
        and call.args
        and ast.unparse(call.func) == "cycle.run_flow"
        and isinstance(call.args[0], ast.Constant)
    }
    assert run >= {path.stem for path in FLOWS} - {"report"}


@pytest.mark.slow
def test_the_intake_flow_takes_the_inbox_in(litoral, with_server):
    Plant(litoral, "litoral").advance(1)
    waiting = {path.name for path in litoral.inbox("litoral").iterdir()}
    assert waiting
    told = cycle.run_flow("intake")
    assert (told["name"], told["state"], told["error"]) == ("intake", "Completed", None)
    (result,) = told["results"]
    assert (result["tenant"], result["error"]) == ("litoral", None)
    assert waiting == {file["name"] for file in result["files"]}
    assert sum(file["stored"] for file in result["files"]) > 0
    assert list(litoral.inbox("litoral").iterdir()) == []


@pytest.mark.slow
def test_the_cycle_flow_publishes_a_plan_for_new_readings(litoral, with_server):
    with open_store(litoral, "litoral") as store:
        before = store.published()
    Plant(litoral, "litoral").advance(1)
    told = cycle.run_flow("cycle", "litoral")
    assert (told["name"], told["state"], told["error"]) == ("cycle", "Completed", None)
    (result,) = told["results"]
    assert (result["error"], result["violations"]) == (None, 0)
    assert result["rung"] in ("proven", "converged", "limit")
    assert result["files"] > 0
    with open_store(litoral, "litoral") as store:
        after = store.published()
    assert after["plan"].id != before["plan"].id
    assert after["plan"].now > before["plan"].now
    assert after["plan"].id in result["run_folder"]


@pytest.mark.slow
def test_the_weekly_flow_refits_and_says_what_it_lacks(litoral, with_server):
    told = cycle.run_flow("weekly", "litoral")
    assert (told["name"], told["state"], told["error"]) == ("weekly", "Completed", None)
    (result,) = told["results"]
    assert (result["error"], result["model"]) == (None, "none")
    assert "90" in result["reason"]
    assert result["days"] >= 20
    with open_store(litoral, "litoral") as store:
        (record,) = store.runs("refit")
    assert record.cycle
    assert record.id in result["notebook"]
    assert Path(result["notebook"]).is_file()


@pytest.mark.slow
def test_a_flow_that_finds_no_tenant_fails_and_one_tenants_error_is_told(with_server):
    with pytest.raises(NotFoundError, match="WSS_HOME"):
        cycle.tenants()
    environment = os.environ | cycle.prefect_environment()
    for words, state in (([], "Failed"), (["nosuch"], "Completed")):
        script = [sys.executable, shipped.folder("flows") / "weekly.py", *words]
        out = subprocess.run(script, capture_output=True, text=True, check=False, env=environment)
        told = json.loads(out.stdout)
        assert (out.returncode, told["state"]) == (1, state)
        assert len(told["results"]) == len(words)
        why = told["results"][0]["error"] if words else told["error"]
        assert ("wss apply nosuch" if words else "there is no tenant in") in why


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"""A flow."""\n',
        "print('done')\n",
        'print(\'{"name": "daily"}\')\n',
        "print('[]')\n",
        "import sys\nsys.exit('broken')\n",
        None,
    ],
    ids=["empty", "only text", "no report", "another flow", "no mapping", "broken", "missing"],
)
def test_a_file_that_runs_no_flow_of_its_name_is_an_error(tmp_path, monkeypatch, text):
    if text is not None:
        (tmp_path / "weekly.py").write_text(text)
    monkeypatch.setattr(shipped, "folder", lambda name: tmp_path)
    with pytest.raises(WssError, match="the flow weekly did not run") as said:
        cycle.run_flow("weekly")
    assert ("exit code 0" in str(said.value)) == (text is not None and "exit" not in text)


@pytest.mark.slow
def test_the_daily_flow_runs_through_prefect(litoral):
    told = cycle.run_flow("daily", "litoral")
    assert (told["name"], told["state"]) == ("daily", "Completed")
    assert len(told["flow_run_id"]) == 36
    (result,) = told["results"]
    assert result["error"] is None
    assert Path(result["notebook"]).is_file()
    assert Path(result["quality_notebook"]).is_file()
