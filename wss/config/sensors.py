"""SCADA tags: what each measures, where, in which unit and between which limits."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from wss import times, units
from wss.config.quality import Rule
from wss.errors import DataError
from wss.quantities import QUANTITIES
from wss.schema import Frozen, Id

OBSERVED = ("level", "flow", "pressure", "power", "pump_status", "pump_speed", "energy_total", "volume_total")
"""Quantities that a sensor may measure. Demand is not among them: it is derived from flows and levels."""


class Limits(Frozen):
    """What the sensor can possibly read, in its own unit; a value outside is flagged, never changed."""

    low: float
    """Lowest possible reading [the sensor's unit]."""
    high: float
    """Highest possible reading [the sensor's unit]."""
    max_rate_per_h: float | None = Field(default=None, gt=0)
    """Fastest possible change [the sensor's unit per hour]; absent: not checked."""
    stuck_h: float | None = Field(default=None, gt=0)
    """Hours with exactly the same reading after which the sensor is taken as stuck; absent: not checked."""

    @model_validator(mode="after")
    def _ordered(self):
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        return self


class Sensor(Frozen):
    """One SCADA tag mapped to our names. A replaced meter or a changed unit is a second entry with a later valid_from."""

    tag: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Name in the export, exactly as written there."""
    quantity: Literal["level", "flow", "pressure", "power", "pump_status", "pump_speed", "energy_total", "volume_total"]
    """What it measures, by our name."""
    item: Id
    """Element of the network that it stands at: a tank, link, node or pump, as the quantity's dims say."""
    unit: Annotated[str, StringConstraints(max_length=16)]
    """Unit in the export: one of those in names.md, or a product or quotient of the names there: `L/min`, `mca`, `kgf/cm2`."""
    limits: Limits
    """What it can possibly read."""
    unchecked: tuple[Rule, ...] = ()
    """Rules of tenant.yml's `quality` that are not applied to it."""
    valid_from: datetime | None = None
    """First moment for which this entry holds [ISO with offset, or UTC]; absent: always."""
    retired: datetime | None = None
    """Moment from which the meter is gone [ISO with offset, or UTC]: the entry stays, so that its readings are found, and later
    readings of the tag are set aside; absent: in use."""
    aliases: tuple[str, ...] = ()
    """Other names of the same tag in exports."""

    @field_validator("valid_from", "retired", mode="before")
    @classmethod
    def _written_out(cls, value: object) -> object:
        if isinstance(value, int | float) or str(value).isdigit():  # which would be taken for seconds since 1970
            raise ValueError(f"{value} is not a time; write 2022-07-25T06:00:00+01:00")
        return value

    @model_validator(mode="after")
    def _retired_later(self):
        if self.retired and self.valid_from and times.utc(self.retired) <= times.utc(self.valid_from):
            raise ValueError("retired must be later than valid_from")
        return self

    @model_validator(mode="after")
    def _unit_fits(self):
        ours = QUANTITIES[self.quantity].units
        try:
            units.scale_to(ours, self.unit)
        except DataError as error:
            raise ValueError(f"for {self.quantity}: {error}") from error
        return self


class SensorFile(Frozen):
    """All sensors of a tenant."""

    sensors: tuple[Sensor, ...] = Field(min_length=1)
    """One entry for each tag."""
