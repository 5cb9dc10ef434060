"""How the time for a plan grows with pumps and with the horizon, and whether Net6 costs less than under its own controls.

    python benchmarks/scale.py [--only WORD] [--horizons 24 48 96 168] [--minutes N] [--ends own|start] [--plot FILE] [--json]

Networks that wntr and epyt ship, hours or quarter hours, 15-minute hydraulics, and a tariff of three rates. Each plan is made in a process of its own
and replayed by `verify`. It is on equal terms with the network's own controls from the same levels: each tank ends at least
where they leave it, or where it began (Net6, and with `--ends start`), and only tanks that they fill to the brim may be full.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wss.errors import WssError
from wss.hydraulics import Engine
from wss.optimization.case import read

NETWORKS = {
    "Net3": "wntr/library/networks/Net3.inp",
    "ky4": "wntr/library/networks/ky4.inp",
    "ky13": "epyt/networks/asce-tf-wdst/ky13.inp",
    "ky14": "epyt/networks/asce-tf-wdst/ky14.inp",
    "ky5": "epyt/networks/asce-tf-wdst/ky5.inp",
    "ky10": "wntr/library/networks/ky10.inp",
    "Net6": "wntr/library/networks/Net6.inp",
}
"""Name -> file in an installed package, from 2 to 61 pumps."""
LONG = ("Net3",)
"""Networks that are planned over longer horizons as well."""
HOURLY = ("Net3",)
"""Networks that are planned by the hour; the others have tanks that are too small for that, or limits too narrow: quarter hours."""
TO_START = ("Net6",)
"""Networks whose tanks are to end where they began, unless told otherwise: own controls leave one of Net6's 5 cm below its brim."""
PRICE = [0.06] * 7 + [0.12] * 10 + [0.2] * 4 + [0.12] * 2 + [0.06]
"""Price of each hour of the day. [currency/kWh]"""
SOLVE = """
import json, resource, sys, time
from pathlib import Path
from wss.optimization import case, solve
problem = case.read(Path(sys.argv[1]))
found = solve(problem)
used = resource.getrusage(resource.RUSAGE_SELF)
told = {"cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024, "cost": found.verdict.cost, "rung": found.rung,
        "feasible": found.verdict.feasible, "violations": list(map(str, found.verdict.violations[:3])), "simulations": found.simulations,
        "snapshots": found.snapshots}
print(json.dumps(told))
"""


def terms(file: Path, case: dict, ends: str = "own") -> tuple[dict, dict]:
    """The case on equal terms with the network's own controls, and what those do; `ends` says where levels end, as for them or at the start."""
    file.write_text(yaml.safe_dump(case))
    problem = read(file)
    seconds = [int(span.total_seconds()) for span in (problem.horizon, problem.decision_step)]
    with Engine(problem.network, own_controls=True) as engine:
        own = engine.simulate_own(problem.initial_level, None, problem.start_clock_s, problem.start, seconds[0],
                                  problem.replay_step_s, seconds[1])  # fmt: skip
        unit = engine.length_m
    price = problem.price_on(own.energy.get_index("time"), list(own.energy.pump.values))
    left = {str(tank): float(own.level.sel(tank=tank)[-1]) / unit for tank in own.level.tank.values}
    equal = {"clamp_exempt": sorted({tank for _, tank, _ in (*own.shut, *own.clamped)})} | (
        {"end_level": left} if ends == "own" else {}
    )
    return case | equal, {"pumps": own.energy.sizes["pump"], "tanks": own.level.sizes["tank"],
                          "own_cost": float((own.energy * price).sum()), "full_tanks": len(equal["clamp_exempt"])}  # fmt: skip


