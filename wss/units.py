"""Factors from the units found in SCADA exports into ours: m3/h, m, kW, kWh, 1.

Conversion happens once, at ingestion. Factors are exact by definition (international foot, US gallon) or follow from
them; 1 m of water is 9.80665 kPa (standard gravity, 1000 kg/m3).
"""

from typing import NamedTuple

from wss.errors import DataError


class Unit(NamedTuple):
    """A unit as `ours = raw * scale`, where `ours` is one of our units."""

    ours: str
    scale: float


FOOT_M = 0.3048
GALLON_M3 = 3.785411784e-3
PSI_M = 6.894757293168 / 9.80665

UNITS = {
    # flow
    "m3/h": Unit("m3/h", 1.0),
    "m3/d": Unit("m3/h", 1 / 24),
    "m3/s": Unit("m3/h", 3600.0),
    "L/s": Unit("m3/h", 3.6),
    "L/min": Unit("m3/h", 0.06),
    "ML/d": Unit("m3/h", 1000 / 24),
    "gpm": Unit("m3/h", GALLON_M3 * 60),
    "MGD": Unit("m3/h", GALLON_M3 * 1e6 / 24),
    "ft3/s": Unit("m3/h", FOOT_M**3 * 3600),
    # level, head, pressure as a water column
    "m": Unit("m", 1.0),
    "cm": Unit("m", 0.01),
    "mm": Unit("m", 0.001),
    "ft": Unit("m", FOOT_M),
    "in": Unit("m", FOOT_M / 12),
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


def scale_to(ours: str, unit: str) -> float:
    """Factor from `unit` to `ours`, so that `raw * factor` is in our unit. [ours/unit]

    Raises
    ------
    DataError
        If `unit` is unknown or measures something else than `ours`.
    """
    found = UNITS.get(unit)
    fitting = ", ".join(u for u, v in UNITS.items() if v.ours == ours)
    if found is None:
        raise DataError(f"unit {unit!r} is unknown; for {ours} use one of: {fitting}")
    if found.ours != ours:
        raise DataError(f"unit {unit!r} measures {found.ours}, not {ours}; use one of: {fitting}")
    return found.scale
