"""The physics of the virtual plant: its network from one moment to the next, under its own controls or under orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.config import Configuration, Sensor
from wss.demo import chance
from wss.demo.demand import STEP
from wss.demo.orders import Orders
from wss.hydraulics import Engine, Simulation, network
from wss.quantities import labelled

STEP_S = int(STEP.total_seconds())
DIMS = {"level": "tank", "pressure": "node", "flow": "link", "power": "pump", "pump_status": "pump"}


@dataclass(frozen=True)
class Moment:
    """State of the plant at a moment, enough to run on from."""

    time: pd.Timestamp
    """[UTC]"""
    level: Mapping[str, float] | None
    """Level of each tank [m]; None: that of the network file."""
    running: Mapping[str, bool] | None
    """Whether each pump runs; None: as its controls have it at that time of day."""


@dataclass(frozen=True)
class Course:
    """What the plant did between two moments, in steps of five minutes."""

    time: pd.DatetimeIndex
    """Start of each step [UTC]."""
    data: Mapping[str, xr.DataArray]
    """True level and pressure at the end of each step; flow, power and demand as its mean; pump_status at its start."""
    first_level: Mapping[str, float]
    """Level of each tank at the start [m]."""
    end: Moment

    def values(self, sensors: Sequence[Sensor]) -> np.ndarray:
        """True values at the sensors (time, sensor) [our unit of each sensor's quantity]."""
        return np.column_stack([self.data[s.quantity].sel({DIMS[s.quantity]: s.item}).to_numpy() for s in sensors])


class Waterworks:
    """Network of a plant with the flows, nodes and zones that its SCADA and its demand need."""

    def __init__(self, configuration: Configuration, text: str, share_spread: float, seed: int):
        system = configuration.tenant.system
        shares = network.demand_shares(configuration.network, system.zones)
        rng = chance.generator(seed, chance.DEMAND, "shares")
        own = shares * np.exp(share_spread * rng.standard_normal(shares.sizes["node"]))[None, :]
        self._shares = own / own.sum("node")
        self._zone = configuration.tenant.time_zone
        self._text = text
        self._tied = {t.link: t.open_when_off for t in system.tied_links}
        self._links = [s.item for s in configuration.sensors if s.quantity == "flow"]
        self._nodes = [s.item for s in configuration.sensors if s.quantity == "pressure"]
        self._pumps = configuration.pump_ids

    def run(self, moment: Moment, demand: xr.DataArray, orders: Orders) -> Course:
        """Run on from `moment` while the zones draw `demand` (time, zone) [m3/h, steps of five minutes].

        The pumps follow `orders` where they hold, else the network's own controls.

        Raises
        ------
        HydraulicError
            If EPANET cannot compute a state.
        """
        time = demand.get_index("time")
        pieces: list[Simulation] = []
        level, running = moment.level, moment.running
        for start, end, ordered in orders.spans(moment.time, time[-1] + STEP):
            part = network.zone_to_node(demand.sel(time=slice(start, end - STEP)), self._shares)
            piece = self._piece(start, end, part, level, running, orders if ordered else None)
            pieces.append(piece)
            level = {str(t): float(v) for t, v in zip(piece.level.tank.values, piece.level.values[-1], strict=True)}
            running = {p: bool(piece.pump_speed.sel(pump=p).values[-1] > 0) for p in self._pumps}
        return self._course(pieces, demand, Moment(time[-1] + STEP, level, running))

    def _piece(
        self,
        start: pd.Timestamp,
        end: pd.Timestamp,
        demand: xr.DataArray,
        level: Mapping[str, float] | None,
        running: Mapping[str, bool] | None,
        orders: Orders | None,
    ) -> Simulation:
        span = {
            "start": start,
            "duration_s": int((end - start).total_seconds()),
            "step_s": STEP_S,
            "report_s": STEP_S,
            "links": self._links,
            "nodes": self._nodes,
        }
        with Engine(self._text, tied=self._tied, own_controls=orders is None) as engine:
            engine.set_demands(demand, STEP_S)
            if orders is not None:
                return engine.simulate(orders.speeds(start, end, self._pumps), level, **span)
            wall = times.wall(pd.DatetimeIndex([start]), self._zone)[0]
            second = int((wall - wall.normalize()).total_seconds())
            return engine.simulate_own(level, running, second, **span)

    def _course(self, pieces: list[Simulation], demand: xr.DataArray, end: Moment) -> Course:
        time = demand.get_index("time")
        speed = xr.concat([p.pump_speed for p in pieces], "time").sel(pump=self._pumps)
        speed = speed.isel(time=~speed.get_index("time").duplicated(keep="last")).reindex(time=time, method="ffill")
        first = pieces[0].level.isel(time=0)
        data = {
            "level": xr.concat([p.level.isel(time=slice(1, None)) for p in pieces], "time"),
            "pressure": xr.concat([p.pressure.isel(time=slice(1, None)) for p in pieces], "time"),
            "flow": xr.concat([p.flow for p in pieces], "time"),
            "power": xr.concat([p.power for p in pieces], "time"),
            "pump_status": labelled("pump_status", (speed.values > 0).astype(float), time=time, pump=self._pumps),
            "demand": demand,
        }
        return Course(time, data, {str(t): float(first.sel(tank=t)) for t in first.tank.values}, end)
