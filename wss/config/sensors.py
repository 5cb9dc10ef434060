"""SCADA tags and the files that carry them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from wss.config.base import Frozen, Id, Name
from wss.quantities import QUANTITIES
from wss.units import UNITS

OBSERVED = ("level", "flow", "pressure", "power", "pump_status", "pump_speed")
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
    quantity: Literal["level", "flow", "pressure", "power", "pump_status", "pump_speed"]
    """What it measures, by our name."""
    item: Id
    """Element of the network that it stands at: a tank, link, node or pump, as the quantity's dims say."""
    unit: str
    """Unit in the export, one of wss.units.UNITS."""
    limits: Limits
    """What it can possibly read."""
    valid_from: datetime | None = None
    """First moment for which this entry holds [ISO with offset, or UTC]; absent: always."""
    aliases: tuple[str, ...] = ()
    """Other names of the same tag in exports."""

    @field_validator("valid_from", mode="before")
    @classmethod
    def _written_out(cls, value: object) -> object:
        if isinstance(value, int | float) or str(value).isdigit():     # which would be taken for seconds since 1970
            raise ValueError(f"{value} is not a time; write 2022-07-25T06:00:00+01:00")
        return value

    @model_validator(mode="after")
    def _unit_fits(self):
        ours = QUANTITIES[self.quantity].units
        if self.unit not in UNITS or UNITS[self.unit].ours != ours:
            fitting = ", ".join(u for u, v in UNITS.items() if v.ours == ours)
            raise ValueError(f"unit {self.unit!r} does not measure {self.quantity}; use one of: {fitting}")
        return self


class SensorFile(Frozen):
    """All sensors of a tenant."""

    sensors: tuple[Sensor, ...] = Field(min_length=1)
    """One entry for each tag."""


class ImportProfile(Frozen):
    """How to read one kind of export file."""

    name: Name
    """Name of the profile."""
    files: str
    """Which file names it is for, as a glob: `*.csv`, `hist_*.csv`."""
    layout: Literal["long", "one_file_a_tag"]
    """long: one row a reading, with a tag column; one_file_a_tag: the tag is in the file's name."""
    tag_pattern: str | None = None
    """one_file_a_tag: regular expression with a group `tag`, matched against the whole file name."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """Character between columns."""
    decimal: Literal[".", ","] = "."
    """Decimal mark."""
    encoding: Literal["utf-8", "utf-8-sig", "latin-1", "utf-16"] = "utf-8-sig"
    """Encoding of the file; utf-8-sig reads UTF-8 with or without a byte order mark."""
    time_column: str = "time"
    """Header of the column with the time."""
    tag_column: str | None = None
    """long: header of the column with the tag."""
    value_column: str = "value"
    """Header of the column with the reading."""
    quality_column: str | None = None
    """Header of the column with the quality; absent: every reading is good."""
    good_quality: tuple[str, ...] = ("GOOD", "Good", "good", "192")
    """Words that mean a good reading; any other sets the flag `scada_bad`."""
    time_format: str = "%Y-%m-%dT%H:%M:%S"
    """strptime format of the times, or `ISO8601`, or `epoch_s`."""
    time_zone: str = "UTC"
    """Zone of the times without offset: an IANA name, or a fixed offset such as `+01:00` for SCADA without summer time."""
    missing: tuple[str, ...] = ("", "NaN", "Bad Input", "NO DATA", "null")
    """Words that mean that there is no reading."""

    @model_validator(mode="after")
    def _layout_complete(self):
        if self.layout == "long" and not self.tag_column:
            raise ValueError("layout long needs tag_column, the header of the column with the tag")
        if self.layout == "one_file_a_tag" and "(?P<tag>" not in (self.tag_pattern or ""):
            raise ValueError("layout one_file_a_tag needs tag_pattern with a group (?P<tag>...), such as (?P<tag>.+)_\\d+\\.csv")
        if self.delimiter == self.decimal:
            raise ValueError(f"delimiter and decimal are both {self.decimal!r}")
        return self
