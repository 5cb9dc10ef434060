"""What is to be planned: a network with its demand, a tariff, limits and what the operator has fixed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from wss.errors import DataError, raise_all
from wss.tariffs import PeakCharge

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of it is."""


@dataclass(frozen=True)
class Pin:
    """A pump that the operator holds on or off for a while."""

    pump: str
    start: pd.Timestamp
    """First moment of the window [UTC]."""
    end: pd.Timestamp
    """First moment after it [UTC]."""
    on: bool


@dataclass(frozen=True)
class Problem:
    """A pump scheduling problem, in our units. The judge's rules and the operator's wishes, nothing about how to solve it."""

    network: str
    """Text of the EPANET input file; its patterns carry the planned demand from `start` on."""
    start: pd.Timestamp
    """First moment [UTC, or a case's own label]."""
    horizon: pd.Timedelta
    """Length of the plan."""
    decision_step: pd.Timedelta
    """Grid on which pumps may be switched."""
    price: xr.DataArray
    """(time,) or (time, pump) on a regular grid from `start` over the horizon. [currency/kWh]"""
    replay_step_s: int = 60
    """Hydraulic step of the replay that proves a plan [s]."""
    currency: str = "EUR"
    initial_level: Mapping[str, float] = field(default_factory=dict)
    """Tank -> level at the start [m]; the network's own where absent."""
    end_level: Mapping[str, float] | None = field(default_factory=dict)
    """Tank -> lowest level at the end [m]; the initial level where a tank is absent; None: those of a settled optimum."""
    end_level_floor: Mapping[str, float] = field(default_factory=dict)
    """Tank -> level [m] that a settled optimum may not undercut at the end."""
    level_min: Mapping[str, float] = field(default_factory=dict)
    """Tank -> lowest level the operator accepts [m]."""
    level_max: Mapping[str, float] = field(default_factory=dict)
    """Tank -> highest level the operator accepts [m]."""
    pressure_min: Mapping[str, float] = field(default_factory=dict)
    """Node -> lowest pressure at every full hour [m]."""
    pressure_min_everywhere: float | None = None
    """Lowest pressure at every node with demand at every full hour [m]."""
    tied: Mapping[str, str] = field(default_factory=dict)
    """Link -> pump: the link is open exactly when the pump is off."""
    clamp_exempt: tuple[str, ...] = ()
    """Tanks that may fill to the brim."""
    max_starts: Mapping[str, int] = field(default_factory=dict)
    """Pump -> most starts over the horizon, taken as periodic."""
    speed_range: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Pump -> lowest and highest relative speed of its drive; others have none, see `speed_of`."""
    speed_steps: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Pump -> the relative speeds within its range that its drive has, where it has no others."""
    start_cost: float = 0.0
    """What a pump start costs beyond its energy [currency]."""
    out_of_service: tuple[str, ...] = ()
    """Pumps that must not run."""
    pins: tuple[Pin, ...] = ()
    previous: xr.DataArray | None = None
    """(time, pump) plan in force, if any; times before the start are its past. [1]"""
    change_cost: float = 0.0
    """What it costs to set a pump otherwise than the plan in force does, for one hour [currency/h]; soon it counts more, see
    `task.SOON_COUNTS`."""
    level_reserve: Mapping[str, float] = field(default_factory=dict)
    """Tank -> how far inside its band a level should stay late in the plan [m], less before."""
    reserve_cost: float = 0.0
    """What it counts to be short of a whole reserve for an hour [currency/h]."""
    initial_status: Mapping[str, bool] = field(default_factory=dict)
    """Pump -> whether it runs at the start; pumps not named as their own controls would have it."""
    start_clock_s: int = 0
    """What the clocks of the network's own controls show at the start, since midnight [s]."""
    charges: tuple[PeakCharge, ...] = ()
    """What the tariff charges beside energy: one or more for each billing month that the horizon touches."""

    def __post_init__(self) -> None:
        step, faults = self.decision_step, []
        if self.horizon <= pd.Timedelta(0) or step <= pd.Timedelta(0) or self.horizon % step != pd.Timedelta(0):
            faults.append(f"horizon {self.horizon} is not a whole number of decision steps of {step}")
        elif (step / pd.Timedelta(seconds=1)) % self.replay_step_s:
            faults.append(f"replay_step_s: {self.replay_step_s} s does not divide the decision step of {step}")
        if self.price.sizes.get("time", 0) < 1 or pd.Timestamp(self.price.time.values[0]) != self.start:
            faults.append(f"price: must begin at the start, {self.start}")
        elif self.price.get_index("time")[-1] + self.price_step < self.start + self.horizon:
            faults.append(f"price: ends at {self.price.get_index('time')[-1] + self.price_step}, before the horizon does")
        faults += [
            f"pin of pump {p.pump}: its window ends at {p.end}, not after its start {p.start}"
            for p in self.pins
            if p.end <= p.start
        ]
        for pump, steps in self.speed_steps.items():
            low, high = self.speed_range.get(pump, (np.inf, -np.inf))
            if not steps or min(steps) < low or max(steps) > high:
                faults.append(f"pump {pump}: the speeds {', '.join(f'{s:g}' for s in steps)} are not within its speed range")
        raise_all(faults, "setting up the optimization problem", DataError)

    @property
    def price_step(self) -> pd.Timedelta:
        """Step of the price's grid; the horizon if there is a single price."""
        time = self.price.get_index("time")
        return time[1] - time[0] if len(time) > 1 else self.horizon

    @property
    def time(self) -> pd.DatetimeIndex:
        """The decision grid (time,) over the horizon."""
        return pd.date_range(
            self.start, self.start + self.horizon, freq=self.decision_step, inclusive="left", name="time", unit="ns"
        )

    @property
    def end(self) -> pd.Timestamp:
        """First moment after the horizon."""
        return self.start + self.horizon

    def price_on(self, time: pd.DatetimeIndex, pumps: list[str]) -> np.ndarray:
        """Price (time, pump) that holds at each of `time`. [currency/kWh]"""
        at = np.minimum((time - self.start) // self.price_step, self.price.sizes["time"] - 1)
        table = self.price.isel(time=xr.DataArray(np.asarray(at, int), dims="time")).drop_vars("time")
        if "pump" not in table.dims:
            return np.repeat(table.to_numpy()[:, None], len(pumps), axis=1)
        return table.sel(pump=pumps).transpose("time", "pump").to_numpy()

    def speed_of(self, pump: str) -> tuple[float, float]:
        """Lowest and highest relative speed at which a pump can run: 1 where it has no drive. [1]"""
        return self.speed_range.get(pump, (1.0, 1.0))

    def nearest_speed(self, pump: str, speed: np.ndarray) -> np.ndarray:
        """What the drive of a pump that runs has nearest to each of `speed`. [1]"""
        if pump in self.speed_steps:
            steps = np.array(self.speed_steps[pump], dtype=float)
            return steps[np.abs(np.asarray(speed)[..., None] - steps).argmin(axis=-1)]
        return np.clip(speed, *self.speed_of(pump))

    def free(self, pumps: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Which pumps may stand and which may run, both (time, pump) of bool on the decision grid, by pins and service."""
        may_stand = np.ones((len(self.time), len(pumps)), bool)
        may_run = np.ones_like(may_stand)
        for pin in self.pins:
            inside = (self.time < pin.end) & (self.time + self.decision_step > pin.start)
            (may_stand if pin.on else may_run)[inside, pumps.index(pin.pump)] = False
        for pump in self.out_of_service:
            may_run[:, pumps.index(pump)] = False
            may_stand[:, pumps.index(pump)] = True
        return may_stand, may_run
