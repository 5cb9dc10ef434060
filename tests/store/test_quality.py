"""Spans of doubt: kept once, withdrawn when refuted, seen by reads as they were known."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wss.quantities import Flag
from wss.store.quality import flags_of

DAY = pd.Timestamp("2022-03-01")
DAY_S = DAY.value // 10**9
UNIT, GAP = int(Flag.UNIT), int(Flag.GAP)


def at(clock: str) -> int:
    return pd.Timestamp(f"2022-03-01T{clock}").value // 10**9


@pytest.fixture
def say(store):
    """say(known at, (flag, start, end), ...): the spans of the level sensor's day are these."""
    level = int(store.sensors().set_index("tag")["sensor_id"]["L"])

    def say(known: str, *spans, flags: int = UNIT | GAP) -> tuple[int, int]:
        rows = [(level, flag, at(start), -1 if end is None else at(end), at(known), "why") for flag, start, end in spans]
        frame = pd.DataFrame(rows, columns=["sensor_id", "flag", "start", "end", "found_at", "note"])
        return store.quality.replace([level], flags, DAY_S, DAY_S + 86400, frame, at(known))

    return say


@pytest.fixture
def flags(store):
    """flags(known_by): flag of each level reading of the day by its hour."""

    def flags(known_by: str | None = None) -> dict[str, int]:
        moment = known_by and pd.Timestamp(f"2022-03-01T{known_by}")
        frame = store.read(["level"], DAY, DAY + pd.Timedelta("1D"), moment)
        return dict(zip(frame["time"].dt.strftime("%H"), frame["flag"], strict=True))

    return flags


@pytest.fixture
def _three(give):
    give("2022-03-01T04:00", {f"2022-03-01T0{h}:00": h for h in (1, 2, 3)})


@pytest.mark.usefixtures("_three")
def test_reads_show_the_flags_that_were_known(say, flags, store):
    assert say("05:00", (UNIT, "01:30", "02:30"), (GAP, "02:00", "03:01")) == (2, 0)
    assert flags() == {"01": 0, "02": UNIT | GAP, "03": GAP}
    assert flags("04:30") == {"01": 0, "02": 0, "03": 0}
    assert flags("05:00") == flags()
    assert store.latest(["level"])["flag"].tolist() == [GAP]
    assert store.latest(["level"], pd.Timestamp("2022-03-01T04:30"))["flag"].tolist() == [0]


@pytest.mark.usefixtures("_three")
def test_the_same_again_changes_nothing(say, store):
    say("05:00", (UNIT, "01:30", "02:30"))
    assert say("06:00", (UNIT, "01:30", "02:30")) == (0, 0)
    assert store.quality.spans(DAY, DAY + pd.Timedelta("1D"))["found_at"].tolist() == [pd.Timestamp("2022-03-01T05:00")]


@pytest.mark.usefixtures("_three")
def test_what_is_refuted_stays_readable_as_it_was_known(say, flags):
    say("05:00", (UNIT, "01:30", "02:30"))
    assert say("06:00", (UNIT, "02:30", "03:30")) == (1, 1)
    assert flags() == {"01": 0, "02": 0, "03": UNIT}
    assert flags("05:30") == {"01": 0, "02": UNIT, "03": 0}


@pytest.mark.usefixtures("_three")
def test_what_was_never_known_leaves_no_trace(say, store):
    say("05:00", (UNIT, "01:30", "02:30"))
    say("05:00")
    assert store.quality.spans(DAY, DAY + pd.Timedelta("1D"), pd.Timestamp("2022-03-01T05:00")).empty


@pytest.mark.usefixtures("_three")
def test_other_flags_sensors_and_days_are_left_alone(say, flags):
    say("05:00", (UNIT, "01:30", "02:30"), (GAP, "02:00", "03:01"))
    say("06:00", flags=GAP)
    assert flags() == {"01": 0, "02": UNIT, "03": 0}


