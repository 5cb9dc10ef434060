"""The best plans of networks with few tanks: several searches by dynamic programming, what they find replayed in EPANET.

Changes of combinations are first sought at every half or quarter of an hour. Around a good plan they are sought at every slot,
with levels that stay near the plan's.

A corridor of states around a trial trajectory, moved until nothing is gained, is discrete differential dynamic programming.

References
----------
.. [1] M. Heidari, V. T. Chow, P. V. Kokotović, D. D. Meredith, "Discrete Differential Dynamic Programming Approach to Water
       Resources Systems Optimization", Water Resources Research 7 (2), 1971, doi:10.1029/WR007i002p00273.
"""

from dataclasses import dataclass, replace

import numpy as np

from wss.optimization.core.modes import choice_of, speeds_of
from wss.optimization.core.replay import Replay, replay
from wss.optimization.core.task import Task
from wss.optimization.dynamic_programming.grid import LevelTable, read, tabulate_levels, worth_a_table
from wss.optimization.dynamic_programming.search import Beam, Corridor, DynamicPlan, Rules, cost_to_go, rules_of, search


@dataclass(frozen=True)
class Search:
    """One way to search."""

    beam: Beam
    block_h: float
    """Time between changes of combinations; the polish moves them to where they belong [h]"""
    steer: int = 0
    """Which of `STEERS` is the price of a start"""


STEERS = (0.0, 1e-3, 4e-3, 16e-3)
"""Prices of a start as a share of a plan's cost: starts stay for where they pay most."""
BLOCK_H = 0.5
"""The cost of the rest of the horizon is worked out for changes at such times [h]."""
ONE_TANK, THREE_TANKS = Beam(4000, True, 12_000), Beam(600, True, 40_000)
LIMITED = {
    1: tuple(Search(ONE_TANK, 0, steer) for steer in range(len(STEERS))),
    2: (
        Search(Beam(200, True, 12_000), BLOCK_H),
        Search(Beam(400, False, 12_000), BLOCK_H, 1),
        Search(Beam(200, False, 12_000), BLOCK_H / 2, 1),
        Search(Beam(100, False, 12_000), BLOCK_H, 3),
    ),
    3: tuple(Search(THREE_TANKS, BLOCK_H, steer) for steer in range(len(STEERS))),
}
"""Number of tanks -> searches where starts are limited."""
FREE = {
    1: (Search(ONE_TANK, 0),),
    2: (Search(Beam(200, True, 12_000), BLOCK_H / 2), Search(Beam(400, True, 12_000), BLOCK_H / 2)),
    3: (Search(THREE_TANKS, BLOCK_H),),
}
"""Number of tanks -> searches where they are not."""
ALWAYS = {1: 1, 2: 4, 3: 2}
"""Number of tanks -> searches that are made in any case; the others only until one leads to a plan."""
FINER = 4
"""With two tanks boxes are so many times finer where every slot may change the combination: there are fewer partial plans."""
NARROW = ((0.24, Beam(800, True, 3_000), 2), (0.36, Beam(400, True, 3_000), 2), (0.36, Beam(400, True, 3_000), 1))
"""Share of each tank's band, for each hour that a slot is long, within which levels stay around a plan [1/h]; what competes
there; and the price of a start where starts are limited."""
MOST_PASSES = 5
"""How often the best plan is searched around."""
REPLAYED_STEPS = 60_000
"""Hydraulic steps that are spent on replaying the best plans of all searches."""
ALIKE = 0.04
"""Share of slots in which plans may differ and still count as one."""


