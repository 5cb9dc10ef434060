"""Electricity tariffs as dated data with their source; a version has energy periods, and each further component is a key."""

from datetime import date
from typing import get_args

from pydantic import Field, model_validator

from wss.calendars import Calendar
from wss.schema import Frozen
from wss.tariffs.component import Component
from wss.tariffs.components.demand_charge import DemandCharge
from wss.tariffs.components.energy import Period


class TariffVersion(Frozen):
    """The tariff from one date on."""

    valid_from: date
    """First local day on which it holds."""
    source: str
    """Where the figures come from."""
    periods: tuple[Period, ...] = Field(min_length=1)
    """Periods, in the order in which screens list them, dearest first by habit."""
    # what may be charged beside energy: a key a component, in the order of bills; all else follows from it
    demand_charge: DemandCharge | None = None
    """Charge on the peak; absent: none."""

    @model_validator(mode="after")
    def _names(self):
        names = [p.name for p in self.periods]
        if len(set(names)) < len(names):
            raise ValueError(f"period names must differ: {', '.join(names)}")
        for key, component in self.components.items():
            unknown = [n for n in component.named_periods() if n not in names]
            if unknown:
                raise ValueError(f"{key} names unknown periods: {', '.join(unknown)}; there are {', '.join(names)}")
        return self

    @property
    def components(self) -> dict[str, Component]:
        """What is charged beside energy, by its key."""
        found = ((key, getattr(self, key)) for key in type(self).model_fields)
        return {key: value for key, value in found if isinstance(value, Component)}


COMPONENTS: dict[str, type[Component]] = {
    key: kind
    for key, field in TariffVersion.model_fields.items()
    for kind in get_args(field.annotation)
    if isinstance(kind, type) and issubclass(kind, Component)
}
"""What may be charged beside energy, by its key in a version."""


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
