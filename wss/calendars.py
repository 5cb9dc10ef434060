"""Holidays of a calendar: those of a country and subdivision, and a tenant's own."""

from calendar import isleap
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays
from pydantic import Field

from wss.schema import Frozen


class Calendar(Frozen):
    """Which days are holidays. One for demand (what people do), one for the tariff (what the contract says)."""

    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 country whose public holidays count; none if absent."""
    subdivision: str | None = None
    """ISO 3166-2 subdivision (the part after the dash) whose holidays count too."""
    holidays: tuple[str, ...] = ()
    """Further holidays: ISO dates (2022-08-15), or month and day of every year (08-15)."""


def holiday_dates(calendar: Calendar, years: Iterable[int]) -> frozenset[date]:
    """Local dates that are holidays in `calendar` in any of the `years`."""
    return frozenset().union(*(_of_year(calendar, year) for year in years))


@lru_cache(maxsize=512)
def _of_year(calendar: Calendar, year: int) -> frozenset[date]:
    found: set[date] = set()
    if calendar.country is not None:
        found.update(holidays.country_holidays(calendar.country, subdiv=calendar.subdivision, years=year))
    for text in calendar.holidays:
        day = _own(text, year)
        if day is not None and day.year == year:
            found.add(day)
    return frozenset(found)


def _own(text: str, year: int) -> date | None:
    """Date of a tenant's own holiday, `2022-08-15` or `08-15`; None on 02-29 of a common year."""
    if len(text) != 5:
        return date.fromisoformat(text)
    month, day = int(text[:2]), int(text[3:])
    return None if (month, day) == (2, 29) and not isleap(year) else date(year, month, day)


def has_holidays(calendar: Calendar) -> bool:
    """Whether the calendar knows any holiday at all."""
    return calendar.country is not None or bool(calendar.holidays)


def faults(calendar: Calendar) -> list[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a calendar, each as key path inside it and what to do."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    supported = holidays.list_supported_countries(include_aliases=False)
    if calendar.country is not None and calendar.country not in supported:
        found.append(
            (
                ("country",),
                f"no holidays are known for country {calendar.country!r}; write an ISO 3166 code such as PT, "
                "or leave it out and list `holidays`",
            )
        )
    elif calendar.subdivision is not None:
        known = supported.get(calendar.country, [])
        if calendar.subdivision not in known:
            found.append((("subdivision",), _unknown_subdivision(calendar, known)))
    for n, text in enumerate(calendar.holidays):
        try:
            if len(text) not in (5, 10) or text[-3] != "-":
                raise ValueError(text)
            _own(text, 2024)
        except ValueError:
            found.append((("holidays", n), f"{text!r} is not a date; write 2022-08-15 for one year or 08-15 for every year"))
    return found


def _unknown_subdivision(calendar: Calendar, known: list[str]) -> str:
    if calendar.country is None:
        return "a subdivision needs its country; add `country`"
    if not known:
        return f"no subdivisions are known for country {calendar.country}; leave `subdivision` out"
    return f"no holidays are known for {calendar.subdivision!r}; {calendar.country} has: {', '.join(known)}"
