"""Archived files read again: a corrected configuration corrects the store, and what was known before stays known."""

import os
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wss.config import Configuration, ImportProfile, Intake, Limits, Sensor, System, Tenant
from wss.config.quality import Quality, Rule
from wss.steps.intake.inbox import run_intake
from wss.steps.intake.replay import Chosen, compare_values, run_replay
from wss.store import Store, Workspace, open_store

LIMITS = Limits(low=-100, high=1e6)
LEVEL = Sensor(tag="LEVEL", quantity="level", item="1", unit="m", limits=LIMITS)
FLOW = Sensor(tag="FLOW", quantity="flow", item="10", unit="m3/h", limits=LIMITS)
LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag")
OFF = Quality(off=get_args(Rule))
DELIVERED = pd.Timestamp("2022-03-01T12:00")
LATER = pd.Timestamp("2022-03-02T09:00")
DAY = pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02")
PARTS = ["stored", "duplicate", "corrected", "missing", "set_aside", "quarantined"]


def configuration(*sensors: Sensor, profile: ImportProfile = LONG, clock: str = "live") -> Configuration:
    system = System.model_construct(zones=(), tanks=(), pumps=())
    tenant = Tenant.model_construct(name="demo", clock=clock, time_zone="UTC", intake=Intake(), quality=OFF, system=system)
    return Configuration.model_construct(tenant=tenant, sensors=sensors, profiles=(profile,), network="")


@pytest.fixture
def workspace(fresh_workspace) -> Workspace:
    return fresh_workspace()


@pytest.fixture
def store(workspace):
    with open_store(workspace, "demo", create=True) as store:
        yield store


def deliver(workspace: Workspace, name: str, *rows: str, header: str = "time,tag,value") -> Path:
    path = workspace.inbox("demo") / name
    path.write_text("".join(f"{row}\n" for row in (header, *rows)))
    os.utime(path, (1.6e9, 1.6e9))
    return path


def take_in(store: Store, workspace: Workspace, config: Configuration, now: pd.Timestamp = DELIVERED) -> pd.DataFrame:
    store.configure({}, config.sensors, "tests", "sensors", DELIVERED)
    return run_intake(config, store, workspace, now)


def replay(store: Store, workspace: Workspace, config: Configuration, chosen: Chosen = Chosen(),
           now: pd.Timestamp = LATER) -> pd.DataFrame:  # fmt: skip
    store.configure({}, config.sensors, "tests", "sensors", DELIVERED)
    report = run_replay(config, store, workspace, chosen, now)
    assert (report["read"] == report[PARTS].sum(axis=1)).all(), "every reading is counted once"
    return report


def values(store: Store, name: str = "flow", known_by: pd.Timestamp | None = None) -> dict[str, float]:
    frame = store.read([name], *DAY, known_by).set_index("time", verify_integrity=True)
    return dict(zip(frame.index.strftime("%H:%M"), frame["value"], strict=True))


def test_a_set_aside_tag_becomes_readings_and_is_known_from_then_on(store, workspace):
    deliver(workspace, "a.csv", "2022-03-01T11:00:00,FLOW,1", "2022-03-01T11:00:00,NEW,2", "2022-03-01T11:05:00,NEW,3")
    assert take_in(store, workspace, configuration(FLOW))["set_aside"].tolist() == [2]
    (tag,) = store.unknown_tags().to_dict("records")
    assert (tag["tag"], tag["readings"], tag["example"]) == ("NEW", 2, "2, 3")
    assert (tag["first"], tag["file"]) == (pd.Timestamp("2022-03-01T11:00"), "a.csv")
    known = configuration(FLOW, LEVEL.model_copy(update={"aliases": ("NEW",)}))
    row = replay(store, workspace, known).iloc[0]
    assert row[["state", "read", "stored", "duplicate", "set_aside"]].tolist() == ["replayed", 3, 2, 1, 0]
    assert values(store, "level") == {"11:00": 2, "11:05": 3}
    assert values(store, "level", LATER - pd.Timedelta("1s")) == {}, "no run could have used them before"
    assert values(store, "level", LATER) == {"11:00": 2, "11:05": 3}
    assert values(store, "flow", DELIVERED) == {"11:00": 1}
    assert store.unknown_tags().empty
    assert store.files()["name"].tolist() == ["a.csv"], "one entry a file"


