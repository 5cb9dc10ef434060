"""The judge's rules in our own words: a plan is replayed in EPANET and all it breaks is named. Knows nothing of the optimizer.

References
----------
.. [1] L. A. Rossman, H. Woo, M. Tryby, F. Shang, R. Janke, T. Haxton, "EPANET 2.2 User Manual", U.S. EPA, EPA/600/R-20/133, 2020.
"""

from dataclasses import dataclass
from itertools import groupby
from math import gcd

import numpy as np
import pandas as pd
import xarray as xr

from wss.hydraulics import Engine, Simulation
from wss.hydraulics.project import BEYOND, MEANINGS
from wss.optimization.core.problem import PeakCharge, Problem

TOLERANCE = 1e-3
"""How far pressures and end levels may be missed, in the file's units, and the operator's band, in metres."""
SPEED_TOLERANCE = 1e-9
WEAK = (MEANINGS[3], MEANINGS[6])
"""EPANET's warnings about nodes with demand that have too little pressure."""


@dataclass(frozen=True)
class Verdict:
    """What EPANET says about a plan."""

    feasible: bool
    """Whether it keeps the network's and the contract's limits; the operator's band is judged apart."""
    violations: tuple[str, ...]
    """What it breaks: element, time and amount."""
    band_violations: tuple[str, ...]
    """Where it leaves the operator's band."""
    cost: float
    """Energy cost over the horizon [currency]."""
    charge: float
    """Increase of the demand charge [currency]."""
    energy_kwh: float
    starts: dict[str, int]
    simulation: Simulation
    """On steps of the greatest length that divides decision step, price step and hour; pressures at the nodes with limits."""


def verify(problem: Problem, pump_speed: xr.DataArray) -> Verdict:
    """Replay a plan at the problem's own step and judge it.

    Parameters
    ----------
    pump_speed : (time, pump)
        Relative speed of every pump from each time on; 0 = off. [1]

    Raises
    ------
    HydraulicError
        If EPANET gives up on the plan.
    """
    with Engine(problem.network, dict(problem.tied)) as engine:
        return verify_with(engine, problem, pump_speed)


def verify_with(engine: Engine, problem: Problem, pump_speed: xr.DataArray) -> Verdict:
    """`verify` of a plan (time, pump) [1] on an engine that is open on the problem's network."""
    report_s = gcd(_seconds(problem.decision_step), _seconds(problem.price_step), 3600)
    floors = (
        dict.fromkeys(engine.demand_nodes, problem.pressure_min_everywhere) if problem.pressure_min_everywhere is not None else {}
    )
    floors |= {n: max(v, floors.get(n, v)) for n, v in problem.pressure_min.items()}
    run = engine.simulate(
        pump_speed, problem.initial_level, problem.start, _seconds(problem.horizon), problem.replay_step_s, report_s, nodes=floors
    )
    on = _on_grid(problem, pump_speed) > 0
    starts = {p: int((on[p] & ~np.roll(on[p], 1)).sum()) for p in on}
    price = problem.price_on(run.energy.get_index("time"), engine.pumps)
    weak = any(text in WEAK for _, text in run.warnings)
    lowest = _lowest(problem, pump_speed, engine, report_s) if weak else ""
    faults = _orders(problem, pump_speed, engine) + _starts(problem, starts) + _epanet(problem, run, lowest)
    faults += _tanks(problem, run) + _pressures(problem, run, floors, engine.pressure_m) + _ends(problem, run, engine)
    return Verdict(
        feasible=not faults,
        violations=tuple(faults),
        band_violations=tuple(_band(problem, run)),
        cost=float((run.energy.to_numpy() * price).sum()),
        charge=sum(_charge(c, problem, run, report_s) for c in problem.charges),
        energy_kwh=float(run.energy.sum()),
        starts=starts,
        simulation=run,
    )


def _seconds(span: pd.Timedelta) -> int:
    return round(span / pd.Timedelta(seconds=1))


def _on_grid(problem: Problem, pump_speed: xr.DataArray) -> pd.DataFrame:
    given = pump_speed.transpose("time", "pump").to_pandas()
    return given.reindex(given.index.union(problem.time)).ffill().reindex(problem.time).fillna(0.0)


