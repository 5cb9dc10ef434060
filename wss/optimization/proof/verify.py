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
from wss.optimization.core.problem import Problem
from wss.records import EpanetWarning, Violation
from wss.tariffs import dues

TOLERANCE = 1e-3
"""How far pressures and end levels may be missed, in the file's units, and the operator's band, in metres."""
SPEED_TOLERANCE = 1e-9
WEAK = (EpanetWarning.CUT_OFF, EpanetWarning.NEGATIVE_PRESSURE)
"""EPANET's warnings about nodes with demand that have too little pressure."""


@dataclass(frozen=True)
class Verdict:
    """What EPANET says about a plan."""

    feasible: bool
    """Whether it keeps the network's and the contract's limits; the operator's band is judged apart."""
    violations: tuple[Violation, ...]
    """What it breaks: element, time and amount."""
    band_violations: tuple[Violation, ...]
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
    weak = any(state.warning in WEAK for state in run.warnings)
    lowest = _lowest(problem, pump_speed, engine, report_s) if weak else ()
    faults = _orders(problem, pump_speed, engine) + _starts(problem, starts) + _epanet(problem, run, lowest)
    faults += _tanks(problem, run) + _pressures(problem, run, floors, engine.pressure_m) + _ends(problem, run, engine)
    return Verdict(
        feasible=not faults,
        violations=tuple(faults),
        band_violations=tuple(_band(problem, run)),
        cost=float((run.energy.to_numpy() * price).sum()),
        charge=_charge(problem, run, report_s),
        energy_kwh=float(run.energy.sum()),
        starts=starts,
        simulation=run,
    )


def _seconds(span: pd.Timedelta) -> int:
    return round(span / pd.Timedelta(seconds=1))


def _on_grid(problem: Problem, pump_speed: xr.DataArray) -> pd.DataFrame:
    given = pump_speed.transpose("time", "pump").to_pandas()
    return given.reindex(given.index.union(problem.time)).ffill().reindex(problem.time).fillna(0.0)


def _orders(problem: Problem, pump_speed: xr.DataArray, engine: Engine) -> list[Violation]:
    """Speeds and moments that are not allowed, and pumps that must not run."""
    faults = []
    off_grid = [
        t
        for t in pump_speed.get_index("time")
        if (t - problem.start) % problem.decision_step or not problem.start <= t < problem.end
    ]
    if off_grid:
        faults.append(Violation("off_grid", start=off_grid[0], text=str(problem.decision_step)))
    for pump in map(str, pump_speed.pump.values):
        speed = pump_speed.sel(pump=pump).to_series()
        wrong = speed[(speed != 0) & (np.abs(speed - problem.nearest_speed(pump, speed.to_numpy())) > SPEED_TOLERANCE)]
        if len(wrong):
            steps, (low, high) = problem.speed_steps.get(pump), problem.speed_of(pump)
            allowed = " and ".join(f"{s:g}" for s in sorted({0.0, *steps})) if steps else f"0 and {low:g} to {high:g}"
            faults.append(Violation("speed", pump, wrong.index[0], value=wrong.iloc[0], text=allowed))
        if pump in problem.out_of_service and (speed > 0).any():
            faults.append(Violation("runs_out", pump, speed.index[(speed > 0).argmax()]))
    on = _on_grid(problem, pump_speed) > 0
    for pin in problem.pins:
        inside = on.loc[(on.index < pin.end) & (on.index + problem.decision_step > pin.start), pin.pump]
        broken = inside[inside != pin.on]
        if len(broken):
            faults.append(Violation("off_held" if pin.on else "on_held", pin.pump, broken.index[0]))
    return faults + [Violation("unknown_pump", p) for p in map(str, pump_speed.pump.values) if p not in engine.pumps]


def _starts(problem: Problem, starts: dict[str, int]) -> list[Violation]:
    most = problem.max_starts
    return [Violation("starts", p, amount=n, bound=most[p]) for p, n in starts.items() if n > most.get(p, n)]


def _epanet(problem: Problem, run: Simulation, lowest: tuple[Violation, ...]) -> list[Violation]:
    """EPANET's own warnings, each kind once with its first moment and how often, and where pressure is `lowest`."""
    faults = []
    for warning, spilling in dict.fromkeys(state[1:] for state in run.warnings):
        seconds = [state.second for state in run.warnings if state[1:] == (warning, spilling)]
        first, often = _after(problem, seconds[0]), len(seconds)
        if warning is None:
            faults.append(Violation("spills", start=first, amount=often, text=", ".join(spilling)))
            continue
        where = lowest if warning in WEAK else ()
        if warning == EpanetWarning.BEYOND_CURVE:
            where = tuple(Violation("beyond", pump) for second, pump in run.beyond if second == seconds[0])[:1]
        faults.append(Violation("warned", start=first, amount=often, warning=warning, more=where))
    return faults


