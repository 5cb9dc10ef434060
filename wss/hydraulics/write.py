"""Write a network so that it starts at a chosen moment: its levels, its clock, and a planned demand as patterns."""

from collections.abc import Callable, Mapping
from itertools import count, pairwise

import numpy as np
import xarray as xr

from wss.errors import NetworkError, raise_all
from wss.hydraulics import inp
from wss.hydraulics.layout import Layout, layout
from wss.hydraulics.patterns import resample
from wss.hydraulics.project import opened
from wss.network_file import word

DAY_S = 86400
PER_LINE = 8
"""Factors of a pattern on one line."""


def write_inp(network: str, levels: Mapping[str, float], demand: xr.DataArray, step_s: int, clock_s: int = 0) -> str:
    """Text of `network` as it stands at the first time of `demand`; opens in EPANET and in wntr.

    All demands are replaced by `demand`, courses of the same shape sharing one pattern. Other patterns in use (heads,
    pump speeds, prices) are kept on the new step. Controls and rules stay, but controls at a time since the start become
    controls at that time of each day, because the start has moved.

    Parameters
    ----------
    levels : mapping
        Level of each tank at the start; tanks not named stay as in the file. [m]
    demand : (time, node)
        Absolute demand of each junction by steps of `step_s`; nodes not named draw nothing. [m3/h]
    step_s : int
        Step of `demand` and from now on of all patterns. [s]
    clock_s : int
        What the clock shows at the start, since local midnight. [s]

    Raises
    ------
    NetworkError
        If the network cannot be read, or a tank or node is not in it.
    """
    with opened(network) as project:
        shape = layout(project)
    nodes = [str(n) for n in demand["node"].values]
    faults = [f"tank {t} is not in the network" for t in levels if t not in shape.tanks]
    faults += [f"node {n} is no junction of the network" for n in nodes if n not in shape.junctions]
    raise_all(faults, "writing the network", NetworkError)
    sections = inp.sections(network)
    kept = _kept_patterns(sections, step_s)
    planned, draws = _shared_patterns(nodes, demand.transpose("time", "node").values / shape.flow_m3h, set(kept))
    own_clock_s = inp.time_setting(sections, "START CLOCKTIME", 0)
    edits = _edits(shape, levels, own_clock_s)
    times = {
        "Duration": inp.clock(demand.sizes["time"] * step_s),
        "Pattern Timestep": inp.clock(step_s), "Pattern Start": inp.clock(0),
        "Start ClockTime": inp.clock_of_day(clock_s % DAY_S),
    }  # fmt: skip
    patterns = ((word(name), _rows(factors)) for name, factors in (kept | planned).items())
    added = [
        *_block("PATTERNS", [f"{name} {' '.join(row)}" for name, table in patterns for row in table]),
        *_block("DEMANDS", draws),
        *_block("TIMES", [f"{name} {value}" for name, value in times.items()]),
        *_block("OPTIONS", ["Demand Multiplier 1.0"]),
        "[END]\n",
    ]
    return "\n".join([*_edited(network, edits), *added])


Edit = Callable[[list[str]], list[str] | None]
"""The words of a line, without its comment -> the words that replace it; None drops the line."""


def _edits(shape: Layout, levels: Mapping[str, float], own_clock_s: int) -> dict[str, Edit]:
    """What to do with the lines of each section that changes."""
    moved = {tank: f"{level / shape.length_m:.12g}" for tank, level in levels.items()}
    replaced = ("DURATION", "PATTERN TIMESTEP", "PATTERN START", "START CLOCKTIME")

    def option(words: list[str]) -> list[str] | None:
        return None if words[0].upper() == "PATTERN" or " ".join(words[:2]).upper() == "DEMAND MULTIPLIER" else words

    written = set()

    def control(words: list[str]) -> list[str] | None:
        if len(words) < 6 or words[4].upper() != "TIME":
            return words
        moment = inp.clock_of_day((inp.seconds(words[5:]) + own_clock_s) % DAY_S)
        daily = (*words[:4], "CLOCKTIME", *moment.split())
        if daily in written:
            return None
        written.add(daily)
        return list(daily)

    return {
        "JUNC": lambda words: words[:2],
        "TANK": lambda words: [*words[:2], moved.get(words[0], words[2]), *words[3:]] if len(words) > 2 else words,
        "TIME": lambda words: None if " ".join(words).upper().startswith(replaced) else words,
        "OPTI": option,
        "CONT": control,
        "PATT": lambda words: None,
        "DEMA": lambda words: None,
    }  # fmt: skip


def _edited(network: str, edits: Mapping[str, Edit]) -> list[str]:
    """Lines of `network`, up to [END], with `edits` applied; comments stay, lines that do not change stay as they are."""
    lines = []
    for line in inp.until_end(network):
        changed = edits[line.section](line.words) if line.words and line.section in edits else line.words
        if changed is None:
            continue
        text = line.text
        if changed != line.words:
            _, mark, comment = text.partition(";")
            text = " " + "\t".join(map(word, changed)) + (f"\t{mark}{comment}" if mark else "")
        lines.append(text)
    return lines


def _kept_patterns(sections: Mapping[str, list[list[str]]], step_s: int) -> dict[str, np.ndarray]:
    """Patterns that anything but demand follows, on the new step."""
    used = {words[2] for words in sections["RESE"] if len(words) > 2} | {words[3] for words in sections["SOUR"] if len(words) > 3}
    for words in sections["PUMP"] + sections["ENER"]:
        used |= {after for word, after in pairwise(words) if word.upper() == "PATTERN"}
    factors: dict[str, list[float]] = {}
    for name, *values in sections["PATT"]:
        factors.setdefault(name, []).extend(map(float, values))
    old_step_s, start_s = inp.time_setting(sections, "PATTERN TIMESTEP", 3600), inp.time_setting(sections, "PATTERN START", 0)
    return {name: resample(np.array(values), old_step_s, start_s, step_s) for name, values in factors.items() if name in used}


def _shared_patterns(nodes: list[str], values: np.ndarray, taken: set[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Patterns of mean 1 for the columns of `values`, and a [DEMANDS] line for each node that draws anything."""
    patterns: dict[bytes, tuple[str, np.ndarray]] = {}
    names = (name for name in map("planned{}".format, count(1)) if name not in taken)
    lines = []
    for node, column in zip(nodes, values.T, strict=True):
        base = column.mean() if column.mean() else np.abs(column).max()
        if not base:
            continue
        course = np.round(column / base, 9) + 0.0
        key = course.tobytes()
        if key not in patterns:
            patterns[key] = (next(names), course)
        lines.append(f"{word(node)}\t{base:.12g}\t{patterns[key][0]}")
    return dict(patterns.values()), lines


def _rows(factors: np.ndarray) -> list[list[str]]:
    return [[f"{v:.10g}" for v in factors[k : k + PER_LINE]] for k in range(0, len(factors), PER_LINE)]


def _block(name: str, lines: list[str]) -> list[str]:
    return [f"[{name}]", *(f" {line}" for line in lines), ""]