def test_a_backfills_new_readings_count_as_known_soon_after_their_time(store, workspace):
    deliver(workspace, "a.csv", "2022-02-01T11:00:00,NEW,2", "2022-03-01T11:00:00,NEW,3", "2022-02-01T11:00:00,FLOW,1")
    take_in(store, workspace, configuration(FLOW))
    known = configuration(FLOW, LEVEL.model_copy(update={"aliases": ("NEW",)}), profile=LONG)
    assert replay(store, workspace, known)["stored"].tolist() == [2]
    assert values(store, "level", pd.Timestamp("2022-03-01T11:09:59")) == {}
    assert values(store, "level", pd.Timestamp("2022-03-01T11:10:00")) == {"11:00": 3}
    deliver(workspace, "b.csv", "2022-03-01T11:00:00,NEW,4")
    take_in(store, workspace, known, LATER + pd.Timedelta("1h"))
    assert [values(store, "level", t)["11:00"] for t in (DELIVERED, LATER, LATER + pd.Timedelta("1h"))] == [3, 3, 4]


def test_a_second_replay_changes_nothing(store, workspace):
    deliver(workspace, "a.csv", "2022-03-01T11:00:00,FLOW,1", "2022-03-01T11:00:00,NEW,2", "never,FLOW,3")
    take_in(store, workspace, configuration(FLOW))
    east = LONG.model_copy(update={"time_zone": "+01:00"})
    config = configuration(FLOW, LEVEL.model_copy(update={"aliases": ("NEW",)}), profile=east)
    assert replay(store, workspace, config)["state"].tolist() == ["replayed"]
    before = _everything(workspace)
    again = replay(store, workspace, config, now=LATER + pd.Timedelta("1h")).iloc[0]
    assert again[["state", "read", "duplicate", "quarantined"]].tolist() == ["unchanged", 3, 2, 1]
    assert _everything(workspace) == before


def _everything(workspace: Workspace) -> list:
    import sqlite3

    path = workspace.data("demo") / "wss.db"
    if not path.is_file():
        return []
    with sqlite3.connect(path) as connection:
        tables = ("reading", "reading_old", "intake_file", "set_aside", "quarantine")
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]


def test_a_corrected_unit_corrects_values_and_keeps_the_old(store, workspace):
    deliver(workspace, "a.csv", "2022-03-01T11:00:00,FLOW,3,6", header="time,tag,value,more")
    deliver(workspace, "b.csv", "2022-03-01T11:05:00,FLOW,10")
    comma = LONG.model_copy(update={"value_column": "more"})
    take_in(store, workspace, configuration(FLOW, profile=comma))
    assert values(store) == {"11:00": 6}
    report = replay(store, workspace, configuration(FLOW))
    assert report["name"].tolist() == ["a.csv", "b.csv"], "what was quarantined and can be read now is taken in"
    assert report[["state", "corrected", "stored"]].to_numpy().tolist() == [["replayed", 1, 0], ["stored", 0, 1]]
    assert values(store) == {"11:00": 3, "11:05": 10}
    assert values(store, known_by=DELIVERED) == {"11:00": 6}
    assert values(store, known_by=LATER) == {"11:00": 3, "11:05": 10}
    assert list(workspace.quarantine("demo").iterdir()) == []


