"""Files go in exactly once, whatever happens in between; what is wrong is kept and explained."""

import os
import time
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wss.config import Configuration, ImportProfile, Intake, Limits, Sensor, System, Tenant
from wss.config.quality import Quality, Rule
from wss.errors import StoreError
from wss.quantities import Flag
from wss.steps.intake import folders
from wss.steps.intake.inbox import run_intake
from wss.store import Workspace, open_store

LIMITS = Limits(low=0, high=30, max_rate_per_h=8)
SENSORS = (Sensor(tag="LEVEL", quantity="level", item="1", unit="ft", limits=LIMITS, aliases=("LVL",)),
           Sensor(tag="FLOW", quantity="flow", item="10", unit="gpm", limits=Limits(low=0, high=9000)))  # fmt: skip
LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag")
ONE = ImportProfile(name="one", files="*.txt", layout="one_file_a_tag", tag_pattern=r"(?P<tag>[A-Z]+)_.*\.txt")
OFF = Quality(off=get_args(Rule))
UNREADABLE = [
    ("a.csv", "zeit,tag,value\n1,2,3\n", "a.csv line 1: no column 'time'"),
    ("a.dat", "x\n", "no import profile is for files of this name; there are: long (*.csv), one (*.txt)"),
    ("flow.txt", "time,value\n", "the name holds no tag"),
    ("a.csv", "time,tag,value\n2022-03-01T11:00:00,LEVEL,ten\n", "not one row can be read; line 2: the value is not a number"),
    ("a.csv", "time,tag,value\n2022-03-01T11:00:00,LEVEL,1", "does not end in a newline, so its last row may be cut"),
    ("a.csv", "", "the file is empty"),
]  # fmt: skip
DELIVERED = pd.Timestamp("2022-03-01T12:00")


def configuration(clock: str = "replay") -> Configuration:
    system = System.model_construct(zones=(), tanks=(), pumps=())
    tenant = Tenant.model_construct(name="demo", clock=clock, time_zone="UTC", intake=Intake(), quality=OFF, system=system)
    return Configuration.model_construct(tenant=tenant, sensors=SENSORS, profiles=(LONG, ONE), network="")


@pytest.fixture
def workspace(fresh_workspace) -> Workspace:
    return fresh_workspace()


@pytest.fixture
def store(workspace):
    with open_store(workspace, "demo", create=True) as store:
        store.configure({}, SENSORS, "tests", "sensors", DELIVERED)
        yield store


def deliver(workspace: Workspace, name: str, text: str, at: pd.Timestamp = DELIVERED) -> Path:
    path = workspace.inbox("demo") / name
    path.write_text(text)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def long(*rows: str) -> str:
    return "".join(f"{row}\n" for row in ("time,tag,value", *rows))


def tree(workspace: Workspace, folder: str) -> set[str]:
    top = workspace.data("demo") / folder
    return {str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()}


def test_two_tags_at_rest_export_the_same_contents_and_both_count(store, workspace):
    text = "time,value\n2022-03-01T11:00:00,0\n"
    for tag in ("LEVEL", "FLOW"):
        deliver(workspace, f"{tag}_1.txt", text)
    first = run_intake(configuration(), store, workspace)
    assert first["stored"].tolist() == [1, 1]
    assert first["sha256"].nunique() == 1
    deliver(workspace, "FLOW_1.txt", text, DELIVERED + pd.Timedelta("1h"))
    again = run_intake(configuration(), store, workspace)
    assert again["state"].tolist() == ["known"]


def test_an_empty_inbox_is_no_error(store, workspace):
    report = run_intake(configuration(), store, workspace)
    assert report.empty
    assert {"tenant", "name", "sha256", "state", "read", "stored", "reason"} <= set(report.columns)


