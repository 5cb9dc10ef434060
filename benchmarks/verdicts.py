"""Do our verdict and the judge's agree? Many plans on many cases, good ones and ones that break each of the judge's rules.

    python benchmarks/verdicts.py [--bench FOLDER] [--plans 12] [--json]

Cases are the benchmark's own, the small network in all its odd forms, and grids that do not fit each other. Plans are random, all
on, all off, those of the network's own controls, and of the plan that `solve` finds the neighbours. Printed is for each rule in how
many plans the judge and we find it broken, and every plan on which the two differ in verdict, rules, cost, energy or starts.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np
import odd_networks as odd
import pandas as pd
import xarray as xr
import yaml
from where import CASES, pump_case

from wss.errors import WssError
from wss.hydraulics.facts import facts
from wss.optimization import Problem, case, solve, verify
from wss.optimization.proof.ladder import level_control
from wss.quantities import labelled

RULES = {"EPANET warns": "EPANET warns", ": pressure": " is below ", "EPANET shuts": "EPANET shuts", "is clamped": "stands at its limit",
         "end: tank": "ends at", " starts ": " starts ", "decision grid": "decision grid", "speeds that": "is set to speed"}  # fmt: skip
"""What the judge says of a rule -> what we say."""
SMALL = {"name": "small", "network": "network.inp", "start": "2026-01-05T00:00", "horizon_hours": 4, "decision_minutes": 60,
         "hydraulic_step_seconds": 300, "price": [0.1, 0.3, 0.2, 0.1], "price_step_minutes": 60}  # fmt: skip
GRIDS = {
    "pressures": {"pressure_min": {"J": 47}, "pressure_min_everywhere": 40},
    "few starts": {"max_starts": 1, "decision_minutes": 15},
    "exempt": {"clamp_exempt": ["T"], "end_level": {"T": 1.0}},
    "drives": {"speed": {"P1": [0.85, 1.1], "P2": [0, 0]}},
    "tied": {"open_when_off": {"side": "P1"}, "demand_multiplier": 1.3},
    "long step": {"hydraulic_step_seconds": 3600, "price_step_minutes": 15, "price": [0.1, 0.5, 0.2]},
    "steps that do not meet": {"hydraulic_step_seconds": 900, "decision_minutes": 10},
    "ninety minutes": {"decision_minutes": 90, "horizon_hours": 6, "pressure_min": {"J": 47}},
    "seven minutes": {"decision_minutes": 7, "horizon_hours": 7, "hydraulic_step_seconds": 60},
    "prices between": {"price_step_minutes": 7, "hydraulic_step_seconds": 600},
    "high start": {"initial_level": {"T": 4.0}, "end_level": {"T": 3.5}},
}
"""Changes of the small case."""
UNEVEN_PRICES = ("long step", "prices between")
"""Cases whose prices change within hydraulic steps; the judge's steps, cut short where a tank fills, then meet other prices."""
CHATTER = 1.5
"""States of EPANET for each hydraulic step from which its tanks' pipes open and shut from second to second; costs are then chance."""
SOLVED = ("hourly", "few starts", "exempt", "drives", "long step", "seven minutes", "prices between")
"""Cases of which a good plan is looked for as well."""


@dataclass
class Tally:
    """What was found so far."""

    plans: int = 0
    feasible: int = 0
    judge: Counter = field(default_factory=Counter)
    ours: Counter = field(default_factory=Counter)
    apart: list[str] = field(default_factory=list)