def test_a_corrected_zone_withdraws_what_the_file_no_longer_says(store, workspace):
    deliver(workspace, "a.csv", "2022-03-01T10:00:00,FLOW,1", "2022-03-01T11:00:00,FLOW,2")
    take_in(store, workspace, configuration(FLOW))
    east = LONG.model_copy(update={"time_zone": "+01:00"})
    row = replay(store, workspace, configuration(FLOW, profile=east)).iloc[0]
    assert row[["stored", "corrected"]].tolist() == [1, 1]
    assert "1 readings that it no longer says are withdrawn" in row["reason"]
    assert values(store) == {"09:00": 1, "10:00": 2}
    assert values(store, known_by=DELIVERED) == {"10:00": 1, "11:00": 2}
    assert values(store, known_by=LATER) == {"09:00": 1, "10:00": 2}
    deliver(workspace, "b.csv", "2022-03-01T12:00:00,FLOW,7", "2022-03-01T13:00:00,FLOW,8")
    new = LATER + pd.Timedelta("1h")
    assert take_in(store, workspace, configuration(FLOW, profile=east), new)["stored"].tolist() == [2]
    assert values(store) == {"09:00": 1, "10:00": 2, "11:00": 7, "12:00": 8}
    assert values(store, known_by=LATER) == {"09:00": 1, "10:00": 2}, "a later file does not bring back what was withdrawn"
    deliver(workspace, "c.csv", "2022-03-01T12:00:00,FLOW,9")
    assert take_in(store, workspace, configuration(FLOW, profile=east), new + pd.Timedelta("1h"))["corrected"].tolist() == [1]
    assert [values(store, known_by=t).get("11:00") for t in (DELIVERED, LATER, new, None)] == [2, None, 7, 9]


def test_what_a_replay_adds_and_withdraws_is_examined(store, workspace):
    def with_gaps(profile: ImportProfile) -> Configuration:
        found = configuration(FLOW, profile=profile)
        gap = Quality(off=tuple(set(get_args(Rule)) - {"gap"}))
        return found.model_copy(update={"tenant": found.tenant.model_copy(update={"quality": gap})})

    def gaps() -> list[str]:
        return store.quality.spans(DAY[0] - pd.Timedelta("1D"), DAY[1])["end"].dt.strftime("%d %H:%M").tolist()

    minutes = [f"2022-03-01T0{hour}:{minute:02}:00,FLOW,{hour}.{minute:02}" for hour in (0, 3) for minute in range(0, 60, 4)]
    deliver(workspace, "a.csv", *minutes)
    take_in(store, workspace, with_gaps(LONG))
    assert gaps() == ["01 03:00"]
    east = LONG.model_copy(update={"time_zone": "+05:00"})
    replay(store, workspace, with_gaps(east))
    assert gaps() == ["28 22:00"], "also the day of which the file says nothing any more"
    assert store.quality.unexamined_files().empty


def test_a_later_file_still_wins(store, workspace):
    deliver(workspace, "a.csv", "2022-03-01T11:00:00,FLOW,1", "2022-03-01T11:00:00,NEW,5")
    take_in(store, workspace, configuration(FLOW))
    deliver(workspace, "b.csv", "2022-03-01T11:00:00,FLOW,2", "2022-03-01T11:00:00,NEW,6")
    take_in(store, workspace, configuration(FLOW), DELIVERED + pd.Timedelta("1h"))
    config = configuration(FLOW, LEVEL.model_copy(update={"aliases": ("NEW",)}))
    assert replay(store, workspace, config, Chosen(file="b.csv"))["stored"].tolist() == [1]
    assert replay(store, workspace, config, Chosen(file="a.csv"))["name"].tolist() == ["a.csv"]
    assert (values(store), values(store, "level")) == ({"11:00": 2}, {"11:00": 6})


