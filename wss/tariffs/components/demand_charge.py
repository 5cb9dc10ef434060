"""Charge on the highest mean power of the billing month."""

from typing import ClassVar, Literal

from pydantic import Field

from wss.schema import Name
from wss.tariffs.component import Component, Course
from wss.tariffs.terms import PeakCharge


class DemandCharge(Component):
    """Charge on the highest mean power of the billing month."""

    TITLES: ClassVar[tuple[str, str]] = ("Demand charge", "Encargo de potência")

    price_per_kw: float = Field(ge=0)
    """Price of a kilowatt of the month's peak [currency/kW]."""
    window_minutes: Literal[15, 30, 60] = 15
    """Length of the windows over which the power is averaged [min]."""
    periods: tuple[Name, ...] = ()
    """Periods whose power counts; none named: all."""

    def terms(self, course: Course) -> tuple[PeakCharge, ...]:
        """One for each month. [currency/kW]"""
        return course.monthly_peaks(self.price_per_kw, self.window_minutes, self.periods)

    def named_periods(self) -> tuple[str, ...]:
        """Those whose power counts."""
        return self.periods