def cases(bench: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and path of every case whose network is at hand."""
    for path in sorted((bench / "pumps").rglob("*.yml")):
        try:
            yield path.stem, pump_case(path.relative_to(bench / "pumps").with_suffix("").as_posix(), bench)
        except FileNotFoundError as error:
            print(f"skipped: {error}", file=sys.stderr)
    texts = {name: (odd.network(*edits), {}) for name, edits in odd.ODD.items()}
    texts |= {f"units {unit}": (odd.in_units(unit), {}) for unit in odd.FLOW_UNITS}
    texts |= {name: (odd.TEXT, change) for name, change in GRIDS.items()}
    for name, (text, change) in texts.items():
        place = folder / name.replace(" ", "-")
        place.mkdir()
        (place / "network.inp").write_text(text, encoding="utf-8")
        (place / "case.yml").write_text(yaml.safe_dump(SMALL | change), encoding="utf-8")
        yield name, place / "case.yml"


def plans(problem: Problem, count: int, seed: int, found: bool) -> Iterator[xr.DataArray]:
    """Speeds (time, pump) [1] in many ways; with `found` also the plan that is found and neighbours of it."""
    chance, pumps = np.random.default_rng(seed), list(facts(problem.network).pumps)
    low, high = np.array([problem.speed_range.get(p, (1.0, 1.0)) for p in pumps]).T
    top = np.where([p in problem.out_of_service for p in pumps], 0.0, high)
    slots = len(problem.time)

    def as_plan(speed: np.ndarray) -> xr.DataArray:
        return labelled("pump_speed", np.asarray(speed, float), time=problem.time, pump=pumps)

    yield as_plan(np.zeros((slots, len(pumps))))
    yield as_plan(np.tile(top, (slots, 1)))
    yield level_control(problem)
    for _ in range(count):
        block = int(chance.choice([1, 1, 2, 4])) if slots < 100 else int(chance.choice([12, 24, 48]))
        on = np.repeat(chance.random((slots // block + 1, len(pumps))) < chance.uniform(0.2, 0.8), block, axis=0)[:slots]
        yield as_plan(on * np.minimum(low + (high - low) * chance.random(on.shape).round(3), top))
    best = solve(problem).pump_speed.sel(pump=pumps).to_numpy() if found else None
    for _ in range(count if found else 0):
        other = best.copy()
        slot, pump = chance.integers(slots), chance.integers(len(pumps))
        other[slot, pump] = 0.0 if other[slot, pump] else top[pump]
        yield as_plan(other)
    if found:
        yield as_plan(best)
        yield as_plan(best * 0.97)
        yield as_plan(best).assign_coords(time=problem.time + pd.Timedelta(seconds=1))


def compare(judge, path: Path, problem: Problem, plan: xr.DataArray, name: str, tally: Tally) -> None:
    """Let both judge one plan and note what came out."""
    with tempfile.TemporaryDirectory() as folder:
        case.write_plan(plan, Path(folder, "plan.csv"))
        try:
            told = judge(path, Path(folder, "plan.csv"))
        except SystemExit as refused:
            told = {"feasible": False, "violations": [str(refused)], "violation_count": 99}
    ours = verify(problem, plan)
    theirs = {rule for rule in RULES if any(rule in fault for fault in told["violations"])}
    own = {rule for rule, words in RULES.items() if any(words in str(fault) for fault in ours.violations)}
    tally.plans += 1
    tally.feasible += told["feasible"]
    tally.judge.update(theirs)
    tally.ours.update(own)
    differs = [] if told["feasible"] == ours.feasible else [f"feasible {told['feasible']}/{ours.feasible}"]
    if theirs - own or (told["violation_count"] <= 20 and theirs != own):
        differs.append(f"rules {sorted(theirs)}/{sorted(own)}")
    steps = len(problem.time) * problem.decision_step.total_seconds() / problem.replay_step_s
    calm = ours.simulation.solves < CHATTER * steps and name not in UNEVEN_PRICES
    if "cost" in told and (calm or told["feasible"]):
        figures = {"cost": ours.cost, "energy_kwh": ours.energy_kwh}
        differs += [f"{key} {told[key]}/{value:.4f}" for key, value in figures.items() if abs(told[key] - value) > 2e-3]
        differs += [] if told["starts"] == ours.starts else [f"starts {told['starts']}/{ours.starts}"]
    if differs:
        tally.apart.append(f"{name}, plan {tally.plans}: {'; '.join(differs)} (judge/ours)")


def main() -> int:
    """Compare all; 0 if the two agree on every plan and each rule was broken at least once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", type=Path, default=CASES, help="folder of the benchmark cases and their judge")
    parser.add_argument("--plans", type=int, default=12, help="random plans for each case")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    given = parser.parse_args()
    if not given.bench.is_dir():
        parser.error(f"{given.bench} is not there; give --bench")
    spec = importlib.util.spec_from_file_location("judge", given.bench / "pumps" / "judge.py")
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, path in cases(given.bench, Path(folder)):
            try:
                problem = case.read(path)
                for plan in plans(problem, given.plans, crc32(name.encode()), name in SOLVED):
                    compare(judge.judge, path, problem, plan, name, tally)
            except WssError as error:
                tally.apart.append(f"{name}: {error}")
            print(f"{name}: {tally.plans} plans so far", file=sys.stderr)
    rows = [[rule.strip(" :"), tally.judge[rule], tally.ours[rule]] for rule in RULES]
    if given.json:
        print(json.dumps({"plans": tally.plans, "feasible": tally.feasible, "rules": rows, "apart": tally.apart}, indent=1))
    else:
        print(f"{tally.plans} plans, {tally.feasible} of them feasible; apart on {len(tally.apart)}")
        print("\n".join([*(f"{rule:16s} judge {theirs:5d}  ours {own:5d}" for rule, theirs, own in rows), *tally.apart]))
    return 0 if not tally.apart and all(theirs for _, theirs, _ in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