def test_files_are_stored_in_our_units_and_archived(store, workspace):
    rows = "2022-03-01T11:00:00,LEVEL,10", "2022-03-01T11:00:00,FLOW,1000", "2022-03-01T11:05:00,LVL,NaN"
    deliver(workspace, "a.csv", long(*rows))
    deliver(workspace, "FLOW_1.txt", "time,value\n2022-03-01T11:05:00,2000\n")
    seen = []
    report = run_intake(configuration(), store, workspace, progress=lambda *step: seen.append(step))
    assert report["state"].tolist() == ["stored", "stored"]
    assert report[["read", "stored", "missing"]].to_numpy().tolist() == [[1, 1, 0], [3, 2, 1]]
    assert seen == [(1, 2, "FLOW_1.txt"), (2, 2, "a.csv")]
    frame = store.read(["level", "flow"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02"))
    assert frame["value"].to_numpy() == pytest.approx([227.12470704, 454.24941408, 3.048])
    assert tree(workspace, "archive") == {"2022/03/a.csv", "2022/03/FLOW_1.txt"}
    assert tree(workspace, "inbox") == tree(workspace, "work") == set()


def test_the_same_file_again_changes_nothing(store, workspace):
    text = long("2022-03-01T11:00:00,LEVEL,10")
    for name, state in (("a.csv", "stored"), ("a.csv", "known"), ("b.csv", "known")):
        deliver(workspace, name, text)
        assert run_intake(configuration(), store, workspace)["state"].tolist() == [state]
    assert len(store.files()) == 1
    assert tree(workspace, "inbox") == set()
    assert "2022/03/a.csv" in tree(workspace, "archive")


def test_overlaps_and_corrections_are_counted(store, workspace):
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,FLOW,1", "2022-03-01T11:05:00,FLOW,2"))
    deliver(workspace, "b.csv", long("2022-03-01T11:05:00,FLOW,2", "2022-03-01T11:00:00,FLOW,3"), DELIVERED + pd.Timedelta("1h"))
    report = run_intake(configuration(), store, workspace)
    assert report[["read", "stored", "duplicate", "corrected"]].to_numpy().tolist() == [[2, 2, 0, 0], [2, 0, 1, 1]]
    before = store.read(["flow"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02"), DELIVERED)
    assert before["value"].iloc[0] == pytest.approx(0.22712470704)


def test_unknown_tags_and_bad_rows_are_kept_with_line_and_reason(store, workspace):
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,LEVEL,10", "2022-03-01T11:00:00,NOBODY,7",
                                     "2022-03-01T11:05:00,LEVEL,ten", "2022-03-01T11:10,LEVEL,1",
                                     "2022-03-01T11:15:00,LEVEL"))  # fmt: skip
    row = run_intake(configuration(), store, workspace).iloc[0]
    assert row[["state", "read", "stored", "set_aside", "quarantined"]].tolist() == ["stored", 5, 1, 1, 3]
    assert "NOBODY: no sensor has this tag" in row["reason"]
    assert store.set_aside()[["line", "tag", "text"]].to_numpy().tolist() == [[3, "NOBODY", "7"]]
    assert store.quarantined()["line"].tolist() == [4, 5, 6]
    assert store.quarantined()["reason"].iloc[0] == "the value is not a number"


@pytest.mark.parametrize(("name", "text", "said"), UNREADABLE)
def test_a_file_that_cannot_be_read_is_quarantined_with_a_report(store, workspace, name, text, said):
    deliver(workspace, name, text)
    row = run_intake(configuration(), store, workspace).iloc[0]
    assert row["state"] == "quarantined"
    assert said in row["reason"]
    assert row["read"] == row["quarantined"]
    assert tree(workspace, "quarantine") == {name, f"{name}.report.txt"}
    assert said in (workspace.quarantine("demo") / f"{name}.report.txt").read_text()
    assert store.files()[["state", "error"]].to_numpy().tolist() == [["quarantined", row["reason"]]]
    assert store.last_time() is None


def test_a_quarantined_file_may_come_again_once_the_cause_is_mended(store, workspace):
    text = "time,tag,wert\n2022-03-01T11:00:00,LEVEL,1\n"
    deliver(workspace, "a.csv", text)
    run_intake(configuration(), store, workspace)
    mended = configuration().model_copy(update={"profiles": (LONG.model_copy(update={"value_column": "wert"}),)})
    deliver(workspace, "a.csv", text)
    assert run_intake(mended, store, workspace)["state"].tolist() == ["stored"]
    assert store.files()["state"].tolist() == ["stored"]


def test_a_file_that_is_still_written_and_what_is_no_file_stay(store, workspace):
    deliver(workspace, "a.csv", "time,tag,value\n2022-03-01T11:00:00,LEVEL,2", pd.Timestamp.now())
    (workspace.inbox("demo") / "link.csv").symlink_to("/etc/passwd")
    os.mkfifo(workspace.inbox("demo") / "pipe.csv")
    report = run_intake(configuration(), store, workspace, pd.Timestamp(time.time(), unit="s"))
    assert report.set_index("name")["state"].to_dict() == {"a.csv": "waiting", "link.csv": "ignored", "pipe.csv": "ignored"}
    assert store.files().empty


@pytest.mark.parametrize("fails", ["claim", "contents", "put_away"])
def test_a_crash_at_any_move_loses_and_doubles_nothing(store, workspace, monkeypatch, fails):
    """The process dies at the named step; the next intake finds everything and ends where an undisturbed one does."""
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,FLOW,1", "2022-03-01T11:05:00,FLOW,2"))

    def die(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folders, fails, die)
        with pytest.raises(KeyboardInterrupt):
            run_intake(configuration(), store, workspace)
    report = run_intake(configuration(), store, workspace)
    assert report["state"].tolist() == ["known" if fails == "put_away" else "stored"]
    assert store.files()["stored"].tolist() == [2]
    assert tree(workspace, "archive") == {"2022/03/a.csv"}
    assert tree(workspace, "inbox") == tree(workspace, "work") == set()


def test_a_file_that_cannot_be_moved_is_reported_and_stops_no_other(store, workspace, monkeypatch):
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,FLOW,1"))
    deliver(workspace, "b.csv", long("2022-03-01T11:05:00,FLOW,2"))

    def refuse(path, _folder):
        raise PermissionError(13, "Permission denied", str(path))

    for step, state in (("claim", "waiting"), ("put_away", "stored")):
        with monkeypatch.context() as patch:
            patch.setattr(folders, step, refuse)
            report = run_intake(configuration(), store, workspace)
        assert report["state"].tolist() == [state, state]
        assert report["reason"].str.contains("Permission denied.*give this user the right").all()
    assert run_intake(configuration(), store, workspace)["state"].tolist() == ["known", "known"]
    assert len(tree(workspace, "archive")) == 2


def test_a_store_that_fails_leaves_the_file_for_the_next_time(store, workspace, monkeypatch):
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,FLOW,1"))
    with monkeypatch.context() as patch:
        patch.setattr("wss.store.ledger.insert_frame", _disk_full)
        with pytest.raises(StoreError, match="the disk is full"):
            run_intake(configuration(), store, workspace)
    assert store.files().empty
    assert run_intake(configuration(), store, workspace)["state"].tolist() == ["stored"]


def _disk_full(*_arguments):
    raise StoreError("the disk is full")


def test_a_file_that_grows_while_it_is_read_is_taken_in_again(store, workspace, monkeypatch):
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,FLOW,1"))
    read = folders.contents

    def read_then_grow(path: Path) -> bytes:
        data = read(path)
        if data.count(b"\n") == 2:
            with path.open("a") as file:
                file.write("2022-03-01T11:05:00,FLOW,2\n")
            os.utime(path, (DELIVERED.timestamp(), DELIVERED.timestamp()))
        return data

    monkeypatch.setattr(folders, "contents", read_then_grow)
    assert "it grew" in run_intake(configuration(), store, workspace)["reason"].item()
    report = run_intake(configuration(), store, workspace)
    assert report[["stored", "duplicate"]].to_numpy().tolist() == [[1, 1]]
    assert len(tree(workspace, "archive")) == 1


def test_flags_look_back_over_the_files_before(store, workspace):
    deliver(workspace, "a.csv", long("2022-03-01T10:00:00,LEVEL,10"))
    deliver(workspace, "b.csv", long("2022-03-01T10:15:00,LEVEL,20"), DELIVERED + pd.Timedelta("1s"))
    last = long("2022-03-01T10:30:00,LEVEL,13", "2022-03-01T10:45:00,LEVEL,31")
    deliver(workspace, "c.csv", last, DELIVERED + pd.Timedelta("2s"))
    run_intake(configuration(), store, workspace)
    frame = store.read(["level"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02"))
    assert frame["flag"].tolist() == [0, Flag.RATE, 0, Flag.RANGE]
    assert frame["value"].to_numpy() == pytest.approx([3.048, 6.096, 3.9624, 9.4488])


def test_known_at_is_the_files_time_in_replay_and_the_clocks_when_live(store, workspace):
    now = pd.Timestamp("2022-03-01T13:00")
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,FLOW,1"))
    deliver(workspace, "b.csv", long("2022-02-21T11:00:00,FLOW,1"))
    run_intake(configuration("live"), store, workspace, now)
    deliver(workspace, "c.csv", long("2022-03-01T11:05:00,FLOW,1"))
    run_intake(configuration(), store, workspace, now)
    files = store.files().set_index("name")
    assert files["known_at"].to_dict() == {"a.csv": now, "b.csv": now, "c.csv": DELIVERED}
    assert files["backfill"].to_dict() == {"a.csv": False, "b.csv": True, "c.csv": False}
    early = store.read(["flow"], pd.Timestamp("2022-02-01"), pd.Timestamp("2022-03-02"), pd.Timestamp("2022-02-21T11:10"))
    assert early["time"].tolist() == [pd.Timestamp("2022-02-21T11:00")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_arrival_does_not_matter(store, workspace, order):
    values = [("00:00", 1), ("00:05", 2)], [("00:05", 3), ("00:10", 4)], [("00:10", 4), ("00:15", 5)]
    for i in order:
        text = long(*(f"2022-03-01T{clock}:00,FLOW,{value}" for clock, value in values[i]))
        deliver(workspace, f"{i}.csv", text, DELIVERED + pd.Timedelta(i, "h"))
        run_intake(configuration(), store, workspace)
    frame = store.read(["flow"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02"))
    assert (frame["value"] / 0.22712470704).to_numpy() == pytest.approx([1, 3, 4, 5])


CELLS = (["2022-03-01T10:00:00", "2022-03-01T10:05:00", "2022-03-01T10:10:00", "never", "2099-01-01T00:00:00"],
         ["LEVEL", "LVL", "FLOW", "NOBODY", ""], ["1", "2", "3", "NaN", "", "x"])  # fmt: skip
ROW = st.tuples(*map(st.sampled_from, CELLS)).map(",".join) | st.sampled_from(["", "a,b", "a,b,c,d"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(ROW, max_size=10), max_size=4))
def test_every_line_of_every_file_is_counted_once(fresh_workspace, files):
    workspace = fresh_workspace()
    with open_store(workspace, "demo", create=True) as store:
        store.configure({}, SENSORS, "tests", "sensors", DELIVERED)
        for number, rows in enumerate(files):
            deliver(workspace, f"{number}.csv", long(*rows), DELIVERED + pd.Timedelta(number, "h"))
        report = run_intake(configuration(), store, workspace).set_index("name")
        distinct = set()
        for number, rows in enumerate(files):
            row = report.loc[f"{number}.csv"]
            again = long(*rows) in distinct and row["state"] == "known"
            distinct.add(long(*rows))
            assert row["read"] == (0 if again else sum(1 for line in rows if line))
            assert row["read"] == row[["stored", "duplicate", "corrected", "missing", "set_aside", "quarantined"]].sum()
        assert len(store.read(["level", "flow"], pd.Timestamp("1990-01-01"), DELIVERED)) == report["stored"].sum()
        assert len(store.set_aside()) == report["set_aside"].sum()
        assert len(tree(workspace, "inbox")) == 0
