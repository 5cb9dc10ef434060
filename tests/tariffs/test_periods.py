"""Period and price of every moment: whole years with both clock changes, holidays, seasons, versions."""

import time
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss import quantities, tariffs, times
from wss.config import Calendar, Period, Span, Tariff, TariffVersion, holiday_dates
from wss.errors import ConfigError

QUARTER = pd.Timedelta("15min")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def year(number: int, zone: str) -> pd.DatetimeIndex:
    """Quarter hours of a local year, in UTC."""
    start, end = (times.local_day(f"{y}-01-01", zone)[0] for y in (number, number + 1))
    return times.grid(start, end, QUARTER)


def at(tariff: Tariff, *local: str) -> list[str]:
    """Periods at local times that exist once."""
    stamps = pd.DatetimeIndex(local).tz_localize(tariff.time_zone).tz_convert("UTC").tz_localize(None)
    return tariffs.periods(tariff, stamps).values.tolist()


def by_hand(tariff: Tariff, moment: pd.Timestamp) -> list[str]:
    """Periods at a UTC moment, looked up span by span with the zone database's own idea of summer time."""
    local = moment.tz_localize("UTC").to_pydatetime().astimezone(ZoneInfo(tariff.time_zone))
    holidays = holiday_dates(tariff.calendar, [local.year])
    day = "holiday" if local.date() in holidays else WEEK[local.weekday()]
    season = "summer" if local.dst() > timedelta(0) else "winter"
    version = [v for v in tariff.versions if v.valid_from <= local.date()][-1]
    return [
        p.name
        for p in version.periods
        for s in p.spans
        if day in s.days and s.season in ("all", season) and any(h[:5] <= f"{local:%H:%M}" < h[6:] for h in s.hours)
    ]


@pytest.mark.parametrize(("number", "hours"), [(2022, 8760), (2023, 8760), (2024, 8784)])
def test_every_quarter_of_a_year_has_one_period(portugal, number, hours):
    grid = year(number, "Europe/Lisbon")
    assert len(grid) == 4 * hours
    found = tariffs.periods(portugal, grid)
    assert set(np.unique(found.values)) == {p.name for p in portugal.versions[0].periods}
    sample = slice(None, None, 7)  # all hours and quarters within a few days, all days in the year
    assert [[name] for name in found.values[sample]] == [by_hand(portugal, moment) for moment in grid[sample]]


def test_hours_of_2022_worked_out_by_hand(portugal):
    """Workdays: 102 in winter (60 + 45, less 1 Nov, 1 and 8 Dec), 149 in summer (155 less 6 holidays); Saturdays: 21 (1 Jan is a
    holiday) and 31. A winter workday has 5 h of ponta and 12 h of cheia, a summer one 3 h and 14 h, a Saturday 7 h of cheia.
    """
    names = tariffs.periods(portugal, year(2022, "Europe/Lisbon")).to_series()
    hours = (names.value_counts() / 4).to_dict()
    ponta, cheia = 102 * 5 + 149 * 3, 102 * 12 + 149 * 14 + (21 + 31) * 7
    assert hours == {"ponta": ponta, "cheia": cheia, "super_vazio": 365 * 4, "vazio": 8760 - ponta - cheia - 365 * 4}


@pytest.mark.parametrize(("day", "hours", "vazio"), [("2022-03-27", 23, 19), ("2022-03-26", 24, 13), ("2022-10-30", 25, 21)])
def test_days_of_23_and_25_hours(portugal, day, hours, vazio):
    """Both changes fall into the hour after 01:00, which is vazio on a Sunday."""
    grid = times.grid(*times.local_day(day, "Europe/Lisbon"), QUARTER)
    assert len(grid) == 4 * hours
    counts = (tariffs.periods(portugal, grid).to_series().value_counts() / 4).to_dict()
    assert (counts["vazio"], counts["super_vazio"]) == (vazio, 4)


@pytest.mark.parametrize(
    ("local", "period"),
    [
        ("2022-01-03 09:29", "cheia"),
        ("2022-01-03 09:30", "ponta"),
        ("2022-01-03 11:59", "ponta"),
        ("2022-01-03 12:00", "cheia"),
        ("2022-07-04 09:14", "cheia"),
        ("2022-07-04 09:15", "ponta"),
        ("2022-07-04 12:15", "cheia"),
        ("2022-07-04 19:00", "cheia"),
        ("2022-01-08 09:30", "cheia"),
        ("2022-07-09 09:30", "cheia"),
        ("2022-07-10 09:30", "vazio"),
        ("2022-07-10 02:00", "super_vazio"),
        ("2022-07-04 23:59", "cheia"),
    ],
)
def test_known_moments(portugal, local, period):
    assert at(portugal, local) == [period]


