"""Which neighbourhoods of a plan are searched while its tanks miss their limits: around one tank at a time."""

from collections.abc import Container
from itertools import product

import numpy as np

from wss.optimization.core.replay import Replay
from wss.optimization.core.response import Response
from wss.optimization.core.task import Task
from wss.optimization.local_search.large_neighbourhood import acting_on, neighbours
from wss.optimization.local_search.target import Target

MOST_TANKS = 6
"""Tanks that are looked at, those first that miss most."""
MOST_STATIONS = (2, 6)
"""Stations that change, the strongest: first few, then more."""
ATTEMPTS = 3
"""Times that each neighbourhood is searched."""
PLANS = 2
"""Plans of each search that are handed on."""


class Repairs:
    """The neighbours to try next; none when there are no more around this plan."""

    def __init__(self) -> None:
        self._next = self._attempts = 0

    def restart(self) -> None:
        """Begin anew, around another plan."""
        self._next = self._attempts = 0

    def candidates(
        self,
        task: Task,
        response: Response,
        target: Target,
        best: Replay,
        choice: np.ndarray,
        blocked: tuple[np.ndarray, ...],
        tried: Container[bytes],
    ) -> list[np.ndarray]:
        """Plans (slot, station) near `choice`, whose replay is `best`, that should miss less; none of those `tried`.

        Other parameters are those of `neighbours`. The same neighbourhood is searched again, since `target` learns where plans
        that were tried missed limits, until nothing new comes of it.
        """
        missed = best.end_miss + best.band_miss.sum(axis=0) * task.slot_h + best.shut_s / 3600
        tanks = [t for t in np.argsort(-missed, kind="stable")[:MOST_TANKS].tolist() if missed[t] > 0]
        options = list(product(MOST_STATIONS, tanks))
        while self._next < len(options):
            most, tank = options[self._next]
            stations = acting_on(response, choice, tank)[:most]
            found = neighbours(task, response, target, choice, stations, blocked)
            fresh = [plan for plan in found if plan.tobytes() not in tried][:PLANS]
            self._attempts += 1
            if not fresh or self._attempts == ATTEMPTS:
                self._next, self._attempts = self._next + 1, 0
            if fresh:
                return fresh
        return []
