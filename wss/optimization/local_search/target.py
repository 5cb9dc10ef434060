"""What candidates of the polish are measured by: the predicted trajectory, what limits it misses and what that counts."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from wss.optimization.core.replay import PRESSURE_SPARE_M, Replay
from wss.optimization.core.reserve import Reserve
from wss.optimization.core.tables import is_large
from wss.optimization.core.task import END_SPARE_M, LEVEL_TOLERANCE_M, Task
from wss.optimization.local_search.moves import Effects, group_starts
from wss.tariffs import dues

PAIR_INSTANTS = 64
"""About how many instants pairs are compared at, before the best of them are looked at closely."""
LEAST_ROOM_M, WIDEST_ROOM_M = 0.001, 0.25
"""How far inside its limits a tank is kept at least and at most; more where EPANET found a limit missed that was thought kept."""
MISS_PRICE, MISS_PRICE_LARGE = 20.0, 5.0
"""Price of missing a limit by 1 m for 1 h, as a multiple of the plan's cost: limits come before cost. That of a large network is
spread over many tanks."""
START_TIE = 2e-5
"""What a start that costs nothing counts, as a share of the plan's cost: fewest starts within a small tolerance."""


@dataclass(frozen=True)
class Room:
    """How far inside its limits each tank is kept [m]."""

    level: np.ndarray
    """(slot instant, tank)"""
    end: np.ndarray
    """(tank,)"""

    @classmethod
    def least(cls, task: Task) -> "Room":
        """What is kept before EPANET was asked."""
        return cls(np.tile(_least_m(task), (task.slots + 1, 1)), np.full(len(task.low), 2 * END_SPARE_M))

    def beside(self, task: Task, best: Replay) -> "Room":
        """No more of it than the plan `best` keeps, where that holds its limits and nothing near it has failed."""
        low, high = best.level - task.low, np.where(task.exempt, np.inf, task.high) - best.level
        own = np.where(best.band_miss > LEVEL_TOLERANCE_M, np.inf, np.maximum(np.minimum(low, high), 0))
        end = np.where(best.end_miss > 0, np.inf, np.maximum(best.level[-1] - task.end, 0))
        least = Room.least(task)
        return Room(
            np.where(self.level > least.level, self.level, np.minimum(self.level, own)),
            np.where(self.end > least.end, self.end, np.minimum(self.end, end)),
        )

    def after(self, run: Replay) -> "Room":
        """More room where and when `run` missed a limit."""
        missed = run.band_miss > 0
        missed[:-1] |= run.shut
        missed[1:] |= run.shut
        level = np.where(missed, np.maximum(3 * self.level, run.band_miss), self.level)
        return Room(
            np.minimum(level, WIDEST_ROOM_M),
            np.minimum(np.where(run.end_miss > 0, self.end + run.end_miss, self.end), WIDEST_ROOM_M),
        )

    def wider(self, run: Replay) -> "Room":
        """Much more room where and when `run` missed a limit, so that few steps lead to the widest."""
        more = self.after(run)
        end = np.where(run.end_miss > 0, np.maximum(more.end, 2 * self.end), self.end)
        return Room(more.level, np.minimum(end, WIDEST_ROOM_M))

    def joined(self, other: "Room") -> "Room":
        """The larger of both rooms everywhere."""
        return Room(np.maximum(self.level, other.level), np.maximum(self.end, other.end))

    def differs(self, other: "Room") -> bool:
        """Whether any tank has another room."""
        return bool((self.level != other.level).any() or (self.end != other.end).any())

    def eased(self, task: Task) -> "Room":
        """Half the room, after a plan that did better."""
        return Room(np.maximum(self.level / 2, _least_m(task)), np.maximum(self.end / 2, 2 * END_SPARE_M))


@dataclass(frozen=True)
class Instants:
    """Slot instants at which levels are looked at, the last one first."""

    at: np.ndarray
    weight: np.ndarray
    """How many instants each stands for."""


