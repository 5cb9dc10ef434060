"""Pump scheduling cases as files: case.yml, a network beside it, plans as CSV. The format is that of the benchmarks' judge."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from wss.errors import ConfigError, raise_all
from wss.optimization import inp
from wss.optimization.problem import Problem
from wss.quantities import labelled

REQUIRED = ("name", "network", "start", "horizon_hours", "decision_minutes", "hydraulic_step_seconds", "price", "currency")
OPTIONAL = (
    "price_step_minutes",
    "price_scale",
    "max_starts",
    "pressure_min",
    "pressure_min_everywhere",
    "open_when_off",
    "clamp_exempt",
    "speed",
    "initial_level",
    "end_level",
    "demand_multiplier",
)
NUMBERS = (
    "horizon_hours",
    "decision_minutes",
    "hydraulic_step_seconds",
    "price_step_minutes",
    "price_scale",
    "max_starts",
    "pressure_min_everywhere",
    "demand_multiplier",
)
MAPPINGS = {"pressure_min": "JUNCTIONS", "initial_level": "TANKS", "end_level": "TANKS", "speed": "PUMPS"}
"""Keys that map elements to values -> section of the network that has the elements."""


def read(path: Path) -> Problem:
    """Problem that a case file describes.

    Raises
    ------
    ConfigError
        Lists every unknown or missing key, value of the wrong kind, and element that the network lacks.
    """
    try:
        case = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(case, dict):
        raise ConfigError(f"{path}: must map keys such as `network` and `price` to values")
    faults = _shape_faults(case)
    text, fault = _network(case, path.parent)
    faults += [fault] if fault else _element_faults(case, text)
    raise_all(faults, f"reading the case {path}", ConfigError)
    return _problem(case, text)


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
    rows = pd.read_csv(path, dtype={"pump": str})
    rows["time"] = pd.to_datetime(rows["time"], utc=True).dt.tz_localize(None).dt.as_unit("ns")
    pumps = inp.ids(problem.network, "PUMPS")
    wide = rows.pivot(index="time", columns="pump", values="speed").reindex(columns=pumps)
    speed = wide.reindex(wide.index.union(problem.time)).ffill().reindex(problem.time).fillna(0.0)
    return labelled("pump_speed", speed.to_numpy(float), time=problem.time, pump=pumps)


def write_plan(pump_speed: xr.DataArray, path: Path) -> None:
    """Write a plan (time, pump) [1] as the CSV time,pump,speed that the judge replays."""
    orders(pump_speed).to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%S")


def write(problem: Problem, plan: xr.DataArray, baseline: xr.DataArray, folder: Path, name: str = "plan") -> None:
    """Write case.yml, network.inp, plan.csv and baseline.csv, so that the judge can replay both plans (time, pump) [1]."""
    (folder / "network.inp").write_text(problem.network, encoding="utf-8")
    (folder / "case.yml").write_text(yaml.safe_dump(describe(problem, name), sort_keys=False, width=1000), encoding="utf-8")
    write_plan(plan, folder / "plan.csv")
    write_plan(baseline, folder / "baseline.csv")


def describe(problem: Problem, name: str) -> dict:
    """The problem in the keys and units of a case file; the operator's band, pins and charges are not part of one."""
    units = inp.units(problem.network)
    price = problem.price
    per_pump = {str(p): _listed(price.sel(pump=p)) for p in price.pump.values} if "pump" in price.dims else _listed(price)
    case = {
        "name": name,
        "network": "network.inp",
        "start": problem.start.isoformat(),
        "horizon_hours": problem.horizon / pd.Timedelta(hours=1),
        "decision_minutes": int(problem.decision_step / pd.Timedelta(minutes=1)),
        "hydraulic_step_seconds": problem.replay_step_s,
        "price": per_pump,
        "price_step_minutes": int(problem.price_step / pd.Timedelta(minutes=1)),
        "currency": problem.currency,
        "initial_level": {t: float(v / units.length_m) for t, v in problem.initial_level.items()},
        "end_level": {t: float(v / units.length_m) for t, v in (problem.end_level or {}).items()},
        "open_when_off": dict(problem.tied),
        "clamp_exempt": list(problem.clamp_exempt),
        "pressure_min": {n: float(v / units.pressure_m) for n, v in problem.pressure_min.items()},
        "speed": {p: [float(v) for v in limits] for p, limits in problem.speed_range.items()},
    }
    if problem.pressure_min_everywhere is not None:
        case["pressure_min_everywhere"] = float(problem.pressure_min_everywhere / units.pressure_m)
    if set(problem.max_starts) == set(inp.ids(problem.network, "PUMPS")):
        case["max_starts"] = max(problem.max_starts.values())
    return {key: value for key, value in case.items() if value not in ({}, [])}


