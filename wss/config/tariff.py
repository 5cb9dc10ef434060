"""Electricity tariffs as dated data with their source."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from wss.config.base import Calendar, Frozen, Name

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


class DemandCharge(Frozen):
    """Charge on the highest mean power of the billing month."""

    price_per_kw: float = Field(ge=0)
    """Price of a kilowatt of the month's peak [currency/kW]."""
    window_minutes: Literal[15, 30, 60] = 15
    """Length of the windows over which the power is averaged [min]."""
    periods: tuple[Name, ...] = ()
    """Periods whose power counts; none named: all."""


class TariffVersion(Frozen):
    """The tariff from one date on."""

    valid_from: date
    """First local day on which it holds."""
    source: str
    """Where the figures come from."""
    periods: tuple[Period, ...] = Field(min_length=1)
    """Periods, in the order in which screens list them, dearest first by habit."""
    demand_charge: DemandCharge | None = None
    """Charge on the peak; absent: none."""

    @model_validator(mode="after")
    def _names(self):
        names = [p.name for p in self.periods]
        if len(set(names)) < len(names):
            raise ValueError(f"period names must differ: {', '.join(names)}")
        unknown = [n for n in (self.demand_charge.periods if self.demand_charge else ()) if n not in names]
        if unknown:
            raise ValueError(f"demand_charge names unknown periods: {', '.join(unknown)}; there are {', '.join(names)}")
        return self


class Tariff(Frozen):
    """All versions of a tenant's tariff; the whole tenant pays by one."""

    name: str
    """Name of the contract."""
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    """ISO 4217 code."""
    time_zone: str
    """IANA zone in which the hours are meant."""
    calendar: Calendar = Calendar()
    """Holidays of the tariff."""
    versions: tuple[TariffVersion, ...] = Field(min_length=1)
    """Versions by their first day."""

    @model_validator(mode="after")
    def _order(self):
        days = [v.valid_from for v in self.versions]
        if days != sorted(set(days)):
            raise ValueError("versions must be sorted by valid_from, each day once")
        return self