def measure(network: str, hours: int, minutes: int | None, ends: str | None) -> dict:
    """Plan one network over some hours in a process of its own."""
    case = {"name": network, "network": f"package:{NETWORKS[network]}", "start": "2026-01-05T00:00", "horizon_hours": hours,
            "decision_minutes": minutes or (60 if network in HOURLY else 15), "hydraulic_step_seconds": 900, "price": PRICE * (hours // 24), "price_step_minutes": 60,
            "currency": "USD"}  # fmt: skip
    about = {"network": network, "hours": hours}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.yml"
        try:
            case, own = terms(file, case, ends or ("start" if network in TO_START else "own"))
        except WssError as error:
            return about | {"refused": str(error)}
        file.write_text(yaml.safe_dump(case))
        done = subprocess.run([sys.executable, "-c", SOLVE, str(file)], capture_output=True, text=True, check=False)
    return about | own | (json.loads(done.stdout) if done.returncode == 0 else {"refused": done.stderr.strip().splitlines()[-1]})


def plot(rows: list[dict], file: Path) -> None:
    """CPU seconds by number of pumps, and by horizon."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    day = sorted((row for row in rows if row["hours"] == 24), key=lambda row: row["pumps"])
    left.plot([row["pumps"] for row in day], [row["cpu_s"] for row in day], "o")
    left.margins(0.2)
    for row in day:
        left.annotate(f"{row['network']}\n{row['tanks']} tanks", (row["pumps"], row["cpu_s"]), xytext=(4, -4),
                      textcoords="offset points", va="top", fontsize=8)  # fmt: skip
    left.set(xscale="log", yscale="log", xlabel="pumps", ylabel="CPU s of the whole process", title="24 h")
    left.set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"], minor=False)
    left.minorticks_off()
    for network in LONG:
        mine = [row for row in rows if row["network"] == network]
        right.plot([row["hours"] for row in mine], [row["cpu_s"] for row in mine], "o-", label=network)
    right.set(xlabel="horizon [h]", ylabel="CPU s of the whole process", title="longer horizons", ylim=(0, None))
    right.set_xticks([24, 48, 96, 168])
    right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(file, dpi=110)


def main() -> int:
    """Measure; 0 if every plan is feasible and cheaper than the network's own controls."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="only networks whose name contains this")
    parser.add_argument("--horizons", type=int, nargs="*", default=[24, 48, 96, 168], help="horizons of the smaller networks [h]")
    parser.add_argument("--minutes", type=int, help="length of a decision step [min]")
    parser.add_argument("--ends", choices=("own", "start"), help="where tanks end: where own controls leave them, or began")
    parser.add_argument("--plot", type=Path, help="draw the growth into this file")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    given = parser.parse_args()
    cases = [(n, h) for n in NETWORKS if given.only in n for h in (given.horizons if n in LONG else given.horizons[:1])]
    rows = [
        measure(*case, given.minutes, given.ends) for case in track(cases, "plans", console=Console(stderr=True), transient=True)
    ]
    planned = [row for row in rows if "refused" not in row]
    if given.plot and planned:
        plot(planned, given.plot)
    if given.json:
        print(json.dumps(rows, indent=2))
    else:
        table = Table("network", "pumps, tanks", "hours", "cost", "own controls", "full tanks", "rung", "simulations",
                      "snapshots", "CPU s", "peak MB")  # fmt: skip
        for row in planned:
            feasible = "" if row["feasible"] else f": {row['violations'][0]}"
            table.add_row(row["network"], f"{row['pumps']}, {row['tanks']}", str(row["hours"]), f"{row['cost']:.2f}",
                          f"{row['own_cost']:.2f}", str(row["full_tanks"]), row["rung"] + feasible,
                          str(row["simulations"]), str(row["snapshots"]), f"{row['cpu_s']:.0f}", f"{row['peak_mb']:.0f}")  # fmt: skip
        Console(width=170).print(table)
        for row in (row for row in rows if "refused" in row):
            print(f"{row['network']}, {row['hours']} h: {row['refused']}")
    return 0 if all(row.get("feasible") and row["cost"] < row["own_cost"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
