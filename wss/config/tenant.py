"""A tenant: one water utility."""

from typing import Literal

from pydantic import Field, model_validator

from wss.calendars import Calendar
from wss.config.profile import ImportProfile
from wss.config.quality import Quality
from wss.config.sensors import Sensor
from wss.config.system import System
from wss.schema import Frozen, Id, Name
from wss.tariffs import Tariff


class Intake(Frozen):
    """How readings come in."""

    usual_delay_minutes: int = Field(default=10, ge=0)
    """Usual time from a reading to its delivery [min]; readings of a backfill count as known this long after their time."""
    settle_seconds: int = Field(default=60, ge=0)
    """How long a file's size and time must be still before it is read [s]."""
    max_file_mb: int = Field(default=2048, gt=0)
    """Largest file that is read; a larger one is quarantined [MB]."""
    stale_minutes: int = Field(default=90, gt=0)
    """Age of the newest level at which the screen warns and the plan starts from a replay [min]."""
    dead_minutes: int = Field(default=720, gt=0)
    """Age of the newest level from which no replay is trusted and the plan falls to a lower rung [min]."""


class Forecast(Frozen):
    """How demand is forecast."""

    step_minutes: Literal[15, 30, 60] = 60
    """Step of derived demand and of the forecast [min]."""
    history_weeks: int = Field(default=8, ge=1, le=104)
    """Weeks of history that the profile looks at."""
    settling_days: int = Field(default=84, ge=7)
    """Days of rolling origins from which the quantiles come where no model is fitted."""
    learn_days: int = Field(default=740, ge=90, le=1100)
    """Days of demand that the weekly refit learns from; with less than 90 known, no model is fitted: the profile forecasts."""


class Plan(Frozen):
    """How pumps are planned."""

    horizon_hours: int = Field(default=48, ge=6, le=168)
    """Length of the plan [h]."""
    decision_minutes: Literal[5, 10, 15, 30, 60] = 15
    """Grid on which pumps may be switched [min]."""
    replay_seconds: int = Field(default=60, ge=10, le=3600)
    """Step of the replay in EPANET that proves the plan [s]."""
    start_cost: float = Field(default=0.0, ge=0)
    """What one pump start costs beyond its energy [currency]."""
    change_percent: float = Field(default=20.0, ge=0, le=100)
    """What setting a pump otherwise than the plan in force for an hour counts, so that plans do not flutter with every forecast;
    in percent of what an hour of a pump costs in that plan [%]. At once it counts four times, falling to once six hours ahead.
    0: a new plan owes the plan in force nothing."""
    reserve_percent: float = Field(default=5.0, ge=0, le=25)
    """How far inside its band a tank should stay late in a plan, so that later plans need not change when demand differs; whole
    from six hours on, less before; in percent of the band [%]. A plan gives it up where it would cost more than it is worth."""
    release: Literal["automatic", "on_accept"] = "on_accept"
    """Whether a published plan goes to the outbox at once or when an operator accepts it."""


class Tenant(Frozen):
    """Everything of tenant.yml; sensors, tariff and profiles are files of their own and joined by the loader."""

    name: Name
    """Name of the tenant; also its folder."""
    title: str
    """Name of the utility on screens."""
    simulated: bool = False
    """True where plant and readings are simulated: every screen says so."""
    time_zone: str
    """IANA zone of the utility's wall clocks."""
    language: Literal["en", "pt"] = "en"
    """Language of the operators' screens."""
    clock: Literal["live", "replay"] = "live"
    """replay: `now` defaults to the last reading instead of the machine's clock, and a file's own time is its delivery."""
    calendar: Calendar = Calendar()
    """Holidays that change demand."""
    system: System
    """Zones, tanks, pumps, limits."""
    intake: Intake = Intake()
    """How readings come in."""
    quality: Quality = Quality()
    """Which readings are doubtful."""
    forecast: Forecast = Forecast()
    """How demand is forecast."""
    plan: Plan = Plan()
    """How pumps are planned."""

    @model_validator(mode="after")
    def _delays(self):
        if self.intake.dead_minutes <= self.intake.stale_minutes:
            raise ValueError("intake: dead_minutes must be above stale_minutes")
        return self


class Configuration(Frozen):
    """A tenant with all that its files say, checked against each other and against the network."""

    tenant: Tenant
    """tenant.yml"""
    sensors: tuple[Sensor, ...]
    """sensors.yml"""
    tariff: Tariff
    """tariff.yml"""
    profiles: tuple[ImportProfile, ...]
    """profiles/*.yml"""
    network: str
    """Text of the EPANET input file."""

    @property
    def name(self) -> Name:
        """Name of the tenant."""
        return self.tenant.name

    @property
    def pump_ids(self) -> list[Id]:
        """Ids of the pumps, in the order of tenant.yml."""
        return [p.id for p in self.tenant.system.pumps]

    @property
    def tank_ids(self) -> list[Id]:
        """Ids of the tanks, in the order of tenant.yml."""
        return [t.id for t in self.tenant.system.tanks]
