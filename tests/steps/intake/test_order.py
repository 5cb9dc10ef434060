"""In which order files are taken in, and what a meter that is gone does to them."""

import itertools
import os
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wss import times
from wss.config import Configuration, ImportProfile, Intake, Limits, Sensor, System, Tenant
from wss.config.quality import Quality, Rule
from wss.ingestion import quality
from wss.steps.intake import inbox
from wss.steps.intake.file import FileIntake
from wss.steps.intake.inbox import run_intake
from wss.steps.intake.replay import compare_values, run_replay
from wss.store import IntakeFile, Workspace, open_store

LIMITS = Limits(low=0, high=30, max_rate_per_h=8)
SENSORS = (
    Sensor(tag="LEVEL", quantity="level", item="1", unit="ft", limits=LIMITS, aliases=("LVL",)),
    Sensor(tag="FLOW", quantity="flow", item="10", unit="gpm", limits=Limits(low=0, high=9000)),
)
LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag")
ONE = ImportProfile(name="one", files="*.txt", layout="one_file_a_tag", tag_pattern=r"(?P<tag>[A-Z]+)_.*\.txt")
OFF = Quality(off=get_args(Rule))
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


def live(workspace: Workspace, store, **more) -> list[str]:
    """Names of the files that a live tenant's intake takes in, in the order of inbox."""
    names = []
    run_intake(configuration("live"), store, workspace, told=lambda row: names.append(row["name"]), **more)
    return names


def test_fresh_files_go_before_a_backfill_and_large_ones_last(store, workspace, monkeypatch):
    monkeypatch.setattr(inbox, "RUSH", 3)
    monkeypatch.setattr(inbox, "LARGE_MB", 1e-4)
    for number in range(6):
        rows = [f"2022-03-01T11:{number:02}:00,FLOW,1"] * (10 if number == 5 else 1)
        deliver(workspace, f"{number}.csv", long(*rows), DELIVERED + pd.Timedelta(number, "h"))
    assert live(workspace, store) == [f"{n}.csv" for n in (3, 4, 0, 1, 2, 5)]


def test_a_file_that_comes_during_a_backfill_is_next(store, workspace, monkeypatch):
    monkeypatch.setattr(inbox, "LOOK_AGAIN_S", 0.0)
    for number in range(4):
        deliver(workspace, f"{number}.csv", long(f"2022-03-01T11:{number:02}:00,FLOW,1"), DELIVERED + pd.Timedelta(number, "h"))
    told = []

    def arrive(done: int, total: int, name: str) -> None:
        told.append((done, total))
        if name in ("0.csv", "1.csv"):  # the second of the same name is another delivery
            deliver(workspace, "fresh.csv", long(f"2022-03-01T12:00:00,FLOW,{name[0]}"), DELIVERED)

    assert live(workspace, store, progress=arrive) == ["0.csv", "fresh.csv", "1.csv", "fresh.csv", "2.csv", "3.csv"]
    assert told[-1] == (6, 6)


