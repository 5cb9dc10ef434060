"""Every network that wntr and epyt ship: does our engine read it, and are its levels those of the toolkit and of wntr?

    python benchmarks/networks.py [--only WORD] [--seconds 300] [--json]

A day under each network's own controls from the file's levels, at its own hydraulic step. Each network runs in a process of its
own. Printed are its pumps, tanks and links, and how far our levels are from those of the toolkit's own loop, our levels from wntr's
and our pressures from wntr's. wntr brings EPANET 2.2 and we use 2.3, which do not stop at the same moments for controls by level.
What our engine does not take, it refuses with a reason, which is printed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

FOLDERS = {"wntr": "library/networks", "epyt": "networks"}
START = pd.Timestamp("2026-01-05")
DAY_S, HOUR_S = 86400, 3600
WITHIN_M = 1e-2
"""How close our levels must be to the toolkit's or to wntr's."""
KNOWN = {
    "BWSN_Network_2": "its controls at a time are meant for one day, ours act every day",
    "ky11": "its accuracy lets controls by level act at other seconds; with 0.001 the levels are within 2e-5 m",
}
"""Networks that differ more, and why."""


def shipped() -> list[Path]:
    """INP files in the packages that are installed."""
    specs = [(find_spec(package), folder) for package, folder in FOLDERS.items()]
    return [path for spec, folder in specs if spec for path in sorted((Path(spec.origin).parent / folder).rglob("*.inp"))]


def compare(path: Path) -> dict[str, object]:
    """What our engine and wntr say of one network."""
    from wss import network_file
    from wss.errors import WssError
    from wss.hydraulics import Engine

    text = network_file.read(path)
    row: dict[str, object] = {"network": f"{path.parent.name}/{path.stem}"}
    try:
        with Engine(text, own_controls=True) as engine:
            row |= {"pumps": len(engine.pumps), "tanks": len(engine.tanks), "links": len(engine.links)}
            try:
                step_s, clock_s, status, bare = _bare(path, engine)
            except Exception as error:  # noqa: BLE001 - the toolkit raises nothing more special
                return row | {"told": f"the toolkit itself: {error}"}
            theirs = _wntr(text, step_s)
            nodes = [n for n in engine.junctions if not isinstance(theirs, str) and n in theirs]
            ours = engine.simulate_own(None, status, clock_s, START, DAY_S, step_s, HOUR_S, nodes=nodes)
    except WssError as error:
        return row | {"told": f"refused: {' '.join(str(error).split())}"}
    row["bare_m"] = float(np.abs(ours.level.to_numpy() - bare).max())
    told = f"{len(ours.warnings)} warnings, {len(ours.shut)} shut" if ours.warnings or ours.shut else ""
    told += f"; known: {KNOWN[path.stem]}" if path.stem in KNOWN else ""
    if isinstance(theirs, str):
        return row | {"told": f"wntr: {theirs} {told}"}
    row["level_m"] = float(np.abs(ours.level.to_numpy() - theirs[engine.tanks].to_numpy()).max())
    known = theirs[nodes].where(theirs[nodes] > -1e5).to_numpy()
    row["pressure_m"] = float(np.nanmax(np.abs(ours.pressure.to_numpy() - known), initial=0.0))
    return row | {"told": told}


def _bare(path: Path, engine) -> tuple[int, int, dict[str, bool], np.ndarray]:
    """Step, clock at the start, which pumps run then, and levels (hour, tank) [m] of the toolkit's own loop, untouched by us."""
    from epanet import toolkit as en

    project = en.createproject()
    en.open(project, str(path), "/dev/null", "")
    for what, value in ((en.DURATION, DAY_S), (en.REPORTSTART, 0), (en.REPORTSTEP, HOUR_S)):
        en.settimeparam(project, what, value)
    if en.getoption(project, en.UNBALANCED) < 0:
        en.setoption(project, en.UNBALANCED, 10)
    step_s, clock_s = (en.gettimeparam(project, what) for what in (en.HYDSTEP, en.STARTTIME))
    status = {p: bool(en.getlinkvalue(project, en.getlinkindex(project, p), en.INITSTATUS)) for p in engine.pumps}
    tanks = [en.getnodeindex(project, t) for t in engine.tanks]
    rows = []
    en.openH(project)
    en.initH(project, en.INITFLOW)
    span = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while span > 0:
            if en.runH(project) % HOUR_S == 0:
                rows.append([en.getnodevalue(project, i, en.HEAD) - en.getnodevalue(project, i, en.ELEVATION) for i in tanks])
            span = en.nextH(project)
    en.close(project)
    return step_s, clock_s, status, np.array(rows) * engine.length_m


def _wntr(text: str, step_s: int) -> pd.DataFrame | str:
    """Pressures (hour, node) [m] by wntr's simulator; or why there are none."""
    import wntr  # after the engine: the two libraries share a name, and the first one loaded serves both

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder, "network.inp")
        file.write_text(text, encoding="utf-8")
        try:
            model = wntr.network.WaterNetworkModel(str(file))
            times = model.options.time
            times.duration, times.report_timestep, times.report_start, times.hydraulic_timestep = DAY_S, HOUR_S, 0, step_s
            model.options.quality.parameter = "NONE"
            return wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(Path(folder, "run"))).node["pressure"]
        except Exception as error:  # noqa: BLE001 - whatever keeps wntr from it
            return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:100]


def main() -> int:
    """Compare all; 0 if none fails, and none differs from the toolkit without a reason that is told."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="only networks whose path contains this")
    parser.add_argument("--seconds", type=float, default=300, help="longest time for one network")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(compare(given.one)))
        return 0
    rows = []
    for path in (p for p in shipped() if given.only in str(p)):
        command = [sys.executable, __file__, "--one", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=given.seconds, check=False)
            last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            row = json.loads(done.stdout) if done.returncode == 0 else {"network": path.stem, "told": f"FAILED: {last[0]}"}
        except subprocess.TimeoutExpired:
            row = {"network": path.stem, "told": f"FAILED: more than {given.seconds:g} s"}
        rows.append(row)
        if not given.json:
            figures = [f"{row.get(key, float('nan')):9.2g}" for key in ("bare_m", "level_m", "pressure_m")]
            sizes = "/".join(str(row.get(key, "-")) for key in ("pumps", "tanks", "links"))
            print(f"{row['network'][:44]:44s} {sizes:>14s} {' '.join(figures)} m  {row['told'][:150]}", flush=True)
    if given.json:
        print(json.dumps(rows, indent=1))
    apart = [
        row for row in rows if min(row.get("bare_m", 0), row.get("level_m", np.inf)) > WITHIN_M and "known" not in row["told"]
    ]
    return 1 if apart or any("FAILED" in row["told"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
