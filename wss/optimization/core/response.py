"""How levels, cost and pressures of a known trajectory answer to other modes: linear in what changes, exact at the trajectory."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from wss.optimization.core.replay import Replay
from wss.optimization.core.tables import Table
from wss.optimization.core.task import Task

NEAR_M = 1.0
"""Pressures that no mode brings nearer to their limit than this are left out."""
MOST_ROWS = 800
"""So many pressures are followed at most, the lowest."""


@dataclass(frozen=True)
class PressureRows:
    """Pressures that come near their limits: a row for each critical node at the start or end of a step."""

    instant: np.ndarray
    """(row,) step instant whose levels count"""
    step: np.ndarray
    """(row,) step whose modes count"""
    slack: np.ndarray
    """(row,) pressure above its limit on the known trajectory [m]"""
    gain: tuple[np.ndarray, ...]
    """One for each station: (row, mode) against its known modes [m]"""
    slope: np.ndarray
    """(row, tank) [m/m]"""


@dataclass(frozen=True)
class Response:
    """On steps of whole slots, equally long or not.

    level[k+1] = known level[k+1] + carry[k] (level[k] - known level[k]) + lift[k] (surplus[k] + sum of gains)
    """

    edges: np.ndarray
    """(step instant,) slot instants between the steps"""
    level: np.ndarray
    """(step instant, tank) known trajectory [m]"""
    carry: np.ndarray
    """(step, tank, tank) what remains of a difference in level after a step"""
    lift: np.ndarray
    """(step, tank, tank) level that a constant inflow adds in a step [m per m3/h]"""
    surplus: np.ndarray
    """(step, tank) inflow of the model with the known modes beyond what the trajectory shows [m3/h]"""
    gain: tuple[np.ndarray, ...]
    """One for each station: (step, mode, tank) inflow beyond that of its known modes [m3/h]"""
    power: tuple[np.ndarray, ...]
    """One for each station: (step, mode, pump) power beyond that of its known modes [kW]"""
    known_power: np.ndarray
    """(step, pump) with the known modes [kW]"""
    power_slope: np.ndarray
    """(step, pump, tank) [kW/m]"""
    rows: PressureRows
    """What pressures must hold"""
    warned: tuple[np.ndarray, ...]
    """One for each station: (step, mode) of bool"""
    clashes: dict[tuple[int, int], np.ndarray]
    """As in the table: (step, mode, mode) of bool"""

    @property
    def slots(self) -> np.ndarray:
        """Number of slots in each step (step,) [1]."""
        return np.diff(self.edges)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean over each step (step, ...) of values (slot, ...) of the whole horizon, in their own unit [...]."""
        return step_means(values, self.edges)

    def starting(self, level: np.ndarray) -> "Response":
        """The same along the trajectory that starts at another `level` (tank,) [m], with the known modes."""
        off = [level - self.level[0]]
        for carry in self.carry:
            off.append(carry @ off[-1])
        off = np.array(off)
        rows = replace(self.rows, slack=self.rows.slack + np.einsum("rt,rt->r", self.rows.slope, off[self.rows.instant]))
        power = self.known_power + np.einsum("kpt,kt->kp", self.power_slope, off[:-1])
        return replace(self, level=self.level + off, known_power=power, rows=rows)

    def then(self, other: "Response") -> "Response":
        """This one, followed by `other`, which begins where this one ends."""
        if self.edges[-1] != other.edges[0]:
            raise ValueError(f"the one ends at slot {self.edges[-1]}, the other begins at {other.edges[0]}")
        other = other.starting(self.level[-1])
        steps, modes = len(self.slots), [own.shape[1] for own in self.warned]

        def both(name: str):
            a, b = getattr(self, name), getattr(other, name)
            return np.concatenate([a, b]) if isinstance(a, np.ndarray) else tuple(map(np.concatenate, zip(a, b, strict=True)))

        rows = PressureRows(
            np.concatenate([self.rows.instant, other.rows.instant + steps]),
            np.concatenate([self.rows.step, other.rows.step + steps]),
            np.concatenate([self.rows.slack, other.rows.slack]),
            tuple(map(np.concatenate, zip(self.rows.gain, other.rows.gain, strict=True))),
            np.concatenate([self.rows.slope, other.rows.slope]),
        )
        clashes = {}
        for s, r in self.clashes.keys() | other.clashes.keys():
            parts = [one.clashes.get((s, r), np.zeros((len(one.slots), modes[s], modes[r]), bool)) for one in (self, other)]
            clashes[s, r] = np.concatenate(parts)
        names = ("carry", "lift", "surplus", "gain", "power", "known_power", "power_slope", "warned")
        return Response(
            edges=np.concatenate([self.edges, other.edges[1:]]),
            level=np.concatenate([self.level, other.level[1:]]),
            rows=rows,
            clashes=clashes,
            **{name: both(name) for name in names},
        )