class FewTanks:
    """A task small enough for tables over all levels, and how many simulations it took."""

    def __init__(self, task: Task, table: LevelTable):
        self.task, self.table, self.replays = task, table, 0
        self._limited = bool(np.isfinite(task.most_starts).any())
        self._number, self._base = len(task.low), task.problem.start_cost
        self._least, self._ahead = 0.0, {}
        first = self._to_go(0, self._block(BLOCK_H))[0].min(axis=0)
        self._least = abs(float(read(first, *table.corners(task.start[None]))[0]))

    @classmethod
    def of(cls, task: Task) -> "FewTanks | None":
        """Take the snapshots; None for larger networks and where there is a demand charge, which levels do not tell."""
        return None if task.problem.charges or not worth_a_table(task) else cls(task, tabulate_levels(task))

    def candidates(self, plans: int) -> list[np.ndarray]:
        """At most `plans` plans (slot, station) [mode] that differ, the best by EPANET first."""
        searches = (LIMITED if self._limited else FREE)[self._number]
        count = max(REPLAYED_STEPS // (len(self.table.row) * len(searches)), 1)
        found: list[DynamicPlan] = []
        for tried, way in enumerate(searches):
            if found and (tried >= ALWAYS[self._number] or self._made_before(way, searches[:tried])):
                continue
            rules = self._rules(way.steer, self._block(way.block_h))
            finer = FINER if rules.block == 1 and self._number == 2 else 1
            beam = replace(way.beam, boxes=way.beam.boxes * finer)
            found += search(self.task, self.table, rules, self._to_go(way.steer, rules.block), beam, count)
        return _distinct([self._choice(run) for run in self._replayed(found)], plans if self._number > 1 else 1)

    def around(self, best: Replay) -> np.ndarray | None:
        """A better plan (slot, station) [mode] whose levels stay near those of `best`; None if there is none to be found."""
        if self._number == 1 or self._block(BLOCK_H) == 1 or best.miss > 0:
            return None
        start, count, failed = best, max(REPLAYED_STEPS // (len(self.table.row) * MOST_PASSES), 1), 0
        for k in range(MOST_PASSES):
            share, beam, steer = NARROW[k % len(NARROW)]
            steer = steer if self._limited else 0
            near = Corridor(best.level, share * self.task.slot_h * (self.task.high - self.task.low))
            ahead = self._to_go(steer, self._block(BLOCK_H))
            found = search(self.task, self.table, self._rules(steer, 1), ahead, beam, count, near)
            better = min(self._replayed(found), key=lambda run: run.rank, default=best)
            failed = 0 if better.rank < best.rank else failed + 1
            best = min(best, better, key=lambda run: run.rank)
            if failed == len(NARROW):
                break
        return None if best is start else self._choice(best)

    def _block(self, hours: float) -> int:
        """Slots between changes that are about `hours` apart and divide the horizon; with one tank each slot may change."""
        if self._number == 1:
            return 1
        longest = max(round(hours / self.task.slot_h), 1)
        return max(n for n in range(1, longest + 1) if self.task.slots % n == 0)

    def _made_before(self, way: Search, before: tuple[Search, ...]) -> bool:
        """Whether slots are so long that an earlier search was the same but for the length of its blocks."""
        return any(one.steer == way.steer and self._block(one.block_h) == self._block(way.block_h) for one in before)

    def _rules(self, steer: int, block: int) -> Rules:
        return rules_of(self.task, self.table, self._base + STEERS[steer] * self._least, block)

    def _to_go(self, steer: int, block: int) -> np.ndarray:
        """The cost of the rest of the horizon where starts have a price; of two tanks the others at once, if asked again."""
        if (steer, block) not in self._ahead:
            two, again = self._number == 2, any(known[1] == block for known in self._ahead)
            steers = list(range(1, len(STEERS))) if two and again else [steer]
            prices = self._base + np.array([STEERS[k] for k in steers]) * self._least
            values = cost_to_go(self.task, self.table, self._rules(0, block), prices)
            new = {(k, block): value for k, value in zip(steers, values, strict=True)}
            self._ahead = self._ahead | new if two else new
        return self._ahead[steer, block]

    def _replayed(self, plans: list[DynamicPlan]) -> list[Replay]:
        """What EPANET makes of plans, the best first."""
        self.replays += len(plans)
        pumps = len(self.task.engine.pumps)
        runs = [replay(self.task, speeds_of(self.task.stations, plan.choice, pumps)) for plan in plans]
        return sorted(runs, key=lambda run: run.rank)

    def _choice(self, run: Replay) -> np.ndarray:
        return choice_of(self.task.stations, run.speed)


def _distinct(choices: list[np.ndarray], most: int) -> list[np.ndarray]:
    """The first plans (slot, station) that differ from each other in more than a few slots."""
    kept: list[np.ndarray] = []
    for choice in choices:
        if all((choice != other).any(axis=1).mean() > ALIKE for other in kept):
            kept.append(choice)
    return kept[:most]