def _lowest(problem: Problem, pump_speed: xr.DataArray, engine: Engine, report_s: int) -> tuple[Violation, ...]:
    """Which of the nodes with demand has the lowest pressure of all, or is cut off, and when; none if all have some."""
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
        return (Violation("cut_node", str(cut_off[0]), pressure[cut_off[0]].isna().idxmax()),)
    at, node = pressure.stack().idxmin()
    least = pressure.loc[at, node]
    return (Violation("lowest", str(node), at, value=least),) if least < 0 else ()


def _tanks(problem: Problem, run: Simulation) -> list[Violation]:
    """Tanks that EPANET shut, or that stood at their limit on the hydraulic grid."""
    faults = []
    for tank in map(str, run.level.tank.values):
        if tank in problem.clamp_exempt:
            continue
        shut = [(s, span) for s, t, span in run.shut if t == tank]
        if shut:
            faults.append(Violation("shut", tank, _after(problem, shut[0][0]), amount=sum(n for _, n in shut) / 60))
        clamped = [(s, level) for s, t, level in run.clamped if t == tank]
        if clamped:
            second, level = clamped[0]
            faults.append(Violation("clamped", tank, _after(problem, second), bound=level, amount=len(clamped)))
    return faults


def _pressures(problem: Problem, run: Simulation, floors: dict[str, float], pressure_m: float) -> list[Violation]:
    """Lowest pressures at the full hours, the end included: each node once, where it is worst."""
    if not floors:
        return []
    since = run.pressure.get_index("time") - problem.start
    hourly = run.pressure.isel(time=np.flatnonzero(np.asarray(since % pd.Timedelta(hours=1) == pd.Timedelta(0)))).to_pandas()
    short = pd.Series(floors)[hourly.columns] - hourly.fillna(-np.inf)
    faults = []
    for node in short.columns[(short > TOLERANCE * pressure_m).any()]:
        at = short[node].idxmax()
        reached, lacks = hourly.loc[at, node], short.loc[at, node]
        if np.isnan(reached):
            faults.append((lacks, Violation("cut_off", str(node), at, bound=floors[node])))
        else:
            faults.append((lacks, Violation("pressure", str(node), at, value=reached, amount=lacks, bound=floors[node])))
    return [one for _, one in sorted(faults, key=lambda fault: (-fault[0], str(fault[1])))[:10]]


def _ends(problem: Problem, run: Simulation, engine: Engine) -> list[Violation]:
    if problem.end_level is None:
        return []
    faults = []
    for tank in map(str, run.level.tank.values):
        reached, first = float(run.level.sel(tank=tank)[-1]), float(run.level.sel(tank=tank)[0])
        wanted = problem.end_level.get(tank, first)
        if reached < wanted - TOLERANCE * engine.length_m:
            short = wanted - reached
            faults.append(Violation("end_short", tank, problem.end, value=reached, amount=short, bound=wanted))
    return faults


def _band(problem: Problem, run: Simulation) -> list[Violation]:
    """Spans outside the operator's band, each with its worst moment; the level at the start is given and not judged."""
    faults = []
    for tank in map(str, run.level.tank.values):
        level = run.level.sel(tank=tank).to_series().iloc[1:]
        below = problem.level_min.get(tank, -np.inf) - level
        above = level - problem.level_max.get(tank, np.inf)
        for miss, low, limit in ((below, True, problem.level_min.get(tank)), (above, False, problem.level_max.get(tank))):
            for outside, part in groupby(miss.items(), key=lambda item: item[1] > TOLERANCE):
                if outside:
                    span = pd.Series(dict(part))
                    ends = span.index[0], span.index[-1]
                    faults.append(Violation("band_below" if low else "band_above", tank, *ends, amount=span.max(), bound=limit))
    return faults


def _charge(problem: Problem, run: Simulation, report_s: int) -> float:
    """What the run adds to the charges on peaks. [currency]"""
    power, time = run.energy.sum("pump").to_numpy() / (report_s / 3600), run.energy.get_index("time")
    return float(sum(dues(problem.charges, [charge.windows(time).highest(power) for charge in problem.charges])))


def _after(problem: Problem, second: int) -> pd.Timestamp:
    return problem.start + pd.Timedelta(seconds=second)
