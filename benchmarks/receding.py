"""Cycle after cycle: how much plans flutter with the forecast, and what it costs to keep them still.

    python benchmarks/receding.py [--cycles 48] [--percent 0 5 20] [--hours 24] [--seed 1] [--json]

The network of the demo utility with its tariff and limits is planned every half an hour, each time from the levels that the
plan before led to under the true demand, on a forecast that errs anew each time (a bias of the whole day that wanders from
cycle to cycle, and a smooth error of the hours). Once for each price of changing the plan in force, in percent of what an hour
of a pump costs in that plan, with the same demand and the same errors. `changed` counts switches that are new, gone or moved; a
cycle is free if the plan in force would still hold every limit, and `forced_by_end_alone` if it would miss nothing but the
levels at the end, which each cycle sets anew; `cost` is energy as it was used, with the difference in stored water at the end
valued at the mean cost of what was pumped.
"""

import argparse
import json
import time
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wss import demo, tariffs, times
from wss.config import Configuration
from wss.hydraulics import Engine, network, tanks
from wss.optimization import Problem, solve, verify
from wss.optimization.proof import ladder
from wss.optimization.proof.explain import kept_on
from wss.steps.plan.problem import RESERVE_COUNTS, limits, reserves

START = pd.Timestamp("2022-07-25T04:00").as_unit("ns")
STEP, EVERY = pd.Timedelta(minutes=15), pd.Timedelta(minutes=30)
REPLAY_S = 300
NEAR = pd.Timedelta(hours=3)
"""Switches up to here are `soon`: what operators look at."""
LEVELS = {"1": 7.0, "2": 9.0, "3": 9.5}
"""Levels at the start, within the demo's bands [m]."""
PATTERN = 1 + 0.35 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi) + 0.15 * np.sin((np.arange(24) - 2) / 6 * np.pi)
"""Demand of the hours, share of the mean."""
TRUTH_SIGMA, BIAS_SIGMA, HOUR_SIGMA, BIAS_STAYS = 0.05, 0.03, 0.02, 0.9


@dataclass(frozen=True)
class World:
    """The utility, and its demand as it will be."""

    configuration: Configuration
    demand: xr.DataArray
    """(time, node) on the decision grid, longer than all cycles and their horizons [m3/h]"""
    price: xr.DataArray
    tied: dict[str, str]


def world(cycles: int, horizon: pd.Timedelta, seed: int) -> World:
    """The demo utility from `START` on, with a demand that the seed draws. [m3/h]"""
    configuration = demo.shipped("litoral")
    grid = times.grid(START, START + cycles * EVERY + horizon, STEP)
    with Engine(configuration.network) as engine:
        mean = {node: engine.node_demand[node] for node in engine.demand_nodes}
    hours = np.asarray((grid - START) / times.HOUR)
    wobble = _smooth(np.random.default_rng(seed), hours, TRUTH_SIGMA)
    values = np.outer(PATTERN[(grid.hour.to_numpy() + 2) % 24] * wobble, list(mean.values()))
    demand = xr.DataArray(values, {"time": grid, "node": list(mean)}, ("time", "node"), "node_demand", {"units": "m3/h"})
    tied = {link.link: link.open_when_off for link in configuration.tenant.system.tied_links}
    return World(configuration, demand, tariffs.price(configuration.tariff, grid), tied)


def _smooth(rng: np.random.Generator, hours: np.ndarray, sigma: float) -> np.ndarray:
    """Factors (time,) around 1 that change smoothly over hours."""
    knots = np.arange(0, hours[-1] + 6, 3.0)
    return np.exp(np.interp(hours, knots, rng.normal(0, sigma, len(knots))))