def test_holiday_beats_weekday_and_starts_at_local_midnight(portugal):
    """15 August 2022 is a Monday; local midnight is 23:00 UTC of Sunday."""
    assert at(portugal, "2022-08-15 10:00", "2022-08-16 10:00") == ["vazio", "ponta"]
    late = pd.DatetimeIndex(["2022-08-15T22:45", "2022-08-15T23:00"])
    assert tariffs.periods(portugal, late - times.DAY * 5).values.tolist() == ["cheia", "vazio"]
    assert tariffs.periods(portugal, late).values.tolist() == ["vazio", "vazio"]


def test_price_obeys_the_table_of_quantities(portugal):
    found = tariffs.price(portugal, year(2022, "Europe/Lisbon"))
    quantities.check(found.to_dataset(), "test")
    assert found.attrs["currency"] == "EUR"
    assert set(np.unique(found)) == {0.12, 0.16, 0.24, 0.32}


def test_year_of_quarters_takes_a_fraction_of_a_second(portugal):
    grid = year(2022, "Europe/Lisbon")
    start = time.process_time()
    tariffs.price(portugal, grid)
    assert time.process_time() - start < 0.2


ZONES = ["Europe/Lisbon", "Europe/Rome", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "UTC"]


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(ZONES), st.datetimes(pd.Timestamp("2022-01-01"), pd.Timestamp("2029-12-31")))
def test_any_moment_in_any_zone(portugal, zone, moment):
    there = portugal.model_copy(update={"time_zone": zone})
    stamp = pd.Timestamp(moment).floor("min")
    assert tariffs.periods(there, pd.DatetimeIndex([stamp])).values.tolist() == by_hand(there, stamp)


def flat(*versions: tuple[date, float]) -> Tariff:
    spans = (Span(days=(*WEEK, "holiday"), hours=("00:00-24:00",)),)
    periods = [Period(name=f"p{n}", title=f"P{n}", price_per_kwh=price, spans=spans) for n, (_, price) in enumerate(versions)]
    made = tuple(
        TariffVersion(valid_from=day, source="test", periods=(period,))
        for (day, _), period in zip(versions, periods, strict=True)
    )
    return Tariff(name="flat", currency="EUR", time_zone="Europe/Rome", calendar=Calendar(), versions=made)


def test_new_version_holds_from_local_midnight_on():
    two = flat((date(2022, 1, 1), 0.1), (date(2022, 7, 1), 0.2))
    around = pd.DatetimeIndex(["2022-06-30T21:59", "2022-06-30T22:00"])
    assert tariffs.price(two, around).values.tolist() == [0.1, 0.2]
    assert tariffs.periods(two, around).values.tolist() == ["p0", "p1"]
    assert (tariffs.title(two, "p0"), tariffs.title(two, "p1")) == ("P0", "P1")


def test_moment_before_the_first_version_is_refused():
    with pytest.raises(ConfigError, match=r"holds from 2022-01-01 on, not yet at 2021-12-31 23:59; add the version"):
        tariffs.price(flat((date(2022, 1, 1), 0.1)), pd.DatetimeIndex(["2021-12-31T22:59", "2021-12-31T23:00"]))


def test_first_moments_of_a_gap_are_named(portugal):
    version = portugal.versions[0]
    holed = portugal.model_copy(update={"versions": (version.model_copy(update={"periods": version.periods[1:]}),)})
    with pytest.raises(ConfigError, match=r"at 20 of 96 moments, first at 2022-01-03T09:30:00Z \(Mon 09:30 local\): none; 2022"):
        tariffs.periods(holed, times.grid(*times.local_day("2022-01-03", "Europe/Lisbon"), QUARTER))


def test_unknown_period_has_no_title(portugal):
    with pytest.raises(ConfigError, match="no period 'peak'; it has: cheia, ponta, super_vazio, vazio"):
        tariffs.title(portugal, "peak")


def test_no_moments_no_periods(portugal):
    assert tariffs.price(portugal, pd.DatetimeIndex([])).shape == (0,)
