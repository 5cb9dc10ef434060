"""How levels, cost and pressures of a known trajectory answer to other modes: linear in what changes, exact at the trajectory."""

from dataclasses import dataclass

import numpy as np

from wss.optimization.linearize import Table
from wss.optimization.replay import Replay
from wss.optimization.task import Task

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
    """On steps of `step_slots` slots.

    level[k+1] = known level[k+1] + carry[k] (level[k] - known level[k]) + lift[k] (surplus[k] + sum of gains)
    """

    step_slots: int
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


@dataclass(frozen=True)
class Known:
    """A trajectory to respond around."""

    level: np.ndarray
    """(slot instant, tank) [m]"""
    share: tuple[np.ndarray, ...]
    """One (slot, mode) for each station: shares of the modes that led to it"""
    replay: Replay | None = None
    """Its replay in EPANET; None: it is the model's own, and the model's flows and powers count."""


def respond(task: Task, table: Table, known: Known, step_slots: int) -> Response:
    """Response around a known trajectory, on steps of `step_slots` slots.

    Where the trajectory comes from EPANET the model's error is learnt: with the known modes it gives what EPANET gave,
    except at a tank that EPANET had shut.
    """
    steps, tanks, pumps = task.slots // step_slots, len(task.low), len(task.engine.pumps)
    at = np.arange(steps) * step_slots
    row = at // table.step_slots
    middle = np.array([known.level[k : k + step_slots + 1].mean(axis=0) for k in at])
    off = middle - table.level[row]
    mean = [own.reshape(steps, step_slots, -1).mean(axis=1) for own in known.share]
    base = table.base[row] + np.einsum("kct,kt->kc", table.base_slope[row], off)
    slope = table.base_slope[row].copy()
    gains = []
    for s in range(len(task.stations)):
        change = table.change[s][row] + np.einsum("kmct,kt->kmc", table.slope[s][row], off)
        with_known = np.einsum("km,kmc->kc", mean[s], change)
        base += with_known
        slope += np.einsum("km,kmct->kct", mean[s], table.slope[s][row])
        gains.append(change - with_known[:, None])
    carry, lift = _integrate(slope[:, :tanks], task.area, step_slots * task.slot_h)
    power = base[:, tanks : tanks + pumps]
    if known.replay is not None:
        power = known.replay.energy.reshape(steps, step_slots, pumps).sum(axis=1) / (step_slots * task.slot_h)
    return Response(
        step_slots,
        known.level[::step_slots],
        carry,
        lift,
        _surplus(task, base[:, :tanks], known, at, step_slots),
        tuple(g[:, :, :tanks] for g in gains),
        tuple(g[:, :, tanks : tanks + pumps] for g in gains),
        power,
        slope[:, tanks : tanks + pumps],
        _pressure_rows(task, table, known, mean, step_slots),
        tuple(w[row] for w in table.warned),
        {pair: both[row] for pair, both in table.clashes.items()},
    )


def shares(task: Task, choice: np.ndarray) -> tuple[np.ndarray, ...]:
    """Share (time, mode) of each station's modes, all or nothing, from their `choice` (time, station)."""
    return tuple(np.eye(len(s.modes))[choice[:, i]] for i, s in enumerate(task.stations))


def _integrate(slope: np.ndarray, area: np.ndarray, step_h: float) -> tuple[np.ndarray, np.ndarray]:
    """Solution of area dlevel/dt = slope level + inflow over a step, for each step: a Taylor series and squarings of it."""
    steps, tanks, _ = slope.shape
    system = np.zeros((steps, 2 * tanks, 2 * tanks))
    system[:, :tanks, :tanks] = slope / area[:, None]
    system[:, :tanks, tanks:] = np.diag(1 / area)
    squarings = max(0, int(np.ceil(np.log2(max(np.abs(system[:, :tanks, :tanks]).sum(axis=2).max() * step_h, 1e-9)))) + 3)
    system *= step_h / 2**squarings
    solved = term = np.broadcast_to(np.eye(2 * tanks), system.shape)
    for order in range(1, 7):
        term = np.einsum("kij,kjl->kil", term, system) / order
        solved = solved + term
    for _ in range(squarings):
        solved = np.einsum("kij,kjl->kil", solved, solved)
    return solved[:, :tanks, :tanks], solved[:, :tanks, tanks:]


def _surplus(task: Task, modelled: np.ndarray, known: Known, at: np.ndarray, step_slots: int) -> np.ndarray:
    """Inflow of the model beyond what the trajectory shows (step, tank) [m3/h]; 0 where EPANET ran it and the tank was free."""
    level = known.level
    surplus = modelled - (level[at + step_slots] - level[at]) * task.area / (step_slots * task.slot_h)
    if known.replay is None:
        return surplus
    spans = np.array([level[k : k + step_slots + 1] for k in at])
    return np.where(
        ((spans > task.brim).any(axis=1) & (surplus > 0)) | ((spans < task.bottom).any(axis=1) & (surplus < 0)), surplus, 0.0
    )


def _pressure_rows(task: Task, table: Table, known: Known, mean: list[np.ndarray], step_slots: int) -> PressureRows:
    steps, first = task.slots // step_slots, len(task.low) + len(task.engine.pumps)
    step = np.concatenate([np.arange(steps), [steps - 1], np.arange(steps)])
    instant = np.concatenate([np.arange(steps + 1), np.arange(1, steps + 1)])
    starts = np.arange(len(step)) <= steps
    at = instant * step_slots
    row = np.where(starts & (instant == steps), len(table.level) - 1, step * step_slots // table.step_slots)
    off = known.level[at] - table.level[row]
    pressure = table.base[row, first:] + np.einsum("kct,kt->kc", table.base_slope[row, first:], off)
    slope, gains = table.base_slope[row, first:].copy(), []
    for s in range(len(task.stations)):
        change = table.change[s][row, :, first:] + np.einsum("kmct,kt->kmc", table.slope[s][row, :, first:], off)
        with_known = np.einsum("km,kmc->kc", mean[s][step], change)
        pressure += with_known
        slope += np.einsum("km,kmct->kct", mean[s][step], table.slope[s][row, :, first:])
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
