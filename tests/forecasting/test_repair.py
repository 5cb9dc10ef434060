"""What a meter cannot have seen is taken as unknown and said; what people did stays."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Calendar
from wss.forecasting.history import History
from wss.forecasting.level import levelled
from wss.forecasting.repair import repaired

ROME, END = "Europe/Rome", times.utc("2022-06-15T22:00")


@pytest.fixture
def clean(habit):
    """Function (days, noise) -> hourly demand (time, zone) of two zones up to END."""

    def make(days=100, noise=0.08, seed=3):
        demand = habit(str(END - days * times.DAY), str(END))
        return demand * (1 + noise * np.random.default_rng(seed).standard_normal(demand.shape))

    return make


def fold(demand):
    return History.fold(demand, times.HOUR, Calendar(), ROME, 8).until(END)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_a_clean_series(seed, clean):
    history = fold(clean(200, 0.12, seed))
    found, said = repaired(history)
    assert said == []
    np.testing.assert_array_equal(found.demand, history.demand)


@pytest.mark.parametrize(
    ("hours", "change", "what"),
    [
        (48, lambda v: 0 * v, "dead"),
        (30, lambda v: 0 * v + float(v[0]), "stuck"),
        (1, lambda v: 3.5 * v, "spike"),
        (72, lambda v: 3.6 * v, "another unit"),
        (72, lambda v: v / 3.6, "another unit"),
        (12, lambda v: 3.6 * v, "another unit"),
        (72, lambda v: 1000 * v, "impossible"),
    ],
)
@pytest.mark.parametrize("end", [None, -960], ids=["newest", "middle"])
def test_what_a_meter_cannot_have_seen(hours, change, what, end, clean):
    demand = clean()
    place = slice((end or demand.sizes["time"]) - hours, end)
    demand[place, 0] = change(demand[place, 0])
    found, said = repaired(fold(demand))
    assert [(r.zone, r.what) for r in said] == [("z0", what)]
    assert said[0].count >= 0.9 * hours
    assert said[0].count == int(np.isnan(found.demand[..., 0]).sum() - np.isnan(fold(demand).demand[..., 0]).sum())
    assert f"z0: {said[0].count} value(s) taken as unknown ({what})" in str(said[0])


def test_a_zone_that_rests_every_night_is_not_dead(clean):
    demand = clean()
    demand[times.wall(demand.get_index("time"), ROME).hour < 5, 1] = 0.0
    assert repaired(fold(demand))[1] == []


def test_a_coarse_meter_is_not_stuck(clean):
    assert repaired(fold((clean() / 40).round() * 40))[1] == []


def test_a_summer_is_no_other_unit(clean):
    demand = clean(360)
    season = 1 + 0.9 * np.sin(np.linspace(0, 2 * np.pi, demand.sizes["time"]))  # from 0.1 to 1.9 of its mean
    assert repaired(fold(demand * season[:, None]))[1] == []


def test_a_burst_for_a_night_stays(clean):
    """It adds the same flow hour by hour, where another unit multiplies."""
    demand = clean(noise=0.03)
    demand[-10:-3, 0] += 150
    assert [r for r in repaired(fold(demand))[1] if r.what == "another unit"] == []


@pytest.mark.parametrize("factor", [1.3, 0.7])
@pytest.mark.parametrize("hours", [72, 84, 240])
def test_a_jump_moves_what_was_before(factor, hours, clean):
    demand = clean()
    jumped = demand.copy()
    jumped[-hours:, 0] *= factor
    found, jumps = levelled(repaired(fold(jumped))[0])
    assert [jump.zone for jump in jumps] == ["z0"]
    assert jumps[0].factor == pytest.approx(factor, rel=0.03)
    assert jumps[0].day == str((times.wall(pd.DatetimeIndex([END - pd.Timedelta(hours=hours)]), ROME)[0]).ceil("D").date())
    expected = factor * fold(demand).demand[..., 0]
    near = np.abs(found.demand[..., 0] / expected - 1) < 0.04
    assert near[~np.isnan(expected)].mean() > 0.998  # the split inside a day may be an hour or two off
    assert f"changed by {jumps[0].factor - 1:+.0%}" in str(jumps[0])


@pytest.mark.parametrize(("hours", "factor"), [(24, 1.5), (48, 0.6), (120, 1.05)])
def test_a_day_or_two_or_a_little_is_no_jump(hours, factor, clean):
    demand = clean()
    demand[-hours:, 0] *= factor
    history = fold(demand)
    found, jumps = levelled(history)
    assert jumps == []
    assert found.demand is history.demand


def test_nothing_jumps_where_little_is_known(clean):
    assert levelled(fold(clean(10)))[1] == []
    demand = clean()
    demand[:, 1] = np.nan
    demand[:, 0] = 0.0
    assert levelled(fold(demand))[1] == []
