"""Courses of the day worked out by hand: an hour that is double, and a level that says nothing."""

import numpy as np
import pytest

from wss.forecasting.courses import CLASS_DAYS, LONG_DAYS, SHORT_DAYS, TYPES, courses

FLAT = np.ones((TYPES, 24, 1))
TYPES_OF = np.arange(LONG_DAYS + 7) % 7


def days(*parts):
    """Whole days of 100 with hour 7 at some times that: (count, times) one after the other, shape (day, 24, 1)."""
    value = np.full((sum(count for count, _ in parts), 24, 1), 100.0)
    value[:, 7, 0] *= np.concatenate([np.full(count, times) for count, times in parts])
    return value


def test_a_course_that_is_the_profiles_is_nothing_new():
    demand = days((len(TYPES_OF), 2.0))
    profile = np.broadcast_to(demand[:1] * 3.0, (TYPES, 24, 1))
    assert courses(demand, TYPES_OF, profile) == pytest.approx(np.zeros((3, TYPES, 24, 1)), abs=1e-12)
    rising = demand * np.repeat(1.1 ** np.arange(17), 7)[:, None, None]  # a new level every week
    assert np.abs(courses(rising, TYPES_OF, profile)).max() < 0.03


def test_longer_pasts_believe_a_new_habit_less():
    """Since 28 days hour 7 is double: 1.92 times the mean of a day, as the mean of 24 hours is 25/24 of the others."""
    long, classes, short = courses(days((len(TYPES_OF) - 28, 1.0), (28, 2.0)), TYPES_OF, FLAT)[:, 2, 7, 0]
    assert short == pytest.approx(1.92 - 1)
    assert classes == pytest.approx((1 + 2 * 1.92) / 3 - 1)  # 28 of 42 days
    assert long == pytest.approx((3 + 1.92) / 4 - 1)  # 28 of 112 days
    assert (SHORT_DAYS, CLASS_DAYS, LONG_DAYS) == (28, 42, 112)


def test_days_of_a_type_and_a_class_go_together():
    """Only on Wednesdays hour 7 is double, which the others of the class share."""
    demand = days((len(TYPES_OF), 1.0))
    demand[TYPES_OF == 2, 7] *= 2
    long, classes, short = courses(demand, TYPES_OF, FLAT)[:, :, 7, 0]
    assert long == pytest.approx(short)
    assert long[2] - long[1] == pytest.approx(24 * 7 / (24 * 7 + 1))
    assert classes[:5] == pytest.approx(np.full(5, classes[0]))
    assert classes[0] - classes[6] == pytest.approx(0.2 * 24 * 7 / (24 * 7 + 1), rel=1e-6)


def test_size_means_nothing_and_the_unknown_is_as_the_profile():
    demand = np.random.default_rng(0).uniform(50, 150, (len(TYPES_OF), 24, 3))
    demand[..., 1] = np.nan
    demand[..., 2] = 0.0
    profile = np.repeat(FLAT, 3, axis=-1)
    found = courses(demand, TYPES_OF, profile)
    assert np.isfinite(found).all()
    assert not found[..., 1:].any()
    assert courses(demand * 1e-3, TYPES_OF, profile) == pytest.approx(found)
    assert not courses(demand[:0], TYPES_OF[:0], profile).any()