def test_what_an_earlier_file_said_counts_again_when_a_later_one_withdraws(store, workspace):
    deliver(workspace, "a.csv", "2022-03-01T11:00:00,FLOW,1")
    take_in(store, workspace, configuration(FLOW))
    deliver(workspace, "b.txt", "2022-03-01T11:00:00,FLOW,2")
    other = LONG.model_copy(update={"name": "other", "files": "*.txt"})
    both = configuration(FLOW).model_copy(update={"profiles": (LONG, other)})
    take_in(store, workspace, both, DELIVERED + pd.Timedelta("1h"))
    assert values(store) == {"11:00": 2}
    east = configuration(FLOW).model_copy(update={"profiles": (LONG, other.model_copy(update={"time_zone": "+01:00"}))})
    replay(store, workspace, east)
    assert values(store) == {"10:00": 2, "11:00": 1}
    assert values(store, known_by=DELIVERED + pd.Timedelta("1h")) == {"11:00": 2}


def test_a_duplicate_of_what_is_withdrawn_is_read_again(store, workspace):
    """b.csv said the same as a.txt, so nothing of it was stored; when a.txt turns out to be of another hour, it counts."""
    text = LONG.model_copy(update={"name": "text", "files": "*.txt"})
    deliver(workspace, "a.txt", "2022-03-01T11:00:00,FLOW,1")
    take_in(store, workspace, configuration(FLOW, profile=text))
    deliver(workspace, "b.csv", "2022-03-01T11:00:00,FLOW,1", "")
    both = configuration(FLOW).model_copy(update={"profiles": (text, LONG)})
    assert take_in(store, workspace, both, DELIVERED + pd.Timedelta("1h"))["duplicate"].tolist() == [1]
    east = configuration(FLOW).model_copy(update={"profiles": (text.model_copy(update={"time_zone": "+01:00"}), LONG)})
    assert replay(store, workspace, east, Chosen(file="a.txt"))["name"].tolist() == ["a.txt", "b.csv"]
    assert values(store) == {"10:00": 1, "11:00": 1}


def test_a_duplicate_of_what_is_corrected_is_read_again(store, workspace):
    """b.csv said what a.txt was taken for; when a.txt turns out to mean other units, the later file counts."""
    text = LONG.model_copy(update={"name": "text", "files": "*.txt", "value_column": "more"})
    deliver(workspace, "a.txt", "2022-03-01T11:00:00,FLOW,3,1", header="time,tag,value,more")
    deliver(workspace, "b.csv", "2022-03-01T11:00:00,FLOW,1")
    take_in(store, workspace, configuration(FLOW).model_copy(update={"profiles": (text, LONG)}))
    other = configuration(FLOW).model_copy(update={"profiles": (text.model_copy(update={"value_column": "value"}), LONG)})
    assert replay(store, workspace, other, Chosen(file="a.txt"))["name"].tolist() == ["a.txt", "b.csv"]
    assert values(store) == {"11:00": 1}


def test_files_are_chosen_by_name_sum_tag_and_delivery(store, workspace):
    for number, tag in enumerate(("FLOW", "LEVEL", "NEW")):
        deliver(workspace, f"{number}.csv", f"2022-03-01T11:00:00,{tag},1")
        take_in(store, workspace, configuration(FLOW, LEVEL), DELIVERED + pd.Timedelta(number, "D"))
    config = configuration(FLOW, LEVEL)
    start = store.files()["sha256"].iloc[-1][:8].upper()
    cases = (
        (Chosen(), "012"), (Chosen(file="1.csv"), "1"), (Chosen(file=start), "0"), (Chosen(file="x"), ""),
        (Chosen(tag="NEW"), "2"), (Chosen(tag="LEVEL"), "1"), (Chosen(since=DELIVERED + pd.Timedelta("1D")), "12"),
    )  # fmt: skip
    for chosen, names in cases:
        assert replay(store, workspace, config, chosen)["name"].tolist() == [f"{n}.csv" for n in names]


