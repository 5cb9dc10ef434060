"""Pump scheduling cases as files: case.yml, a network beside it, plans as CSV. The format is that of the benchmarks' judge."""

from collections.abc import Mapping
from math import gcd, lcm
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from wss import network_file
from wss.errors import ConfigError, NetworkError, NotFoundError, raise_all
from wss.hydraulics.facts import Facts, facts
from wss.hydraulics.inp import added
from wss.optimization.case.keys import CaseFile, parse
from wss.optimization.core.problem import Problem
from wss.quantities import labelled

ROUNDING = 1e-6
"""How far EPANET's own figures may differ from what is written."""


def read(path: Path) -> Problem:
    """Problem that a case file describes.

    Raises
    ------
    ConfigError
        Lists every unknown or missing key, value of the wrong kind, and element that the network lacks.
    """
    case, data, faults = parse(path)
    text, fault = _network(data.get("network"), path.parent)
    found = None
    try:
        found = facts(text) if not fault else None
    except NetworkError as error:
        fault = f"network: {error}"
    faults += [fault] if fault else []
    faults += _element_faults(data, found) if found else []
    faults += _grid_faults(case, found) if case and found else []
    raise_all(faults, f"reading the case {path}", ConfigError)
    return _problem(case, found, text)


def orders(pump_speed: xr.DataArray) -> pd.DataFrame:
    """Changes of a plan (time, pump) as rows time [UTC], pump, speed [1]: each pump's first setting, then what differs."""
    frames = []
    for pump in pump_speed.pump.values:
        speed = pump_speed.sel(pump=pump).to_series()
        changed = speed[speed.ne(speed.shift())]
        frames.append(pd.DataFrame({"time": changed.index, "pump": str(pump), "speed": changed.to_numpy()}))
    return pd.concat(frames, ignore_index=True).sort_values(["time", "pump"], kind="stable", ignore_index=True)


def read_plan(path: Path, problem: Problem) -> xr.DataArray:
    """Plan of a CSV time,pump,speed as pump_speed (time, pump) on the problem's decision grid. [1]"""
    rows = pd.read_csv(path, dtype={"pump": str}, keep_default_na=False, na_values={"speed": [""]})
    rows["time"] = pd.to_datetime(rows["time"], utc=True, format="ISO8601").dt.tz_localize(None).dt.as_unit("ns")
    pumps = facts(problem.network).pumps
    wide = rows.pivot(index="time", columns="pump", values="speed").reindex(columns=pumps)
    speed = wide.reindex(wide.index.union(problem.time)).ffill().reindex(problem.time).fillna(0.0)
    return labelled("pump_speed", speed.to_numpy(float), time=problem.time, pump=list(pumps))


def write_plan(pump_speed: xr.DataArray, path: Path) -> None:
    """Write a plan (time, pump) [1] as the CSV time,pump,speed that the judge replays; whole, or not at all."""
    rows = orders(pump_speed)
    part = path.with_name(f".{path.name}.part")
    rows.assign(time=[moment.isoformat() for moment in rows["time"]]).to_csv(part, index=False)
    part.replace(path)


def write(problem: Problem, plan: xr.DataArray, baseline: xr.DataArray, folder: Path, name: str = "plan") -> None:
    """Write case.yml, network.inp, plan.csv and baseline.csv, so that the judge can replay both plans (time, pump) [1]."""
    (folder / "network.inp").write_text(problem.network, encoding="utf-8")
    (folder / "case.yml").write_text(yaml.safe_dump(describe(problem, name), sort_keys=False, width=1000), encoding="utf-8")
    write_plan(plan, folder / "plan.csv")
    write_plan(baseline, folder / "baseline.csv")