def live(made: World, cycles: int, horizon: pd.Timedelta, percent: float, reserve: float, seed: int) -> dict:
    """Plan and live through `cycles` half hours; what came of it."""
    rng, bias, levels, previous, hour_cost = np.random.default_rng(seed + 1), 0.0, dict(LEVELS), None, 0.0
    status: dict[str, bool] = {}
    rows, used, energy, starts, seconds = [], 0.0, 0.0, 0, time.process_time()
    for k in track(range(cycles), description=f"{percent:g} %, {reserve:g} %", console=Console(stderr=True)):
        now = START + k * EVERY
        bias = BIAS_STAYS * bias + rng.normal(0, BIAS_SIGMA * np.sqrt(1 - BIAS_STAYS**2))
        truth = made.demand.sel(time=slice(now, now + horizon - STEP))
        hours = np.asarray((truth.get_index("time") - now) / times.HOUR)
        forecast = truth * xr.DataArray(np.exp(bias) * _smooth(rng, hours, HOUR_SIGMA), dims="time", coords={"time": truth.time})
        problem = replace(
            _problem(made, now, horizon, levels, forecast),
            previous=previous, change_cost=percent / 100 * hour_cost, initial_status=status,
            level_reserve=reserves(made.configuration.tenant.system, reserve), reserve_cost=hour_cost * RESERVE_COUNTS,
        )  # fmt: skip
        found = solve(problem)
        if previous is not None:
            kept_plan = ladder.last_plan(problem)
            stay, count, pump_hours = kept_on(problem, found.pump_speed, kept_plan)
            near = {"time": slice(now, now + NEAR - STEP)}
            _, soon, _ = kept_on(problem, found.pump_speed.sel(near), kept_plan.sel(near))
            kept = verify(found.problem, stay)
            broken = [*kept.violations, *kept.band_violations]
            limits_broken = sum(fault.kind != "end_short" for fault in broken)
            rows.append({"changed": count, "soon": soon, "pump_hours": pump_hours, "rung": found.rung, "forced": bool(broken),
                         "by_end": bool(broken) and not limits_broken})  # fmt: skip
        with Engine(made.configuration.network, made.tied) as engine:
            engine.set_demands(truth, int(STEP.total_seconds()))
            run = engine.simulate(found.pump_speed, levels, now, int(EVERY.total_seconds()), 60, int(STEP.total_seconds()))
        used += float((run.energy.sum("pump").to_numpy() * made.price.sel(time=run.energy.time.values).to_numpy()).sum())
        energy += float(run.energy.sum())
        on = found.pump_speed.sel(time=slice(now, now + EVERY - STEP)).to_pandas() > 0
        for pump in on:
            before = status.get(pump, bool(on[pump].iloc[0]))
            starts += int((on[pump] & ~on[pump].shift(fill_value=before)).sum())
        status = {str(p): bool(v) for p, v in on.iloc[-1].items()}
        levels = {str(t): float(v) for t, v in run.level.isel(time=-1).to_series().items()}
        previous, pumped = found.pump_speed, float((found.pump_speed > 0).sum()) * (STEP / times.HOUR)
        hour_cost = found.verdict.cost / pumped if found.verdict is not None and pumped else 0.0
    drawn = float(made.demand.sel(time=slice(START, START + cycles * EVERY - STEP)).sum()) * (STEP / times.HOUR)
    spent = used - used / drawn * _stored(made, levels)
    table = pd.DataFrame(rows)
    free = table[~table["forced"]]
    return {"percent": percent, "reserve": reserve, "changed_a_cycle": round(float(table["changed"].mean()), 2),
            "of_them_soon": round(float(table["soon"].mean()), 2), "free_cycles": len(free),
            "forced_by_end_alone": int(table["by_end"].sum()),
            "changed_a_free_cycle": round(float(free["changed"].mean()), 2) if len(free) else None,
            "pump_hours": round(float(table["pump_hours"].sum()), 2), "unchanged_cycles": int((table["changed"] == 0).sum()),
            "cycles": cycles, "starts": starts, "energy_kwh": round(energy, 1), "cost": round(spent, 2),
            "rungs": table["rung"].value_counts().to_dict(), "cpu_seconds": round(time.process_time() - seconds, 1)}  # fmt: skip


def _stored(made: World, levels: dict[str, float]) -> float:
    """Water in the tanks beyond that at the start. [m3]"""
    level = xr.DataArray([list(LEVELS.values()), [levels[t] for t in LEVELS]], dims=("time", "tank"),
                         coords={"time": [START, START + EVERY], "tank": list(LEVELS)})  # fmt: skip
    volume = tanks.volume(made.configuration.network, level).sum("tank")
    return float(volume[1] - volume[0])


def _problem(made: World, now: pd.Timestamp, horizon: pd.Timedelta, levels: dict[str, float], demand: xr.DataArray) -> Problem:
    tenant = made.configuration.tenant
    text = network.write_inp(made.configuration.network, levels, demand, int(STEP.total_seconds()), 0)
    return Problem(
        text, now, horizon, STEP, made.price.sel(time=slice(now, now + horizon - STEP)), REPLAY_S,
        currency=made.configuration.tariff.currency, initial_level=levels, start_cost=tenant.plan.start_cost,
        **limits(tenant.system, horizon, ()),
    )  # fmt: skip


def main() -> None:
    """Live the day once for each price of change and print what came of it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cycles", type=int, default=48)
    arguments.add_argument("--percent", type=float, nargs="+", default=[0.0, 5.0, 20.0])
    arguments.add_argument(
        "--reserve", type=float, nargs="+", default=[5.0], help="share of each band to be kept free late in a plan"
    )
    arguments.add_argument("--hours", type=int, default=24, help="length of each plan")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    xr.set_options(arithmetic_join="exact")
    horizon = pd.Timedelta(hours=given.hours)
    made = world(given.cycles, horizon, given.seed)
    rows = [live(made, given.cycles, horizon, p, r, given.seed) for p in given.percent for r in given.reserve]
    if given.json:
        Console().print_json(json.dumps(rows))
        return
    table = Table("", *(f"{row['percent']:g} %, {row['reserve']:g} %" for row in rows))
    for name in list(rows[0])[2:]:
        table.add_row(name, *(str(row[name]) for row in rows))
    Console().print(table)


if __name__ == "__main__":
    main()