@pytest.mark.usefixtures("_three")
def test_a_span_that_goes_on_flags_no_reading(say, flags, store):
    say("05:00", (int(Flag.STALE), "01:30", None), flags=Flag.STALE)
    assert set(flags().values()) == {0}
    found = store.quality.spans(DAY, DAY + pd.Timedelta("1D"))
    assert found["end"].isna().all()
    assert found[["tag", "quantity", "item"]].to_numpy().tolist() == [["L", "level", "T"]]


@pytest.mark.usefixtures("_three")
def test_raw_readings_keep_the_flag_they_came_with(say, store):
    say("05:00", (UNIT, "01:30", "02:30"))
    level = store.sensors().set_index("tag")["sensor_id"]["L"]
    assert store.readings_of([level], DAY_S, DAY_S + 86400)["flag"].tolist() == [0, 0, 0]
    assert store.readings_of([level], DAY_S, DAY_S + 86400, with_spans=True)["flag"].tolist() == [0, UNIT, 0]


def test_files_are_examined_once(give, store):
    give("2022-03-01T04:00", {"2022-03-01T01:00": 1, "2022-03-01T02:00": 2})
    give("2022-03-01T05:00", {"2022-02-01T01:00": 1}, backfill=True, usual_delay_s=600)
    files = store.quality.unexamined_files()
    assert files["backfill"].tolist() == [False, True]
    assert files["first_time"].tolist() == [at("01:00"), at("01:00") - 28 * 86400]
    assert files["last_time"].tolist() == [at("02:00"), at("01:00") - 28 * 86400]
    store.quality.note_examined(int(files["file_id"].iloc[0]), 0)
    assert store.quality.unexamined_files()["file_id"].tolist() == files["file_id"].tolist()[1:]
    give("2022-03-01T06:00", {"2022-03-01T03:00": 1})
    newest = int(store.quality.unexamined_files()["file_id"].max())
    store.quality.note_examined(newest, int(files["file_id"].iloc[0]))
    assert store.quality.unexamined_files().empty


def test_files_of_two_passes_at_the_same_time_are_left_to_the_next(give, store):
    for hour in (4, 5, 6):
        give(f"2022-03-01T0{hour}:00", {f"2022-03-01T0{hour - 1}:00": hour})
    first, second, third = store.quality.unexamined_files()["file_id"]
    store.quality.note_examined(int(first), 0)
    store.quality.note_examined(int(second), int(first))  # by a pass that began with `first` done
    store.quality.note_examined(int(third), int(first))  # by another that did too
    left = store.quality.unexamined_files()
    assert left["file_id"].tolist() == [second, third]
    store.quality.note_examined(int(third), int(left["after"].iloc[0]))
    assert store.quality.unexamined_files().empty


def test_neighbours_are_the_nearest_readings_outside(give, store):
    give("2022-03-01T04:00", {f"2022-03-01T0{h}:00": h for h in (1, 2, 3)})
    ids = store.sensors()["sensor_id"].tolist()
    before, after = store.quality.neighbours(ids, at("02:00"), at("03:00"))
    assert (before.to_list(), after.to_list()) == ([at("01:00")], [at("03:00")])
    before, after = store.quality.neighbours(ids, at("01:00"), at("04:00"))
    assert before.empty
    assert after.empty


@given(
    st.lists(st.tuples(st.integers(1, 2), st.integers(0, 50)), max_size=40, unique=True),
    st.lists(st.tuples(st.integers(1, 2), st.sampled_from([1, 2, 128]), st.integers(0, 50), st.integers(1, 20)), max_size=8),
)
def test_flags_are_those_of_every_span_that_holds_the_reading(rows, spans):
    rows = pd.DataFrame(rows, columns=["sensor_id", "time"], dtype="int64")
    table = pd.DataFrame([(s, f, a, a + n) for s, f, a, n in spans], columns=["sensor_id", "flag", "start", "end"], dtype="int64")
    expected = [sum({f for s, f, a, n in spans if s == row.sensor_id and a <= row.time < a + n}) for row in rows.itertuples()]
    assert flags_of(rows, table).tolist() == expected