def _orders(problem: Problem, pump_speed: xr.DataArray, engine: Engine) -> list[str]:
    """Speeds and moments that are not allowed, and pumps that must not run."""
    faults = []
    off_grid = [
        t
        for t in pump_speed.get_index("time")
        if (t - problem.start) % problem.decision_step or not problem.start <= t < problem.end
    ]
    if off_grid:
        faults.append(
            f"{_clock(off_grid[0])}: a setting is not on the decision grid of {problem.decision_step} within the horizon"
        )
    for pump in map(str, pump_speed.pump.values):
        speed = pump_speed.sel(pump=pump).to_series()
        wrong = speed[(speed != 0) & (np.abs(speed - problem.nearest_speed(pump, speed.to_numpy())) > SPEED_TOLERANCE)]
        if len(wrong):
            steps, (low, high) = problem.speed_steps.get(pump), problem.speed_of(pump)
            allowed = " and ".join(f"{s:g}" for s in sorted({0.0, *steps})) if steps else f"0 and {low:g} to {high:g}"
            faults.append(f"{_clock(wrong.index[0])}: pump {pump} is set to speed {wrong.iloc[0]:g}, allowed are {allowed}")
        if pump in problem.out_of_service and (speed > 0).any():
            faults.append(f"{_clock(speed.index[(speed > 0).argmax()])}: pump {pump} runs although it is out of service")
    on = _on_grid(problem, pump_speed) > 0
    for pin in problem.pins:
        inside = on.loc[(on.index < pin.end) & (on.index + problem.decision_step > pin.start), pin.pump]
        broken = inside[inside != pin.on]
        if len(broken):
            faults.append(
                f"{_clock(broken.index[0])}: pump {pin.pump} is {'off' if pin.on else 'on'} although it is held"
                f" {'on' if pin.on else 'off'}"
            )
    return faults + [f"pump {p} is not in the network" for p in map(str, pump_speed.pump.values) if p not in engine.pumps]


def _starts(problem: Problem, starts: dict[str, int]) -> list[str]:
    return [
        f"pump {p} starts {n} times, at most {problem.max_starts[p]} are allowed"
        for p, n in starts.items()
        if n > problem.max_starts.get(p, n)
    ]


def _epanet(problem: Problem, run: Simulation, lowest: str) -> list[str]:
    """EPANET's own warnings, each kind once with its first moment and how often, and where pressure is `lowest`."""
    faults = []
    for text in dict.fromkeys(text for _, text in run.warnings):
        seconds = [s for s, t in run.warnings if t == text]
        pump = next((pump for second, pump in run.beyond if second == seconds[0] and text == BEYOND), None)
        where = lowest if text in WEAK else f"; first it is pump {pump}" if pump else ""
        faults.append(f"{_clock(problem.start, seconds[0])}: EPANET warns: {text} ({len(seconds)} states){where}")
    return faults


def _lowest(problem: Problem, pump_speed: xr.DataArray, engine: Engine, report_s: int) -> str:
    """Which of the nodes with demand has the lowest pressure of all, or is cut off, and when."""
    run = engine.simulate(
        pump_speed,
        problem.initial_level,
        problem.start,
        _seconds(problem.horizon),
        problem.replay_step_s,
        report_s,
        nodes=engine.demand_nodes,
    )
    pressure = run.pressure.to_pandas()
    cut_off = pressure.columns[pressure.isna().any()]
    if len(cut_off):
        return f"; node {cut_off[0]} is cut off at {_clock(pressure[cut_off[0]].isna().idxmax())}"
    at, node = pressure.stack().idxmin()
    return f"; lowest is {pressure.loc[at, node]:.2f} m at node {node} at {_clock(at)}" if pressure.loc[at, node] < 0 else ""