def _listed(price: xr.DataArray) -> list[float]:
    return [float(v) for v in price.to_numpy()]


def _problem(case: dict, text: str) -> Problem:
    units, pumps = inp.units(text), inp.ids(text, "PUMPS")
    start, horizon = pd.Timestamp(case["start"]).as_unit("ns"), pd.Timedelta(hours=case["horizon_hours"])
    if "demand_multiplier" in case:
        text = _with_multiplier(text, float(case["demand_multiplier"]))
    first = {tank: limits.initial_m for tank, limits in inp.tanks(text).items()}
    everywhere = case.get("pressure_min_everywhere")
    return Problem(
        network=text,
        start=start,
        horizon=horizon,
        decision_step=pd.Timedelta(minutes=case["decision_minutes"]),
        price=_price(case, text, pumps, start, horizon),
        replay_step_s=int(case["hydraulic_step_seconds"]),
        currency=case["currency"],
        initial_level=first | {str(t): v * units.length_m for t, v in case.get("initial_level", {}).items()},
        end_level={str(t): v * units.length_m for t, v in case.get("end_level", {}).items()},
        pressure_min={str(n): v * units.pressure_m for n, v in case.get("pressure_min", {}).items()},
        pressure_min_everywhere=None if everywhere is None else everywhere * units.pressure_m,
        tied={str(k): str(v) for k, v in case.get("open_when_off", {}).items()},
        clamp_exempt=tuple(str(t) for t in case.get("clamp_exempt", [])),
        max_starts=dict.fromkeys(pumps, int(case["max_starts"])) if case.get("max_starts") is not None else {},
        speed_range={str(p): (float(low), float(high)) for p, (low, high) in case.get("speed", {}).items()},
    )


def _price(case: dict, text: str, pumps: list[str], start: pd.Timestamp, horizon: pd.Timedelta) -> xr.DataArray:
    scale = float(case.get("price_scale", 1.0))
    step_s = (
        inp.time_setting(text, "PATTERN TIMESTEP", 3600) if case["price"] == "network" else int(case["price_step_minutes"] * 60)
    )
    if case["price"] == "network":
        step_s = int(np.gcd(step_s, inp.time_setting(text, "PATTERN START", 0) or step_s))
    at = np.arange(0, int(horizon.total_seconds()), step_s)
    time = pd.DatetimeIndex(start + pd.to_timedelta(at, unit="s"), name="time").as_unit("ns")
    attrs = {"units": "currency/kWh", "currency": case["currency"]}
    if isinstance(case["price"], list):
        return xr.DataArray(
            _repeated(case["price"], len(at)) * scale, dims="time", coords={"time": time}, name="price", attrs=attrs
        )
    if case["price"] == "network":
        columns = [inp.energy_price(text, pump, at) for pump in pumps]
    else:
        columns = [_repeated(case["price"][pump], len(at)) for pump in pumps]
    return xr.DataArray(
        np.column_stack(columns) * scale, dims=("time", "pump"), coords={"time": time, "pump": pumps}, name="price", attrs=attrs
    )


def _repeated(values: list[float], count: int) -> np.ndarray:
    return np.resize(np.asarray(values, float), count)


def _with_multiplier(text: str, factor: float) -> str:
    changed, count = re.subn(r"(?im)^(\s*demand\s+multiplier\s+)\S+", rf"\g<1>{factor}", text)
    return changed if count else re.sub(r"(?im)^\s*\[OPTIONS\].*$", rf"\g<0>\n Demand Multiplier  {factor}", text)


