"""Factors by hand and by definition; what does not fit is refused with what would."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wss import units
from wss.errors import DataError
from wss.units import CURRENCIES, NAMES, UNITS, known, same, scale_to


@pytest.mark.parametrize(
    ("unit", "ours", "raw", "value"),
    [
        ("L/s", "m3/h", 10, 36),
        ("m3/d", "m3/h", 24, 1),
        ("m3/s", "m3/h", 1, 3600),
        ("L/min", "m3/h", 1000, 60),
        ("ML/d", "m3/h", 0.024, 1),
        ("gpm", "m3/h", 1, 0.227124707),
        ("MGD", "m3/h", 1, 157.725491),
        ("ft3/s", "m3/h", 1, 101.940648),
        ("ft", "m", 10, 3.048),
        ("in", "m", 1, 0.0254),
        ("cm", "m", 250, 2.5),
        ("mm", "m", 1000, 1),
        ("bar", "m", 1, 10.19716),
        ("kPa", "m", 9.80665, 1),
        ("psi", "m", 30, 21.0921),
        ("W", "kW", 1500, 1.5),
        ("MW", "kW", 2, 2000),
        ("hp", "kW", 1, 0.7457),
        ("MWh", "kWh", 1, 1000),
        ("%", "1", 85, 0.85),
        # uncommon ones, which the registry reads
        ("IMGD", "m3/h", 1, 189.420417),
        ("imp gal/d", "m3/h", 24, 0.00454609),
        ("acft/d", "m3/h", 24, 1233.48184),
        ("l/s", "m3/h", 1, 3.6),
        ("M³/H", "m3/h", 7, 7),
        ("m^3/h", "m3/h", 7, 7),
        ("cfs", "m3/h", 1, 101.940648),
        ("mL/s", "m3/h", 1, 0.0036),
        ("Ml/d", "m3/h", 0.024, 1),
        ("Mm3/d", "m3/h", 24e-6, 1),
        ("m3/dia", "m3/h", 24, 1),
        ("mca", "m", 5, 5),
        ("mCE", "m", 5, 5),
        ("mH2O", "m", 5, 5),
        ("kgf/cm²", "m", 3, 30),
        ("mbar", "m", 980.665, 10),
        ("inHg", "m", 1, 0.34531554),
        ("atm", "m", 1, 10.332275),
        ("PS", "kW", 1, 0.73549875),
        ("kJ/s", "kW", 2, 2),
        ("kW*h", "kWh", 2, 2),
        ("MJ", "kWh", 3.6, 1),
        ("EUR/MWh", "EUR/kWh", 85, 0.085),
        ("€/MWh", "EUR/kWh", 85, 0.085),
        ("brl/kWh", "BRL/kWh", 0.7, 0.7),
    ],
)
def test_known_numbers(unit, ours, raw, value):
    assert raw * scale_to(ours, unit) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("unit", UNITS)
def test_the_registry_agrees_with_the_table(unit):
    ours, scale = UNITS[unit]
    assert units._factor(ours, unit) == pytest.approx(scale, rel=1e-12)


def test_million_gallons_a_day_are_gallons_a_minute():
    assert UNITS["MGD"].scale * 1440 == pytest.approx(UNITS["gpm"].scale * 1e6)


def test_each_of_ours_is_one_of_itself():
    ours = {unit.ours for unit in UNITS.values()}
    assert {unit: UNITS[unit] for unit in ours} == {unit: (unit, 1.0) for unit in ours}


def test_every_name_and_spelling_means_itself():
    for name, (_, more) in NAMES.items():
        assert [same(spelling, name) for spelling in (name, *more.split())] == [True] * (1 + len(more.split()))


def test_unknown_unit_names_those_that_fit():
    with pytest.raises(DataError, match="unit 'l/x' is unknown; for m3/h use one of: m3/h, m3/d, m3/s, L/s"):
        scale_to("m3/h", "l/x")


@pytest.mark.parametrize(
    ("ours", "unit", "said"),
    [
        ("m3/h", "ft", "unit 'ft' measures m, not m3/h; use one of: m3/h"),
        ("kW", "kWh", "unit 'kWh' measures kWh, not kW; use one of: kW, W"),
        ("m", "m3", "unit 'm3' measures something else, not m"),
        ("EUR/kWh", "USD/kWh", "unit 'USD/kWh' measures something else, not EUR/kWh"),
    ],
)
def test_unit_of_something_else_is_refused(ours, unit, said):
    with pytest.raises(DataError, match=said):
        scale_to(ours, unit)


@pytest.mark.parametrize(
    "unit",
    [
        "",
        " ",
        "ms",
        "µm",
        "mw",
        "mpa",
        "bara",
        "9**9**9",
        "m**2",
        "m//h",
        "/h",
        "m3/",
        "x" * 1000,
        "$/kWh",
        "__import__('os')",
        "m3/h/d/s/min",
        "\0",
        "m3\n",
    ],
)
def test_what_is_no_unit(unit):
    assert not known(unit)


@given(st.text(max_size=40))
def test_any_text_is_a_unit_or_is_not(unit):
    if known(unit):
        assert same(unit, unit)
    else:
        with pytest.raises(DataError, match="is unknown"):
            scale_to("m3/h", unit)


@pytest.mark.parametrize("one", CURRENCIES[:5])
def test_no_money_becomes_other_money(one):
    assert [other for other in CURRENCIES if same(f"{one}/kWh", f"{other}/kWh")] == [one]


def test_common_units_do_not_load_the_registry():
    code = "import sys; from wss import units; units.scale_to('m3/h', 'L/s'); units.known('kW'); sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
