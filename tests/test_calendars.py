"""Holidays of a country, of a subdivision, and a tenant's own."""

from datetime import date

from wss.config import Calendar, holiday_dates


def test_country_and_subdivision():
    italy = holiday_dates(Calendar(country="IT"), [2022])
    trieste = holiday_dates(Calendar(country="IT", subdivision="TS"), [2022])
    assert date(2022, 8, 15) in italy
    assert trieste - italy == {date(2022, 11, 3)}  # its patron saint


def test_own_holidays_of_one_year_and_of_every_year():
    own = Calendar(holidays=("2022-05-02", "08-15"))
    assert holiday_dates(own, [2021, 2022]) == {date(2021, 8, 15), date(2022, 5, 2), date(2022, 8, 15)}


def test_leap_day_is_a_holiday_when_there_is_one():
    assert holiday_dates(Calendar(holidays=("02-29",)), [1900, 2023, 2024]) == {date(2024, 2, 29)}


def test_no_calendar_no_holidays():
    assert holiday_dates(Calendar(), range(2000, 2030)) == frozenset()
