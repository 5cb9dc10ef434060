"""What stored water is worth, worked out by hand."""

import pytest

from wss.optimization.proof import worth


def test_the_linear_program_says_what_water_is_worth_but_never_below_nothing():
    assert worth.water_value(["A", "B"], {"A": 0.04, "B": -0.01}, 100.0, 1000.0) == {"A": 0.04, "B": 0.0}


@pytest.mark.parametrize("none", [None, {}])
def test_without_one_it_is_worth_the_mean_of_the_demand(none):
    assert worth.water_value(["A", "B"], none, 100.0, 1000.0) == {"A": 0.1, "B": 0.1}
    assert worth.water_value(["A"], none, 100.0, 0.0) == {"A": 0.0}


def test_a_large_tank_counts_more():
    assert worth.mean_by_area({"A": 0.1, "B": 0.2}, {"A": 300.0, "B": 100.0}) == pytest.approx(0.125)