def _network(case: dict, folder: Path) -> tuple[str, str | None]:
    """Text of the case's network, and what is wrong where there is none."""
    name = case.get("network")
    if not isinstance(name, str):
        return "", "network: must name an INP file beside the case, or package:PKG/path"
    path = folder / name
    if name.startswith("package:"):
        package, _, inside = name.removeprefix("package:").partition("/")
        found = find_spec(package)
        if found is None or found.origin is None:
            return "", f"network: package {package} is not installed"
        path = Path(found.origin).parent / inside
    if not path.is_file():
        return "", f"network: {path} does not exist"
    return path.read_text(encoding="utf-8", errors="replace"), None


def _shape_faults(case: dict) -> list[str]:
    faults = [f"{key}: missing" for key in REQUIRED if key not in case]
    faults += [
        f"{key}: unknown key; known are {', '.join(REQUIRED + OPTIONAL)}" for key in case if key not in REQUIRED + OPTIONAL
    ]
    faults += [
        f"{key}: {case[key]!r} is not a positive number"
        for key in NUMBERS
        if case.get(key) is not None and not _number(case[key], key)
    ]
    faults += [
        f"{key}: must map ids to values" for key in (*MAPPINGS, "open_when_off") if not isinstance(case.get(key, {}), Mapping)
    ]
    try:
        if pd.Timestamp(case.get("start", "2000-01-01")).tzinfo is not None:
            faults.append("start: must have no time zone")
    except (ValueError, TypeError):
        faults.append(f"start: {case['start']!r} is not an ISO time")
    return faults + _price_faults(case)


def _number(value: object, key: str) -> bool:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return numeric and (value > 0 or key in ("pressure_min_everywhere", "max_starts", "demand_multiplier"))


def _price_faults(case: dict) -> list[str]:
    price = case.get("price", "network")
    if price == "network":
        return []
    faults = [] if "price_step_minutes" in case else ["price_step_minutes: missing; lists of prices need it"]
    lists = price if isinstance(price, Mapping) else {"": price}
    bad = [
        p
        for p, values in lists.items()
        if not isinstance(values, list) or not values or not all(isinstance(v, int | float) for v in values)
    ]
    return faults + [f"price{f' of pump {p}' if p else ''}: must be `network` or a list of numbers" for p in bad]


def _element_faults(case: dict, text: str) -> list[str]:
    faults = []
    for key, section in MAPPINGS.items():
        known, given = inp.ids(text, section), case.get(key) if isinstance(case.get(key), Mapping) else {}
        faults += [f"{key}: {e} is not one of the network's {section}" for e in map(str, given) if e not in known]
        wrong = (
            [e for e, v in given.items() if not _pair(v)]
            if key == "speed"
            else [e for e, v in given.items() if not isinstance(v, int | float)]
        )
        faults += [f"{key}: {e}: {'[lowest, highest] wanted' if key == 'speed' else 'a number wanted'}" for e in wrong]
    pumps, links = inp.ids(text, "PUMPS"), [i for s in ("PIPES", "VALVES", "PUMPS") for i in inp.ids(text, s)]
    tied = case.get("open_when_off") if isinstance(case.get("open_when_off"), Mapping) else {}
    faults += [f"open_when_off: link {k} is not in the network" for k in map(str, tied) if k not in links]
    faults += [f"open_when_off: {v} is not a pump of the network" for v in map(str, tied.values()) if v not in pumps]
    faults += [
        f"clamp_exempt: {t} is not a tank" for t in map(str, case.get("clamp_exempt") or []) if t not in inp.ids(text, "TANKS")
    ]
    if isinstance(case.get("price"), Mapping):
        faults += [f"price: pump {p} has none" for p in pumps if p not in map(str, case["price"])]
        faults += [f"price: {p} is not a pump of the network" for p in map(str, case["price"]) if p not in pumps]
    return faults


def _pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, int | float) for v in value) and value[0] <= value[1]
