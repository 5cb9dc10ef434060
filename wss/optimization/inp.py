"""What a case says by way of its network file: units, energy prices, tanks. Read from the text; hydraulics runs it."""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from wss.units import FOOT_M

US_UNITS = ("CFS", "GPM", "MGD", "IMGD", "AFD")
PSI_PER_FOOT = 0.4333
"""EPANET's own factor between psi and feet of water (types.h: PSIperFT)."""
KPA_PER_PSI = 6.895
"""EPANET's own factor (types.h: KPAperPSI)."""


@lru_cache(maxsize=8)
def sections(text: str) -> dict[str, list[list[str]]]:
    """Section name -> its lines as lists of words, without comments and blank lines. Repeated sections are joined."""
    found: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in text.splitlines():
        words = line.split(";")[0].split()
        if words and words[0].startswith("["):
            current = found.setdefault(words[0].strip("[]").upper(), [])
        elif words:
            current.append(words)
    return found


@dataclass(frozen=True)
class Units:
    """Factors from the file's units into ours."""

    length_m: float
    """[m per unit of length]"""
    pressure_m: float
    """[m of water per unit of pressure]"""


def units(text: str) -> Units:
    """Units of length and pressure of a network file, with EPANET's own factors."""
    options = {words[0].upper(): words[-1].upper() for words in sections(text).get("OPTIONS", []) if len(words) > 1}
    imperial = options.get("UNITS", "GPM") in US_UNITS
    psi_m = FOOT_M / PSI_PER_FOOT
    by_name = {"PSI": psi_m, "KPA": psi_m / KPA_PER_PSI, "METERS": 1.0, "METER": 1.0}
    return Units(FOOT_M if imperial else 1.0, psi_m if imperial else by_name.get(options.get("PRESSURE", "METERS"), 1.0))


@dataclass(frozen=True)
class TankLimits:
    """A tank as the file describes it."""

    initial_m: float
    low_m: float
    high_m: float


def tanks(text: str) -> dict[str, TankLimits]:
    """Tank -> its levels [m]."""
    length = units(text).length_m
    rows = {words[0]: [float(w) * length for w in words[2:5]] for words in sections(text).get("TANKS", []) if len(words) > 4}
    return {tank: TankLimits(*levels) for tank, levels in rows.items()}


def ids(text: str, section: str) -> list[str]:
    """Ids of the elements of a section such as PUMPS or JUNCTIONS, in the file's order."""
    return list(dict.fromkeys(words[0] for words in sections(text).get(section, [])))


def seconds(words: list[str]) -> int:
    """Whole seconds of an EPANET time such as `1:30`, `0.5`, `90 MIN` or `2 hours`. [s]"""
    scale = {"SEC": 1, "MIN": 60, "HOU": 3600, "DAY": 86400}
    value = words[0]
    if ":" in value:
        return int(sum(float(part) * 3600 / 60**k for k, part in enumerate(value.split(":"))))
    unit = words[1][:3].upper() if len(words) > 1 else "HOU"
    return round(float(value) * scale.get(unit, 3600))


def time_setting(text: str, name: str, default_s: int) -> int:
    """A setting of [TIMES] such as `PATTERN TIMESTEP`. [s]"""
    for words in sections(text).get("TIMES", []):
        joined = " ".join(words).upper()
        if joined.startswith(name):
            return seconds(words[len(name.split()) :])
    return default_s


def patterns(text: str) -> dict[str, list[float]]:
    """Pattern -> its factors."""
    found: dict[str, list[float]] = {}
    for words in sections(text).get("PATTERNS", []):
        found.setdefault(words[0], []).extend(float(w) for w in words[1:] if re.match(r"^[-+.\d]", w))
    return found


def energy_price(text: str, pump: str, seconds_from_start: np.ndarray) -> np.ndarray:
    """Price of a pump's energy by [ENERGY] at moments (time,) after the start. [the file's currency/kWh]"""
    base, pattern, base_pump, pattern_pump = 0.0, None, 0.0, None
    for words in sections(text).get("ENERGY", []):
        key = [w.upper() for w in words]
        if key[:2] == ["GLOBAL", "PRICE"]:
            base = float(words[2])
        elif key[:2] == ["GLOBAL", "PATTERN"]:
            pattern = words[2]
        elif key[0] == "PUMP" and words[1] == pump and key[2] == "PRICE":
            base_pump = float(words[3])
        elif key[0] == "PUMP" and words[1] == pump and key[2] == "PATTERN":
            pattern_pump = words[3]
    factors = patterns(text).get(pattern_pump or pattern or "", [1.0])
    step, first = time_setting(text, "PATTERN TIMESTEP", 3600), time_setting(text, "PATTERN START", 0)
    at = ((seconds_from_start + first) // step) % len(factors)
    return (base_pump or base) * np.asarray(factors)[at]
