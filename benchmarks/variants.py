"""Cases near the benchmark's own, and other networks: is every plan feasible, and does a longer search find a much better one?

    python benchmarks/variants.py [--bench FOLDER] [--only WORD] [--drawn N] [--longer TIMES] [--seconds 900] [--json]

Each case changes one thing of a case that others made: tariff, demand, levels, limits, grid, a pump out of service. The networks
that wntr and epyt ship are planned in quarter hours on equal terms with their own controls: tanks end at least where those leave
them. `--drawn` draws so many cases instead, in which all of these change at once. Plans are judged by the benchmark's judge.
`--longer` also searches with so many times the simulations; what that gains is the last column. CPU seconds are those of a process
of its own for each case.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import networks
import numpy as np
import pumps
import scale
import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table
from where import CASES, pump_case

from wss.errors import WssError
from wss.hydraulics import Engine
from wss.optimization.case import read

SPOT = np.round(0.11 + 0.05 * np.sin(np.arange(24) / 6 * np.pi - 1) + np.random.default_rng(5).normal(0, 0.03, 24), 4).tolist()
"""A day of prices that change every hour. [currency/kWh]"""
FLAT = {"price": [0.12] * 24, "price_step_minutes": 60, "price_scale": 1}
RATES = FLAT | {"price": scale.PRICE}
BASES = {
    "station": "single-station/hourly", "station-15": "single-station/quarter-hourly", "station-5": "single-station/five-minute",
    "drive": "single-station/variable-speed", "anytown": "anytown-modified/starts-3", "van-zyl": "van-zyl/hourly",
    "van-zyl-5": "van-zyl/free", "richmond": "richmond", "net3": "net3",
}  # fmt: skip
CHANGES: dict[str, dict] = {
    "spot": FLAT | {"price": SPOT}, "flat": FLAT, "rates": RATES,
    "demand 0.85": {"demand_multiplier": 0.85}, "demand 1.1": {"demand_multiplier": 1.1},
    "low tanks": {"levels": 0.25}, "high tanks": {"levels": 0.8},
}  # fmt: skip
"""Changes of every case; `levels` is the share of each tank's range at which it begins."""
OWN_CHANGES: dict[str, dict[str, dict]] = {
    "station-15": {"1 start": {"max_starts": 1}, "48 h": {"horizon_hours": 48}},
    "station-5": {"no limit": {"max_starts": None}},
    "drive": {"15 min": {"decision_minutes": 15}, "5 min": {"decision_minutes": 5}},
    "anytown": {"1 start": {"max_starts": 1}, "no limit": {"max_starts": None}, "15 min": {"decision_minutes": 15},
                "one pump out": {"out": 1}},
    "van-zyl": {"2 starts": {"max_starts": 2}, "a main pump out": {"out": 1}, "48 h": {"horizon_hours": 48}},
    "van-zyl-5": {"no limit": {"max_starts": None}, "1 start": {"max_starts": 1}},
    "richmond": {"8 starts": {"max_starts": 8}, "15 min": {"decision_minutes": 15}, "48 h": {"horizon_hours": 48}},
    "net3": {"15 min": {"decision_minutes": 15}, "2 starts": {"max_starts": 2}, "72 h, hourly": {"horizon_hours": 72, "decision_minutes": 60}},
}  # fmt: skip
NETWORKS = ("Net1", "BWSN_Network_1", "anytown-exeter", "MICROPOLIS_v1", "Richmond_standard", "ky1", "ky2", "ky3", "ky4", "ky5",
            "ky6", "ky7", "ky8", "ky9", "ky10", "ky12", "ky13", "ky14", "ky15")  # fmt: skip


def cases(bench: Path) -> dict[str, dict]:
    """Name -> case; `network` is the path of a file, or that of a package. A case without its network is why it is `missing`."""
    made = {}
    for base, file in BASES.items():
        try:
            path = pump_case(file, bench)
        except FileNotFoundError as error:
            given = {"missing": str(error)}
        else:
            given = yaml.safe_load(path.read_text())
            if not given["network"].startswith("package:"):
                given["network"] = str(path.parent / given["network"])
        for name, change in {**CHANGES, **OWN_CHANGES.get(base, {})}.items():
            made[f"{base}, {name}"] = given | change
    for path in networks.shipped():
        if path.stem in NETWORKS:
            made[f"network {path.stem}"] = {"name": path.stem, "network": str(path), "start": "2026-01-05T00:00", "horizon_hours": 24,
                                            "decision_minutes": 15, "hydraulic_step_seconds": 300, **RATES, "own_terms": True}  # fmt: skip
    return made