def describe(problem: Problem, name: str) -> dict:
    """The problem in the keys and units of a case file; the operator's band, pins and charges are not part of one."""
    units = facts(problem.network)
    price = problem.price
    per_pump = {str(p): _listed(price.sel(pump=p)) for p in price.pump.values} if "pump" in price.dims else _listed(price)
    case = {
        "name": name,
        "network": "network.inp",
        "start": problem.start.isoformat(),
        "horizon_hours": problem.horizon / pd.Timedelta(hours=1),
        "decision_minutes": _whole(problem.decision_step / pd.Timedelta(minutes=1)),
        "hydraulic_step_seconds": problem.replay_step_s,
        "price": per_pump,
        "price_step_minutes": _whole(problem.price_step / pd.Timedelta(minutes=1)),
        "currency": problem.currency,
        "initial_level": {t: float(v / units.length_m) for t, v in problem.initial_level.items()},
        "end_level": {t: float(v / units.length_m) for t, v in (problem.end_level or {}).items()},
        "open_when_off": dict(problem.tied),
        "clamp_exempt": list(problem.clamp_exempt),
        "pressure_min": {n: float(v / units.pressure_m) for n, v in problem.pressure_min.items()},
        "speed": {p: [float(v) for v in limits] for p, limits in problem.speed_range.items()}
        | {p: [0.0, 0.0] for p in problem.out_of_service},
    }
    if problem.pressure_min_everywhere is not None:
        case["pressure_min_everywhere"] = float(problem.pressure_min_everywhere / units.pressure_m)
    if set(problem.max_starts) == set(units.pumps):
        case["max_starts"] = max(problem.max_starts.values())
    return {key: value for key, value in case.items() if value not in ({}, [], "")}


def _whole(minutes: float) -> float:
    return int(minutes) if minutes == int(minutes) else minutes


def _listed(price: xr.DataArray) -> list[float]:
    return [float(v) for v in price.to_numpy()]


def _problem(case: CaseFile, found: Facts, text: str) -> Problem:
    decision_s, replay_s = _grids(case, found)
    if case.demand_multiplier != 1.0 or "demand_multiplier" in case.model_fields_set:
        text = added(text, "OPTIONS", f"Demand Multiplier {max(case.demand_multiplier, 1e-9):.12g}")
    everywhere, floors = case.pressure_min_everywhere, dict(case.pressure_min)
    if everywhere is not None and set(found.drawing) != set(found.demand_nodes):
        floors |= {n: max(everywhere, floors.get(n, everywhere)) for n in found.drawing}
        everywhere = None
    return Problem(
        network=text,
        start=case.start,
        horizon=pd.Timedelta(seconds=int(case.horizon_hours * 3600)),
        decision_step=pd.Timedelta(seconds=decision_s),
        price=_price(case, found),
        replay_step_s=replay_s,
        currency=case.currency,
        initial_level={t: case.initial_level.get(t, first) * found.length_m for t, (_, first, _) in found.level.items()},
        end_level={t: v * found.length_m for t, v in case.end_level.items()},
        pressure_min={n: v * found.pressure_m for n, v in floors.items()},
        pressure_min_everywhere=None if everywhere is None else everywhere * found.pressure_m,
        tied=dict(case.open_when_off),
        clamp_exempt=tuple(case.clamp_exempt),
        max_starts=dict.fromkeys(found.pumps, int(case.max_starts)) if case.max_starts is not None else {},
        speed_range={p: limits for p, limits in case.speed.items() if limits[1] > 0},
        out_of_service=tuple(p for p, limits in case.speed.items() if limits[1] == 0),
        start_clock_s=found.clock_s,
    )


def _grids(case: CaseFile, found: Facts) -> tuple[int, int]:
    """Steps of decisions and of the replay [s]: pumps change only where EPANET stops, which a long hydraulic step may not do."""
    decision, step = int(case.decision_minutes * 60), int(case.hydraulic_step_seconds)
    stops = [step, found.report_step_s, *([] if found.pattern_start_s % found.pattern_step_s else [found.pattern_step_s])]
    grid = decision if any(decision % stop == 0 for stop in stops) else lcm(decision, step)
    return grid, gcd(step, grid)


def _grid_faults(case: CaseFile, found: Facts) -> list[str]:
    horizon, decision, (grid, _) = int(case.horizon_hours * 3600), int(case.decision_minutes * 60), _grids(case, found)
    if horizon % decision:
        return [f"horizon_hours: {case.horizon_hours:g} h is not a whole number of steps of decision_minutes: {decision / 60:g}"]
    if horizon % grid:
        return [
            f"hydraulic_step_seconds: pumps could change every {grid / 60:g} min only, where both grids meet,"
            f" and the horizon of {case.horizon_hours:g} h is not a whole number of that"
        ]
    return []


