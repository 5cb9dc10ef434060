"""Settings of a virtual plant: how it differs from the model, what it must supply, what its SCADA does to the truth."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import Field, StringConstraints

from wss.config import Frozen
from wss.errors import NotFoundError
from wss.schema import Name

Share = Annotated[float, Field(ge=0, le=1)]
Range = tuple[float, float]


class ZoneDemand(Frozen):
    """Where the demand of a zone comes from."""

    zone: Name
    """Zone of tenant.yml."""
    areas: tuple[str, ...] = Field(min_length=1)
    """District metered areas whose inflow is added up."""
    factor: float = Field(gt=0)
    """Demand of the zone / inflow of the areas [1]."""


class Disturbance(Frozen):
    """How far the plant is from the model; the seed draws from each range."""

    pump_head: Range
    """Head of each pump / that of the model [1]."""
    roughness: Range
    """Roughness coefficient of all pipes / that of the model [1]."""
    roughness_spread: Share
    """Standard deviation of each pipe's own factor [1]."""
    efficiency: Range
    """Efficiency of the pumps / that of the model [1]."""
    node_share_spread: Share
    """Standard deviation of the factor on each node's share of its zone's demand [1]."""
    demand_spread: Share
    """Standard deviation of the demand of five minutes / that of the hour [1]."""


class Noise(Frozen):
    """Random error of one kind of instrument."""

    absolute: float = Field(default=0.0, ge=0)
    """Standard deviation [our unit of the quantity]."""
    relative: Share = 0.0
    """Standard deviation / reading [1]."""
    resolution: float = Field(gt=0)
    """Smallest step of a reading [the sensor's unit]."""


class Scada(Frozen):
    """What instruments and the export do to the truth."""

    noise: dict[str, Noise]
    """Error by quantity; none for a quantity that is not named."""
    bad_inputs_per_week: float = Field(ge=0)
    """Spells of `Bad Input` of each tag, of up to half an hour [1/week]."""
    spikes_per_week: float = Field(ge=0)
    """Single wild readings of each tag [1/week]."""
    gaps_per_week: float = Field(ge=0)
    """Spells of two to eight hours without a reading of each tag, in the history only [1/week]."""
    late: Share
    """Share of hourly files that come one to four hours late [1]."""
    doubled: Share
    """Share of files that come twice [1]."""
    lost: Share
    """Share of hourly files that never come [1]."""
    delay_minutes: tuple[int, int]
    """Shortest and longest time from the end of a file's hour to its delivery [min]."""
    unknown_tag: Annotated[str, StringConstraints(min_length=1)]
    """Tag in one file of the history that sensors.yml does not know."""


class PlantSettings(Frozen):
    """Everything of plants/<name>.yml."""

    seed: int
    """Seed of all that is random, unless the caller gives another."""
    history_start: datetime
    """First moment of the history [UTC]."""
    history_end: datetime
    """End of the history [UTC]."""
    zones: tuple[ZoneDemand, ...] = Field(min_length=1)
    """Demand of every zone."""
    disturbance: Disturbance
    """How far the plant is from the model."""
    scada: Scada
    """What its SCADA does."""


@cache
def plant_settings(name: str) -> PlantSettings:
    """Settings of the virtual plant `name` (units as the fields say); NotFoundError if there is none of that name."""
    source = files("wss.demo") / "plants" / f"{name}.yml"
    if not source.is_file():
        there = sorted(f.name.removesuffix(".yml") for f in (files("wss.demo") / "plants").iterdir())
        raise NotFoundError(f"{name!r} has no virtual plant; there is one for: {', '.join(there)}")
    return PlantSettings.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
