"""The rules that need more than a file: known numbers, what they must not take for a fault, laws for any readings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.ingestion.quality import balance, counters, factor, gaps, pumps, spans
from wss.quantities import Flag

DAY, HOUR = 86400, 3600
FIVE = 300


def series(values, start=100 * DAY, step=FIVE, sensor=1) -> pd.DataFrame:
    values = np.asarray(values, dtype=float)
    return pd.DataFrame({"sensor_id": sensor, "time": start + step * np.arange(len(values)), "value": values})


def edges(found: pd.DataFrame) -> list[tuple[int, int]]:
    return list(zip(found["start"], found["end"], strict=True))


# spans


def test_spans_are_cut_at_midnight_and_joined_again():
    whole = spans.frame([(1, Flag.UNIT, 2 * DAY - 100, 4 * DAY + 50, 2 * DAY + 7, "x")])
    cut = spans.by_day(whole, 0, 10 * DAY)
    assert edges(cut) == [(2 * DAY - 100, 2 * DAY), (2 * DAY, 3 * DAY), (3 * DAY, 4 * DAY), (4 * DAY, 4 * DAY + 50)]
    assert cut["evident"].tolist() == [2 * DAY, 2 * DAY + 7, 3 * DAY, 4 * DAY]
    assert edges(spans.joined(cut)) == edges(whole)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5 * DAY), st.integers(1, 3 * DAY)), max_size=5), st.integers(0, 4))
def test_the_days_of_a_window_are_those_of_any_other_window(pieces, day):
    """However large the window, a day has the same spans: so passes over different windows agree."""
    every = spans.frame((1, Flag.PUMP, a, a + n, a, "") for a, n in pieces)
    wide, narrow = spans.by_day(every, 0, 10 * DAY), spans.by_day(every, day * DAY, (day + 1) * DAY)
    inside = wide[(wide["start"] >= day * DAY) & (wide["end"] <= (day + 1) * DAY)]
    assert sorted(edges(inside)) == sorted(edges(narrow))


@given(st.lists(st.booleans(), max_size=40))
def test_runs_give_the_array_back(which):
    again = np.zeros(len(which), dtype=bool)
    for first, last in spans.runs(np.array(which, dtype=bool)):
        assert not again[max(first - 1, 0) : first].any()
        again[first : last + 1] = True
    assert again.tolist() == which


# gaps and silence


def test_a_gap_is_told_by_the_sensors_own_interval():
    regular = series(range(60))
    assert gaps.gaps(regular, 4).empty
    t = regular["time"].to_numpy()
    four, five = regular.drop(index=range(30, 33)), regular.drop(index=range(30, 34))
    assert gaps.gaps(four, 4).empty  # 20 minutes are four intervals
    found = gaps.gaps(five, 4)
    assert edges(found) == [(t[29] + 1, t[34] + 1)]
    assert found["note"].tolist() == ["no reading for 25 min"]
    slow = series(range(60), step=HOUR)
    assert gaps.gaps(slow, 4).empty


def test_sensors_do_not_make_gaps_of_each_other():
    both = pd.concat([series(range(40)), series(range(40), start=200 * DAY, sensor=2)])
    assert gaps.gaps(both, 4).empty


def test_few_readings_tell_no_usual_interval():
    assert gaps.gaps(series([1, 2, 3]).assign(time=[0, 300, 90000]), 4).empty


def test_silence_is_told_by_each_sensors_own_age():
    last, longest = pd.Series({1: 1000, 2: 5000, 3: 1000}), pd.Series({1: 3000.0, 2: 3000.0, 3: 9000.0})
    found = gaps.stale(last, 6000, longest)
    assert found[["sensor_id", "start", "end"]].to_numpy().tolist() == [[1, 1001, -1]]


# registers

HIGH = pd.Series({1: 1000.0})


@pytest.mark.parametrize(
    ("values", "at", "words"),
    [
        ([10, 20, 30, 40], [], ""),
        ([500, 510, 3, 5, 9], [2], "fell from 510 to 3"),
        ([980, 995, 12, 25, 40], [2], "ran over from 995 to 12"),
        ([500, 510, 3, 520, 530], [], ""),  # a single low reading
        ([500, 900, 505, 510, 515], [], ""),  # a single high one
        ([500, 510, 3], [2], "fell from 510 to 3"),
        ([500, 510, 3, 5, 1, 2], [2, 4], "fell from 5 to 1"),
    ],
)
def test_resets(values, at, words):
    found = counters.resets(series(values), HIGH)
    assert found["start"].tolist() == [100 * DAY + FIVE * k for k in at]
    assert (found["note"].iloc[-1] if len(found) else "") == words


@settings(max_examples=40)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_what_only_counts_up_was_never_reset(steps):
    assert counters.resets(series(np.cumsum(steps)), HIGH).empty


# wrong unit


def demand_like(days: int, seed: int = 3, start: int = 100 * DAY, size: float = 100.0) -> pd.DataFrame:
    """A flow with the shape of a day from 40 to 160 % of its mean and 8 % of noise from day to day and hour to hour."""
    rng = np.random.default_rng(seed)
    time = start + FIVE * np.arange(days * DAY // FIVE)
    shape = 1 + 0.6 * np.sin((time % DAY) / DAY * 2 * np.pi)
    noise = np.repeat(1 + 0.08 * rng.standard_normal(days * 24), 12) * (1 + 0.01 * rng.standard_normal(len(time)))
    return pd.DataFrame({"sensor_id": 1, "time": time, "value": size * shape * noise})


PAST = demand_like(14)
TODAY = demand_like(2, seed=4, start=114 * DAY)


def off(factor_, first_h: float, last_h: float, today=TODAY) -> pd.DataFrame:
    inside = today["time"].between(114 * DAY + first_h * HOUR, 114 * DAY + last_h * HOUR, inclusive="left")
    return today.assign(value=today["value"].where(~inside, today["value"] * factor_))


@pytest.mark.parametrize("true", [3.6, 1 / 3.6, 1000.0, 1 / 1000])
@pytest.mark.parametrize("first_h", [2, 13, 22])
def test_a_wrong_unit_is_told_to_the_reading(true, first_h):
    found = factor.wrong_unit(off(true, first_h, first_h + 16), PAST, "flow", 3, 0.2)
    first = 114 * DAY + first_h * HOUR
    assert edges(found) == [(first, first + 16 * HOUR - FIVE + 1)]
    assert found["flag"].tolist() == [Flag.UNIT]
    assert factor.suspects(off(true, first_h, first_h + 16)) == [1]


@pytest.mark.parametrize("true", [0.35, 0.5, 0.7, 1.3, 1.5, 2.0, 2.5])
@pytest.mark.parametrize("first_h", [2, 13, 22])
def test_a_change_of_demand_is_no_unit(true, first_h):
    assert factor.wrong_unit(off(true, first_h, first_h + 16), PAST, "flow", 3, 0.2).empty


def test_a_pump_that_starts_stops_or_changes_its_speed_is_no_unit():
    def pump(days, start, seed, speed):
        time = start + FIVE * np.arange(days * DAY // FIVE)
        runs = np.repeat(np.random.default_rng(seed).random(days * 24) < 0.5, 12)
        return pd.DataFrame({"sensor_id": 1, "time": time, "value": np.where(runs, 80.0 * speed, 0.0)})

    past, today = pump(14, 100 * DAY, 1, 1.0), pump(2, 114 * DAY, 2, 1.0)
    assert factor.wrong_unit(today, past, "power", 3, 0.2).empty
    for speed in (0.6, 0.7, 0.85):
        assert factor.wrong_unit(pump(2, 114 * DAY, 2, speed**3), past, "power", 3, 0.2).empty
        assert factor.wrong_unit(pump(2, 114 * DAY, 2, speed), past, "flow", 3, 0.2).empty


def test_a_tank_that_empties_is_no_unit():
    """It comes to a tenth of its level step by step: masking its level would hide the worst that can happen."""
    past = demand_like(14, size=4.0)
    value = np.maximum(4.0 - 0.012 * np.arange(len(TODAY)), 0.36)
    assert factor.wrong_unit(TODAY.assign(value=value), past, "level", 3, 0.2).empty
    jumps = off(1 / 10.2, 5, 20, demand_like(2, seed=4, start=114 * DAY, size=4.0))
    assert len(factor.wrong_unit(jumps, past, "level", 3, 0.2)) == 1


def test_without_its_onset_only_a_sensor_that_was_off_before_is_off():
    whole = off(3.6, 0, 48)
    assert factor.wrong_unit(whole, PAST, "flow", 3, 0.2).empty
    assert edges(factor.wrong_unit(whole, PAST, "flow", 3, 0.2, was_off=True)) == [(114 * DAY, 116 * DAY - FIVE + 1)]


def test_a_short_past_tells_nothing():
    assert factor.wrong_unit(off(3.6, 2, 20), PAST[PAST["time"] < 102 * DAY], "flow", 3, 0.2).empty


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=200), st.sampled_from(sorted(factor.FACTORS)))
def test_whatever_is_found_lies_between_the_readings(values, quantity):
    readings = series(values, start=114 * DAY)
    found = factor.wrong_unit(readings, PAST, quantity, 1, 0.2)
    assert (found["start"] >= readings["time"].iloc[0]).all()
    assert (found["end"] <= readings["time"].iloc[-1] + 1).all()
    assert (found["start"] < found["end"]).all()


# pumps


def test_running_is_known_from_the_share_of_what_it_can_be():
    assert pumps.running(np.array([0.0, 0.9, 1.5, 2.5, 80]), 100.0, 0.02).tolist()[:2] == [0, 0]
    assert np.isnan(pumps.running(np.array([1.5]), 100.0, 0.02)[0])
    assert pumps.running(np.array([2.5, 80]), 100.0, 0.02).tolist() == [1, 1]


def test_last_known_holds_so_long():
    out = pumps.last_known(np.array([100, 200]), np.array([1.0, 2.0]), np.array([50, 100, 150, 200, 299, 301]), 100)
    np.testing.assert_array_equal(out, [np.nan, 1, 1, 2, 2, np.nan])


T = np.arange(12) * FIVE
ON, NO = np.ones(12), np.zeros(12)


def test_of_three_the_one_that_is_alone_is_wrong():
    stuck = np.where(T < 4 * FIVE, 1.0, 0.0)
    assert pumps.contradictions(T, np.column_stack([stuck, ON, ON]), 1800) == [(0, 4 * FIVE, 11 * FIVE + 1)]
    assert pumps.contradictions(T, np.column_stack([ON, NO, ON]), 1800) == [(1, 0, 11 * FIVE + 1)]


def test_of_two_nobody_knows_which():
    assert [source for source, *_ in pumps.contradictions(T, np.column_stack([ON, NO]), 1800)] == [0, 1]
    nothing = np.full(12, np.nan)
    assert [source for source, *_ in pumps.contradictions(T, np.column_stack([ON, nothing, NO]), 1800)] == [0, 2]


def test_a_short_contradiction_does_not_count():
    short = np.where((T >= 3 * FIVE) & (T <= 5 * FIVE), 0.0, 1.0)
    assert pumps.contradictions(T, np.column_stack([short, ON, ON]), 1800) == []


@given(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=2, max_size=30))
def test_sources_that_agree_never_contradict(says):
    same = np.array(says)
    assert pumps.contradictions(np.arange(len(says)) * FIVE, np.column_stack([same, same, same]), 0) == []


# balances


def test_band_is_the_median_and_six_deviations():
    hour, past = np.tile(np.arange(24), 9), np.tile(100.0 + np.arange(24), 9)
    past += np.repeat([-20, -15, -10, -5, 0, 5, 10, 15, 20], 24)  # median absolute deviation 10
    low, high = balance.band(past, hour, 6)
    assert low[5] == pytest.approx(105 - 6 * 14.826)
    assert high[5] == pytest.approx(105 + 6 * 14.826)


def test_band_has_a_least_width_and_needs_days():
    low, high = balance.band(np.full(240, 50.0), np.tile(np.arange(24), 10), 6)
    assert high - low == pytest.approx(np.full(24, 60.0))  # at least a tenth of the mean
    assert np.isnan(balance.band(np.full(72, 50.0), np.tile(np.arange(24), 3), 6)[0]).all()
    assert np.isnan(balance.band(np.full(240, np.nan), np.tile(np.arange(24), 10), 6)[0]).all()


def test_outside_takes_runs_on_one_side():
    low, high = np.full(10, 50.0), np.full(10, 150.0)
    demand = np.array([100, 40, 40, 40, 100, 160, 40, 160, np.nan, 100.0])
    assert balance.outside(demand, low, high, 5.0, 3) == [(1, 3)]
    assert balance.outside(-np.full(10, 6.0), np.full(10, np.nan), np.full(10, np.nan), 5.0, 3) == [(0, 9)]
    assert balance.outside(-np.full(10, 4.0), np.full(10, np.nan), np.full(10, np.nan), 5.0, 3) == []


def test_a_tank_gains_what_flows_in():
    inflow = np.array([[100.0, -40], [100, -40], [100, -40], [100, np.nan]])
    assert balance.open_tank(np.array([60.0, 61, 58, 0]), inflow, 0.15, 5.0, 2) == []
    assert balance.open_tank(np.array([60.0, 10, 10, 0]), inflow, 0.15, 5.0, 2) == [(1, 2)]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.sampled_from([0.0, 1e-6, 1.0, 2.0, 3.0, 7.0])), max_size=60))
def test_the_quick_look_for_jumps_misses_none(rows):
    frame = pd.DataFrame(
        sorted((sensor, quarter * 900, value) for sensor, quarter, value in rows), columns=["sensor_id", "time", "value"]
    ).astype({"value": float})
    hours = factor.hourly(frame, factor.TRACE)
    ratio = np.abs(np.log(hours["size"]).groupby(hours["sensor_id"]).diff())
    assert factor.suspects(frame) == [int(s) for s in hours.loc[ratio > np.log(factor.JUMP), "sensor_id"].unique()]
