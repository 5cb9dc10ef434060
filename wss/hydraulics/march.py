"""The loop over EPANET's hydraulic steps: set pumps, solve, read, add up, go on."""

from dataclasses import dataclass, field

from epanet import toolkit as en

from wss.errors import HydraulicError
from wss.hydraulics.layout import Layout
from wss.hydraulics.project import Clock, Reader
from wss.hydraulics.results import Warned
from wss.records import EpanetWarning

CLAMP_TOLERANCE = 1e-6
"""A tank this close to its limit counts as standing at it, in the file's length unit.

EPANET shuts the pipes of a full tank only if its level equals the limit to the last bit; a rounding error below, it lets
water in and loses it. So a tank at its limit is reported as clamped even where no pipe was shut.
"""
CUT_OFF = -1e5
"""EPANET gives nodes that no source reaches heads far below this."""

Orders = list[tuple[int, tuple[float, ...]]]
"""(second, relative speed of each pump from then on), by ascending second."""


@dataclass
class Record:
    """What the loop collects, in the file's units; see `results.Trajectory` for the meaning of each list."""

    level: list[list[float]] = field(default_factory=list)
    energy: list[list[float]] = field(default_factory=list)
    flow: list = field(default_factory=list)
    pressure: list = field(default_factory=list)
    switches: Orders = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    beyond: list[tuple[int, int]] = field(default_factory=list)
    shut: list[tuple[int, str, int]] = field(default_factory=list)
    clamped: list[tuple[int, str, float]] = field(default_factory=list)
    solves: int = 0


