"""Learning: known relations are recovered, the better model gets the weight, and an artefact is what was fitted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Calendar
from wss.errors import DataError
from wss.forecasting import Fitted, boosted, forecast, linear, load_fitted, refit
from wss.forecasting.correction import weigh
from wss.forecasting.features import LINEAR, NAMES
from wss.forecasting.samples import Samples
from wss.quantities import labelled

ROME, END = "Europe/Rome", times.utc("2022-08-31T22:00")
CHANGES = [
    ("Europe/Rome", "2022-03-27"), ("Europe/Rome", "2022-10-30"), ("America/Sao_Paulo", "2018-11-04"),
    ("Africa/Cairo", "2024-04-26"), ("Asia/Beirut", "2022-03-27"), ("Europe/Rome", "2023-01-01"),
]  # fmt: skip
COLUMNS = np.sort([NAMES.index(name) for name in LINEAR])


@pytest.fixture(scope="module")
def rows():
    """Samples of two zones whose residual is known: 0.10 and -0.05 times two features, with noise."""
    rng = np.random.default_rng(0)
    count = 24 * 200
    x = rng.standard_normal((count, 2, len(NAMES))).astype("float32")
    a, b = NAMES.index("recent_24"), NAMES.index("slot_7")
    truth = 0.10 * x[..., a] - 0.05 * x[..., b]
    same = np.zeros(count, dtype=int)
    y = (truth + 0.02 * rng.standard_normal((count, 2))).astype("float32")
    return Samples(x, y, np.arange(count) % 24, same, same, same), truth


def share(guess, truth):
    """How much of the truth is in a guess, and how well they go together."""
    return (guess * truth).sum() / (truth**2).sum(), np.corrcoef(guess.ravel(), truth.ravel())[0, 1]


def test_linear_recovers_a_linear_relation_in_spite_of_wild_rows(rows):
    samples, truth = rows
    y = samples.y.copy()
    y[::11] = 0.9
    y[5::13] = np.nan
    (model,) = linear.fit(replace(samples, y=y), np.ones(len(y), dtype=bool), linear.RIDGE[True], [COLUMNS])
    size, alike = share(model.predict(samples.x, samples.slot), truth)
    assert 0.7 < size < 1.1
    assert alike > 0.95
    assert np.abs(model.predict(1e6 * samples.x, samples.slot)).max() <= linear.LARGEST


def test_a_zone_without_data_is_not_corrected(rows):
    samples, _ = rows
    y = np.where([True, False], samples.y, np.nan).astype("float32")
    (model,) = linear.fit(replace(samples, y=y), np.ones(len(y), dtype=bool), linear.RIDGE[True], [COLUMNS])
    assert np.abs(model.predict(samples.x, samples.slot)[:, 1]).max() < 1e-6


def test_trees_find_it_too_and_are_read_from_their_text(rows):
    samples, truth = rows
    model = boosted.fit(samples.x[:, 0].copy(), samples.y[:, 0], COLUMNS)
    guess = model.predict(samples.x, samples.slot)
    assert share(guess, truth)[1] > 0.9
    np.testing.assert_array_equal(boosted.Boosted(model.text, COLUMNS).predict(samples.x, samples.slot), guess)


def test_the_better_model_gets_the_weight():
    rng = np.random.default_rng(0)
    lin, tree = rng.standard_normal((2, 3000, 3))
    y = np.c_[lin[:, 0], tree[:, 1], np.full(3000, np.nan)]
    weights = weigh(y, lin, tree)
    assert weights[0, 0] > weights[0, 1]
    assert weights[1, 1] > weights[1, 0]
    everywhere = weigh(lin + 0.01 * tree, lin, tree)
    np.testing.assert_array_equal(everywhere, [[1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(weigh(rng.standard_normal((3000, 1)), lin[:, :1], tree[:, :1]), [[0], [0]])


@pytest.fixture(scope="module", autouse=True)
def _smaller_trees():
    """A quarter of the rounds and rows: two zones need no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosted, "ROUNDS", 40)
        patch.setattr(boosted, "ROWS", 20_000)
        yield


