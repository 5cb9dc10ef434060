"""The water system as the optimizer and the balance see it: zones, tanks, pumps, tied links, pressures."""

from typing import Annotated

from pydantic import Field, model_validator

from wss.schema import Frozen, Id, Name


class Zone(Frozen):
    """A part of the network whose demand follows from a water balance.

    demand = sum(inflow) - sum(outflow) - d(volume of its tanks)/dt
    """

    name: Name
    """Name of the zone."""
    title: str
    """Name on screens."""
    inflow: tuple[Id, ...] = ()
    """Metered links whose flow, from start to end node as in the network, enters the zone."""
    outflow: tuple[Id, ...] = ()
    """Metered links whose flow, from start to end node as in the network, leaves the zone."""
    tanks: tuple[Id, ...] = ()
    """Tanks inside the zone."""
    nodes: tuple[Id, ...] | None = None
    """Nodes that draw the zone's demand, in proportion to their mean demand in the network; one zone leaves it out: the rest."""


class Tank(Frozen):
    """A tank and the band that the operator accepts."""

    id: Id
    """Id in the network."""
    title: str
    """Name on screens."""
    level_min_m: float
    """Lowest level that the plan may reach [m]."""
    level_max_m: float
    """Highest level that the plan may reach [m]."""
    end_level_min_m: float | None = None
    """Lowest level at the end of the horizon [m]; absent: that of a settled optimum."""

    @model_validator(mode="after")
    def _band(self):
        if self.level_min_m >= self.level_max_m:
            raise ValueError(f"level_min_m ({self.level_min_m:g}) must be below level_max_m ({self.level_max_m:g})")
        if self.end_level_min_m is not None and not self.level_min_m <= self.end_level_min_m <= self.level_max_m:
            raise ValueError(f"end_level_min_m ({self.end_level_min_m:g}) must lie between level_min_m and level_max_m")
        return self


class Pump(Frozen):
    """A pump that the plan switches."""

    id: Id
    """Id in the network."""
    title: str
    """Name on screens."""
    speed_min: float | None = Field(default=None, gt=0, le=1.5)
    """Lowest relative speed of a variable-speed drive; absent: the pump is on or off."""
    speed_max: float | None = Field(default=None, gt=0, le=1.5)
    """Highest relative speed of a variable-speed drive."""
    speeds: tuple[Annotated[float, Field(gt=0, le=1.5)], ...] = ()
    """Relative speeds of a drive that has only these, instead of speed_min and speed_max."""
    max_starts_per_day: int | None = Field(default=None, ge=1)
    """Most starts in 24 hours; absent: no limit."""
    in_service: bool = True
    """False while the pump is out for repair."""

    @model_validator(mode="after")
    def _range(self):
        if (self.speed_min is None) != (self.speed_max is None):
            raise ValueError("give both speed_min and speed_max, or neither")
        if self.speed_min is not None and self.speed_min > self.speed_max:
            raise ValueError(f"speed_min ({self.speed_min:g}) must not be above speed_max ({self.speed_max:g})")
        if self.speeds and self.speed_min is not None:
            raise ValueError("give speeds, or speed_min and speed_max, not both")
        return self

    @property
    def speed_range(self) -> tuple[float, float] | None:
        """Lowest and highest relative speed of its drive [1]; None where it is on or off."""
        if self.speeds:
            return min(self.speeds), max(self.speeds)
        return None if self.speed_min is None else (self.speed_min, self.speed_max)


class TiedLink(Frozen):
    """A link, such as a bypass, that is open exactly when a pump is off."""

    link: Id
    """Id of the link."""
    open_when_off: Id
    """Id of the pump."""


class Pressure(Frozen):
    """Lowest pressure at a node."""

    node: Id
    """Id in the network."""
    min_m: float
    """Lowest pressure [m]."""


class System(Frozen):
    """What is controlled and what must be held."""

    network: str
    """Network file beside tenant.yml, or `package:wntr/library/networks/Net3.inp` for one that an installed package ships."""
    zones: tuple[Zone, ...] = Field(min_length=1)
    """Zones, together the whole demand of the network."""
    tanks: tuple[Tank, ...] = Field(min_length=1)
    """Every tank of the network."""
    pumps: tuple[Pump, ...] = Field(min_length=1)
    """Every pump of the network."""
    tied_links: tuple[TiedLink, ...] = ()
    """Links that follow a pump."""
    pressures: tuple[Pressure, ...] = ()
    """Lowest pressures at named nodes."""
    pressure_min_everywhere_m: float | None = None
    """Lowest pressure at every node with demand [m]; absent: not checked."""
    clamp_exempt: tuple[Id, ...] = ()
    """Tanks that may fill to the brim (fed by gravity)."""
