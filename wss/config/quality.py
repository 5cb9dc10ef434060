"""Which readings are doubtful: the rules that look at more than one file or sensor."""

from typing import Literal

from pydantic import Field

from wss.quantities import DOUBTFUL, Flag
from wss.schema import Frozen

Rule = Literal["gap", "stale", "unit", "reset", "pump", "balance"]
"""Rules beyond a sensor's own limits, each named after the flag that it sets."""


class Quality(Frozen):
    """Rules that look at more than one file or sensor. What they flag keeps its value."""

    off: tuple[Rule, ...] = ()
    """Rules that are not applied at all; for a single sensor see its `unchecked`."""
    also_masked: tuple[Literal["gap", "reset", "balance", "uncertain"], ...] = ()
    """Flags that only inform, unless they stand here: then no value with them is computed with either."""
    gap_intervals: float = Field(default=4.0, ge=1.5)
    """A gap is longer than so many usual intervals of the sensor [1]."""
    unit_hours: int = Field(default=3, ge=1, le=24)
    """Hours in a row that must be off by the factor of another unit [h]."""
    unit_tolerance: float = Field(default=0.2, gt=0, le=0.25)
    """How far from such a factor the ratio to the usual value of the hour may be, as a share [1]."""
    history_days: int = Field(default=14, ge=7, le=60)
    """Days of the sensor's own past, or of the zone's, that say what is usual [d]."""
    pump_minutes: int = Field(default=30, ge=5)
    """How long the sensors of a pump must contradict each other [min]."""
    pump_share: float = Field(default=0.02, gt=0, lt=0.5)
    """Share of the highest possible flow or power above which a pump runs; below half of it, it stands [1]."""
    balance_hours: int = Field(default=3, ge=1, le=24)
    """Hours in a row that a water balance must be out of its band [h]."""
    balance_deviations: float = Field(default=6.0, gt=1)
    """Half width of a zone's band in robust standard deviations around the median of the hour of the day; a deviation counts
    as at least a tenth of the zone's mean demand [1]."""
    balance_share: float = Field(default=0.15, gt=0, lt=1)
    """Part of the water through a tank by which its balance may stay open [1]."""

    @property
    def masked(self) -> Flag:
        """Flags of values that are not computed with."""
        flags = DOUBTFUL
        for name in self.also_masked:
            flags |= Flag[name.upper()]
        return flags
