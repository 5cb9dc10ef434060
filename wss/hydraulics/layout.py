"""What a project consists of: ids and EPANET indices of pumps, tanks, links and nodes, limits of tanks, units."""

from dataclasses import dataclass
from math import pi

import numpy as np
from epanet import toolkit as en

from wss.errors import NetworkError, raise_all
from wss.hydraulics.project import FEET_UNITS, FLOW_M3H, PRESSURE_M, get_pattern
from wss.units import FOOT_M


@dataclass(frozen=True)
class Layout:
    """Indices of a project's elements by id, in EPANET's order, and what never changes about them."""

    pumps: dict[str, int]
    tanks: dict[str, int]
    links: dict[str, int]
    nodes: dict[str, int]
    junctions: dict[str, int]
    reservoirs: dict[str, int]
    length_m: float
    """Metres in one length unit of the file."""
    flow_m3h: float
    """m3/h in one flow unit of the file."""
    pressure_m: float
    """Metres of water in one pressure unit of the file."""
    bottom: dict[str, float]
    """Elevation of each tank in the file's unit."""
    low: dict[str, float]
    """Lowest level of each tank in the file's unit."""
    high: dict[str, float]
    """Highest level of each tank in the file's unit."""


def tied_indices(shape: Layout, tied: dict[str, str]) -> dict[int, int]:
    """Index of each tied link and of its pump; NetworkError names what the network lacks."""
    faults = [f"tied link {link} is not in the network" for link in tied if link not in shape.links]
    faults += [f"link {link} is tied to {pump}, which is no pump" for link, pump in tied.items() if pump not in shape.pumps]
    raise_all(faults, "tying links to pumps", NetworkError)
    return {shape.links[link]: shape.pumps[pump] for link, pump in tied.items()}


def layout(project) -> Layout:
    """Read the elements of an opened project."""
    nodes = {en.getnodeid(project, i): i for i in range(1, en.getcount(project, en.NODECOUNT) + 1)}
    links = {en.getlinkid(project, i): i for i in range(1, en.getcount(project, en.LINKCOUNT) + 1)}
    kind = {n: en.getnodetype(project, i) for n, i in nodes.items()}
    tanks = {n: i for n, i in nodes.items() if kind[n] == en.TANK}
    units = en.getflowunits(project)
    return Layout(
        pumps={p: i for p, i in links.items() if en.getlinktype(project, i) == en.PUMP},
        tanks=tanks, links=links, nodes=nodes,
        junctions={n: i for n, i in nodes.items() if kind[n] == en.JUNCTION},
        reservoirs={n: i for n, i in nodes.items() if kind[n] == en.RESERVOIR},
        length_m=FOOT_M if units in FEET_UNITS else 1.0,
        flow_m3h=FLOW_M3H[units],
        pressure_m=PRESSURE_M[int(en.getoption(project, en.PRESS_UNITS))],
        bottom={t: en.getnodevalue(project, i, en.ELEVATION) for t, i in tanks.items()},
        low={t: en.getnodevalue(project, i, en.MINLEVEL) for t, i in tanks.items()},
        high={t: en.getnodevalue(project, i, en.MAXLEVEL) for t, i in tanks.items()},
    )  # fmt: skip


def tank_areas(project, shape: Layout) -> dict[str, float]:
    """Plan area of each tank; of one with a volume curve the mean between its lowest and highest level. [m2]"""
    areas = {}
    for tank, i in shape.tanks.items():
        if en.getnodevalue(project, i, en.VOLCURVE):
            volume = en.getnodevalue(project, i, en.MAXVOLUME) - en.getnodevalue(project, i, en.MINVOLUME)
            areas[tank] = volume / (shape.high[tank] - shape.low[tank]) * shape.length_m**2
        else:
            areas[tank] = pi / 4 * (en.getnodevalue(project, i, en.TANKDIAM) * shape.length_m) ** 2
    return areas


def mean_demands(project, shape: Layout) -> dict[str, float]:
    """Mean demand of each junction that draws (or, below 0, feeds) water, over its patterns and categories. [m3/h]"""
    factor = en.getoption(project, en.DEMANDMULT) * shape.flow_m3h
    means: dict[int, float] = {0: 1.0}
    found = {}
    for node, i in shape.junctions.items():
        total = 0.0
        for k in range(1, en.getnumdemands(project, i) + 1):
            pattern = en.getdemandpattern(project, i, k)
            if pattern not in means:
                means[pattern] = float(np.mean(get_pattern(project, pattern)))
            total += en.getbasedemand(project, i, k) * means[pattern]
        if total:
            found[node] = total * factor
    return found


def pipes_at_tanks(project, shape: Layout, without: set[int]) -> dict[str, list[int]]:
    """Pipes (EPANET indices) at each tank that are open at the start and that nothing but EPANET itself would shut."""
    at = {tank: [] for tank in shape.tanks}
    by_node = {i: tank for tank, i in shape.tanks.items()}
    for i in shape.links.values():
        if en.getlinktype(project, i) != en.PIPE or i in without or not en.getlinkvalue(project, i, en.INITSTATUS):
            continue
        for node in en.getlinknodes(project, i):
            if node in by_node:
                at[by_node[node]].append(i)
    return at
