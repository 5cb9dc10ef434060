"""The virtual plant: a network that is not quite the model, under its own controls or the released plan, with its SCADA."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from wss import demo, times
from wss.demo import chance, delivery, orders, scada, truth
from wss.demo.demand import STEP, area_inflow, zone_demand
from wss.demo.disturb import disturbed
from wss.demo.orders import Orders
from wss.demo.settings import PlantSettings, plant_settings
from wss.demo.waterworks import Course, Moment, Waterworks
from wss.errors import DataError, NotFoundError
from wss.store import Workspace

SETTLING = 2 * times.DAY
"""Run before the history so that it does not begin with the levels of the network file."""
FILE_SPAN = pd.Timedelta(days=14)
"""Readings in one file of the history; later files hold an hour."""
UNKNOWN_READINGS = 72
"""Length of the file whose tag nobody knows."""
Progress = Callable[[float], Any]
"""Called with the share of the work that is done [1]."""


@dataclass(frozen=True)
class State:
    """Where the plant stands; kept in plant.json."""

    seed: int
    moment: Moment
    orders: Orders


class Plant:
    """Virtual plant of a demo utility, with its data in the workspace.

    It is as the package ships it: what an engineer edits in the tenant's files changes what is made of the readings, not them.

    Parameters
    ----------
    tenant
        Name of the demo utility.
    seed
        Of all that is random; absent: the one it was started with, or of its settings.

    Raises
    ------
    NotFoundError
        If there is no demo utility of that name.
    DataError
        If the plant was started with another seed.
    """

    def __init__(self, workspace: Workspace, tenant: str, seed: int | None = None):
        self.settings: PlantSettings = plant_settings(tenant)
        self.configuration = demo.shipped(tenant)
        self._inbox, self._outbox, self._data = workspace.inbox(tenant), workspace.outbox(tenant), workspace.data(tenant)
        self._inflow = area_inflow(workspace.home / ".cache")
        self._state = _read_state(self._data / "plant.json")
        self.seed = seed if seed is not None else self._state.seed if self._state else self.settings.seed
        if self._state and self._state.seed != self.seed:
            raise DataError(
                f"the plant of {tenant} was started with the seed {self._state.seed}, not {self.seed};"
                f" to start anew remove {self._data}"
            )
        network = disturbed(self.configuration.network, self.settings.disturbance, self.seed)
        self._works = Waterworks(self.configuration, network, self.settings.disturbance.node_share_spread, self.seed)

    @property
    def started(self) -> bool:
        """Whether the plant has written its history."""
        return self._state is not None

    @property
    def now(self) -> pd.Timestamp:
        """Moment that the plant has reached [UTC]; NotFoundError before its history."""
        return self._reached().moment.time

    @property
    def clock(self) -> pd.Timestamp:
        """First moment of the decision grid at which the files of the last hour have usually arrived [UTC]."""
        tenant = self.configuration.tenant
        arrived = self.now + pd.Timedelta(minutes=tenant.intake.usual_delay_minutes)
        return arrived.ceil(pd.Timedelta(minutes=tenant.plan.decision_minutes))

    def history(
        self, start: pd.Timestamp | None = None, end: pd.Timestamp | None = None, progress: Progress | None = None
    ) -> int:
        """Run under the plant's own controls and put the history into the inbox, a file a tag and fortnight.

        Parameters
        ----------
        start, end
            Span [UTC], whole hours, end not included; absent: that of the plant's settings.
        progress
            Called with the share that is done. [1]

        Returns
        -------
        int
            Files that arrived.

        Raises
        ------
        DataError
            If the plant has a history already, or the demand data does not cover the span.
        """
        if self._state is not None:
            raise DataError(f"the plant has run up to {times.iso(self.now)} already: advance it, or remove {self._data}")
        start = times.utc(start if start is not None else self.settings.history_start)
        end = times.utc(end if end is not None else self.settings.history_end)
        moment = self._run(Moment(start - SETTLING, None, None), start, Orders()).end
        edges = [*pd.date_range(start, end, freq=FILE_SPAN, inclusive="left"), end]
        courses = []
        for k, last in enumerate(edges[1:]):
            course = self._run(moment, last, Orders())
            self._write(course, end, history=True)
            courses.append(course)
            moment = course.end
            if progress is not None:
                progress((k + 1) / (len(edges) - 1))
        truth.keep(self._data, courses)
        self._keep(State(self.seed, moment, Orders()))
        return self._arrive()

    def advance(self, hours: int = 1, progress: Progress | None = None) -> int:
        """Run on for whole hours, under the released plan where there is one, and put what SCADA delivers into the inbox.

        Parameters
        ----------
        hours
            How far. [h]
        progress
            Called with the share that is done. [1]

        Returns
        -------
        int
            Files that arrived.

        Raises
        ------
        NotFoundError
            Before the history.
        DataError
            If the demand data ends, or the plan in the outbox cannot be read.
        """
        for k in range(hours):
            state = self._reached()
            horizon = pd.Timedelta(hours=self.configuration.tenant.plan.horizon_hours)
            fetched = state.orders.fetch(self._outbox / "plan.csv", self.configuration.pump_ids, horizon).since(state.moment.time)
            end = state.moment.time + times.HOUR
            course = self._run(state.moment, end, fetched)
            self._write(course, end, history=False)
            truth.keep(self._data, [course])
            self._keep(replace(state, moment=course.end, orders=fetched))
            if progress is not None:
                progress((k + 1) / hours)
        return self._arrive()

    def _run(self, moment: Moment, end: pd.Timestamp, fetched: Orders) -> Course:
        spread = self.settings.disturbance.demand_spread
        demand = zone_demand(self._inflow, self.settings.zones, moment.time, end, spread, self.seed)
        return self._works.run(moment, demand, fetched)

    def _write(self, course: Course, delivered: pd.Timestamp, history: bool) -> None:
        """Send the files of a course, whose delivery counts from `delivered` [UTC]."""
        delivery.send(self._data / "plant_spool", self._deliveries(course, delivered, history))

    def _deliveries(self, course: Course, delivered: pd.Timestamp, history: bool) -> Iterator[delivery.Delivery]:
        settings, profile, sensors = self.settings.scada, self.configuration.profiles[0], self.configuration.sensors
        name = times.wall(course.time[:1], profile.time_zone)[0].strftime("%Y%m%dT%H%M")
        written = {}
        for instant, time in ((True, course.time + STEP), (False, course.time)):
            chosen = [s for s in sensors if (s.quantity in scada.INSTANT) == instant]
            values = scada.measured(course.values(chosen), time, chosen, settings.noise, self.seed)
            stamps = list(times.wall(time, profile.time_zone).strftime(profile.time_format))
            written |= {s.tag: (s, stamps, values[:, k]) for k, s in enumerate(chosen)}
        for sensor, stamps, values in (written[s.tag] for s in sensors):
            rng = chance.generator(self.seed, chance.FILES, sensor.tag, name)
            body = scada.body(sensor, stamps, values, settings, rng, gaps=history)
            yield from delivery.journey(f"{sensor.tag}_{name}.csv", body, delivered, settings, rng, history)
        if history and course.end.time == delivered:
            stamps = times.wall(course.time[-UNKNOWN_READINGS:], profile.time_zone).strftime(profile.time_format)
            body = scada.HEADER + "".join(f"{stamp},0.{40 + k % 7},{scada.GOOD}\n" for k, stamp in enumerate(stamps))
            yield delivery.Delivery(delivered + pd.Timedelta(minutes=5), f"{settings.unknown_tag}_{name}.csv", body)

    def _arrive(self) -> int:
        return delivery.arrive(self._data / "plant_spool", self._inbox, self.clock)

    def _reached(self) -> State:
        if self._state is None:
            raise NotFoundError(f"the plant of {self.configuration.name} has not run yet: write its history first")
        return self._state

    def _keep(self, state: State) -> None:
        path = self._data / "plant.json"
        moment = state.moment
        kept = {
            "seed": state.seed,
            "time": times.iso(moment.time),
            "level": moment.level,
            "running": moment.running,
            "orders": orders.to_json(state.orders),
        }
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        os.replace(unfinished, path)
        self._state = state


def _read_state(path: Path) -> State | None:
    if not path.is_file():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    return State(kept["seed"], Moment(times.utc(kept["time"]), kept["level"], kept["running"]), orders.from_json(kept["orders"]))
