"""Factors from the units found in SCADA exports into ours: m3/h, m, kW, kWh, 1, and money per kWh.

Conversion happens once, at ingestion. Factors are exact by definition (international foot, US and imperial gallon,
conventional millimetre of mercury) or follow from them. A pressure is the column of water that it holds up: 1 m of water is
9.80665 kPa (standard gravity, 1000 kg/m3). The common units stand in UNITS; any product or quotient of NAMES is read by a
registry of our own, so that `m` is the metre and nothing has a prefix that was not meant.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from wss.errors import DataError


class Unit(NamedTuple):
    """A unit as `ours = raw * scale`, where `ours` is one of our units."""

    ours: str
    scale: float


FOOT_M = 0.3048
GALLON_M3 = 3.785411784e-3
IMPERIAL_GALLON_M3 = 4.54609e-3
PSI_M = 6.894757293168 / 9.80665

UNITS = {
    # flow
    "m3/h": Unit("m3/h", 1.0),
    "m3/d": Unit("m3/h", 1 / 24),
    "m3/s": Unit("m3/h", 3600.0),
    "L/s": Unit("m3/h", 3.6),
    "L/min": Unit("m3/h", 0.06),
    "L/h": Unit("m3/h", 0.001),
    "ML/d": Unit("m3/h", 1000 / 24),
    "gpm": Unit("m3/h", GALLON_M3 * 60),
    "MGD": Unit("m3/h", GALLON_M3 * 1e6 / 24),
    "IMGD": Unit("m3/h", IMPERIAL_GALLON_M3 * 1e6 / 24),
    "ft3/s": Unit("m3/h", FOOT_M**3 * 3600),
    # level, head, pressure as a water column
    "m": Unit("m", 1.0),
    "cm": Unit("m", 0.01),
    "mm": Unit("m", 0.001),
    "ft": Unit("m", FOOT_M),
    "in": Unit("m", FOOT_M / 12),
    "mH2O": Unit("m", 1.0),
    "kPa": Unit("m", 1 / 9.80665),
    "bar": Unit("m", 100 / 9.80665),
    "psi": Unit("m", PSI_M),
    # power and energy
    "kW": Unit("kW", 1.0),
    "W": Unit("kW", 0.001),
    "MW": Unit("kW", 1000.0),
    "hp": Unit("kW", 0.745699871582270),
    "kWh": Unit("kWh", 1.0),
    "MWh": Unit("kWh", 1000.0),
    # ratios and states
    "1": Unit("1", 1.0),
    "%": Unit("1", 0.01),
}
CURRENCIES = (
    "AUD",
    "BGN",
    "BRL",
    "CAD",
    "CHF",
    "CLP",
    "COP",
    "CZK",
    "DKK",
    "EUR",
    "GBP",
    "HUF",
    "ILS",
    "INR",
    "JPY",
    "MAD",
    "MXN",
    "NOK",
    "NZD",
    "PLN",
    "RON",
    "SEK",
    "TRY",
    "USD",
    "ZAR",
)
"""Each measures itself alone: money is never changed into other money."""
NAMES = {
    # name: its value in those before it; other spellings
    "m": ("[length]", "metre meter mH2O mCE mCA mWC mWS"),
    "h": ("[time]", "hr hour hora"),
    "W": ("[power]", ""),
    "min": ("h / 60", ""),
    "s": ("h / 3600", "sec seg"),
    "d": ("24 * h", "day dia"),
    "cm": ("m / 100", "cmH2O cmCE cmCA cmWC cmWS"),
    "mm": ("m / 1000", "mmH2O mmCE mmCA mmWC mmWS"),
    "ft": ("0.3048 * m", "feet foot ftH2O"),
    "in": ("0.0254 * m", "inch inH2O"),
    "kPa": ("m / 9.80665", ""),
    "Pa": ("kPa / 1000", ""),
    "hPa": ("kPa / 10", ""),
    "MPa": ("1000 * kPa", ""),
    "bar": ("100 * kPa", "barg"),
    "mbar": ("kPa / 10", ""),
    "psi": ("6.894757293168 * kPa", "psig"),
    "atm": ("101.325 * kPa", ""),
    "at": ("10 * m", ""),
    "mmHg": ("0.133322387415 * kPa", ""),
    "inHg": ("25.4 * mmHg", ""),
    "m3": ("m ** 3", ""),
    "L": ("m3 / 1000", "litre liter litro dm3"),
    "kL": ("m3", ""),
    "ML": ("1000 * m3", "Ml"),
    "mL": ("m3 / 1e6", "ml"),
    "Mm3": ("1e6 * m3", "hm3"),
    "mm3": ("m3 / 1e9", ""),
    "gal": ("3.785411784e-3 * m3", ""),
    "kgal": ("1000 * gal", ""),
    "Mgal": ("1e6 * gal", ""),
    "Igal": ("4.54609e-3 * m3", "impgal"),
    "ft3": ("ft ** 3", "cf"),
    "acft": ("43560 * ft3", ""),
    "lps": ("L / s", ""),
    "lpm": ("L / min", ""),
    "lph": ("L / h", ""),
    "cms": ("m3 / s", ""),
    "cmh": ("m3 / h", ""),
    "cmd": ("m3 / d", ""),
    "MLD": ("ML / d", ""),
    "gpm": ("gal / min", "usgpm"),
    "gpd": ("gal / d", ""),
    "MGD": ("Mgal / d", ""),
    "IGPM": ("Igal / min", ""),
    "IMGD": ("1e6 * Igal / d", ""),
    "cfs": ("ft3 / s", "cusec"),
    "cfm": ("ft3 / min", ""),
    "AFD": ("acft / d", ""),
    "kW": ("1000 * W", ""),
    "MW": ("1e6 * W", ""),
    "hp": ("745.699871582270 * W", ""),
    "PS": ("735.49875 * W", "cv"),
    "Wh": ("W * h", ""),
    "kWh": ("1000 * Wh", ""),
    "MWh": ("1e6 * Wh", ""),
    "GWh": ("1e9 * Wh", ""),
    "J": ("W * s", ""),
    "kJ": ("1000 * J", ""),
    "MJ": ("1e6 * J", ""),
    "mW": ("W / 1000", ""),
    "mWh": ("Wh / 1000", ""),
    "mJ": ("J / 1000", ""),
    "mPa": ("Pa / 1000", ""),
    "percent": ("0.01", "pct"),
}
"""Units of which expressions are made. Capitals matter only where two units differ in nothing else, as ML and mL do."""
WHOLE = {"": None, "1": "h / h", "%": "percent", "kgf/cm2": "at", "kg/cm2": "at"}
"""Expressions that are one unit."""
SIGNS = str.maketrans({"²": "2", "³": "3", "·": "*", "€": "EUR", "£": "GBP", "^": "", " ": "", "\xa0": ""})
EXPRESSION = re.compile(r"[A-Za-z]+[A-Za-z0-9]*(?:[*/][A-Za-z]+[A-Za-z0-9]*){0,3}")
LONGEST = 32


def scale_to(ours: str, unit: str) -> float:
    """Factor from `unit` to `ours`, so that `raw * factor` is in our unit. [ours/unit]

    `ours` may be money per energy too: from `EUR/MWh` to `EUR/kWh` the factor is 0.001.

    Raises
    ------
    DataError
        If `unit` is unknown or measures something else than `ours`.
    """
    found = UNITS.get(unit)
    if found is not None and found.ours == ours:
        return found.scale
    fitting = ", ".join(u for u, v in UNITS.items() if v.ours == ours)
    hint = f"use one of: {fitting}" if fitting else "write one such as EUR/MWh"
    if not known(unit):
        raise DataError(f"unit {unit!r} is unknown; for {ours} {hint}")
    scale = _factor(ours, unit)
    if scale is None:
        what = next((of for of in dict.fromkeys(u.ours for u in UNITS.values()) if _factor(of, unit)), None)
        raise DataError(f"unit {unit!r} measures {what or 'something else'}, not {ours}; {hint}")
    return scale


def known(unit: str) -> bool:
    """Whether a text is a unit."""
    return unit in UNITS or _expression(unit) is not None


def same(unit: str, other: str) -> bool:
    """Whether two units that are known have the same meaning: `m3/h`, `M³/H` and `cmh` have."""
    factor = 1.0 if unit == other else _factor(other, unit)
    return factor is not None and abs(factor - 1) < 1e-9


@lru_cache(4096)
def _factor(ours: str, unit: str) -> float | None:
    """Factor between two units that are known; None where they measure different things."""
    import pint  # a quarter of a CPU second, which only uncommon units pay

    registry = _registry()
    try:
        return float(registry.Quantity(1.0, _expression(unit)).to(registry.parse_units(_expression(ours))).magnitude)
    except pint.DimensionalityError:
        return None


@cache
def _registry():
    """Registry that knows NAMES and CURRENCIES and nothing else."""
    import pint

    registry = pint.UnitRegistry(None)
    for name, (value, _) in NAMES.items():
        registry.define(f"{name} = {value}")
    for currency in CURRENCIES:
        registry.define(f"{currency} = [{currency}]")
    return registry


def _expression(unit: str) -> str | None:
    """A unit in the exact names of the registry; None if it is no unit."""
    text = unit.translate(SIGNS)[: LONGEST + 1]
    if text in WHOLE or text.lower() in WHOLE:
        return WHOLE.get(text, WHOLE.get(text.lower()))
    if len(text) > LONGEST or not EXPRESSION.fullmatch(text):
        return None
    parts = [
        part if part in "*/" else _spellings().get(part, _spellings().get(part.casefold())) for part in re.split(r"([*/])", text)
    ]
    return None if None in parts else "".join(parts)


@cache
def _spellings() -> dict[str, str]:
    """Name of the registry by every spelling, exact ones before those in lower case."""
    exact = {spelling: name for name, (_, more) in NAMES.items() for spelling in (name, *more.split())}
    exact |= dict(zip(CURRENCIES, CURRENCIES, strict=True))
    lower: dict[str, set[str]] = {}
    for spelling, name in exact.items():
        lower.setdefault(spelling.casefold(), set()).add(name)
    return {spelling: next(iter(names)) for spelling, names in lower.items() if len(names) == 1} | exact
