"""The watch: files within seconds, many tenants, broken ones apart, a clean end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from wss import demo
from wss.quantities import Flag
from wss.steps.apply import apply_tenant
from wss.steps.intake import watch as intake_watch
from wss.steps.intake.watch import POLL_S, Watch
from wss.store import Workspace, open_store

GOOD = "time,value,quality\n2022-07-25 01:00:00,12.5,Good\n2022-07-25 01:05:00,12.6,Good\n"
NAME = "LIT_T1_LEVEL_20220725T0100.csv"


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    found = Workspace(tmp_path)
    demo.install(found, "litoral")
    apply_tenant(found, "litoral", "tests", "")
    return found


def send(workspace: Workspace, name: str, text: str = GOOD) -> None:
    """Deliver a file as a good sender does, by rename."""
    part = workspace.inbox("litoral") / f"{name}.part"
    part.write_text(text)
    time.sleep(0.02)
    part.rename(part.with_suffix(""))


def test_a_running_watch_takes_files_in_at_once_and_ends_cleanly(workspace):
    rows, failed, seen = [], [], threading.Event()

    def told(row: dict) -> None:
        rows.append(row)
        seen.set()

    (workspace.home / "tenants" / "broken").mkdir()
    (workspace.home / "tenants" / "broken" / "tenant.yml").write_text("name: broken\n")
    workspace.prepare("broken")
    watch = Watch(workspace, None, told, lambda name, error: failed.append((name, error)))
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        send(workspace, NAME)
        assert seen.wait(60)
    finally:
        watch.stop()
        thread.join(60)
    assert not thread.is_alive()
    assert [(row["tenant"], row["name"], row["state"], row["stored"]) for row in rows] == [("litoral", NAME, "stored", 2)]
    assert [name for name, _ in failed] == ["broken"], "said once, and the other tenant goes on"
    assert "wss apply broken" in failed[0][1]


def test_nothing_is_done_while_nothing_changes_and_a_new_configuration_is_used(workspace):
    rows = []
    with ThreadPoolExecutor(1) as pool:
        watch = Watch(workspace, ["litoral"], rows.append, lambda *_: pytest.fail("no trouble"))

        def look() -> int:
            started = watch.look(pool)
            pool.submit(int).result()  # after all that was started
            return started

        inbox = workspace.inbox("litoral")
        os.utime(inbox, (1.6e9, 1.6e9))
        assert [look(), look(), look()] == [1, 0, 0]
        send(workspace, "OTHER_T1_LEVEL_20220725T0100.csv")
        look()
        assert [row["state"] for row in rows] == ["quarantined"]
        profile = next((workspace.tenant("litoral") / "profiles").glob("*.yml"))
        profile.write_text(profile.read_text().replace("LIT_", "OTHER_"))
        apply_tenant(workspace, "litoral", "tests", "the export has another name")
        send(workspace, "OTHER_T1_LEVEL_20220725T0105.csv", GOOD + "2022-07-25 01:10:00,12.5,Good\n")
        look()
        assert [row["state"] for row in rows] == ["quarantined", "stored"]


def test_what_an_intake_left_to_later_is_examined_when_it_rests(workspace, monkeypatch):
    monkeypatch.setattr(intake_watch, "EXAMINE_S", 0.0)
    stamps = [f"2022-07-25 01:{minute:02}:00" for minute in range(0, 60, 2)] + ["2022-07-25 04:00:00"]
    gap = "time,value,quality\n" + "".join(f"{stamp},{12 + k / 100:.2f},Good\n" for k, stamp in enumerate(stamps))
    with ThreadPoolExecutor(1) as pool:
        watch = Watch(workspace, ["litoral"], lambda row: None, lambda *_: pytest.fail("no trouble"))
        for name, text in ((NAME, GOOD), ("LIT_T1_LEVEL_20220725T0400.csv", gap)):
            send(workspace, name, text)
            watch.look(pool)
            pool.submit(int).result()
        with open_store(workspace, "litoral") as store:
            assert len(store.quality.unexamined_files()) == 1, "it came seconds after another"
            assert watch.examine(pool) == 1
            pool.submit(int).result()
            assert store.quality.unexamined_files().empty
            spans = store.quality.spans(pd.Timestamp("2022-07-25T00:00"), pd.Timestamp("2022-07-26"))
        assert (spans["flag"] == int(Flag.GAP)).any()
        assert watch.examine(pool) == 0


def test_a_file_that_only_rests_is_taken_when_it_has_settled(workspace):
    rows = []
    with ThreadPoolExecutor(1) as pool:
        watch = Watch(workspace, ["litoral"], rows.append, lambda *_: pytest.fail("no trouble"))
        path = workspace.inbox("litoral") / NAME
        with path.open("w") as file:
            file.write(GOOD)
            file.flush()
            os.utime(path, ns=(time.time_ns() + 10**9,) * 2)  # its last byte is not older than its state
            watch.look(pool)
            pool.submit(int).result()
            assert rows == []
        os.utime(path, (time.time() - 3600,) * 2)
        time.sleep(POLL_S)
        watch.look(pool)
        pool.submit(int).result()
        assert [row["state"] for row in rows] == ["stored"]
    with open_store(workspace, "litoral") as store:
        assert store.files()["stored"].tolist() == [2]


def test_the_command_writes_a_json_line_a_file_and_ends_at_a_signal(workspace):
    command = [sys.executable, "-c", "from wss.cli import app; app()", "ingest", "--watch", "--json"]
    environment = os.environ | {"WSS_HOME": str(workspace.home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        send(workspace, NAME)
        row = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest, said = process.communicate(timeout=60)
    assert (row["tenant"], row["name"], row["state"], row["read"]) == ("litoral", NAME, "stored", 2)
    assert (process.returncode, rest) == (0, ""), said
