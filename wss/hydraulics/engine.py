"""One EPANET project held open: many simulations and single states of one network, fast and in our units."""

from collections.abc import Iterable, Mapping
from operator import itemgetter

import numpy as np
import pandas as pd
import xarray as xr
from epanet import toolkit as en

from wss.errors import HydraulicError, NetworkError, raise_all
from wss.hydraulics import controls
from wss.hydraulics.demands import Demands
from wss.hydraulics.layout import layout, mean_demands, pipes_at_tanks, tank_areas, tied_indices
from wss.hydraulics.march import CUT_OFF, March, Orders
from wss.hydraulics.project import close_project, open_project
from wss.hydraulics.results import Simulation, Snapshot, Trajectory, label

LEVEL_SLACK_M = 1e-3
"""A level this far outside a tank counts as at its limit; further out is an error."""


class Engine:
    """EPANET held open on one network; a context manager. Never share one between threads.

    Lengths are m, flows m3/h, power kW, speeds relative to nominal, whatever the file's units. `simulate` gives labelled
    arrays; `run` is the same without the labels, for callers who need thousands of them.

    Parameters
    ----------
    network : str
        Text of the INP file.
    tied : mapping
        Link id -> pump id: the link is open exactly when the pump is off.
    own_controls : bool
        False: controls and rules acting on pumps or tied links are removed and listed in `removed` (the others are plant
        and stay), and the pumps' speed patterns are cleared; use `simulate`, `run` and `snapshot`.
        True: everything stays, controls by time act every day at that time; use `simulate_own`.

    Raises
    ------
    NetworkError
        If the network is refused (see `inp.refuse`), EPANET cannot open it, or `tied` names what it lacks.
    """

    def __init__(self, network: str, tied: Mapping[str, str] | None = None, own_controls: bool = False) -> None:
        self._project = project = open_project(network)
        self._shape = shape = layout(project)
        self._own = own_controls
        try:
            self._tied = tied_indices(shape, dict(tied or {}))
        except NetworkError:
            close_project(project)
            raise
        self.pumps, self.tanks, self.links = list(shape.pumps), list(shape.tanks), list(shape.links)
        self.nodes, self.junctions, self.reservoirs = list(shape.nodes), list(shape.junctions), list(shape.reservoirs)
        self._names = {"link": self.links, "pump": self.pumps, "tank": self.tanks, "junction": self.junctions}
        self._at_junctions = np.array(list(shape.junctions.values()), dtype=int) - 1
        self.length_m, self.flow_m3h, self.pressure_m = shape.length_m, shape.flow_m3h, shape.pressure_m
        self.tank_area = tank_areas(project, shape)
        self.level_min = {t: v * shape.length_m for t, v in shape.low.items()}
        self.level_max = {t: v * shape.length_m for t, v in shape.high.items()}
        self._file_level = {t: en.getnodevalue(project, i, en.TANKLEVEL) for t, i in shape.tanks.items()}
        self.initial_level = {t: v * shape.length_m for t, v in self._file_level.items()}
        self.node_demand = mean_demands(project, shape)
        self.demand_nodes = [n for n, mean in self.node_demand.items() if mean > 0]
        self._file_speed = {i: en.getlinkvalue(project, i, en.INITSETTING) or 1.0 for i in shape.pumps.values()}
        self._file_running = {i for i in shape.pumps.values() if en.getlinkvalue(project, i, en.INITSTATUS)}
        self._out: set[str] = set()
        self._clock_controls = controls.every_day(project) if own_controls else []
        self.removed = [] if own_controls else controls.remove(project, {*shape.pumps.values(), *self._tied})
        if not own_controls:
            for i in shape.pumps.values():
                en.setlinkvalue(project, i, en.LINKPATTERN, 0)
        self.demands = Demands(project, shape)
        beside = pipes_at_tanks(project, shape, controls.acted_links(project) | set(self._tied))
        self._march = March(project, shape, self._tied, beside)

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Give EPANET's memory back; the engine cannot be used afterwards."""
        if self._project is not None:
            close_project(self._project)
            self._project = None

    def set_demands(self, demand: pd.DataFrame | xr.DataArray, step_s: int) -> None:
        """Replace all demands of the file, whatever their categories, patterns and multiplier, until the next call.

        Parameters
        ----------
        demand : DataFrame or DataArray (time, node)
            Absolute demand of each step of `step_s`, the first at the start of every simulation; it repeats after its
            last step. Nodes not named draw nothing. [m3/h]
        step_s : int
            Step of `demand`. [s]

        Raises
        ------
        HydraulicError
            If a node is no junction of the network, or a value is missing.
        """
        frame = demand.transpose("time", "node").to_pandas() if isinstance(demand, xr.DataArray) else demand
        values = frame.to_numpy(dtype=float) / self.flow_m3h
        names = [str(n) for n in frame.columns]
        faults = [f"node {n} is no junction of the network" for n in names if n not in self._shape.junctions]
        missing = dict(zip(names, np.isnan(values).sum(axis=0).tolist(), strict=True))
        faults += [f"node {n}: demand is missing at {holes} of {len(values)} steps" for n, holes in missing.items() if holes]
        faults += [] if len(values) else ["demand has no steps"]
        raise_all(faults, "setting demands", HydraulicError)
        self.demands.replace(names, values, step_s)

    def simulate(
        self, speeds: xr.DataArray, levels: Mapping[str, float] | None, start: pd.Timestamp,
        duration_s: int, step_s: int, report_s: int, links: Iterable[str] = (), nodes: Iterable[str] = (),
    ) -> Simulation:  # fmt: skip
        """Run the pumps as told from `start` on and say what the network does.

        Parameters
        ----------
        speeds : (time, pump)
            Relative speed from each time on; 0 = off. Pumps not named, and all before the first time, stay off. [1]
        levels : mapping or None
            Level of tanks at the start; tanks not named start as in the file. [m]
        start : Timestamp
            Moment of the first state, UTC without zone; the file's patterns (not set_demands) begin there too.
        duration_s, step_s, report_s : int
            Length, largest hydraulic step, step of the result. EPANET's own smaller steps (a tank fills, a control acts)
            come on top, after which the steps go back onto the grid. [s]
        links, nodes
            Ids of links whose flow and nodes whose pressure are wanted.

        Raises
        ------
        HydraulicError
            On unknown ids, levels outside a tank, a length that is no multiple of `report_s`, or if EPANET gives up.
        """
        second, table = self.schedule_arrays(speeds, start)
        links, nodes = list(links), list(nodes)
        run = self.run(second, table, levels, duration_s=duration_s, step_s=step_s, report_s=report_s, links=links, nodes=nodes)
        return label(run, start, report_s, {"tank": self.tanks, "pump": self.pumps, "link": links, "node": nodes})

    def run(
        self, second, speed, levels: Mapping[str, float] | None = None, *, duration_s: int, step_s: int, report_s: int,
        links: Iterable[str] = (), nodes: Iterable[str] = (),
    ) -> Trajectory:  # fmt: skip
        """`simulate` without labels, for those who need many: row k of `speed` (k, pump) [1] holds from `second` (k,) [s] on.

        Pumps, tanks, links and nodes are in the order of `pumps`, `tanks` and of what is asked for; see `simulate` for the rest.
        """
        self._only(own=False)
        orders: Orders = [(0, (0.0,) * len(self.pumps))]
        rows = zip(np.asarray(second).tolist(), np.asarray(speed, dtype=float).tolist(), strict=True)
        for s, row in sorted(rows, key=itemgetter(0)):
            if tuple(row) != orders[-1][1]:
                orders.append((max(int(s), 0), tuple(row)))
        if any(not v >= 0 for _, row in orders for v in row):
            raise HydraulicError("a pump speed is missing or negative")
        return self._run(orders, levels, {}, duration_s, step_s, report_s, links, nodes)

    def take_out(self, pumps: Iterable[str]) -> None:
        """Put pumps out of service for `simulate_own`: they stay off, links tied to them open, their controls are removed."""
        pumps = set(pumps)
        out = {p + 1 for p in self._positions(pumps, self._shape.pumps, "pump").tolist()}
        gone = out | {link for link, pump in self._tied.items() if pump in out}
        self.removed += controls.remove(self._project, gone)
        self._clock_controls = [timed for timed in self._clock_controls if timed[1] not in gone]
        self._out |= pumps

    def simulate_own(
        self, levels: Mapping[str, float] | None, status: Mapping[str, bool] | None, start_local_s: int, start: pd.Timestamp,
        duration_s: int, step_s: int, report_s: int, links: Iterable[str] = (), nodes: Iterable[str] = (),
    ) -> Simulation:  # fmt: skip
        """Let the network's own controls run the pumps; needs an engine made with `own_controls=True`.

        Parameters
        ----------
        levels, start, duration_s, step_s, report_s, links, nodes
            As in `simulate`.
        status : mapping or None
            Whether each pump runs at the start; a tied link starts open if its pump is off. Pumps not named start as
            their last control by clock would have left them, or else as in the file.
        start_local_s : int
            What the clock shows at `start`, since midnight: controls at a time act every day at that time. [s]

        Returns
        -------
        Simulation
            Its `pump_speed` has the switches to the second; `schedule.snap` brings them onto a grid.
        """
        self._only(own=True)
        en.settimeparam(self._project, en.STARTTIME, start_local_s % controls.DAY_S)
        links, nodes = list(links), list(nodes)
        opened = self._own_start({**(status or {}), **dict.fromkeys(self._out, False)}, start_local_s % controls.DAY_S)
        run = self._run(None, levels, opened, duration_s, step_s, report_s, links, nodes)
        return label(run, start, report_s, {"tank": self.tanks, "pump": self.pumps, "link": links, "node": nodes})

    def snapshot(
        self, speeds: Mapping[str, float], levels: Mapping[str, float] | None, demand: Mapping[str, float] | int
    ) -> Snapshot:
        """One steady state: the first step of `simulate` with the same pumps, levels and demand.

        Parameters
        ----------
        speeds : mapping
            Relative speed of each pump; pumps not named are off. [1]
        levels : mapping or None
            Level of tanks; tanks not named are as in the file. [m]
        demand : mapping or int
            Seconds since the start of the demands in force, or the demand of each node [m3/h], which then replaces the
            demands in force as `set_demands` does.
        """
        self._only(own=False)
        if isinstance(demand, Mapping):
            self.set_demands(pd.DataFrame([dict(demand)]), 3600)
            demand = 0
        project = self._project
        self._set_levels(levels or {})
        en.settimeparam(project, en.PATTERNSTART, self.demands.start_s + demand)
        en.initH(project, en.INITFLOW)
        self._march.command(tuple(float(speeds.get(p, 0.0)) for p in self.pumps))
        warning = self._march.state()
        get = en.getnodevalue
        return Snapshot(
            self._names,
            flows=self._march.read_links(en.FLOW) * self.flow_m3h,
            powers=np.array([en.getlinkvalue(project, i, en.ENERGY) for i in self._shape.pumps.values()]),
            inflows=np.array([get(project, i, en.DEMAND) for i in self._shape.tanks.values()]) * self.flow_m3h,
            pressures=self._pressures(self._march.read_nodes(en.PRESSURE)[self._at_junctions]),
            warning=warning,
        )

    def schedule_arrays(self, speeds: xr.DataArray, start: pd.Timestamp) -> tuple[np.ndarray, np.ndarray]:
        """Seconds since `start` and speeds (k, pump) in the order of `pumps`, as `run` takes them."""
        given = [str(p) for p in speeds["pump"].values]
        self._positions(given, self._shape.pumps, "pump")
        table = np.zeros((speeds.sizes["time"], len(self.pumps)))
        table[:, [self.pumps.index(p) for p in given]] = speeds.transpose("time", "pump").values
        return (speeds.get_index("time") - start).total_seconds().to_numpy().astype(int), table

    def _run(self, orders, levels, opened: dict[int, float], duration_s, step_s, report_s, links, nodes) -> Trajectory:
        project, shape = self._project, self._shape
        if duration_s <= 0 or step_s <= 0 or duration_s % report_s:
            raise HydraulicError(f"a duration of {duration_s} s is no positive multiple of the report step of {report_s} s")
        links, nodes = self._positions(links, shape.links, "link"), self._positions(nodes, shape.nodes, "node")
        self._set_levels(levels or {})
        en.settimeparam(project, en.DURATION, duration_s)
        en.settimeparam(project, en.PATTERNSTART, self.demands.start_s)
        en.initH(project, en.INITFLOW)
        for link, setting in opened.items():
            controls.act(project, link, setting)
        record = self._march.go(orders, duration_s, step_s, report_s, links, nodes)
        n = duration_s // report_s
        return Trajectory(
            level=np.array(record.level) * self.length_m,
            energy=np.array(record.energy),
            flow=np.array(record.flow).reshape(n, -1) * self.flow_m3h if len(links) else np.empty((n, 0)),
            pressure=self._pressures(np.array(record.pressure)) if len(nodes) else np.empty((n + 1, 0)),
            switches=record.switches, warnings=record.warnings, beyond=record.beyond, shut=record.shut, solves=record.solves,
            clamped=[(s, tank, level * self.length_m) for s, tank, level in record.clamped],
        )  # fmt: skip

    def _pressures(self, values: np.ndarray) -> np.ndarray:
        return np.where(values < CUT_OFF, np.nan, values * self.pressure_m)

    def _only(self, own: bool) -> None:
        if self._own != own:
            raise HydraulicError(f"this needs an engine made with own_controls={own}")

    def _positions(self, names: Iterable[str], known: Mapping[str, int], kind: str) -> np.ndarray:
        """Positions (from 0) of elements in EPANET's order."""
        names = list(names)
        raise_all([f"{kind} {n} is not in the network" for n in names if n not in known], "simulation", HydraulicError)
        return np.array([known[n] - 1 for n in names], dtype=int)

    def _set_levels(self, levels: Mapping[str, float]) -> None:
        """Start each tank at its level [m], or as in the file."""
        faults = [f"tank {t} is not in the network" for t in levels if t not in self._shape.tanks]
        inside = dict(self._file_level)
        for tank in levels.keys() & self._shape.tanks.keys():
            level, low, high = levels[tank], self.level_min[tank], self.level_max[tank]
            if not low - LEVEL_SLACK_M <= level <= high + LEVEL_SLACK_M:
                faults.append(f"tank {tank}: level {level:.3f} m is outside {low:.3f} to {high:.3f} m")
            inside[tank] = min(max(level / self.length_m, self._shape.low[tank]), self._shape.high[tank])
        raise_all(faults, "setting levels", HydraulicError)
        for tank, i in self._shape.tanks.items():
            en.setnodevalue(self._project, i, en.TANKLEVEL, inside[tank])

    def _own_start(self, status: Mapping[str, bool], clock_s: int) -> dict[int, float]:
        """Setting of pumps, tied links and links with controls by clock at the start, by link index; 0 or below is closed."""
        self._positions(status, self._shape.pumps, "pump")
        by_clock = controls.last_by_clock(self._clock_controls, clock_s)
        pumps = {i: speed if i in self._file_running else 0.0 for i, speed in self._file_speed.items()}
        pumps |= {i: setting for i, setting in by_clock.items() if i in pumps}
        pumps |= {self._shape.pumps[p]: self._file_speed[self._shape.pumps[p]] if on else 0.0 for p, on in status.items()}
        return by_clock | pumps | {link: float(pumps[pump] <= 0) for link, pump in self._tied.items()}
