"""Tags become sensors, units become ours, doubtful readings get a flag and keep their value."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.ingestion import quality, rename
from wss.quantities import Flag

SENSORS = pd.DataFrame(
    [
        (1, "F", "flow", "P", "gpm", 0),
        (2, "L", "level", "T", "ft", 0),
        (3, "L", "level", "T", "m", 86400),
        (4, "N", "level", "T", "m", 86400),
    ],
    columns=["sensor_id", "tag", "quantity", "item", "unit", "valid_from"],
)


def parsed(*rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["tag", "time", "value"])
    return frame.assign(
        line=np.arange(2, 2 + len(frame)),
        tag=frame["tag"].astype("category"),
        flag=0,
        time=pd.to_datetime(frame["time"], unit="s").dt.as_unit("ns"),
    )


def test_units_are_converted_once_by_the_entry_that_holds():
    out = rename.to_sensors(parsed(("F", 0, 1000), ("L", 86399, 10), ("L", 86400, 10), ("alias", 5, 1)), SENSORS, {"alias": "F"})
    assert out.set_aside.empty
    assert out.readings["sensor_id"].tolist() == [1, 2, 3, 1]
    assert out.readings["time"].tolist() == [0, 86399, 86400, 5]
    assert out.readings["value"].to_numpy() == pytest.approx([227.12470704, 3.048, 10.0, 0.22712470704])


def test_unknown_tags_are_set_aside_with_their_reason():
    out = rename.to_sensors(parsed(("X", 0, 1.25), ("F", 0, 1), ("N", 86399, 2)), SENSORS, {})
    assert out.readings["sensor_id"].tolist() == [1]
    assert out.set_aside[["line", "tag", "text"]].to_numpy().tolist() == [[2, "X", "1.25"], [4, "N", "2"]]
    assert out.set_aside["reason"].tolist() == [rename.UNKNOWN, rename.OUT_OF_USE]


def test_no_readings_and_no_sensors():
    assert rename.to_sensors(parsed(), SENSORS, {}).readings.empty
    assert len(rename.to_sensors(parsed(("F", 0, 1)), SENSORS.iloc[:0], {}).set_aside) == 1


LIMITS = pd.DataFrame({"low": 0.0, "high": 10.0, "max_rate_per_h": 4.0, "stuck_h": 2.0}, index=[1])
QUARTER = 900


def flags(values, before=(), limits=LIMITS, given=0, start=86400) -> list[int]:
    readings = pd.DataFrame({"sensor_id": 1, "time": start + QUARTER * np.arange(len(values)), "value": values, "flag": given})
    earlier = pd.DataFrame({"sensor_id": 1, "time": start - QUARTER * np.arange(len(before), 0, -1), "value": before, "flag": 0})
    return quality.flag(readings.astype({"value": float}), limits, earlier.astype({"value": float})).tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3], [0, 0, 0]),
        ([1, -1, 2, 11], [0, Flag.RANGE, 0, Flag.RANGE]),
        ([1, 5, 1, 2], [0, Flag.SPIKE, 0, 0]),
        ([1, 6, 6, 2], [0, Flag.RATE, Flag.RATE, 0]),
        ([1, 3], [0, Flag.RATE]),
        ([1, 5, 5, 5, 5, 6], [0, Flag.RATE, Flag.RATE, Flag.RATE, 0, 0]),  # 4 more are possible after an hour
        ([1, 5, 1, 5, 1], [0, Flag.SPIKE, 0, Flag.SPIKE, 0]),
        ([1] * 8 + [1, 1, 2], [0] * 8 + [Flag.STUCK, Flag.STUCK, 0]),
    ],
)
def test_flags(values, expected):
    assert flags(values) == expected


def test_what_was_stored_before_counts():
    assert flags([3], before=[1]) == [Flag.RATE]
    assert flags([1], before=[1] * 8) == [Flag.STUCK]
    assert flags([1], before=[1] * 7) == [0]


def test_what_the_export_calls_bad_counts_for_nothing_else():
    assert flags([1, 9, 1], given=[0, Flag.SCADA_BAD, 0]) == [0, Flag.SCADA_BAD, 0]


def test_what_is_not_limited_is_not_checked():
    bare = LIMITS.assign(max_rate_per_h=np.nan, stuck_h=np.nan)
    assert flags([1, 9] + [1] * 20, limits=bare) == [0] * 22
    assert flags([1, 99], limits=LIMITS.iloc[:0]) == [0, 0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5, 15), min_size=1, max_size=40))
def test_the_readings_that_stay_good_could_all_have_been(values):
    """Whatever comes: no two neighbouring good readings are further apart than the sensor can move."""
    good = [(i, v) for i, (v, f) in enumerate(zip(values, flags(values), strict=True)) if f & ~Flag.STUCK == 0]
    assert all(0 <= v <= 10 for _, v in good)
    assert all(abs(b - a) <= (j - i) * 1.0 + 1e-9 for (i, a), (j, b) in zip(good, good[1:], strict=False))


def test_how_far_back_earlier_readings_matter():
    one, same = LIMITS.iloc[:1], np.array([True])
    assert quality.look_back_h(one, same).tolist() == [2.5]  # from 0 to 10 at 4 an hour
    assert quality.look_back_h(one.assign(stuck_h=6), same).tolist() == [6]
    assert quality.look_back_h(one.assign(stuck_h=6), ~same).tolist() == [2.5], "another value than before is not stuck"
    assert quality.look_back_h(one.assign(stuck_h=600), same).tolist() == [600]
    assert quality.look_back_h(one.assign(max_rate_per_h=0.001), same).tolist() == [48]
    assert quality.look_back_h(one.assign(max_rate_per_h=np.nan, stuck_h=np.nan), same).tolist() == [0]


def test_mask_takes_no_doubtful_value():
    frame = pd.DataFrame({"value": [1.0, 2, 3, 4, 5, 6], "flag": [0, 1, 2, 4, 8, 16]})
    assert quality.mask(frame)["value"].isna().tolist() == [False, True, True, True, True, True]
    assert frame["value"].notna().all()
