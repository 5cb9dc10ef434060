"""Factors by hand and by definition; what does not fit is refused with what would."""

import pytest

from wss.errors import DataError
from wss.units import UNITS, scale_to


@pytest.mark.parametrize(("unit", "ours", "raw", "value"), [
    ("L/s", "m3/h", 10, 36), ("m3/d", "m3/h", 24, 1), ("m3/s", "m3/h", 1, 3600), ("L/min", "m3/h", 1000, 60),
    ("ML/d", "m3/h", 0.024, 1), ("gpm", "m3/h", 1, 0.227124707), ("MGD", "m3/h", 1, 157.725491), ("ft3/s", "m3/h", 1, 101.940648),
    ("ft", "m", 10, 3.048), ("in", "m", 1, 0.0254), ("cm", "m", 250, 2.5), ("mm", "m", 1000, 1),
    ("bar", "m", 1, 10.19716), ("kPa", "m", 9.80665, 1), ("psi", "m", 30, 21.0921),
    ("W", "kW", 1500, 1.5), ("MW", "kW", 2, 2000), ("hp", "kW", 1, 0.7457), ("MWh", "kWh", 1, 1000), ("%", "1", 85, 0.85),
])
def test_known_numbers(unit, ours, raw, value):
    assert raw * scale_to(ours, unit) == pytest.approx(value, rel=1e-6)


def test_million_gallons_a_day_are_gallons_a_minute():
    assert UNITS["MGD"].scale * 1440 == pytest.approx(UNITS["gpm"].scale * 1e6)


def test_each_of_ours_is_one_of_itself():
    ours = {unit.ours for unit in UNITS.values()}
    assert {unit: UNITS[unit] for unit in ours} == {unit: (unit, 1.0) for unit in ours}


def test_unknown_unit_names_those_that_fit():
    with pytest.raises(DataError, match="unit 'l/h' is unknown; for m3/h use one of: m3/h, m3/d, m3/s, L/s"):
        scale_to("m3/h", "l/h")


def test_unit_of_something_else_is_refused():
    with pytest.raises(DataError, match="unit 'ft' measures m, not m3/h; use one of: m3/h"):
        scale_to("m3/h", "ft")