@dataclass(frozen=True)
class Target:
    """What a candidate is measured by: the predicted trajectory without any move, and the prices of missing a limit."""

    task: Task
    level: np.ndarray
    slack: np.ndarray
    power: np.ndarray
    low: np.ndarray
    high: np.ndarray
    end: np.ndarray
    miss_price: float
    start_price: float
    reserve: Reserve | None
    starts: np.ndarray
    """(group,) of identical pumps, those of all stations in turn"""
    most_starts: np.ndarray
    """(group,)"""

    @cached_property
    def coarse(self) -> "Instants":
        """About `PAIR_INSTANTS` of all instants, and those at which a limit is missed without any move."""
        count = len(self.level)
        thin = max(count // PAIR_INSTANTS, 1)
        weight = np.zeros(count)
        weight[::-thin] = thin
        missed = ((self.level < self.low) | (self.level > self.high)).any(axis=1)
        weight[missed] = np.maximum(weight[missed], 1)
        at = np.flatnonzero(weight)[::-1]
        return Instants(at, weight[at])

    @cached_property
    def every(self) -> "Instants":
        """All instants."""
        return Instants(np.arange(len(self.level))[::-1], np.ones(len(self.level)))

    def only(self, tanks: np.ndarray) -> "Target":
        """The same, but what other tanks than `tanks` (positions) miss does not count."""
        level, low, high = (own[:, tanks] for own in (self.level, self.low, self.high))
        reserve = self.reserve and self.reserve.only(tanks)
        return replace(self, level=level, low=low, high=high, end=self.end[tanks], reserve=reserve)

    def own(self, effects: Effects) -> np.ndarray:
        """What moves cost without what limits count (move,). [currency]"""
        return effects.cost + self.start_price * effects.starts.sum(axis=1)

    def score(self, instants: "Instants", effects: Effects) -> np.ndarray:
        """Cost with all misses priced (candidate,) of summed `effects`, whose levels are those of the `instants`. [currency]"""
        level, at = effects.level, instants.at
        below = (self.low - self.level)[at] - level
        outside = np.maximum(below, level - (self.high - self.level)[at])
        np.maximum(outside, 0, out=outside)
        weight = np.repeat(instants.weight * self.task.slot_h, outside.shape[2])
        miss = outside.reshape(len(outside), len(weight)) @ weight
        miss += np.maximum(self.end - self.level[-1] - level[:, 0], 0).sum(axis=1)
        if len(self.slack):
            miss += np.maximum(2 * PRESSURE_SPARE_M - self.slack - effects.slack, 0).sum(axis=1) / 10
        over = np.maximum(self.starts + effects.starts - self.most_starts, 0).sum(axis=1)
        total = self.miss_price * (miss + over) + self.own(effects)
        if self.reserve is not None:
            total += self.reserve.counted(self.level[at] + level, at) @ instants.weight * self.task.slot_h
        if self.task.problem.charges:
            power = self.power + effects.power
            for due in dues(self.task.problem.charges, [windows.highest(power) for windows in self.task.slot_windows]):
                total = total + due
        return total


def miss_price(task: Task, best: Replay) -> float:
    """What missing a limit by 1 m for 1 h counts beside the cost of the plan `best` [currency]."""
    return (MISS_PRICE_LARGE if is_large(task) else MISS_PRICE) * max(abs(best.total), 1.0)


def target_of(task: Task, choice: np.ndarray, best: Replay, virtual: np.ndarray, slack: np.ndarray, room: Room) -> Target:
    """Of the plan `choice` (slot, station), whose replay is `best`.

    Its levels would be `virtual` (slot instant, tank) and its pressures above their limits `slack` (row,) [m].
    """
    room = room.beside(task, best)
    high = np.where(task.exempt, np.inf, task.high)
    may_empty = task.exempt & (task.low < task.bottom)
    low = np.broadcast_to(np.where(may_empty, -np.inf, task.low) + room.level, virtual.shape).copy()
    high = np.broadcast_to(high - room.level, virtual.shape).copy()
    low[0], high[0] = -np.inf, np.inf
    scale, price = max(abs(best.total), 1.0), miss_price(task, best)
    return Target(
        task,
        virtual,
        slack,
        best.energy.sum(axis=1) / task.slot_h,
        low,
        high,
        np.where(may_empty & (task.end < task.bottom), -np.inf, task.end + room.end),
        miss_price=price,
        start_price=max(task.problem.start_cost, START_TIE * scale),
        reserve=task.reserve,
        starts=group_starts(task, choice),
        most_starts=np.array([task.most_starts[[s.pumps[p] for p in group]].sum() for s in task.stations for group in s.groups]),
    )


def _least_m(task: Task) -> np.ndarray:
    return np.minimum(LEAST_ROOM_M, (task.high - task.low) / 100)
