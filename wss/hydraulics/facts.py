"""What a network file says, as EPANET reads it: its elements, units, times and energy prices."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from epanet import toolkit as en

from wss.hydraulics.layout import layout, mean_demands, tank_areas
from wss.hydraulics.project import get_pattern, opened


@dataclass(frozen=True)
class EnergyPrice:
    """Price of a pump's energy by the file: `base` times the factor of the pattern step."""

    base: float
    """[the file's currency/kWh]"""
    factors: np.ndarray
    """(pattern step,) [1]"""


@dataclass(frozen=True)
class Facts:
    """Elements by id in EPANET's order; lengths, levels and pressures in the file's own units."""

    pumps: tuple[str, ...]
    pipes: tuple[str, ...]
    """Without those with a check valve"""
    valves: tuple[str, ...]
    check_valves: tuple[str, ...]
    """Pipes that let water through one way only; nothing can open or shut them"""
    junctions: tuple[str, ...]
    nodes: tuple[str, ...]
    drawing: tuple[str, ...]
    """Junctions whose first demand category is above 0"""
    demand_nodes: tuple[str, ...]
    """Junctions whose mean demand over all categories and patterns is above 0"""
    level: dict[str, tuple[float, float, float]]
    """Tank -> its lowest, initial and highest level"""
    tank_area: dict[str, float]
    """Tank -> its plan area; see `layout.tank_areas` [m2]"""
    length_m: float
    """[m per unit of length]"""
    pressure_m: float
    """[m of water per unit of pressure]"""
    price: dict[str, EnergyPrice]
    """Pump -> what its energy costs by [ENERGY]"""
    pattern_step_s: int
    pattern_start_s: int
    report_step_s: int
    """EPANET also stops to report [s]"""
    clock_s: int
    """What the clock shows at the start, since midnight [s]"""

    def levels_m(self) -> dict[str, tuple[float, float, float]]:
        """Tank -> its lowest, initial and highest level [m]."""
        m = self.length_m
        return {tank: (low * m, initial * m, high * m) for tank, (low, initial, high) in self.level.items()}


@lru_cache(maxsize=8)
def facts(network: str) -> Facts:
    """Facts of the network `network` (text of the INP file).

    Raises
    ------
    NetworkError
        If the network is refused; see `project.open_project`.
    """
    with opened(network) as project:
        shape = layout(project)
        kind = {link: en.getlinktype(project, i) for link, i in shape.links.items()}
        keys = (en.MINLEVEL, en.TANKLEVEL, en.MAXLEVEL)
        draws = (n for n, i in shape.junctions.items() if en.getnodevalue(project, i, en.BASEDEMAND) > 0)
        return Facts(
            pumps=tuple(shape.pumps),
            pipes=tuple(link for link, k in kind.items() if k == en.PIPE),
            valves=tuple(link for link, k in kind.items() if k > en.PUMP),
            check_valves=tuple(link for link, k in kind.items() if k == en.CVPIPE),
            junctions=tuple(shape.junctions),
            nodes=tuple(shape.nodes),
            drawing=tuple(draws),
            demand_nodes=tuple(n for n, mean in mean_demands(project, shape).items() if mean > 0),
            level={t: tuple(en.getnodevalue(project, i, k) for k in keys) for t, i in shape.tanks.items()},
            tank_area=tank_areas(project, shape),
            length_m=shape.length_m,
            pressure_m=shape.pressure_m,
            price={p: _price(project, i) for p, i in shape.pumps.items()},
            pattern_step_s=en.gettimeparam(project, en.PATTERNSTEP),
            pattern_start_s=en.gettimeparam(project, en.PATTERNSTART),
            report_step_s=en.gettimeparam(project, en.REPORTSTEP),
            clock_s=en.gettimeparam(project, en.STARTTIME),
        )


def _price(project, pump: int) -> EnergyPrice:
    """A pump's own price and pattern, else the global ones; no pattern is a lone 1."""
    base = en.getlinkvalue(project, pump, en.PUMP_ECOST) or en.getoption(project, en.GLOBALPRICE)
    pattern = int(en.getlinkvalue(project, pump, en.PUMP_EPAT)) or int(en.getoption(project, en.GLOBALPATTERN))
    return EnergyPrice(base, get_pattern(project, pattern))