def _tanks(problem: Problem, run: Simulation) -> list[str]:
    """Tanks that EPANET shut, or that stood at their limit on the hydraulic grid."""
    faults = []
    for tank in run.level.tank.values:
        if tank in problem.clamp_exempt:
            continue
        shut = [(s, span) for s, t, span in run.shut if t == tank]
        if shut:
            faults.append(
                f"{_clock(problem.start, shut[0][0])}: EPANET shuts a pipe at tank {tank},"
                f" in all for {sum(n for _, n in shut) / 60:.1f} min"
            )
        clamped = [(s, level) for s, t, level in run.clamped if t == tank]
        if clamped:
            faults.append(
                f"{_clock(problem.start, clamped[0][0])}: tank {tank} stands at its limit of {clamped[0][1]:.2f} m,"
                f" at {len(clamped)} moments of the hydraulic grid"
            )
    return faults


def _pressures(problem: Problem, run: Simulation, floors: dict[str, float], pressure_m: float) -> list[str]:
    """Lowest pressures at the full hours, the end included: each node once, where it is worst."""
    if not floors:
        return []
    since = run.pressure.get_index("time") - problem.start
    hourly = run.pressure.isel(time=np.flatnonzero(np.asarray(since % pd.Timedelta(hours=1) == pd.Timedelta(0)))).to_pandas()
    short = pd.Series(floors)[hourly.columns] - hourly.fillna(-np.inf)
    faults = []
    for node in short.columns[(short > TOLERANCE * pressure_m).any()]:
        at = short[node].idxmax()
        faults.append(
            (
                -short.loc[at, node],
                f"{_clock(at)}: pressure {hourly.loc[at, node]:.2f} m at node {node} is below {floors[node]:.2f} m:"
                f" {short.loc[at, node]:.2f} m short",
            )
        )
    return [text for _, text in sorted(faults)[:10]]


def _ends(problem: Problem, run: Simulation, engine: Engine) -> list[str]:
    if problem.end_level is None:
        return []
    faults = []
    for tank in map(str, run.level.tank.values):
        reached, first = float(run.level.sel(tank=tank)[-1]), float(run.level.sel(tank=tank)[0])
        wanted = problem.end_level.get(tank, first)
        if reached < wanted - TOLERANCE * engine.length_m:
            faults.append(
                f"{_clock(problem.end)}: tank {tank} ends at {reached:.3f} m, {wanted - reached:.3f} m below {wanted:.3f} m"
            )
    return faults


def _band(problem: Problem, run: Simulation) -> list[str]:
    """Spans outside the operator's band, each with its worst moment; the level at the start is given and not judged."""
    faults = []
    for tank in map(str, run.level.tank.values):
        level = run.level.sel(tank=tank).to_series().iloc[1:]
        below = problem.level_min.get(tank, -np.inf) - level
        above = level - problem.level_max.get(tank, np.inf)
        for miss, side, limit in ((below, "below", problem.level_min.get(tank)), (above, "above", problem.level_max.get(tank))):
            for outside, part in groupby(miss.items(), key=lambda item: item[1] > TOLERANCE):
                if outside:
                    span = pd.Series(dict(part))
                    faults.append(
                        f"{_clock(span.index[0])} to {_clock(span.index[-1])}: tank {tank} is up to {span.max():.2f} m {side}"
                        f" {limit:.2f} m"
                    )
    return faults


def _charge(charge: PeakCharge, problem: Problem, run: Simulation, report_s: int) -> float:
    """Increase of the peak by the windows that count; windows shorter than a report step have its mean power. [currency]"""
    total = run.energy.sum("pump").to_numpy()
    each = max(charge.window_minutes * 60 // report_s, 1)
    whole = len(total) // each * each
    power = total[:whole].reshape(-1, each).sum(axis=1) / (each * report_s / 3600)
    if charge.counts is not None:
        starts = run.energy.get_index("time")[:whole:each]
        power = power[charge.counts.reindex(time=starts, method="ffill").to_numpy().astype(bool)]
    return charge.price_per_kw * max(float(power.max(initial=0.0)) - charge.peak_so_far_kw, 0.0)


def _clock(moment: pd.Timestamp, second: int = 0) -> str:
    return f"{moment + pd.Timedelta(seconds=second):%Y-%m-%d %H:%M}"