class March:
    """The elements that one loop sets and reads, looked up once for each engine."""

    def __init__(self, project, shape: Layout, tied: dict[int, int], beside: dict[str, list[int]]) -> None:
        self._project = project
        self._clock = Clock(project)
        self._pumps = list(shape.pumps.values())
        self._tied = [(link, self._pumps.index(pump)) for link, pump in tied.items()]
        self._beside = [(tank, pipe) for tank, pipes in beside.items() for pipe in pipes]
        limits = {t: (shape.low[t] + CLAMP_TOLERANCE, shape.high[t] - CLAMP_TOLERANCE) for t in shape.tanks}
        self._tanks = [(t, i, shape.bottom[t], *limits[t]) for t, i in shape.tanks.items()]
        self._spilling: list[int] = []
        self._links = Reader(project, len(shape.links), en.getlinkvalues)
        self._nodes = Reader(project, len(shape.nodes), en.getnodevalues)

    def command(self, speeds: tuple[float, ...]) -> None:
        """Run each pump at its speed, and shut the links that are open exactly when their pump is off."""
        project = self._project
        for link, pump in self._tied:
            en.setlinkvalue(project, link, en.STATUS, 0 if speeds[pump] > 0 else 1)
        for link, speed in zip(self._pumps, speeds, strict=True):
            if speed > 0:
                en.setlinkvalue(project, link, en.STATUS, 1)
                en.setlinkvalue(project, link, en.SETTING, speed)
            else:
                en.setlinkvalue(project, link, en.STATUS, 0)

    def state(self) -> EpanetWarning | None:
        """Solve the state as commanded; EPANET's warning if there is one."""
        code = self._clock.solve()
        return EpanetWarning(code) if code else None

    def read_links(self, what: int):
        """Property `what` of every link in the file's units (the array is reused)."""
        return self._links.read(what)

    def read_nodes(self, what: int):
        """Property `what` of every node in the file's units (the array is reused)."""
        return self._nodes.read(what)

    def go(self, orders: Orders | None, duration_s: int, step_s: int, report_s: int, links, nodes) -> Record:
        """Run to the end; `orders` None leaves the pumps to the network's own controls.

        Parameters
        ----------
        links, nodes : integer array
            Positions (from 0) of the links whose flow and the nodes whose pressure are read.

        Raises
        ------
        HydraulicError
            If EPANET cannot solve a state, or takes thousands of tiny steps for another reason than a full tank.
        """
        try:
            return self._loop(orders, duration_s, step_s, report_s, links, nodes)
        finally:
            for i in self._spilling:
                en.setnodevalue(self._project, i, en.CANOVERFLOW, 0)
            self._spilling.clear()

    def _loop(self, orders: Orders | None, duration_s: int, step_s: int, report_s: int, links, nodes) -> Record:
        project, clock, record = self._project, self._clock, Record()
        own_s = min(en.gettimeparam(project, en.REPORTSTEP), en.gettimeparam(project, en.PATTERNSTEP))
        most = allowed = 5000 + 20 * (duration_s // min(step_s, own_s))
        following = iter([*(orders or []), (duration_s + 1, ())])
        change, waiting = next(following)
        speeds: tuple[float, ...] = (0.0,) * len(self._pumps)
        record.level.append(self._levels())
        now, span = 0, 1
        while span > 0:
            while change <= now:
                speeds = waiting
                change, waiting = next(following)
            if orders is not None:
                self.command(speeds)
            code = clock.solve()
            if code:
                record.warnings.append(Warned(now, EpanetWarning(code)))
                record.beyond += [(now, k) for k, link in enumerate(self._pumps) if self._beyond(link)]
            record.solves += 1
            if record.solves > most:
                record.warnings.append(Warned(now, None, self._spill(now, record.solves)))
                most += allowed
            running = speeds if orders is not None else self._running()
            if not record.switches or record.switches[-1][1] != running:
                record.switches.append((now, running))
            if now % report_s == 0 and len(nodes):
                record.pressure.append(self._nodes.read(en.PRESSURE)[nodes])
            powers = [en.getlinkvalue(project, link, en.ENERGY) for link in self._pumps]
            closed = dict.fromkeys(tank for tank, pipe in self._beside if en.getlinkvalue(project, pipe, en.STATUS) == 0)
            flows = self._links.read(en.FLOW)[links] if len(links) else None
            en.settimeparam(project, en.HYDSTEP, min(step_s - now % step_s, change - now, report_s - now % report_s))
            span = clock.advance()
            if span > 0:
                record.shut += [(now, tank, span) for tank in closed]
                self._add(record, now, span, report_s, powers, flows)
                now += span
                self._note_levels(record, now, step_s, report_s)
        return record

    @staticmethod
    def _add(record: Record, now: int, span: int, report_s: int, powers: list[float], flows) -> None:
        """Add a span of constant power and flow to its report step."""
        if now // report_s == len(record.energy):
            record.energy.append([0.0] * len(powers))
            record.flow.append(0.0)
        row = record.energy[-1]
        for k, power in enumerate(powers):
            row[k] += power * span / 3600
        if flows is not None:
            record.flow[-1] = record.flow[-1] + flows * (span / report_s)

    def _beyond(self, link: int) -> bool:
        """Whether a pump delivers more than its curve has, or water flows back through it."""
        return en.getlinkvalue(self._project, link, en.PUMP_STATE) in (en.PUMP_XHEAD, en.PUMP_XFLOW)

    def _levels(self) -> list[float]:
        return [en.getnodevalue(self._project, i, en.HEAD) - bottom for _, i, bottom, _, _ in self._tanks]

    def _running(self) -> tuple[float, ...]:
        """Relative speed at which each pump runs now; 0 = off."""
        get = en.getlinkvalue
        return tuple(get(self._project, i, en.SETTING) if get(self._project, i, en.STATUS) else 0.0 for i in self._pumps)

    def _note_levels(self, record: Record, now: int, step_s: int, report_s: int) -> None:
        if now % step_s and now % report_s:
            return
        levels = self._levels()
        if now % report_s == 0:
            record.level.append(levels)
        if now % step_s == 0:
            for (tank, _, _, low, high), level in zip(self._tanks, levels, strict=True):
                if not low < level < high:
                    record.clamped.append((now, tank, level))

    def _spill(self, now: int, solves: int) -> tuple[str, ...]:
        """Let full tanks spill for the rest of a run in which EPANET opens and shuts their pipes from second to second; which."""
        heights = zip(self._tanks, self._levels(), strict=True)
        fresh = {tank: i for (tank, i, _, _, high), level in heights if level >= high and i not in self._spilling}
        if not fresh:
            why = "a control flutters or an empty tank opens and shuts its pipe all the time"
            raise HydraulicError(f"EPANET took {solves} steps in {now / 3600:.2f} h: {why}")
        for i in fresh.values():
            en.setnodevalue(self._project, i, en.CANOVERFLOW, 1)
        self._spilling += fresh.values()
        return tuple(fresh)