def drawn(days=120, seed=0):
    """Two zones with slow and fast errors, and weather that moves them: 2 % a degree; and the weather."""
    rng = np.random.default_rng(seed)
    time = times.grid(END - days * times.DAY, END + 9 * times.DAY, times.HOUR)
    hour = times.wall(time, ROME).hour.to_numpy()
    warm = np.repeat(np.convolve(rng.standard_normal(len(time) // 24 + 4), [1, 0.7, 0.4], "valid"), 24)[: len(time)]
    slow = np.convolve(rng.standard_normal(len(time) + 47), np.ones(48) / 48, "valid")
    course = 1 + 0.4 * np.sin((hour - 6) / 24 * 2 * np.pi) + 0.06 * warm + 0.3 * slow
    value = np.outer(course, [100, 5]) * (1 + 0.02 * rng.standard_normal((len(time), 2)))
    weather = pd.DataFrame({"temperature_c": 24 + 3 * warm + 4 * np.sin((hour - 9) / 24 * 2 * np.pi)}, index=time)
    return labelled("demand", value, time=time, zone=["big", "small"]), weather


@pytest.fixture(scope="module")
def learnt():
    demand, weather = drawn()
    return demand, weather, refit(demand, END, times.HOUR, Calendar(), ROME, weather)


def issue(demand, fitted, at=END, weather=None, steps=168):
    return forecast(demand, at, steps, times.HOUR, Calendar(), ROME, fitted=fitted, weather=weather)


def mae(issued, demand, hours=24):
    point = issued.demand.sel(quantile=0.5)[:hours]
    scale = demand.mean("time")
    return float((abs(point - demand.sel(time=point["time"])) / scale).mean())


def test_an_artefact_is_what_was_fitted(learnt, tmp_path):
    demand, weather, fitted = learnt
    assert fitted.modes == ["none", "weather"]
    assert (fitted.first_day, fitted.last_day) == ("2022-05-04", "2022-08-31")
    path = tmp_path / "model.npz"
    path.write_bytes(fitted.to_bytes())
    again = load_fitted(path)
    assert again.zones == ("big", "small")
    for sky in (None, weather):
        np.testing.assert_array_equal(issue(demand, again, weather=sky).demand, issue(demand, fitted, weather=sky).demand)


@pytest.mark.parametrize("change", [lambda b: b"", lambda b: b[:1000], lambda b: b"PK\x03\x04 no model", lambda b: b[:-40]])
def test_a_broken_artefact_is_refused(change, learnt, tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(change(learnt[2].to_bytes()))
    with pytest.raises(DataError, match=r"model\.npz.*fit it again"):
        load_fitted(path)


def test_what_is_learnt_helps_and_weather_helps_more(learnt):
    demand, weather, fitted = learnt
    moments = [END + k * 12 * times.HOUR for k in range(13)]
    usual, alone, warm = (
        np.mean([mae(forecast(demand, at, 24, times.HOUR, Calendar(), ROME, settling_days=3, **more), demand) for at in moments])
        for more in ({}, {"fitted": fitted}, {"fitted": fitted, "weather": weather}))  # fmt: skip
    assert alone < usual
    assert warm < 0.9 * usual


def test_the_weather_that_was_used_is_said(learnt):
    demand, weather, fitted = learnt
    assert issue(demand, fitted).weather == "none"
    assert issue(demand, fitted, weather=weather).weather == "100%"
    until_tomorrow = weather[weather.index < END + times.DAY]
    assert issue(demand, fitted, weather=until_tomorrow, steps=48).weather == "50%"


def test_nothing_from_the_issue_on_is_looked_at(learnt):
    """Neither demand from the issue on, when learning or forecasting, nor weather beyond the horizon."""
    demand, weather, fitted = learnt
    rng = np.random.default_rng(1)
    later = demand.get_index("time") >= END
    poisoned = demand.copy()
    poisoned[later] = rng.uniform(0, 1e4, (int(later.sum()), 2))
    np.testing.assert_array_equal(issue(poisoned, fitted).demand, issue(demand, fitted).demand)
    known = demand[~later]
    np.testing.assert_array_equal(issue(known, fitted).demand, issue(demand, fitted).demand)
    assert refit(poisoned, END, times.HOUR, Calendar(), ROME, weather).to_bytes() == fitted.to_bytes()
    beyond = weather.copy()
    beyond.loc[beyond.index >= END + 48 * times.HOUR] = rng.uniform(-20, 40, ((beyond.index >= END + 48 * times.HOUR).sum(), 1))
    one, other = (issue(demand, fitted, weather=w, steps=48).demand for w in (weather, beyond))
    np.testing.assert_array_equal(one, other)


def test_zones_in_any_order_by_any_name_and_size(learnt):
    """What is fitted to zones under other names, scaled, and in another order forecasts the same."""
    demand, _, _ = learnt
    plain = refit(demand, END, times.HOUR, Calendar(), ROME)
    expected = issue(demand, plain).demand.to_numpy()
    for scale, order, close in ((1e3, [0, 1], 1e-3), (1e-3, [1, 0], 0.15)):  # trees draw their rows in the order of the zones
        other = (scale * demand.isel(zone=order)).assign_coords(zone=["ü 2", "1"])
        found = issue(other, refit(other, END, times.HOUR, Calendar(), ROME)).demand.to_numpy() / scale
        np.testing.assert_allclose(found, expected[:, order], rtol=close)
        assert np.abs(found / expected[:, order] - 1).mean() < close / 5


def test_some_zones_of_a_model_forecast_as_with_all(learnt):
    demand, weather, fitted = learnt
    one = issue(demand.sel(zone=["small"]), fitted, weather=weather)
    both = issue(demand, fitted, weather=weather)
    np.testing.assert_allclose(one.demand.sel(zone="small"), both.demand.sel(zone="small"), rtol=1e-6)


def test_a_zone_that_the_model_does_not_know_has_the_profile(learnt):
    demand, _, fitted = learnt
    more = demand.isel(zone=[0, 1, 0]).assign_coords(zone=["big", "small", "new"])
    issued = issue(more, fitted, steps=48)
    assert issued.demand["zone"].values.tolist() == ["big", "small", "new"]
    assert bool(np.isfinite(issued.demand).all())
    assert bool(np.isfinite(issued.members).all())
    np.testing.assert_allclose(issued.demand.sel(zone="big"), issue(demand, fitted, steps=48).demand.sel(zone="big"), rtol=1e-6)


@pytest.mark.parametrize("hours", [3, 20, 30])
def test_an_issue_with_hardly_any_past_tells_what_it_has_seen(hours, learnt):
    """Also when all of it is of the issue's own day, of which the midnight knew nothing."""
    demand, _, fitted = learnt
    at = END + 5 * times.HOUR
    past = demand.sel(time=(demand.get_index("time") < at) & (demand.get_index("time") >= at - hours * times.HOUR))
    found = forecast(past, at, 48, times.HOUR, Calendar(), ROME, fitted=fitted).demand.sel(quantile=0.5)
    assert bool((found.mean("time") > 0.3 * past.mean("time")).all())


def test_a_short_past_is_not_learnt_from():
    demand, _ = drawn(60)
    assert refit(demand, END, times.HOUR, Calendar(), ROME) is None


def damage(demand, kind):
    out = demand.sel(time=demand.get_index("time") < END).copy()
    if kind == "empty":
        out[:, 0] = np.nan
    elif kind == "zero":
        out[:, 0] = 0.0
    elif kind == "missing":
        out[-168:] = np.nan
    elif kind == "dead":
        out[-48:, 0] = 0.0
    elif kind == "-999":
        out[-24::3] = -999.0
    elif kind == "spikes":
        out[-24::7] *= 10
    elif kind == "unit":
        out[-72:, 0] *= 3.6
    return out


@pytest.mark.parametrize("kind", ["empty", "zero", "missing", "dead", "-999", "spikes", "unit"])
def test_damage_is_survived(kind, learnt):
    demand, weather, fitted = learnt
    broken = damage(demand, kind)
    for steps, sky in ((216, None), (48, weather)):
        issued = issue(broken, fitted, weather=sky, steps=steps)
        assert bool(np.isfinite(issued.demand).all() & (issued.demand >= 0).all() & (issued.demand.diff("quantile") >= 0).all())
        assert bool(np.isfinite(issued.members).all() & (issued.members >= 0).all())
    if kind in ("empty", "zero"):
        assert float(issued.demand.sel(zone="big").max()) < 1e-5
        small = issue(demand, fitted, weather=weather, steps=48).demand.sel(zone="small")
        np.testing.assert_allclose(issued.demand.sel(zone="small"), small, rtol=1e-6)
    else:
        assert mae(issued, demand, 48) < 0.15
    assert bool(issued.repairs) == (kind in ("dead", "spikes", "unit"))


def test_a_model_can_be_fitted_to_damage(learnt):
    """A zone that is empty in the file and one of zeros: the model is fitted to what is there."""
    demand, _, _ = learnt
    broken = demand.isel(zone=[0, 0, 0]).assign_coords(zone=["good", "empty", "zero"]).copy()
    broken[:, 1], broken[:, 2] = np.nan, 0.0
    fitted = refit(broken, END, times.HOUR, Calendar(), ROME)
    assert isinstance(fitted, Fitted)
    issued = issue(broken, fitted)
    assert bool(np.isfinite(issued.demand).all())
    assert float(issued.demand.sel(zone=["empty", "zero"]).max()) < 1e-5
    assert mae(issue(broken.isel(zone=[0]), fitted), demand.isel(zone=[0]).assign_coords(zone=["good"])) < 0.15


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("hour", [0, 12])
def test_issues_on_days_of_clock_changes(zone, day, hour, learnt):
    """Around days of 23 and 25 hours, also where midnight does not exist, the course of the day stays on the wall clock."""
    _, _, fitted = learnt
    at = times.local_day(day, zone)[0] + hour * times.HOUR
    time = times.grid(at - 100 * times.DAY, at + 4 * times.DAY, times.HOUR)
    wall = times.wall(time, zone).hour.to_numpy()
    value = np.outer(1 + 0.4 * np.sin((wall - 6) / 24 * 2 * np.pi), [100.0, 5.0])
    demand = labelled("demand", value, time=time, zone=["big", "small"])
    for model, most in ((None, 0.01), (fitted, 0.15)):  # learnt in another summer, it may be wrong but not by an hour
        issued = forecast(demand, at, 96, times.HOUR, Calendar(), zone, settling_days=3, fitted=model)
        assert bool(np.isfinite(issued.demand).all())
        point = issued.demand.sel(quantile=0.5)
        assert float(abs(point / demand.sel(time=point["time"]) - 1).mean()) < most


def test_quarter_hours(learnt):
    """Quarters with the mean of the hours: the forecast of quarters has the level of that of hours."""
    demand, _, fitted = learnt
    past = demand.sel(time=demand.get_index("time") < END)
    quarter = times.HOUR / 4
    time = times.grid(past.get_index("time")[0], END, quarter)
    noise = 1 + 0.02 * np.random.default_rng(0).standard_normal((len(time), 2))
    fine = labelled("demand", np.repeat(past.values, 4, axis=0) * noise, time=time, zone=["big", "small"])
    issued = forecast(fine, END, 192, quarter, Calendar(), ROME, fitted=fitted).demand
    assert issued.sizes["time"] == 192
    assert bool(np.isfinite(issued).all() & (issued >= 0).all() & (issued.diff("quantile") >= 0).all())
    hourly = issued.sel(quantile=0.5).values.reshape(48, 4, 2).mean(axis=1)
    expected = issue(past, fitted, steps=48).demand.sel(quantile=0.5).values
    assert float((np.abs(hourly - expected) / expected).mean()) < 0.03
