"""Gaps and overlaps of a tariff, found at the right place; and which moments are legal summer time."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss import times
from wss.config import Calendar, Period, Span, Tariff, TariffVersion
from wss.tariffs.timetable import DAYS, Fault, clock, faults, is_summer

WEEK = DAYS[:7]


def tariff(*periods: Period, zone: str = "Europe/Lisbon", calendar: Calendar | None = None, **version) -> Tariff:
    first = TariffVersion(valid_from=date(2022, 1, 1), source="test", periods=periods, **version)
    return Tariff(name="test", currency="EUR", time_zone=zone, calendar=calendar or Calendar(country="PT"), versions=(first,))


def period(name: str, *spans: Span) -> Period:
    return Period(name=name, title=name, price_per_kwh=0.1, spans=spans)


def span(a: int, b: int, days=DAYS, season="all") -> Span:
    return Span(days=days, season=season, hours=(f"{clock(a)}-{clock(b)}",))


@st.composite
def partitions(draw) -> list[tuple[int, int]]:
    """The day cut into 2 to 8 spans at any minutes."""
    cuts = sorted(draw(st.sets(st.integers(1, 1439), min_size=1, max_size=7)))
    return list(zip([0, *cuts], [*cuts, 1440], strict=True))


@settings(deadline=None, max_examples=50)
@given(partitions(), st.data())
def test_any_partition_is_whole_and_any_span_taken_out_is_found(spans, data):
    names = data.draw(st.lists(st.sampled_from("abc"), min_size=len(spans), max_size=len(spans)))
    whole = [(name, span(*one)) for name, one in zip(names, spans, strict=True)]

    def of(parts):
        return tariff(*(period(n, *(s for m, s in parts if m == n)) for n in dict.fromkeys(n for n, _ in parts)))

    assert faults(of(whole), 0) == []
    k = data.draw(st.integers(0, len(spans) - 1))
    assert faults(of(whole[:k] + whole[k + 1 :]), 0) == [Fault(DAYS, ("winter", "summer"), *spans[k], ())]


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(DAYS), st.sampled_from(["winter", "summer"]), st.integers(0, 1438), st.data())
def test_any_second_period_is_found_with_its_day_and_season(day, season, start, data):
    end = data.draw(st.integers(start + 1, 1439))
    doubled = tariff(period("a", span(0, 1440)), period("b", span(start, end, (day,), season)))
    assert faults(doubled, 0) == [Fault((day,), (season,), start, end, ("a", "b"))]


def test_gap_of_some_days_and_one_season_is_one_fault():
    winter, early = span(0, 1440, season="winter"), span(0, 600, season="summer")
    late, sunday = span(660, 1440, WEEK[:6], "summer"), span(600, 1440, ("sun", "holiday"), "summer")
    assert faults(tariff(period("a", winter, early, late, sunday)), 0) == [Fault(WEEK[:6], ("summer",), 600, 660, ())]


def test_holiday_needs_no_period_where_the_tariff_knows_none():
    only_week = period("a", span(0, 1440, WEEK))
    assert faults(tariff(only_week, calendar=Calendar()), 0) == []
    assert faults(tariff(only_week), 0) == [Fault(("holiday",), ("winter", "summer"), 0, 1440, ())]


def test_summer_needs_no_period_where_there_is_none():
    winter = period("a", span(0, 1440, season="winter"))
    assert faults(tariff(winter, zone="Africa/Lagos"), 0) == []
    assert [f.seasons for f in faults(tariff(winter), 0)] == [("summer",)]


def test_each_version_is_checked_while_it_holds():
    first = TariffVersion(valid_from=date(2022, 1, 1), source="s", periods=(period("a", span(0, 1440, season="winter")),))
    second = TariffVersion(valid_from=date(2022, 2, 1), source="s", periods=(period("a", span(0, 1439)),))
    both = tariff(period("x", span(0, 1440))).model_copy(update={"versions": (first, second)})
    assert faults(both, 0) == []  # it holds in January only, so it needs no summer
    assert faults(both, 1) == [Fault(DAYS, ("winter", "summer"), 1439, 1440, ())]


@pytest.mark.parametrize(
    ("zone", "summer", "winter"),
    [
        ("Europe/Lisbon", "2022-03-27T01:00", "2022-03-27T00:59"),  # the very minute of the change
        ("Europe/Lisbon", "2022-10-30T00:59", "2022-10-30T01:00"),
        ("Europe/Dublin", "2022-07-01", "2022-01-01"),  # whose law calls winter the exception
        ("Australia/Sydney", "2022-01-01", "2022-07-01"),  # whose summer is in January
        ("America/New_York", "2022-03-13T07:00", "2022-03-13T06:59"),
    ],
)
def test_legal_summer_time(zone, summer, winter):
    assert is_summer(pd.DatetimeIndex([summer, winter]), zone).tolist() == [True, False]


@pytest.mark.parametrize("zone", ["UTC", "Africa/Lagos", "America/Sao_Paulo", "Asia/Kolkata"])
def test_zone_without_summer_time(zone):
    year = times.grid(pd.Timestamp("2021-12-30"), pd.Timestamp("2023-01-02"), times.HOUR)
    assert not is_summer(year, zone).any()


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(["Europe/Lisbon", "Europe/Rome", "America/New_York", "Australia/Sydney"]), st.integers(2000, 2035))
def test_summer_is_where_the_zone_database_says_so(zone, year):
    days = pd.date_range(f"{year}-01-01T12:00", f"{year}-12-31T12:00", freq="D")
    says = np.array([moment.dst().total_seconds() > 0 for moment in times.to_local(days, zone).to_pydatetime()])
    assert (is_summer(days, zone) == says).all()
