"""Price of energy by periods of the day, the week and the year."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from wss.schema import Frozen, Name

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
"""Span of a local day, start included, end not: `09:30-12:00`, `21:00-24:00`."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


class Span(Frozen):
    """Where one period holds: on some days, in some season, at some hours."""

    days: tuple[Day, ...] = Field(min_length=1)
    """Day types. A holiday is only `holiday`, whatever weekday it is."""
    season: Literal["all", "summer", "winter"] = "all"
    """summer: legal summer time (daylight saving) is in force; winter: it is not."""
    hours: tuple[Clock, ...] = Field(min_length=1)
    """Spans of the local day."""

    @field_validator("hours")
    @classmethod
    def _forward(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        for span in hours:
            start, end = span.split("-")
            if start == end:
                raise ValueError(f"{span} is empty; the whole day is 00:00-24:00")
            if start > end:
                raise ValueError(f"{span} runs over midnight; write two: {start}-24:00 on this day and 00:00-{end} on the next")
        return hours


class Period(Frozen):
    """A tariff period such as peak: its price and where it holds."""

    name: Name
    """Name of the period."""
    title: str
    """Name on screens."""
    price_per_kwh: float = Field(ge=-5, le=50)
    """Energy price [currency/kWh]."""
    spans: tuple[Span, ...] = Field(min_length=1)
    """Where the period holds. All periods together cover every moment exactly once."""