def step_means(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean (step, ...) of values (slot, ...) between `edges` (step instant,), slot instants; in their own unit [...]."""
    lengths = np.diff(edges).reshape(-1, *[1] * (values.ndim - 1))
    return np.add.reduceat(values[edges[0] : edges[-1]], edges[:-1] - edges[0], axis=0) / lengths


@dataclass(frozen=True)
class Known:
    """A trajectory to respond around."""

    level: np.ndarray
    """(slot instant, tank) [m]"""
    share: tuple[np.ndarray, ...]
    """One (slot, mode) for each station: shares of the modes that led to it"""
    replay: Replay | None = None
    """Its replay in EPANET; None: it is the model's own, and the model's flows and powers count."""


def respond(task: Task, table: Table, known: Known, edges: np.ndarray) -> Response:
    """Response around a known trajectory, on steps between `edges` (step instant,), slot instants.

    Where the trajectory comes from EPANET the model's error is learnt: with the known modes it gives what EPANET gave,
    except at a tank that EPANET had shut. Of a trajectory only what lies between the edges need be there.
    """
    tanks, pumps = len(task.low), len(task.engine.pumps)
    row = table.rows(edges[:-1])
    middle = np.array([known.level[a : b + 1].mean(axis=0) for a, b in pairwise(edges)])
    off = middle - table.level[row]
    mean = [step_means(own, edges) for own in known.share]
    base = table.base[row] + np.einsum("kct,kt->kc", table.base_slope[row], off)
    slope = table.base_slope[row].copy()
    gains = []
    for s in range(len(task.stations)):
        change = table.change[s][row] + np.einsum("kmct,kt->kmc", table.slope[s][row], off)
        with_known = np.einsum("km,kmc->kc", mean[s], change)
        base += with_known
        slope += np.einsum("km,kmct->kct", mean[s], table.slope[s][row])
        gains.append(change - with_known[:, None])
    carry, lift = _integrate(slope[:, :tanks], task.area, np.diff(edges) * task.slot_h)
    power = base[:, tanks : tanks + pumps]
    if known.replay is not None:
        power = step_means(known.replay.energy, edges) / task.slot_h
    return Response(
        edges,
        known.level[edges],
        carry,
        lift,
        _surplus(task, base[:, :tanks], known, edges),
        tuple(g[:, :, :tanks] for g in gains),
        tuple(g[:, :, tanks : tanks + pumps] for g in gains),
        power,
        slope[:, tanks : tanks + pumps],
        _pressure_rows(task, table, known, mean, edges),
        tuple(w[row] for w in table.warned),
        {pair: both[row] for pair, both in table.clashes.items()},
    )


def shares(task: Task, choice: np.ndarray) -> tuple[np.ndarray, ...]:
    """Share (time, mode) of each station's modes, all or nothing, from their `choice` (time, station)."""
    return tuple(np.eye(len(s.modes))[choice[:, i]] for i, s in enumerate(task.stations))


def _integrate(slope: np.ndarray, area: np.ndarray, step_h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solution of area dlevel/dt = slope level + inflow over each step (step,) [h]: a Taylor series and squarings of it."""
    steps, tanks, _ = slope.shape
    system = np.zeros((steps, 2 * tanks, 2 * tanks))
    system[:, :tanks, :tanks] = slope / area[:, None]
    system[:, :tanks, tanks:] = np.diag(1 / area)
    system *= step_h[:, None, None]
    squarings = max(0, int(np.ceil(np.log2(max(np.abs(system[:, :tanks, :tanks]).sum(axis=2).max(), 1e-9)))) + 3)
    system /= 2**squarings
    solved = term = np.broadcast_to(np.eye(2 * tanks), system.shape)
    for order in range(1, 7):
        term = np.matmul(term, system) / order
        solved = solved + term
    for _ in range(squarings):
        solved = np.matmul(solved, solved)
    return solved[:, :tanks, :tanks], solved[:, :tanks, tanks:]


def _surplus(task: Task, modelled: np.ndarray, known: Known, edges: np.ndarray) -> np.ndarray:
    """Inflow of the model beyond what the trajectory shows (step, tank) [m3/h]; 0 where EPANET ran it and the tank was free."""
    level = known.level
    step_h = (np.diff(edges) * task.slot_h)[:, None]
    surplus = modelled - np.diff(level[edges], axis=0) * task.area / step_h
    if known.replay is None:
        return surplus
    high = np.array([level[a : b + 1].max(axis=0) for a, b in pairwise(edges)])
    low = np.array([level[a : b + 1].min(axis=0) for a, b in pairwise(edges)])
    return np.where(((high > task.brim) & (surplus > 0)) | ((low < task.bottom) & (surplus < 0) & ~task.exempt), surplus, 0.0)


def _pressure_rows(task: Task, table: Table, known: Known, mean: list[np.ndarray], edges: np.ndarray) -> PressureRows:
    steps, pumps = len(edges) - 1, len(task.low) + len(task.engine.pumps)
    last = [steps - 1] if edges[-1] == task.slots else []
    step = np.concatenate([np.arange(steps), last, np.arange(steps)]).astype(int)
    instant = np.concatenate([np.arange(steps + len(last)), np.arange(1, steps + 1)])
    starts = np.arange(len(step)) < steps + len(last)
    at = edges[instant]
    row = np.where(starts & (at == task.slots), len(table.level) - 1, table.rows(edges[step]))
    off = known.level[at] - table.level[row]
    pressure = table.base[row, pumps:] + np.einsum("kct,kt->kc", table.base_slope[row, pumps:], off)
    slope, gains = table.base_slope[row, pumps:].copy(), []
    for s in range(len(task.stations)):
        change = table.change[s][row, :, pumps:] + np.einsum("kmct,kt->kmc", table.slope[s][row, :, pumps:], off)
        with_known = np.einsum("km,kmc->kc", mean[s][step], change)
        pressure += with_known
        slope += np.einsum("km,kmct->kct", mean[s][step], table.slope[s][row, :, pumps:])
        gains.append(change - with_known[:, None])
    if known.replay is not None:
        pressure[starts] = known.replay.pressure[at[starts]][:, table.critical]
    judged = starts & (at * task.slot_s % 3600 == 0)
    floor = np.where(judged[:, None], np.maximum(task.floor, task.always)[table.critical], task.always[table.critical])
    slack = pressure - floor
    within_reach = slack + sum((g.min(axis=1) for g in gains), np.zeros_like(slack)) if gains else slack
    k, c = np.nonzero(within_reach < NEAR_M)
    nearest = np.sort(np.argsort(slack[k, c], kind="stable")[:MOST_ROWS])
    k, c = k[nearest], c[nearest]
    return PressureRows(instant[k], step[k], slack[k, c], tuple(g[k, :, c] for g in gains), slope[k, c])