def test_an_intake_that_is_stopped_leaves_the_rest_for_the_next_time(store, workspace):
    for number in range(3):
        deliver(workspace, f"{number}.csv", long(f"2022-03-01T11:{number:02}:00,FLOW,1"))
    assert live(workspace, store, stop=lambda: True) == ["0.csv"]
    assert tree(workspace, "inbox") == {"1.csv", "2.csv"}
    assert live(workspace, store) == ["1.csv", "2.csv"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_version_delivered_last_wins_whatever_the_order_of_intake(store, workspace, order):
    """Also where it repeats what was stored when it came, and a file that was delivered between comes late."""
    for number in order:
        text = long(f"2022-03-01T11:00:00,LEVEL,{(10, 20, 10)[number]}") + "\n" * number
        deliver(workspace, f"{number}.csv", text, DELIVERED + pd.Timedelta(number, "h"))
        run_intake(configuration(), store, workspace)
    level = store.read(["level"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02"))["value"]
    assert level.tolist() == pytest.approx([10 * 0.3048])
    assert compare_values(configuration(), store, workspace) == []


def test_a_second_replay_finds_nothing_that_another_file_came_to_say(store, workspace):
    """An hour east, the first file says what the second did; the third, which was delivered last, corrects it."""
    for number, (hour, level) in enumerate([("11", 10), ("10", 10), ("11", 20)]):
        text = long(f"2022-03-01T{hour}:00:00,LEVEL,{level}") + "\n" * number
        deliver(workspace, f"{number}.csv", text, DELIVERED + pd.Timedelta(number, "h"))
    run_intake(configuration(), store, workspace)
    east = configuration().model_copy(update={"profiles": (LONG.model_copy(update={"time_zone": "+01:00"}), ONE)})
    run_replay(east, store, workspace)
    assert compare_values(east, store, workspace) == []
    assert (run_replay(east, store, workspace)["state"] == "unchanged").all()
    level = store.read(["level"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02"))
    assert dict(zip(level["time"].dt.hour, level["value"], strict=True)) == pytest.approx({9: 10 * 0.3048, 10: 20 * 0.3048})


def test_a_retired_meter_keeps_its_readings_and_takes_no_more(store, workspace):
    retired = SENSORS[1].model_copy(update={"retired": pd.Timestamp("2022-03-01T11:05").to_pydatetime()})
    config = configuration().model_copy(update={"sensors": (SENSORS[0], retired)})
    deliver(workspace, "a.csv", long("2022-03-01T11:00:00,FLOW,1", "2022-03-01T11:05:00,FLOW,2", "2022-03-01T11:05:00,LEVEL,2"))
    row = run_intake(config, store, workspace).iloc[0]
    assert row[["stored", "set_aside"]].tolist() == [2, 1]
    assert "see its valid_from and retired" in row["reason"]


def test_files_in_quick_succession_share_one_look_at_their_readings(store, workspace):
    def left(minutes: int) -> int:
        at = DELIVERED + pd.Timedelta(minutes=minutes)
        deliver(workspace, f"{minutes}.csv", long(f"{at:%Y-%m-%dT%H:%M:%S},LEVEL,10"), at)
        with open_store(workspace, "demo") as own:  # as each process has one
            run_intake(configuration(), own, workspace)
        return len(store.quality.unexamined_files())

    assert [left(minutes) for minutes in (0, 5, 9, 10, 15, 120)] == [0, 1, 2, 0, 1, 0]


@given(st.lists(st.lists(st.sampled_from([1.0, 1.0, 1.0, 2.0, 9.0, 40.0]), min_size=1, max_size=6), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_flags_are_those_of_a_look_at_all_that_came_before(tmp_path_factory, parts):
    limits = Limits(low=0, high=30, max_rate_per_h=8, stuck_h=1)
    sensors = (SENSORS[0].model_copy(update={"limits": limits}), SENSORS[1])
    config = configuration().model_copy(update={"sensors": sensors})
    workspace = Workspace(tmp_path_factory.mktemp("flags"))
    with open_store(workspace, "demo", create=True) as store:
        store.configure({}, sensors, "tests", "sensors", DELIVERED)
        shared = FileIntake.of(config, store, workspace, None)
        start = times.seconds(DELIVERED) - 2 * 86400
        for number, values in enumerate(parts):
            readings = pd.DataFrame({"sensor_id": 1, "time": start + 900 * np.arange(len(values)), "value": values, "flag": 0})
            every = store.readings_of([1], start - 3 * 86400, start)
            flags = quality.flag(readings, shared.limits, every)
            assert shared._flags(readings).tolist() == flags.tolist()
            file = IntakeFile(f"{number}", f"{number}" * 64, DELIVERED)
            nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
            store.write_file(file, readings.assign(flag=flags), 0, nothing, nothing[["line", "text", "reason"]])
            start += 900 * len(values)
