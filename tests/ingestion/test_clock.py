"""Both clock changes: every instant right, or quarantined with its reason."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.config import ImportProfile
from wss.ingestion import readers

SHOWN = "%Y-%m-%d %H:%M"
AUTUMN = {
    "Europe/Rome": "2022-10-29T20:00",
    "America/New_York": "2022-11-06T02:00",
    "Australia/Lord_Howe": "2022-04-02T12:00",
    "Europe/Lisbon": "2022-10-29T22:00",
    "America/Sao_Paulo": "2018-02-17T23:00",
}
SPRING = {
    "Europe/Rome": "2022-03-26T22:00",
    "America/New_York": "2022-03-13T04:00",
    "Australia/Lord_Howe": "2022-10-01T12:00",
    "Europe/Lisbon": "2022-03-26T22:00",
    "America/Sao_Paulo": "2018-11-04T00:00",
}


def profile(zone: str, **changes) -> ImportProfile:
    settled = {"name": "x", "files": "*", "layout": "long", "tag_column": "tag", "time_format": SHOWN, "time_zone": zone}
    return ImportProfile(**settled | changes)


def export(times: pd.DatetimeIndex, zone: str, tags=("A",)) -> bytes:
    """What a SCADA in `zone` exports at UTC `times`: wall clock, interleaved tags."""
    shown = times.tz_localize("UTC").tz_convert(zone).strftime(SHOWN)
    return ("time,tag,value\n" + "".join(f"{stamp},{tag},1\n" for stamp in shown for tag in tags)).encode()


def wide(times: pd.DatetimeIndex, zone: str, tags=("A", "B")) -> bytes:
    """The same as a wide file whose last tag has a gap."""
    shown = times.tz_localize("UTC").tz_convert(zone).strftime(SHOWN)
    rows = [",".join([stamp, *["1"] * (len(tags) - 1), "" if n == 3 else "1"]) for n, stamp in enumerate(shown)]
    return "\n".join([",".join(["time", *tags]), *rows, ""]).encode()


def last_of(stored: list[pd.Timestamp]):
    return lambda tag: stored[-1] if stored else None


def day(start: str, minutes: int = 15) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=8 * 60 // minutes, freq=f"{minutes}min")


@pytest.mark.parametrize("zone", AUTUMN)
@pytest.mark.parametrize("minutes", [5, 15, 30])
@pytest.mark.parametrize("change", [AUTUMN, SPRING])
def test_a_file_over_a_clock_change(zone, minutes, change):
    times = day(change[zone], minutes)
    assert times.tz_localize("UTC").tz_convert(zone).map(lambda t: t.utcoffset()).nunique() == 2
    parsed = readers.read(export(times, zone, ("A", "B", "C")), "x", profile(zone))
    assert parsed.quarantine.empty
    for tag in "ABC":
        assert parsed.readings.loc[parsed.readings["tag"] == tag, "time"].tolist() == times.tolist()


@pytest.mark.parametrize("zone", AUTUMN)
@pytest.mark.parametrize("change", [AUTUMN, SPRING])
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_wide_file_over_a_clock_change(zone, change, newest_first):
    times = day(change[zone])[:: -1 if newest_first else 1]
    parsed = readers.read(wide(times, zone), "x", profile(zone, layout="wide", tag_column=None))
    assert (len(parsed.quarantine), parsed.missing) == (0, 1)
    assert parsed.readings.loc[parsed.readings["tag"] == "A", "time"].tolist() == times.tolist()
    assert parsed.readings.loc[parsed.readings["tag"] == "B", "time"].tolist() == times.delete(3).tolist()


@pytest.mark.parametrize("zone", AUTUMN)
@pytest.mark.parametrize("change", [AUTUMN, SPRING])
def test_wide_files_of_one_row_by_continuity(zone, change):
    times, stored = day(change[zone]), []
    for at in range(len(times)):
        parsed = readers.read(
            wide(times[at : at + 1], zone),
            "x",
            profile(zone, layout="wide", tag_column=None),
            pd.Timestamp("2023-01-01"),
            last_of(stored),
        )
        assert parsed.readings["tag"].tolist() == ["A", "B"]
        stored += parsed.readings["time"].tolist()[:1]
    assert stored == times.tolist()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(AUTUMN)),
    st.sampled_from([AUTUMN, SPRING]),
    st.integers(150, 1000),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["last", "first", "quarantine"]),
)
def test_blocks_say_what_the_whole_file_says(zone, change, size, newest_first, is_wide, policy):
    times = day(change[zone], 30)[:: -1 if newest_first else 1]
    form = (profile(zone, layout="wide", tag_column=None) if is_wide else profile(zone)).model_copy(update={"duplicates": policy})
    data = (wide if is_wide else export)(times, zone, ("A", "B", "C"))
    whole = readers.read(data, "x", form)
    parts = list(readers.blocks(data, "x", form, size=size))
    assert sum(part.missing for part in parts) == whole.missing
    read = pd.concat([part.readings.astype({"tag": "str"}) for part in parts])
    by = ["tag", "line"]
    pd.testing.assert_frame_equal(
        read.sort_values(by, ignore_index=True), whole.readings.astype({"tag": "str"}).sort_values(by, ignore_index=True)
    )
    in_file = pd.concat([part.readings for part in (parts[::-1] if policy == "first" else parts)])
    assert in_file.loc[in_file["tag"] == "A", "time"].tolist() == times.tolist()


@pytest.mark.parametrize("zone", AUTUMN)
def test_the_newest_first(zone):
    times = day(AUTUMN[zone])[::-1]
    assert readers.read(export(times, zone), "x", profile(zone)).readings["time"].tolist() == times.tolist()


@pytest.mark.parametrize("zone", AUTUMN)
def test_a_skipped_time_is_quarantined_with_its_reason(zone):
    times = day(SPRING[zone])
    local = times.tz_localize("UTC").tz_convert(zone)
    jump = next(i for i in range(1, len(local)) if local[i].utcoffset() != local[i - 1].utcoffset())
    skipped = (local[jump - 1].tz_localize(None) + pd.Timedelta(minutes=15)).strftime(SHOWN)
    parsed = readers.read(f"time,tag,value\n{skipped},A,1\n".encode(), "x", profile(zone))
    assert parsed.readings.empty
    assert parsed.quarantine["reason"].item() == f"the clocks of {zone} skip this time"


@pytest.mark.parametrize("change", [*AUTUMN.values(), *SPRING.values()])
def test_a_fixed_offset_knows_no_clock_change(change):
    times = day(change)
    shown = (times + pd.Timedelta(hours=1)).strftime(SHOWN)
    data = ("time,tag,value\n" + "".join(f"{stamp},A,1\n" for stamp in shown)).encode()
    assert readers.read(data, "x", profile("+01:00")).readings["time"].tolist() == times.tolist()


@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize("zone", AUTUMN)
def test_files_of_a_few_readings_by_continuity(zone, length):
    """Each file holds only the next readings, and is delivered months later, so that only the stored readings can tell."""
    times, stored = day(AUTUMN[zone]), []
    for at in range(0, len(times), length):
        parsed = readers.read(
            export(times[at : at + length], zone), "x", profile(zone), pd.Timestamp("2023-01-01"), last_of(stored)
        )
        stored += parsed.readings["time"].tolist()
    assert stored == times.tolist()


@pytest.mark.parametrize("length", [3, 4, 8])
def test_windows_that_overlap_by_what_can_have_been_known(length):
    """Every quarter of an hour a file with the last readings again: the delivery excludes what has not happened yet."""
    times, zone, stored = day(AUTUMN["Europe/Rome"]), "Europe/Rome", []
    for end in range(length, len(times) + 1):
        window = times[end - length : end]
        parsed = readers.read(export(window, zone), "x", profile(zone), window[-1] + pd.Timedelta(minutes=2), last_of(stored))
        assert parsed.readings["time"].tolist() == window.tolist()
        stored = window.tolist()


def test_a_file_sent_again_in_the_first_pass_is_not_taken_for_the_second():
    times = pd.date_range("2022-10-30T00:00", periods=3, freq="15min")  # 02:00, 02:15, 02:30 summer time
    parsed = readers.read(
        export(times, "Europe/Rome"), "x", profile("Europe/Rome"), times[-1] + pd.Timedelta(minutes=5), lambda tag: times[-1]
    )
    assert parsed.readings["time"].tolist() == times.tolist()


def test_a_file_that_starts_in_the_second_pass_and_goes_on():
    times = pd.date_range("2022-10-30T01:15", periods=8, freq="15min")
    assert readers.read(export(times, "Europe/Rome"), "x", profile("Europe/Rome")).readings["time"].tolist() == times.tolist()
