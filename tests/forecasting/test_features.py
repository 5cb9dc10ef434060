"""Features worked out by hand: a zone that always draws 100, and what differs on its last days."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Calendar
from wss.forecasting.features import NAMES, context, features
from wss.forecasting.history import History
from wss.forecasting.weather import Weather
from wss.quantities import labelled

DAYS, START = 40, times.utc("2022-03-07")  # a Monday; so is the issue's day two weeks after day 28
CALENDAR = Calendar(holidays=("2022-04-14", "2022-04-19"))  # the Thursday before the issue's Saturday, and the Tuesday after


@pytest.fixture
def history():
    """40 days of 100 m3/h, 110 on the last, and 120 in the first six hours of the issue's day, Saturday 16 April."""
    value = np.full((DAYS * 24 + 6, 1), 100.0)
    value[(DAYS - 1) * 24 :] = 110.0
    value[DAYS * 24 :] = 120.0
    time = times.grid(START, START + len(value) * times.HOUR, times.HOUR)
    demand = labelled("demand", value, time=time, zone=["z"])
    return History.fold(demand, times.HOUR, CALENDAR, "UTC", 8).until(START + DAYS * times.DAY + 6 * times.HOUR)


def of(history, issue_slot, day, slot, weather=None):
    lead = (np.array(day) - DAYS) * 24 + slot - issue_slot
    table = features(context(history, DAYS), history, issue_slot, np.array(day), np.array(slot), lead.astype(float), weather)
    assert table.shape == (len(day), 1, len(NAMES))
    return {name: table[:, 0, k] for k, name in enumerate(NAMES)}


def test_at_midnight_the_last_day_counts(history):
    f = of(history, 0, [DAYS, DAYS + 6], [0, 12])
    assert f["recent_24"] == pytest.approx(0.1)
    assert f["recent_72"] == pytest.approx(0.1 / 3)
    assert f["recent_168"] == pytest.approx(0.1 / 7)
    assert f["slot_1"] == pytest.approx(0.1)
    assert f["slot_7"] == pytest.approx(0.1 / 7)
    assert f["week_1"] == pytest.approx([0.0, 0.1])  # a week before the second step is the last day
    assert f["expected"] == pytest.approx(1.0, rel=1e-6)
    assert f["lead_h"].tolist() == [0, 156]
    assert f["recent_24_fading"] == pytest.approx(0.1 * np.exp([0, -156 / 24]), abs=1e-6)
    assert f["recent_24_slowly"] == pytest.approx([0.1, 0.1 / 7.5])


def test_at_six_the_hours_so_far_count_and_no_later_ones(history):
    f = of(history, 6, [DAYS, DAYS], [6, 7])
    assert f["recent_3"] == pytest.approx(0.2)
    assert f["recent_12"] == pytest.approx(0.15)
    assert f["slot_1"] == pytest.approx(0.1)  # of these slots the last known day is yesterday
    assert of(history, 6, [DAYS + 1], [2])["slot_1"] == pytest.approx(0.2)
    assert of(history, 0, [DAYS], [0])["recent_3"] == pytest.approx(0.1)


def test_nights_habits_and_scatter(history):
    f = of(history, 0, [DAYS, DAYS + 6], [1, 12])  # a Saturday, and the Friday after
    assert [f[f"nights_{k}"][0] for k in (1, 3, 7)] == pytest.approx([0.1, 0.1 / 3, 0.1 / 7])
    assert f["largest_24"] == pytest.approx(0.1)
    assert f["scatter"] == pytest.approx(0.1 / 14)
    assert f["trend"] == pytest.approx(0.1 / 3)
    for name in ("type_day", "type_slot", "type_slot_before", "type_slot_after"):
        assert f[name] == pytest.approx([0, 0.025], abs=1e-6)  # one of four Fridays
    assert f["beside"] == pytest.approx(0, abs=1e-6)
    assert of(history, 6, [DAYS], [6])["nights_1"] == pytest.approx(0.2)
    assert of(history, 4, [DAYS], [6])["nights_1"] == pytest.approx(0.1)  # a night that is not over does not count


def test_the_calendar(history):
    day = DAYS + np.arange(-2, 5)  # Thursday (holiday), Friday (bridge), Saturday, Sunday, Monday (bridge), Tuesday (holiday)
    f = of(history, 0, day, np.zeros(7, dtype=int))
    assert f["holiday"].tolist() == [1, 0, 0, 0, 0, 1, 0]
    assert f["bridge"].tolist() == [0, 1, 0, 0, 1, 0, 0]
    assert f["after_holiday"].tolist() == [0, 1, 0, 0, 0, 0, 1]
    assert f["before_holiday"].tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert f["weekday"].tolist() == [6, 4, 5, 6, 0, 6, 2]
    assert f["saturday"].tolist() == [0, 0, 1, 0, 0, 0, 0]


def test_weather_is_a_deviation_from_its_last_weeks(history):
    """20 C and dry for weeks, then 30 C and 5 mm on the issue's day; 20 C is full summer."""
    time = times.grid(START, START + (DAYS + 1) * times.DAY, times.HOUR)
    today = time >= START + DAYS * times.DAY
    frame = pd.DataFrame({"temperature_c": np.where(today, 30.0, 20.0), "rain_mm": np.where(today, 5 / 24, 0.0)}, index=time)
    weather = Weather.fold(frame, history.first_day, DAYS + 9, "UTC")
    f = of(history, 0, [DAYS, DAYS + 1], [12, 12], weather)
    assert f["warmer"] == pytest.approx([10, 0])  # of tomorrow nothing is known: as usual
    assert f["heat"] == pytest.approx([10, 0])
    assert f["warmer_day"] == pytest.approx([10, 0])
    assert f["rain_day"] == pytest.approx([5, 0], abs=1e-5)
    assert f["rain_3_days"] == pytest.approx([5, 5], abs=1e-5)
    assert weather.covers(np.array([DAYS, DAYS + 1, 999]), np.array([0, 0, 0])).tolist() == [True, False, False]
    assert not any(of(history, 0, [DAYS], [12])[name].any() for name in ("warmer", "heat", "rain_day"))


def test_hours_of_quarters():
    """An hour of which half is known has the mean of that; with less it is unknown."""
    time = times.grid(START, START + times.DAY, times.HOUR / 4)
    value = np.tile([[1.0], [2.0], [3.0], [6.0]], (24, 1))
    value[4:7] = np.nan
    value[8:10] = np.nan
    hourly = History.fold(labelled("demand", value, time=time, zone=["z"]), times.HOUR / 4, Calendar(), "UTC", 8).hourly()
    np.testing.assert_allclose(hourly.demand[0, :4, 0], [3.0, np.nan, 4.5, 3.0])
    assert hourly.step == times.HOUR
    assert hourly.known_from[0, 0] == np.datetime64(START + times.HOUR)
