"""Each row of the table of key figures has a function, and the function needs what the row says."""

import inspect

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Tank
from wss.kpi import Course
from wss.kpi.figures import FIGURES
from wss.kpi.table import inputs
from wss.quantities import labelled
from wss.records.kpis import INPUTS, KEY_FIGURES

TIME = times.grid(times.utc("2022-06-01T00:00"), times.utc("2022-06-02T00:00"), pd.Timedelta("15min"))


@pytest.fixture
def given(tariff):
    """Inputs of a day of two pumps at 10 and 20 kW, one of which starts at noon."""
    on = np.column_stack([np.ones(96), np.repeat([0.0, 1.0], 48)])
    course = Course(
        labelled("power", on * [10.0, 20.0], time=TIME, pump=["P", "Q"]),
        labelled("pump_status", on, time=TIME, pump=["P", "Q"]),
        labelled("level", np.full((96, 1), 2.0), time=TIME, tank=["T"]),
        1000.0,
    )
    return inputs(course, tariff, [Tank(id="T", title="T", level_min_m=1, level_max_m=4)], stored=5.0)


def test_rows_and_functions_are_the_same():
    assert list(FIGURES) == list(KEY_FIGURES)


def test_inputs_are_those_of_the_table(given):
    assert set(given) == set(INPUTS)


@pytest.mark.parametrize("name", KEY_FIGURES)
def test_a_function_takes_what_its_row_needs(name):
    assert tuple(inspect.signature(FIGURES[name]).parameters) == KEY_FIGURES[name].needs


@pytest.mark.parametrize("name", KEY_FIGURES)
def test_a_figure_by_part_is_a_series_of_such_parts(name, given):
    figure, known = KEY_FIGURES[name], {"pump": {"P", "Q"}, "tank": {"T"}, "period": set(given["period"].values)}
    found = FIGURES[name](**{need: given[need] for need in figure.needs})
    assert set(found.index) == known[figure.part] if figure.part else isinstance(found, float)


def test_numbers_by_hand(given):
    """The day is 02:00 to 02:00 in Rome, 7.25 h of it night: P costs 10 * (0.725 + 5.025), Q 20 * (0.3 * 10 + 0.1 * 2)."""
    found = {name: FIGURES[name](**{need: given[need] for need in KEY_FIGURES[name].needs}) for name in KEY_FIGURES}
    assert found["energy"] == pytest.approx(24 * 10 + 12 * 20)
    assert found["specific_energy"] == pytest.approx(0.48)
    assert found["cost"] == pytest.approx(57.5 + 64 + 5)
    assert found["energy_share"].to_dict() == pytest.approx({"night": (72.5 + 40) / 480, "day": (167.5 + 200) / 480})
    assert found["starts"].to_dict() == {"P": 0, "Q": 1}
    assert found["minutes_outside_limits"].to_dict() == {"T": 0.0}
