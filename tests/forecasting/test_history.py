"""Local days: holidays, 23 and 25 hours, and what was known when."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wss import times
from wss.config import Calendar
from wss.errors import DataError
from wss.forecasting.calendar import SUNDAY, day_types
from wss.forecasting.history import History
from wss.quantities import labelled

ITALY, ROME, HOUR = Calendar(country="IT", subdivision="TS"), "Europe/Rome", pd.Timedelta("1h")


def ramp(start: str, end: str) -> "labelled":
    time = times.grid(times.utc(start), times.utc(end), HOUR)
    return labelled("demand", np.arange(float(len(time)))[:, None], time=time, zone=["z"])


def test_holidays_are_sundays_and_the_days_beside_them_are_not():
    days = np.arange("2022-10-31", "2022-11-07", dtype="datetime64[D]")  # Monday; All Saints on Tuesday, the patron on Thursday
    assert day_types(days, ITALY).tolist() == [0, SUNDAY, 2, SUNDAY, 4, 5, 6]
    assert day_types(days, Calendar(country="IT")).tolist() == [0, SUNDAY, 2, 3, 4, 5, 6]
    assert day_types(days, Calendar(holidays=("11-04", "2021-10-31"))).tolist() == [0, 1, 2, 3, SUNDAY, 5, 6]


@given(st.integers(0, 40000))
def test_day_types_follow_the_weekday_where_nothing_is_a_holiday(day):
    date = np.datetime64("1970-01-01") + day
    assert day_types(np.array([date]), Calendar())[0] == pd.Timestamp(date).weekday()


@pytest.mark.parametrize(("day", "hours"), [("2022-03-27", 23), ("2022-10-30", 25), ("2022-06-01", 24)])
def test_each_step_of_a_day_lands_in_one_of_its_slots(day, hours):
    start, end = times.local_day(day, ROME)
    demand = ramp(str(start), str(end))
    history = History.fold(demand, HOUR, ITALY, ROME, 6)
    assert demand.sizes["time"] == hours
    assert history.demand.shape == (1, 24, 1)
    expected = list(map(float, range(24)))
    if hours == 23:
        expected = [0.0, 1.0, np.nan, *map(float, range(2, 23))]  # the wall never shows 02:00
    if hours == 25:
        expected = [0.0, 1.0, 2.5, *map(float, range(4, 25))]  # 02:00 twice: the mean of 2 and 3
    np.testing.assert_array_equal(history.demand[0, :, 0], expected)


def test_until_knows_nothing_of_what_ends_later():
    demand = ramp("2022-06-01T22:00", "2022-06-03T22:00")
    whole = History.fold(demand, HOUR, ITALY, ROME, 6)
    issue = times.utc("2022-06-02T10:30")
    part = whole.until(issue)
    fresh = History.fold(demand.sel(time=demand.get_index("time") + HOUR <= issue), HOUR, ITALY, ROME, 6).until(issue)
    np.testing.assert_array_equal(part.demand, fresh.demand)
    assert np.nanmax(part.demand) == 11  # 09:00-10:00 UTC is the last whole step


def test_impossible_values_are_unknown():
    demand = ramp("2022-06-01T22:00", "2022-06-02T22:00")
    demand[3], demand[4] = -999.0, np.inf
    history = History.fold(demand, HOUR, ITALY, ROME, 6)
    assert np.isnan(history.demand[0, [3, 4], 0]).all()
    assert np.isnan(history.demand).sum() == 2


def test_a_doubled_time_is_refused():
    demand = ramp("2022-06-01T22:00", "2022-06-02T22:00")
    with pytest.raises(DataError, match="no time twice"):
        History.fold(demand.isel(time=[0, 0, 1]), HOUR, ITALY, ROME, 6)
