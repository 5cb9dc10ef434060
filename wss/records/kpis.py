"""THE table of key figures of a day: unit, decimals, titles, meaning and formula; `wss.kpi.figures` has a function for each."""

from collections.abc import Mapping
from math import isnan
from typing import Literal, NamedTuple


class Input(NamedTuple):
    """Something that key figures are computed from, of one course of a day: as measured, as planned or under level control."""

    units: str
    meaning: str


INPUTS = {
    "power": Input("kW", "(time, pump) means on a grid no coarser than a quarter of an hour, missing where unknown"),
    "energy": Input("kWh", "(time, pump) energy of each step of that grid, missing where unknown"),
    "price": Input("currency/kWh", "(time,) price of each step of that grid"),
    "period": Input("name", "(time,) tariff period of each step of that grid"),
    "stored": Input(
        "currency", "value of the water by which the course ends the day lower than the measured one; 0 but for `baseline`"
    ),
    "supplied_m3": Input("m3", "water that the zones drew; missing if unknown"),
    "running": Input("1", "(time, pump) status or speed; its first time is the state that the day began with"),
    "level": Input("m", "(time, tank) at the instants of a regular grid"),
    "tanks": Input("", "the tanks of tenant.yml with the limits that the operator accepts"),
}
"""What a key figure may need: parameters of its function by name."""


class KeyFigure(NamedTuple):
    """One key figure: what it says, and how it is shown."""

    unit: str
    """`currency` in it stands for the tariff's: `currency/m3`."""
    decimals: int
    """As shown."""
    title: Mapping[str, str]
    """On screens, by language."""
    meaning: str
    formula: str
    needs: tuple[str, ...]
    """Names in INPUTS."""
    part: Literal["", "pump", "tank", "period"] = ""
    """What it has one value for, its item being `source/part`; empty: one value, of the item `source`."""
    better: Literal["lower", "higher", ""] = ""
    """Which values are better; empty where neither is."""
    percent: bool = False
    """Whether a share is shown in percent."""

    def unit_in(self, currency: str) -> str:
        """Unit where money is in `currency`, a code of three letters."""
        return self.unit.replace("currency", currency)


KEY_FIGURES = {
    "energy": KeyFigure(
        unit="kWh",
        decimals=2,
        title={"en": "Energy", "pt": "Energia"},
        meaning="electric energy that all pumps drew",
        formula="sum of energy",
        needs=("energy",),
        better="lower",
    ),
    "cost": KeyFigure(
        unit="currency",
        decimals=2,
        title={"en": "Energy cost", "pt": "Custo da energia"},
        meaning="what that energy costs at the tariff, without a demand charge",
        formula="sum of energy * price, + stored",
        needs=("energy", "price", "stored"),
        better="lower",
    ),
    "specific_energy": KeyFigure(
        unit="kWh/m3",
        decimals=3,
        title={"en": "Energy per volume", "pt": "Energia por volume"},
        meaning="energy for a cubic metre that the zones drew; not divided by the lift, as the standardised energy consumption "
        "(IWA Ph5) is, so it compares days of one utility rather than utilities",
        formula="sum of energy / supplied_m3",
        needs=("energy", "supplied_m3"),
        better="lower",
    ),
    "energy_share": KeyFigure(
        unit="1",
        decimals=0,
        title={"en": "Share of energy", "pt": "Parte da energia"},
        meaning="share of the energy that was drawn in a tariff period; the shares sum to 1",
        formula="sum of energy in the period / sum of energy",
        needs=("energy", "period"),
        part="period",
        percent=True,
    ),
    "starts": KeyFigure(
        unit="1",
        decimals=0,
        title={"en": "Pump starts", "pt": "Arranques"},
        meaning="how often a pump went from standing to running; a lost reading is no stop",
        formula="number of times at which running rises from 0",
        needs=("running",),
        part="pump",
        better="lower",
    ),
    "minutes_outside_limits": KeyFigure(
        unit="min",
        decimals=0,
        title={"en": "Minutes outside level limits", "pt": "Minutos fora dos limites de nível"},
        meaning="minutes that a tank spent more than 1 mm below or above what the operator accepts",
        formula="sum of the steps with level < level_min_m or level > level_max_m",
        needs=("level", "tanks"),
        part="tank",
        better="lower",
    ),
}
"""In the order in which they are shown. A name is in stores for good."""

SOURCES = ("plan", "actual", "baseline")
"""What the figures are of, in the order in which they stand side by side."""

_UNKNOWN = KeyFigure(unit="", decimals=2, title={}, meaning="", formula="", needs=())


def key_figure(name: str) -> KeyFigure:
    """Row of the table; an empty one where it lacks the figure: one of an older or newer store, or an engineer's own."""
    return KEY_FIGURES.get(name, _UNKNOWN)


def heading(name: str, unit: str, language: str = "en") -> str:
    """Title and unit, such as `Energy [kWh]`; English where the language has no title, the name where the table lacks it."""
    return title(name, language) + ("" if unit in ("1", "") else f" [{unit}]")


def title(name: str, language: str = "en") -> str:
    """Title of a figure, in English where the language has none; its name where the table lacks it."""
    titles = key_figure(name).title
    return titles.get(language, titles.get("en", name))


def written(name: str, value: float) -> str:
    """A value of a figure with its decimals, such as `1,234.50` or `62%`; a dash where it is NaN."""
    figure = key_figure(name)
    return "—" if isnan(value) else format(value, f",.{figure.decimals}{'%' if figure.percent else 'f'}")
