"""Pump plans on cases that others made: solve each, let the benchmarks' own judge replay the plan, and print what came out.

    python benchmarks/pumps.py [--bench FOLDER] [--only WORD] [--json]

Costs are the judge's, never ours. CPU seconds are those of a process of its own for each case, imports included.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "shared" / "bench"
TARGETS = {
    "single-station/hourly": 131.44,
    "single-station/quarter-hourly": 129.89,
    "single-station/five-minute": 128.89,
    "single-station/variable-speed": 101.08,
    "anytown-modified/starts-3": 3575.54,
    "van-zyl/hourly": 338.30,
    "van-zyl/free": 337.00,
    "richmond": 110.78,
    "net3": 136.36,
}
"""Case -> cost of the best plan known that the judge accepts."""
SOLVE = """
import json, sys
from pathlib import Path
from wss.optimization import case, solve
found = solve(case.read(Path(sys.argv[1])))
case.write_plan(found.pump_speed, Path(sys.argv[2]))
print(json.dumps({"rung": found.rung, "simulations": found.simulations, "snapshots": found.snapshots}))
"""


def run(bench: Path, name: str) -> dict:
    """Solve one case in a process of its own and judge its plan."""
    case = bench / "pumps" / f"{name}.yml"
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.csv"
        before = cpu()
        solved = subprocess.run([sys.executable, "-c", SOLVE, str(case), str(plan)], capture_output=True, text=True, check=True)
        seconds = cpu() - before
        judged = subprocess.run(
            [sys.executable, str(bench / "pumps" / "judge.py"), str(case), str(plan)], capture_output=True, text=True, check=False
        )
    verdict, told = json.loads(judged.stdout), json.loads(solved.stdout)
    return {
        "case": name,
        "cost": verdict["cost"],
        "target": TARGETS[name],
        "gap_percent": round(100 * (verdict["cost"] / TARGETS[name] - 1), 3),
        "feasible": verdict["feasible"],
        "starts": verdict["starts"],
        "violations": verdict["violations"][:3],
        "cpu_seconds": round(seconds, 1),
        **told,
    }


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Run the cases that were asked for; 0 if every plan is feasible."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", type=Path, default=BENCH, help="folder of the benchmark cases and their judge")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    given = parser.parse_args()
    if not given.bench.is_dir():
        parser.error(f"{given.bench} is not there; give --bench")
    rows = []
    for name in (n for n in TARGETS if given.only in n):
        rows.append(run(given.bench, name))
        if not given.json:
            row = rows[-1]
            print(
                f"{row['case']:32s} {row['cost']:10.4f}  target {row['target']:8.2f}  {row['gap_percent']:+7.2f} %  "
                f"{'feasible' if row['feasible'] else 'NOT FEASIBLE':12s}  {row['cpu_seconds']:6.1f} CPU s  {row['rung']}",
                flush=True,
            )
    if given.json:
        print(json.dumps(rows, indent=2))
    return 0 if all(row["feasible"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
