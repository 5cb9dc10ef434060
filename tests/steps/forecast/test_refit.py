"""The weekly refit: which model a forecast uses as of then, and what it says where it uses none."""

import os

import numpy as np
import pytest
import xarray as xr

from wss import forecasting, times
from wss.steps.forecast.issue import run_forecast
from wss.steps.forecast.refit import MODEL, run_refit, stored_model
from wss.steps.forecast.weather import known_weather
from wss.store import RunRecord

ZONES = ["norte", "sul", "porto", "industria"]
NOW = times.utc("2022-07-16T06:00")


@pytest.fixture
def refitted(run_at, model):
    """Function (now, id, cycle=True, data=None): a refit run of that moment is in the store."""

    def put(now: str, run_id: str, cycle: bool = True, data: bytes | None = None) -> None:
        run = run_at(now, run_id, "refit")
        (run.folder / MODEL).write_bytes(model.to_bytes() if data is None else data)
        summary = {"model": "fitted", "reason": ""}
        run.store.commit_run(RunRecord(run_id, "refit", run.now, run.now, run.now, "ok", cycle, folder=run_id, summary=summary))

    return put


def test_the_artefact_tells_its_skill_and_survives_the_file(model):
    again = forecasting.Fitted.from_bytes(model.to_bytes(), "model.npz")
    assert again.zones == tuple(ZONES)
    np.testing.assert_array_equal(again.skill["none"], model.skill["none"])
    assert 0 < model.skill["none"][0].mean() < 1, "the first hours of a wandering level are known better than the profile"
    assert model.taken(["porto"]).skill["none"].shape == (5, 1)


def test_a_forecast_uses_the_model_that_was_newest_then(run_at, refitted):
    refitted("2022-07-14T00:00", "second")
    refitted("2022-07-10T00:00", "first")
    refitted("2022-07-15T00:00", "draft", cycle=False)
    used = (("2022-07-09T23:00", None, None), ("2022-07-12T00:00", "first", 2.0), ("2022-07-16T12:00", "second", 2.5))
    for now, expected, age in used:
        fitted, told = stored_model(run_at(now))
        assert (told["refit_run"], told["model_age_days"]) == (expected, age)
        assert (fitted is None) is (expected is None)
        assert bool(told["model_reason"]) is (expected is None)


def test_a_fitted_forecast_and_its_paths(run_at, refitted):
    refitted("2022-07-14T00:00", "good")
    run = run_at(NOW)
    demand = run_forecast(run)["demand"]
    told = run.summary
    assert told["model"].startswith("fitted to 2022-03-30")
    assert told["refit_run"] == "good"
    assert (told["weather"], told["model_reason"], told["repairs"]) == ("none", "", [])
    members = run.load(run.id, "members")["demand"]
    assert dict(members.sizes) == {"member": members.sizes["member"], "time": 49, "zone": 4}
    assert members.sizes["member"] >= 10
    for quantile in (0.1, 0.5, 0.9):
        below = (members <= demand.sel(quantile=quantile) + 1e-3).mean("member")
        assert float(abs(below - quantile).max()) <= 1 / members.sizes["member"]


@pytest.mark.parametrize("cut", [0, 100, 20_000])
def test_a_broken_model_gives_way_to_the_profile(run_at, refitted, model, cut):
    refitted("2022-07-14T00:00", "bad", data=model.to_bytes()[:cut])
    run = run_at(NOW)
    run_forecast(run)
    assert run.summary["model"] == "median_profile"
    assert run.summary["refit_run"] is None
    assert "not a forecast model" in run.summary["model_reason"]


def test_a_zone_that_the_model_does_not_know_has_the_profile(run_at, refitted, model):
    plain, mixed = run_at(NOW, "plain"), run_at(NOW, "mixed")
    by_profile = run_forecast(plain)["demand"]
    refitted("2022-07-14T00:00", "three", data=model.taken(["norte", "sul", "industria"]).to_bytes())
    found = run_forecast(mixed)["demand"]
    assert "does not know porto" in mixed.summary["model_reason"]
    xr.testing.assert_allclose(found.sel(zone="porto"), by_profile.sel(zone="porto"))
    assert not np.allclose(found.sel(zone="norte"), by_profile.sel(zone="norte"))


def test_a_short_history_is_said_and_is_no_error(run_at):
    run = run_at(NOW, "short", "refit")
    assert run_refit(run).empty
    assert run.summary["model"] == "none"
    assert 12 <= run.summary["days"] <= 14
    assert "a model takes 90" in run.summary["reason"]
    assert not (run.folder / MODEL).exists()


def test_weather_is_read_as_it_was_known(run_at):
    run = run_at(NOW)
    folder = run.workspace.weather("litoral")
    folder.mkdir()

    def put(name: str, written: str, text: str) -> None:
        (folder / name).write_text(text)
        os.utime(folder / name, (times.utc(written).timestamp(),) * 2)

    put("b.csv", "2022-07-15T00:00", "time,temperature_c,rain_mm\n2022-07-16T05:00Z,20,1\n2022-07-16T07:00Z,21,2\n")
    put("a.csv", "2022-07-16T00:00", "time,temperature_c\n2022-07-16T07:00Z,25\n")
    put("later.csv", "2022-07-16T06:01", "time,temperature_c\n2022-07-16T07:00Z,99\n")
    put("cut.csv", "2022-07-16T00:00", "time,temperature_c\n2022-07-16T07:00Z,2")
    put("odd.csv", "2022-07-16T00:00", "time,colour\n2022-07-16T07:00Z,2\n")
    weather, faults = known_weather(run, NOW - times.DAY)
    assert weather["temperature_c"].tolist() == [20, 25]
    assert weather["rain_mm"].tolist() == [1, 2]
    assert len(faults) == 2
    assert any("not complete" in fault for fault in faults)
    assert any("unknown column 'colour'" in fault for fault in faults)
    run_forecast(run)
    assert len(run.summary["weather_faults"]) == 2
