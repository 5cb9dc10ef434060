"""How many 24-hour simulations and single states a CPU second gives: our engine against wntr's run_sim and the bare toolkit.

    python benchmarks/engine.py [--seconds 5] [--json]

One network of the installed wntr at a time, hourly steps, the levels of all tanks and the power of all pumps read each
step. wntr and the bare loop, which reads nothing, run the network's own controls; the engine replays the same switches on the
hour. Figures are per CPU second of this process, so they depend little on what else the machine does.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from wss.hydraulics import Engine, schedule

NETWORKS = {"Net3": {"330": "335"}, "ky4": {}, "ky10": {}}
"""Networks of wntr's library, and their links that are open exactly when a pump is off."""
START = pd.Timestamp("2026-01-05")
DAY_S, HOUR_S = 86400, 3600


def rate(work: Callable[[], object], seconds: float) -> float:
    """How often `work` runs in a CPU second, measured over at least `seconds` and one run after a first."""
    work()
    count, begin = 0, time.process_time()
    while (spent := time.process_time() - begin) < seconds or not count:
        work()
        count += 1
    return count / spent


def wntr_day(text: str, folder: str) -> Callable[[], object]:
    """A day by wntr's EPANET simulator under the network's own controls, results read into its tables."""
    import wntr  # after the engine: the two libraries share a name, and the first one loaded serves both

    file = Path(folder, "network.inp")
    file.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = wntr.network.WaterNetworkModel(str(file))
    options = model.options
    options.time.duration, options.time.hydraulic_timestep, options.time.report_timestep = DAY_S, HOUR_S, HOUR_S
    options.quality.parameter = "NONE"

    def day() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(Path(folder, "run")))

    return day


def bare_day(text: str, folder: str) -> Callable[[], object]:
    """A day by the toolkit's own loop under the network's own controls; nothing is read."""
    from epanet import toolkit as en

    file = Path(folder, "bare.inp")
    file.write_text(text, encoding="utf-8")
    project = en.createproject()
    en.open(project, str(file), str(Path(folder, "bare.rpt")), "")
    for parameter, seconds in ((en.DURATION, DAY_S), (en.HYDSTEP, HOUR_S), (en.REPORTSTEP, HOUR_S)):
        en.settimeparam(project, parameter, seconds)
    en.setreport(project, "MESSAGES NO")
    en.setreport(project, "STATUS NO")
    en.openH(project)

    def day() -> None:
        en.initH(project, en.NOSAVE)
        left = 1
        while left > 0:
            en.runH(project)
            left = en.nextH(project)

    return day


def measure(name: str, tied: dict[str, str], seconds: float) -> dict[str, str | float]:
    """Rates of one network."""
    text = (Path(find_spec("wntr").origin).parent / "library" / "networks" / f"{name}.inp").read_text(encoding="utf-8")
    with Engine(text, tied) as engine, tempfile.TemporaryDirectory() as folder:
        hours = {"duration_s": DAY_S, "step_s": HOUR_S, "report_s": HOUR_S}
        with Engine(text, tied, own_controls=True) as own:
            plan = schedule.snap(own.simulate_own(None, None, 0, START, **hours), pd.Timedelta(hours=1))
        second, rows = engine.schedule_arrays(plan, START)
        state = dict.fromkeys(engine.pumps, 1.0)
        found = {
            "wntr_days": rate(wntr_day(text, folder), seconds),
            "bare_days": rate(bare_day(text, folder), seconds),
            "run_days": rate(lambda: engine.run(second, rows, **hours), seconds),
            "simulate_days": rate(lambda: engine.simulate(plan, None, START, **hours), seconds),
            "run_days_60s": rate(lambda: engine.run(second, rows, duration_s=DAY_S, step_s=60, report_s=HOUR_S), seconds),
            "snapshots": rate(lambda: engine.snapshot(state, None, 6 * HOUR_S), seconds),
        }
    found |= {"times": found["run_days"] / found["wntr_days"], "of_bare": found["run_days"] / found["bare_days"]}
    return {"network": name, **{key: round(value, 2) for key, value in found.items()}}


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU seconds for each figure")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = [measure(name, tied, given.seconds) for name, tied in NETWORKS.items()]
    if given.json:
        print(json.dumps(rows))
        return
    table = Table(title="24-hour simulations and single states per CPU second")
    table.add_column("network")
    for heading in ("wntr run_sim", "bare loop", "Engine.run", "Engine.simulate", "Engine.run, 60 s", "snapshots", "run against wntr",
                    "against bare"):  # fmt: skip
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row["network"], *(f"{v:,.1f}" for v in list(row.values())[1:-2]), f"{row['times']:.0f} x", f"{row['of_bare']:.2f}"
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
