"""Networks of the hydraulic tests: Net3 as wntr ships it, and a pump, a tank and two demands written here."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

TEMPLATE = """
[JUNCTIONS]
 P  {elevation}  0
 C  {elevation}  {draw}  day
 F  {elevation}  {draw}

[RESERVOIRS]
 S  {source}

[TANKS]
 T  {bottom}  {initial}  {low}  {high}  {diameter}  0

[PIPES]
 PC  P  C  {length}  {bore}  130  0  Open
 CT  C  T  {length}  {bore}  130  0  Open
 CF  C  F  {length}  {bore}  130  0  Open

[PUMPS]
 U  S  P  HEAD curve

[CURVES]
 curve  {duty}  {lift}

[PATTERNS]
 day  0.5  1.5

[ENERGY]
 Global Efficiency  75

[TIMES]
 Duration            24:00
 Hydraulic Timestep  1:00
 Pattern Timestep    12:00
 Report Timestep     1:00

[OPTIONS]
 Units     {units}
 Headloss  H-W
 Accuracy  0.00001

[END]
"""
FOOT = 0.3048
UNITS = {"CMH": (1.0, 1.0, 0.001), "LPS": (3.6, 1.0, 0.001), "GPM": (0.22712470704, FOOT, FOOT / 12)}
"""Flow [m3/h], length [m] and bore [m] in one unit of a file."""


@pytest.fixture(scope="session")
def small() -> Callable[..., str]:
    """Text of one pump of 100 m3/h against 40 m, a tank of 2 to 4 m depth, two demands of 20 m3/h, in a flow unit."""

    def text(units: str = "CMH") -> str:
        flow, length, bore = UNITS[units]
        return TEMPLATE.format(
            units=units, elevation=0, draw=20 / flow, source=10 / length, bottom=40 / length, initial=2.5 / length,
            low=2 / length, high=4 / length, diameter=10 / length, length=100 / length, bore=0.25 / bore,
            duty=100 / flow, lift=40 / length,
        )  # fmt: skip

    return text


@pytest.fixture(scope="session")
def shipped() -> Callable[[str, str], str]:
    """Text of a network that an installed package ships; the test is skipped without the package."""

    def text(package: str, path: str) -> str:
        spec = find_spec(package)
        if spec is None:
            pytest.skip(f"{package} is not installed")
        return (Path(spec.origin).parent / path).read_text(encoding="utf-8", errors="replace")

    return text


@pytest.fixture(scope="session")
def net3(shipped) -> str:
    return shipped("wntr", "library/networks/Net3.inp")