def test_a_file_that_is_lost_or_cannot_be_read_now_keeps_what_it_said(store, workspace):
    deliver(workspace, "a.csv", "2022-03-01T11:00:00,FLOW,1")
    deliver(workspace, "b.csv", "2022-03-01T11:05:00,FLOW,2")
    take_in(store, workspace, configuration(FLOW))
    next(workspace.archive("demo").rglob("a.csv")).unlink()
    report = replay(store, workspace, configuration(FLOW, profile=LONG.model_copy(update={"value_column": "wert"})))
    assert report["state"].tolist() == ["lost", "refused"]
    assert "no column 'wert'" in report["reason"].iloc[1]
    assert values(store) == {"11:00": 1, "11:05": 2}


def test_a_cut_file_of_the_quarantine_stays_there(store, workspace):
    path = deliver(workspace, "a.csv", "2022-03-01T11:00:00,FLOW,1")
    path.write_text(path.read_text() + "2022-03-01T11:05:00,FLOW,1")
    os.utime(path, (1.6e9, 1.6e9))
    assert take_in(store, workspace, configuration(FLOW))["state"].tolist() == ["quarantined"]
    assert replay(store, workspace, configuration(FLOW)).empty
    assert values(store) == {}


CELLS = (["2022-03-01T10:00:00", "2022-03-01T11:00:00", "2022-03-01T12:00:00", "2022-03-01 09:00"], ["LEVEL", "FLOW", "NEW"],
         ["1", "2", "NaN", "x"])  # fmt: skip
ROW = st.tuples(*map(st.sampled_from, CELLS)).map(",".join)
ONE = {"profile": LONG.model_copy(update={"time_format": "%Y-%m-%dT%H:%M:%S"}), "sensors": (FLOW, LEVEL)}
TWO = {"profile": LONG.model_copy(update={"time_zone": "+01:00"}),
       "sensors": (FLOW, LEVEL.model_copy(update={"aliases": ("NEW",)}))}  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(ROW, min_size=1, max_size=5), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_replaying_everything_is_taking_everything_in_anew(tmp_path_factory, files, random):
    """Whatever the files and the order of their intake; and what was known before the replay is still known for then."""
    arrival = random.sample(range(len(files)), len(files))
    found = []
    for settings_of_intake in (ONE, TWO):
        workspace = Workspace(tmp_path_factory.mktemp("home"))
        config = configuration(*settings_of_intake["sensors"], profile=settings_of_intake["profile"], clock="replay")
        with open_store(workspace, "demo", create=True) as store:
            store.configure({}, config.sensors, "tests", "sensors", DELIVERED)
            for number in arrival:
                path = deliver(workspace, f"{number}.csv", *files[number], "2022-03-01T01:00:00,FLOW,0")
                at = (DELIVERED + pd.Timedelta(number, "h")).timestamp()
                os.utime(path, (at, at))
                run_intake(config, store, workspace)
            if settings_of_intake is ONE:
                assert compare_values(config, store, workspace) == [], "the store has what the archive says"
                before = store.read(["flow", "level"], *DAY)
                moment = DELIVERED + pd.Timedelta(len(files), "h")
                config = configuration(*TWO["sensors"], profile=TWO["profile"])
                store.configure({}, config.sensors, "tests", "sensors", DELIVERED)
                kept, faults = _everything(workspace), compare_values(config, store, workspace)
                assert _everything(workspace) == kept, "a comparison writes nothing"
                state = replay(store, workspace, config, now=moment + pd.Timedelta("1h"))["state"]
                assert bool(faults) == (state == "replayed").any(), "and finds what a replay would change"
                pd.testing.assert_frame_equal(store.read(["flow", "level"], *DAY, moment), before)
                later = store.read(["flow", "level"], *DAY, moment + pd.Timedelta("1h"))
                pd.testing.assert_frame_equal(later, store.read(["flow", "level"], *DAY))
                assert compare_values(config, store, workspace) == []
                assert (replay(store, workspace, config, now=moment + pd.Timedelta("2h"))["state"] == "unchanged").all()
            found.append(store.read(["flow", "level"], *DAY))
    pd.testing.assert_frame_equal(*(frame.drop(columns="flag") for frame in found))
