"""Pump plans on cases that others made: solve each, let the benchmarks' own judge replay the plan, and print what came out.

    python benchmarks/pumps.py [--bench FOLDER] [--only WORD] [--times N] [--json]

Costs are the judge's, never ours. CPU seconds are those of a process of its own for each case, imports included. The exit code is 1
where a plan is infeasible, dearer than its target by more than 0.01 %, or not the same each time; a case whose network is not at
hand is skipped, and that is said.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from where import CASES, pump_case

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
DEARER_PERCENT = 0.01
"""What a plan may cost more than its target."""
SOLVE = """
import json, sys
from pathlib import Path
from wss.optimization import case, solve
longer = float(sys.argv[3])
module = sys.modules["wss.optimization.solve"]
for name in ("POLISH_BUDGET", "LARGE_BUDGET", "LARGE_STEPS", "LARGE_SLOTS"):
    setattr(module, name, int(getattr(module, name) * longer))
found = solve(case.read(Path(sys.argv[1])))
case.write_plan(found.pump_speed, Path(sys.argv[2]))
print(json.dumps({"rung": found.rung, "reason": found.reason, "simulations": found.simulations, "snapshots": found.snapshots}))
"""


def run(bench: Path, name: str, times: int = 1) -> dict:
    """Solve one case so many times; the judge's word on the first plan, and whether all are the same."""
    file = pump_case(name, bench)
    found = [solved(bench, file) for _ in range(times)]
    if failed := [one["told"] for one in found if "told" in one]:
        raise SystemExit(f"{name}: {failed[0]}")
    gap = round(100 * (found[0]["cost"] / TARGETS[name] - 1), 3)
    plans = len({one["plan"] for one in found})
    held = found[0]["feasible"] and gap <= DEARER_PERCENT and plans == 1
    return {"case": name, "target": TARGETS[name], "gap_percent": gap, "held": held, "different_plans": plans, **found[0]}


def solved(bench: Path, file: Path, longer: float = 1, seconds: float | None = None) -> dict:
    """The judge's word on the plan of one search, in a process of its own, or why there is none.

    Parameters
    ----------
    longer : float
        How many times the simulations of a usual search.
    seconds : float or None
        Longest time.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _solved(bench, file, Path(folder) / "plan.csv", longer, seconds)


def _solved(bench: Path, file: Path, plan: Path, longer: float, seconds: float | None) -> dict:
    before = _cpu()
    try:
        done = subprocess.run([sys.executable, "-c", SOLVE, file, plan, str(longer)], capture_output=True, text=True,
                              timeout=seconds, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"told": f"FAILED: more than {seconds:g} s"}
    if done.returncode:
        return {"told": f"FAILED: {done.stderr.strip().splitlines()[-1]}"}
    used = round(_cpu() - before, 1)
    judged = subprocess.run(
        [sys.executable, bench / "pumps" / "judge.py", file, plan], capture_output=True, text=True, check=False
    )
    verdict, told = json.loads(judged.stdout), json.loads(done.stdout)
    return {"cost": verdict["cost"], "feasible": verdict["feasible"], "violations": verdict["violations"][:3], "cpu_seconds": used,
            "starts": verdict["starts"], "plan": hashlib.sha256(plan.read_bytes()).hexdigest()[:12], **told}  # fmt: skip


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Run the cases that were asked for; 0 if every plan is feasible, no dearer than its target, and the same each time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", type=Path, default=CASES, help="folder of the benchmark cases and their judge")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--times", type=int, default=1, help="solve each so many times: are the plans the same?")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    given = parser.parse_args()
    if not given.bench.is_dir():
        parser.error(f"{given.bench} is not there; give --bench")
    rows = []
    for name in (n for n in TARGETS if given.only in n):
        try:
            rows.append(run(given.bench, name, given.times))
        except FileNotFoundError as error:
            print(f"skipped: {error}", file=sys.stderr, flush=True)
            continue
        if not given.json:
            row = rows[-1]
            print(
                f"{row['case']:32s} {row['cost']:10.4f}  target {row['target']:8.2f}  {row['gap_percent']:+7.2f} %  "
                f"{'feasible' if row['feasible'] else 'NOT FEASIBLE':12s}  {row['cpu_seconds']:6.1f} CPU s  {row['rung']}"
                + (f"  {row['different_plans']} different plans of {given.times}" if given.times > 1 else ""),
                flush=True,
            )
    if given.json:
        print(json.dumps(rows, indent=2))
    return 0 if rows and all(row["held"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
