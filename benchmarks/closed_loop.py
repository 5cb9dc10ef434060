"""Cycle after cycle of the demo utility: what each new plan changes of the plan in force, with the forecasts that it really gets.

    python benchmarks/closed_loop.py [--hours 24] [--percent 0 20] [--json]

The virtual plant lives an hour under the released plan, its SCADA files are taken in, and a cycle forecasts, plans and publishes;
once for each price of changing a plan, from the same history. Switches are counted by how far ahead they are: one that is new,
gone or moved counts once. `spent` is the energy as the plant drew it, with the difference in stored water at the end valued at
its mean cost; `outside` counts hours at which a true level is outside its band.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wss import cycle, demo, tariffs, times
from wss.demo import truth
from wss.demo.plant import Plant
from wss.hydraulics import tanks
from wss.optimization.proof.explain import changed
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.steps.run import read_result
from wss.store import RunRecord, Workspace, open_store

NAME = "litoral"
AHEAD_H = (1, 3, 6, 12, 48)
"""Switches are counted up to these leads [h]."""


def begun(workspace: Workspace) -> None:
    """The demo utility with its history, its fitted forecast model and a first plan."""
    demo.install(workspace, NAME)
    apply_tenant(workspace, NAME, "benchmark", "closed loop")
    plant = Plant(workspace, NAME)
    plant.history()
    with open_store(workspace, NAME) as store:
        run_intake(active(store), store, workspace, plant.clock)
    cycle.run_weekly(NAME, plant.clock, workspace, reason="benchmark")
    cycle.run_cycle(NAME, plant.clock, workspace=workspace, intake=False, reason="benchmark")


def live(workspace: Workspace, percent: float, hours: int, console: Console) -> dict:
    """Live through `hours` cycles with changes priced at `percent`; what came of it."""
    settings = workspace.tenant(NAME) / "tenant.yml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("\nplan:\n", f"\nplan:\n  change_percent: {percent:g}\n", 1), encoding="utf-8")
    apply_tenant(workspace, NAME, "benchmark", f"changes at {percent:g} %")
    plant = Plant(workspace, NAME)
    began, rows = plant.now, []
    for _ in track(range(hours), f"{percent:g} %", console=console):
        plant.advance(1)
        with open_store(workspace, NAME) as store:
            run_intake(active(store), store, workspace, plant.clock)
            before = store.published()["plan"]
        done = cycle.run_cycle(NAME, plant.clock, workspace=workspace, intake=False, reason="benchmark")
        with open_store(workspace, NAME) as store:
            after = store.published()["plan"]
        if done.error or after.id == before.id:
            raise SystemExit(f"the cycle of {plant.clock} failed: {done.error}")
        counts = changes(_speed(workspace, before), _speed(workspace, after), after.now)
        rows.append({"rung": done.rung, "cpu_seconds": done.cpu_seconds, **counts})
    table = pd.DataFrame(rows)
    means = table[[f"{what}_{lead}" for what in ("changed", "switches") for lead in AHEAD_H]].mean().round(2).to_dict()
    return {"percent": percent, "cycles": hours, **means, "unchanged_cycles": int((table[f"changed_{AHEAD_H[-1]}"] == 0).sum()),
            **spent(plant, truth.read(workspace.data(NAME)), began), "rungs": table["rung"].value_counts().to_dict(),
            "cpu_seconds_a_cycle": round(table["cpu_seconds"].mean(), 1)}  # fmt: skip


def changes(before: xr.DataArray, after: xr.DataArray, now: pd.Timestamp) -> dict[str, int]:
    """Switches of the plan in force `before` (time, pump) [1] that `after` has no longer, anew or elsewhere, and all of `after`."""
    old, new = (_switches(speed, before, now) for speed in (before, after))
    last, counts = before.get_index("time")[-1], {}
    for lead in AHEAD_H:
        end = min(now + lead * times.HOUR, last)
        near, fresh = ({switch for switch in plan if switch[2] < end} for plan in (old, new))
        counts |= {f"changed_{lead}": changed(near, fresh), f"switches_{lead}": len(fresh)}
    return counts


def _switches(speed: xr.DataArray, before: xr.DataArray, now: pd.Timestamp) -> set[tuple[str, bool, pd.Timestamp]]:
    """(pump, on, time) of each switch of a plan (time, pump) [1] from `now` on, which the plan `before` led up to."""
    on = speed.to_pandas().loc[now:] > 0
    was = on.shift()
    was.iloc[0] = before.to_pandas().loc[: now - pd.Timedelta(seconds=1)].iloc[-1] > 0
    return {(str(p), bool(on.iloc[k][p]), on.index[k]) for p in on for k in np.flatnonzero(on[p] != was[p].astype(bool))}


def spent(plant: Plant, ds: xr.Dataset, began: pd.Timestamp) -> dict:
    """What the pumps of the plant drew since it `began`, what that cost [currency], and whether its tanks kept their bands."""
    configuration = plant.configuration
    lived = ds.sel(time=slice(began, None))
    time = lived.get_index("time")
    kwh = lived["power"].sum("pump").to_numpy()
    price = tariffs.price(configuration.tariff, time).to_numpy()
    stored = tanks.volume(configuration.network, lived["level"]).sum("tank").to_numpy()
    drawn = lived["demand"].sum().item()
    cost = float(kwh @ price)
    band = {t.id: (t.level_min_m, t.level_max_m) for t in configuration.tenant.system.tanks}
    level = lived["level"].to_pandas()
    outside = sum(int(((level[t] < low) | (level[t] > high)).sum()) for t, (low, high) in band.items())
    return {"energy_kwh": round(float(kwh.sum()), 1), "spent": round(cost - cost / drawn * float(stored[-1] - stored[0]), 2),
            "outside": outside}  # fmt: skip


def _speed(workspace: Workspace, record: RunRecord) -> xr.DataArray:
    return read_result(workspace.runs(NAME) / record.folder, "plan")["pump_speed"]


def main() -> None:
    """Live the same hours once for each price of change and print what came of it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--hours", type=int, default=24)
    arguments.add_argument("--percent", type=float, nargs="+", default=[0.0, 20.0])
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    xr.set_options(arithmetic_join="exact")
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        first = Workspace(Path(folder, "history"))
        with console.status("history, forecast model, first plan"):
            begun(first)
        rows = []
        for percent in given.percent:
            lived = Workspace(Path(folder, f"lived-{percent:g}"))
            shutil.copytree(first.home, lived.home)
            rows.append(live(lived, percent, given.hours, console))
    if given.json:
        Console().print_json(json.dumps(rows))
        return
    table = Table("", *(f"{row['percent']:g} %" for row in rows))
    for name in list(rows[0])[1:]:
        table.add_row(name, *(str(row[name]) for row in rows))
    Console().print(table)


if __name__ == "__main__":
    main()
