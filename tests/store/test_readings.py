"""Readings are stored once; corrections keep the old value; a read as of a moment sees what was known then."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wss.errors import StoreError
from wss.store import Counts, IntakeFile, check, open_store

DAY = "2022-03-01"


def at(clock: str) -> str:
    return f"{DAY}T{clock}"


def test_round_trip(store, give):
    give(at("01:00"), {at("00:30"): 2.5, at("00:15"): 1.25})
    give(at("01:00"), {at("00:30"): 7.0}, tag="F")
    frame = store.read(["level", "flow"], pd.Timestamp(DAY), pd.Timestamp(at("00:31")))
    expected = pd.DataFrame(
        {
            "time": pd.DatetimeIndex([at("00:30"), at("00:15"), at("00:30")]).as_unit("ns"),
            "quantity": ["flow", "level", "level"],
            "item": ["P", "T", "T"],
            "value": [7.0, 1.25, 2.5],
            "flag": 0,
        }
    )
    pd.testing.assert_frame_equal(frame, expected)
    assert store.read(["level"], pd.Timestamp(at("00:15")), pd.Timestamp(at("00:30")))["value"].tolist() == [1.25]


def test_an_empty_store_gives_empty_frames(store):
    frame = store.read(["level"], pd.Timestamp(DAY), pd.Timestamp("2023-01-01"), pd.Timestamp(DAY))
    assert frame.empty
    assert frame.dtypes["time"] == "datetime64[ns]"
    assert store.latest().empty
    assert store.last_time() is None
    assert store.files().empty
    assert store.set_aside().empty
    assert store.quarantined().empty


def test_the_same_reading_again_is_a_duplicate_and_known_since_the_first(give, levels):
    assert give(at("01:00"), {at("00:15"): 1}) == Counts(read=1, stored=1)
    assert give(at("02:00"), {at("00:15"): 1, at("00:30"): 2}) == Counts(read=2, stored=1, duplicate=1)
    assert levels(at("01:30")) == {"00:15": 1}


def test_a_correction_keeps_the_old_value_for_those_who_look_back(give, levels, store):
    give(at("01:00"), {at("00:15"): 1, at("00:30"): 2})
    assert give(at("03:00"), {at("00:15"): 5}) == Counts(read=1, corrected=1)
    give(at("04:00"), {at("00:15"): 6})
    assert levels(at("00:59")) == {}
    assert levels(at("01:00")) == levels(at("02:59")) == {"00:15": 1, "00:30": 2}
    assert levels(at("03:30")) == {"00:15": 5, "00:30": 2}
    assert levels(at("04:00")) == levels() == {"00:15": 6, "00:30": 2}


def test_within_a_file_the_last_row_wins(give, levels):
    rows = [(at("00:15"), 1), (at("00:15"), 1), (at("00:15"), 4), (at("00:30"), 2)]
    assert give(at("01:00"), rows) == Counts(read=4, stored=2, duplicate=1, corrected=1)
    assert levels() == levels(at("01:00")) == {"00:15": 4, "00:30": 2}


def test_a_backfill_counts_as_known_soon_after_its_time(give, levels):
    give("2023-01-01", {at("00:15"): 1, at("00:30"): 2}, backfill=True, usual_delay_s=600)
    assert levels(at("00:24")) == {}
    assert levels(at("00:25")) == {"00:15": 1}
    assert levels(at("00:40")) == {"00:15": 1, "00:30": 2}


def test_a_backfill_that_corrects_does_not_rewrite_what_was_known(give, levels):
    give(at("01:00"), {at("00:15"): 1})
    give("2023-01-01", {at("00:15"): 9, at("00:30"): 2}, backfill=True, usual_delay_s=600)
    assert levels(at("02:00")) == {"00:15": 1, "00:30": 2}
    assert levels("2023-01-01") == {"00:15": 9, "00:30": 2}


def test_a_corrected_backfill(give, levels):
    give("2022-06-01", {at("00:15"): 1}, backfill=True, usual_delay_s=600)
    give("2022-07-01", {at("00:15"): 3})
    assert levels(at("00:30")) == levels("2022-06-30") == {"00:15": 1}
    assert levels("2022-07-01") == levels() == {"00:15": 3}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_arrival_does_not_matter(give, levels, order):
    files = [
        (at("01:00"), {at("00:15"): 1, at("00:30"): 2}),
        (at("02:00"), {at("00:30"): 3, at("00:45"): 4}),
        (at("03:00"), {at("00:30"): 5, at("00:15"): 1}),
    ]
    for i in order:
        give(*files[i])
    assert levels() == {"00:15": 1, "00:30": 5, "00:45": 4}
    assert levels(at("01:30")) == {"00:15": 1, "00:30": 2}
    assert levels(at("02:30")) == {"00:15": 1, "00:30": 3, "00:45": 4}


def test_latest(store, give):
    give(at("01:00"), {at("00:15"): 1, at("00:30"): 2})
    give(at("02:00"), {at("01:30"): 7, at("00:30"): 8})
    give(at("02:00"), {at("01:45"): 3}, tag="F")
    assert store.latest(["level"])[["item", "value"]].to_numpy().tolist() == [["T", 7.0]]
    assert store.latest()["value"].tolist() == [3.0, 7.0]
    assert store.latest(["level"], pd.Timestamp(at("01:00")))["value"].tolist() == [2.0]
    assert store.latest(known_by=pd.Timestamp(at("00:59"))).empty
    assert store.last_time() == pd.Timestamp(at("01:45"))
    assert store.last_time(pd.Timestamp(at("01:30"))) == pd.Timestamp(at("00:30"))


def test_latest_sees_the_old_value_of_a_reading_corrected_later(store, give):
    give(at("01:00"), {at("00:30"): 2})
    give(at("02:00"), {at("00:30"): 8})
    assert store.latest(["level"], pd.Timestamp(at("01:30")))["value"].tolist() == [2.0]
    assert store.latest(["level"])["value"].tolist() == [8.0]


def test_a_file_is_taken_in_once_and_unknown_sensors_are_refused(store):
    nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
    file = IntakeFile("a.csv", "abc", pd.Timestamp(DAY))
    readings = pd.DataFrame({"sensor_id": [99], "time": [0], "value": [1.0], "flag": [0]})
    with pytest.raises(StoreError, match="a.csv: no sensor has the id 99"):
        store.write_file(file, readings, 0, nothing, nothing)
    assert not store.has_file("abc")
    store.write_file(file, readings.iloc[:0], 2, nothing, nothing)
    assert store.has_file("abc")
    with pytest.raises(StoreError, match="taken in already"):
        store.write_file(file, readings.iloc[:0], 2, nothing, nothing)
    assert store.files()["missing"].tolist() == [2]


def test_refused_rows_are_kept_with_their_reason(store):
    aside = pd.DataFrame({"line": [3], "tag": ["X"], "time": [pd.Timestamp(DAY)], "text": ["1\0"], "reason": ["no sensor"]})
    bad = pd.DataFrame({"line": [4, 5], "text": ["x" * 1000, "y"], "reason": ["why", "that"]})
    counts = store.write_file(IntakeFile("a.csv", "abc", pd.Timestamp(DAY)), _readings(store, []), 1, aside, bad)
    assert counts == Counts(read=4, missing=1, set_aside=1, quarantined=2)
    kept = store.set_aside().iloc[0]
    assert kept[["name", "line", "tag", "reason"]].tolist() == ["a.csv", 3, "X", "no sensor"]
    assert "\0" not in kept["text"]
    assert store.quarantined()["text"].str.len().tolist() == [500, 1]


def test_many_rows_come_back_as_they_went_in(store):
    n = 1234  # not a multiple of the rows of a statement
    rows = [(1, i * 60, i / 7) for i in range(n)]
    nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
    store.write_file(IntakeFile("a.csv", "abc", pd.Timestamp(DAY)), _readings(store, rows), 0, nothing, nothing)
    frame = store.readings_of([1], 0, n * 60)
    assert frame["time"].tolist() == [time for _, time, _ in rows]
    assert frame["value"].tolist() == [value for *_, value in rows]


ROW = st.tuples(st.sampled_from(["L", "F"]), st.integers(0, 4), st.integers(0, 2))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(ROW, max_size=8), max_size=5))
def test_counts_and_every_past_read_agree_with_a_plain_dictionary(fresh_workspace, sensors, files):
    """The store against the simplest thing that could be right: a dictionary copied after each file."""
    with open_store(fresh_workspace(), "demo", create=True) as store:
        store.configure({}, sensors, "tests", "sensors", pd.Timestamp("2022-01-01"))
        nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
        held, after = {}, []
        tags = store.sensors().set_index("tag")["sensor_id"]
        for hour, rows in enumerate(files):
            expected = {"stored": 0, "duplicate": 0, "corrected": 0}
            for tag, minute, value in rows:
                before = held.get((tag, minute))
                expected["stored" if before is None else "duplicate" if before == value else "corrected"] += 1
                held[tag, minute] = value
            after.append(dict(held))
            readings = _readings(store, [(tags[tag], minute * 60, value) for tag, minute, value in rows])
            file = IntakeFile(f"{hour}", f"{hour}", pd.Timestamp(3600 * (hour + 1), unit="s"))
            counts = store.write_file(file, readings, 0, nothing, nothing)
            assert counts == Counts(read=len(rows), **expected)
        for hour, known in enumerate(after):
            frame = store.read(["level", "flow"], pd.Timestamp(0), pd.Timestamp(DAY), pd.Timestamp(3600 * (hour + 1), unit="s"))
            tag = np.where(frame["quantity"] == "level", "L", "F")
            assert dict(zip(zip(tag, frame["time"].dt.minute, strict=True), frame["value"], strict=True)) == known
        with store._database.read() as connection:
            assert check.ledger_faults(connection) == []


def _readings(store, rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["sensor_id", "time", "value"]).assign(flag=0)
    return frame.astype({"sensor_id": "int64", "time": "int64", "value": "float64"})


def test_every_flag_and_windows_of_any_length_come_back(store, give):
    sensor_id = int(store.sensors()["sensor_id"].iloc[-1])
    start, seconds = 1_600_000_000, [0, 1, 2**26 - 1, 2**26]
    rows = pd.DataFrame(
        {
            "sensor_id": sensor_id,
            "time": [start + s for s in seconds],
            "value": [0.1, -1e300, 5e-324, 1 / 3],
            "flag": [0, 4095, 2048, 1],
        }
    )
    nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
    file = IntakeFile("flags", "flags", pd.Timestamp("2030-01-01"))
    store.write_file(file, rows, 0, nothing, nothing[["line", "text", "reason"]])
    for end in (start + 2**26 - 1, start + 2**26, start + 2**26 + 1):
        pd.testing.assert_frame_equal(store.readings_of([sensor_id], start, end), rows[rows["time"] < end])