def drawn(bench: Path, count: int) -> dict[str, dict]:
    """Name -> case: one of the others' or a network, with everything about it drawn; the same for the same count."""
    bases = {
        name.split(", ")[0]: case for name, case in cases(bench).items() if name.endswith(", flat") or name.startswith("network")
    }
    made = {}
    for i in range(count):
        rng = np.random.default_rng([11, i])
        base = str(rng.choice(list(bases)))
        given = {key: value for key, value in bases[base].items() if key != "own_terms"}
        spot = np.round(
            0.1 + 0.06 * np.sin(np.arange(24) / 12 * 2 * np.pi + 6 * rng.random()) + rng.normal(0, 0.04, 24), 4
        ).tolist()
        given |= {
            "start": f"2026-03-{rng.integers(1, 28):02d}T{rng.integers(24):02d}:00",
            "horizon_hours": int(rng.choice([24, 24, 36, 48])), "decision_minutes": int(rng.choice([15, 30, 60])),
            "hydraulic_step_seconds": int(rng.choice([300, 900])), "price": [scale.PRICE, spot][rng.integers(2)],
            "demand_multiplier": float(rng.choice([0.8, 0.9, 1.0, 1.1])), "levels": float(rng.uniform(0.3, 0.75)),
            "max_starts": [None, None, 2, 3, 5][rng.integers(5)],
        }  # fmt: skip
        if rng.random() < 0.2:
            given["out"] = int(rng.integers(2))
        made[f"drawn {i}: {base}"] = given
    return made


def written(given: dict, folder: Path) -> tuple[Path, float | None]:
    """The case as a file of the judge's format, with its network beside it; what its own controls cost where terms are theirs."""
    given, own_cost = dict(given), None
    if not given["network"].startswith("package:"):
        shutil.copy(given["network"], folder / "network.inp")
        given["network"] = "network.inp"
    own, share, out = (given.pop(key, None) for key in ("own_terms", "levels", "out"))
    file = folder / "case.yml"
    file.write_text(yaml.safe_dump({key: value for key, value in given.items() if value is not None}))
    problem = read(file)
    with Engine(problem.network) as engine:
        if share is not None:
            ends = {t: (engine.level_min[t], engine.level_max[t]) for t in engine.tanks}
            given["initial_level"] = {t: round((a + share * (b - a)) / engine.length_m, 3) for t, (a, b) in ends.items()}
        if out is not None:
            given["speed"] = {engine.pumps[out % len(engine.pumps)]: [0, 0]}
    if own:
        given, told = scale.terms(file, given)
        own_cost = told["own_cost"]
    file.write_text(yaml.safe_dump({key: value for key, value in given.items() if value is not None}))
    return file, own_cost


def measure(bench: Path, name: str, given: dict, longer: float, seconds: float) -> dict:
    """Solve one case in a process of its own and judge its plan."""
    if "missing" in given:
        return {"case": name, "told": f"skipped: {given['missing']}"}
    with tempfile.TemporaryDirectory() as folder:
        try:
            file, own_cost = written(given, Path(folder))
        except WssError as error:
            return {"case": name, "told": f"refused: {error}"}
        row = pumps.solved(bench, file, 1, seconds)
        if longer > 1 and "cost" in row:
            more = pumps.solved(bench, file, longer, longer * seconds)
            row["longer_percent"] = round(100 * (more["cost"] / row["cost"] - 1), 2) if more.get("feasible") else None
        return {"case": name, "own_cost": own_cost, **row}


def main() -> int:
    """Measure; 0 if every plan that is told to be feasible is, and no search failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", type=Path, default=CASES)
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--drawn", type=int, default=0, help="so many drawn cases instead")
    parser.add_argument("--longer", type=float, default=1, help="also search with so many times the simulations")
    parser.add_argument("--seconds", type=float, default=900, help="longest time for one case")
    parser.add_argument("--json", action="store_true", help="a JSON document a line, as they come")
    given = parser.parse_args()
    rows = []
    every = drawn(given.bench, given.drawn) if given.drawn else cases(given.bench)
    chosen = {name: each for name, each in every.items() if given.only in name}
    for name, each in track(chosen.items(), "plans", console=Console(stderr=True), transient=True, disable=given.json):
        rows.append(measure(given.bench, name, each, given.longer, given.seconds))
        if given.json:
            print(json.dumps(rows[-1]), flush=True)
    if not given.json:
        table = Table("case", "cost", "own controls", "longer search", "CPU s", "simulations", "rung", "judge")
        for row in rows:
            own = "" if row.get("own_cost") is None else f"{row['own_cost']:.2f}"
            gain = "" if row.get("longer_percent") is None else f"{row['longer_percent']:.2f} %"
            word = row.get("told") or "; ".join(row["violations"])
            table.add_row(row["case"], f"{row.get('cost', float('nan')):.2f}", own, gain, str(row.get("cpu_seconds", "")),
                          str(row.get("simulations", "")), row.get("rung", ""), word)  # fmt: skip
        Console(width=170).print(table)
    fooled = [row for row in rows if row.get("rung") in ("proven", "converged", "limit") and not row["feasible"]]
    return 1 if fooled or any(row.get("told", "").startswith("FAILED") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