def _price(case: CaseFile, found: Facts) -> xr.DataArray:
    """Prices on a regular grid from the start on, (time,) or (time, pump). [currency/kWh]

    The judge takes the price at the start of each hydraulic step; where a price may change within one, so does this.
    """
    stops = gcd(int(case.hydraulic_step_seconds), found.pattern_step_s, found.pattern_start_s, found.report_step_s)
    if case.price == "network":
        entry_s, first_s = found.pattern_step_s, found.pattern_start_s
        tables = {p: own.base * own.factors for p, own in found.price.items()}
        step_s = gcd(entry_s, first_s)
    else:
        entry_s, first_s = case.price_step_minutes * 60, 0
        tables = case.price if isinstance(case.price, dict) else {"": case.price}
        step_s = entry_s if entry_s % int(case.hydraulic_step_seconds) == 0 else stops
    at = np.arange(0, int(case.horizon_hours * 3600), step_s)
    time = pd.DatetimeIndex(case.start + pd.to_timedelta(at, unit="s"), name="time").as_unit("ns")
    entry = (at + first_s) // entry_s
    columns = {p: np.asarray(table, float)[entry % len(table)] * case.price_scale for p, table in tables.items()}
    attrs = {"units": "currency/kWh", "currency": case.currency}
    if "" in columns:
        return xr.DataArray(columns[""], dims="time", coords={"time": time}, name="price", attrs=attrs)
    values = np.column_stack([columns[pump] for pump in found.pumps])
    coords = {"time": time, "pump": list(found.pumps)}
    return xr.DataArray(values, dims=("time", "pump"), coords=coords, name="price", attrs=attrs)


def _network(name: object, folder: Path) -> tuple[str, str]:
    """Text of the case's network, and what is wrong where there is none."""
    if not isinstance(name, str) or not name.strip():
        return "", "network: must name an INP file beside the case, or package:PKG/path"
    path = folder / name
    try:
        path = network_file.find(name, folder)
        if not path.is_file():
            return "", f"network: {path} does not exist, or is no file"
        return network_file.read(path), ""
    except NotFoundError as error:
        return "", f"network: {error}"
    except OSError as error:
        return "", f"network: {path} cannot be read: {error.strerror}"


def _element_faults(data: Mapping[str, Any], found: Facts) -> list[str]:
    """Elements that the network lacks, and levels outside of its tanks. The values' own kinds are checked elsewhere."""

    def given(key: str) -> dict[str, Any]:
        return {str(k): v for k, v in data[key].items()} if isinstance(data.get(key), Mapping) else {}

    tied, levels = given("open_when_off"), given("initial_level")
    exempt = [str(t) for t in data["clamp_exempt"]] if isinstance(data.get("clamp_exempt"), list) else []
    switched = {*found.pipes, *found.valves}
    wanted = [
        ("pressure_min", given("pressure_min"), found.junctions, "a junction"),
        ("speed", given("speed"), found.pumps, "a pump"),
        ("initial_level", levels, found.level, "a tank"),
        ("end_level", given("end_level"), found.level, "a tank"),
        ("clamp_exempt", exempt, found.level, "a tank"),
        ("price", given("price"), found.pumps, "a pump"),
        ("open_when_off", map(str, tied.values()), found.pumps, "a pump"),
    ]
    faults = [f"{key}: {e} is not {what} of the network" for key, names, known, what in wanted for e in names if e not in known]
    faults += [
        f"open_when_off: {link} is {'a check valve' if link in found.check_valves else 'not a pipe or valve of the network'}"
        for link in tied
        if link not in switched
    ]
    if isinstance(data.get("price"), Mapping):
        faults += [f"price: pump {p} has none" for p in found.pumps if p not in given("price")]
    for tank, level in levels.items():
        low, _, high = found.level.get(tank, (-np.inf, 0, np.inf))
        if isinstance(level, int | float) and not low - ROUNDING <= level <= high + ROUNDING:
            faults.append(f"initial_level: tank {tank}: {level:g} is outside its limits of {low:g} to {high:g}")
    return faults
