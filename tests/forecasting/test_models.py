"""Each model repeats a demand that repeats; the profile lives through what real data does."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Calendar
from wss.forecasting import MODELS
from wss.forecasting.history import History
from wss.forecasting.profile import MedianProfile

HOUR, ROME = pd.Timedelta("1h"), "Europe/Rome"


def fitted(model, demand, issue, calendar=Calendar(), step=HOUR, zone=ROME):
    return model.fit(History.fold(demand, step, calendar, zone, 6).until(times.utc(issue)))


def ahead(issue, hours=48, step=HOUR):
    return pd.date_range(times.utc(issue), periods=int(pd.Timedelta(hours=hours) / step), freq=step, name="time")


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("issue", ["2022-06-12T22:00", "2022-06-15T09:00", "2022-10-29T22:00", "2022-03-26T23:00"])
def test_what_repeats_is_forecast_exactly(name, issue, habit):
    """Also over both clock changes (nights of 30 October and 27 March), where a lag of 168 hours would be an hour off."""
    end = times.utc(issue)
    demand = habit(str(end - 10 * 7 * times.DAY), str(end))
    time = ahead(issue, 72)
    truth = habit(str(end), str(end + 3 * times.DAY))
    np.testing.assert_allclose(fitted(MODELS[name], demand, issue).predict(time), truth, rtol=1e-9)


@pytest.mark.parametrize(
    ("step", "zone"), [("15min", ROME), ("30min", "Asia/Kolkata"), ("1h", "Africa/Cairo"), ("1h", "America/Santiago")]
)
def test_other_steps_and_zones(step, zone, habit):
    """Kolkata is half an hour off the grid; in Cairo and Santiago the clock changes at midnight, so one does not exist."""
    width = pd.Timedelta(step)
    demand = habit("2024-02-25", "2024-04-25", step, zone=zone)
    truth = habit("2024-04-25", "2024-04-28", step, zone=zone)
    forecast = fitted(MedianProfile, demand, "2024-04-25", step=width, zone=zone).predict(ahead("2024-04-25", 72, width))
    np.testing.assert_allclose(forecast, truth, rtol=1e-9)


def test_a_holiday_is_forecast_as_a_sunday(habit):
    demand = habit("2022-08-01", "2022-10-31T23:00")  # to the midnight that begins 1 November, a Tuesday
    holiday = fitted(MedianProfile, demand, "2022-10-31T23:00", Calendar(country="IT")).predict(ahead("2022-10-31T23:00", 24))
    sunday = habit("2022-10-29T22:00", "2022-10-30T23:00").to_numpy()
    np.testing.assert_allclose(holiday.mean("time"), np.delete(sunday, 2, axis=0).mean(axis=0), rtol=1e-9)


def test_a_jump_is_followed_within_three_days(habit):
    for factor in (1.3, 0.7):
        demand = habit("2022-05-01T22:00", "2022-06-15T22:00")
        demand[-72:] *= factor
        truth = factor * habit("2022-06-15T22:00", "2022-06-16T22:00")
        forecast = fitted(MedianProfile, demand, "2022-06-15T22:00").predict(ahead("2022-06-15T22:00", 24))
        assert float((abs(forecast - truth) / truth).max()) < 0.05


@pytest.mark.parametrize("damage", [0.0, 5.0, np.nan, -999.0])
def test_a_bad_day_moves_nothing(damage, habit):
    demand = habit("2022-05-01T22:00", "2022-06-15T22:00")
    truth = habit("2022-06-15T22:00", "2022-06-17T22:00")
    demand[-24:, 0] = damage * demand[-24:, 0] if damage >= 0 else damage
    forecast = fitted(MedianProfile, demand, "2022-06-15T22:00").predict(ahead("2022-06-15T22:00"))
    np.testing.assert_allclose(forecast, truth, rtol=0.02)


def test_seven_days_of_history_are_enough(habit):
    demand = habit("2022-06-05T22:00", "2022-06-12T22:00")
    truth = habit("2022-06-12T22:00", "2022-06-14T22:00")
    forecast = fitted(MedianProfile, demand, "2022-06-12T22:00").predict(ahead("2022-06-12T22:00"))
    np.testing.assert_allclose(forecast, truth, rtol=1e-6)


def test_weeks_without_data_fall_back_to_older_ones(habit):
    demand = habit("2022-01-01T23:00", "2022-06-15T22:00")
    truth = habit("2022-06-15T22:00", "2022-06-17T22:00")
    demand[-7 * 7 * 24 :, 1] = np.nan
    forecast = fitted(MedianProfile, demand, "2022-06-15T22:00").predict(ahead("2022-06-15T22:00"))
    np.testing.assert_allclose(forecast, truth, rtol=1e-6)


def test_hours_never_seen_get_the_zones_median_and_a_zone_never_seen_0(habit):
    demand = habit("2022-05-15T22:00", "2022-06-15T22:00", zones=2)
    hour = times.wall(demand.get_index("time"), ROME).hour
    demand[hour >= 12, 0] = np.nan
    demand[:, 1] = np.nan
    forecast = fitted(MedianProfile, demand, "2022-06-15T22:00").predict(ahead("2022-06-15T22:00", 24))
    afternoon = forecast.sel(zone="z0")[12:]
    assert float(afternoon.min()) == pytest.approx(float(afternoon.max()))
    assert 60 < float(afternoon[0]) < 140
    assert (forecast.sel(zone="z1") == 0).all()
