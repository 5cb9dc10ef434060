"""The backtest forecasts as the cycle would have done, goes on where it ended, and says what failed and what was special."""

import os

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import times
from wss.errors import DataError
from wss.quantities import Flag
from wss.steps.forecast import backtest_origins as one
from wss.steps.forecast.backtest import Asked, ask_backtest, run_backtest, usual_jobs
from wss.steps.forecast.backtest_special import what_was_special
from wss.steps.forecast.issue import run_forecast
from wss.store import IntakeFile

NOW, START = times.utc("2022-07-17T22:00"), times.utc("2022-07-13T22:00")  # both a Roman midnight
NOTHING = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])


@pytest.fixture
def asked():
    """Function (days, **other) -> so many origins from START on, a day apart, of a day each, by the profile."""

    def make(days: int, **other) -> Asked:
        return Asked(
            **({"start": START, "end": START + days * times.DAY, "every": times.DAY, "hours": 24, "model": "profile"} | other)
        )

    return make


def _work(run, found) -> one.Work:
    told = found.summary
    return one.Work(run.configuration, run.workspace.home, told["kept_in"], told["model"], told["hours"])


def files(found) -> dict[str, int]:
    """When each kept origin was written [ns]."""
    folder = found.summary["kept_in"] / "origins"
    assert not list(folder.glob(".*")), "a part was left behind"
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("*.parquet"))}


def write(
    store,
    name: str,
    known_at: pd.Timestamp,
    quantity: str,
    item: str,
    time: pd.DatetimeIndex,
    value,
    flag: int = 0,
    backfill: bool = False,
) -> None:
    """A file of readings of one sensor."""
    ids = store.sensors().set_index(["quantity", "item"])["sensor_id"]
    rows = pd.DataFrame({"sensor_id": ids[quantity, item], "time": times.epoch(time), "value": value, "flag": flag})
    store.write_file(IntakeFile(name, name, known_at, backfill=backfill), rows, 0, NOTHING, NOTHING[["line", "text", "reason"]])


def test_an_origin_is_the_forecast_of_a_run_of_that_moment(run_at, asked):
    run = run_at(NOW)
    found = run_backtest(run, asked(1, hours=49))
    live = run_forecast(run_at(START, "live"))["demand"]
    kept = one.kept(_work(run, found), pd.DatetimeIndex([START]))[0]["forecast"].isel(origin=0)
    np.testing.assert_array_equal(kept.transpose("lead", "zone", "quantile"), live.transpose("time", "zone", "quantile"))


def test_the_truth_is_that_of_the_plant(run_at, measured, asked):
    found = run_backtest(run_at(NOW), asked(2))
    actual = found.scores["actual"]
    for origin in actual["origin"].values:
        mine = actual.sel(origin=origin, drop=True)
        true = measured.demand.sel(time=slice(origin, origin + np.timedelta64(23, "h")), zone=mine["zone"].values)
        assert float(np.abs(mine.values / true.values - 1).mean()) < 0.03
    every = found.tables.by_span.query("zone == ''")
    assert every["wape_forecast"].max() < 0.05, "the plant's demand has 2 % of noise about one course of the day"
    assert (every["skill_profile"] == 0).all()
    assert every["wape_naive"].between(0.01, 0.05).all()


def test_a_later_correction_changes_the_truth_and_no_forecast(run_at, asked):
    run = run_at(NOW + 2 * times.HOUR)
    before = run_backtest(run, asked(1))
    time = pd.date_range(START - 5 * times.DAY, START + times.DAY, freq="5min", inclusive="left")
    write(run.store, "corrected", NOW + times.HOUR, "flow", "60", time, 2000.0)
    after = run_backtest(run, asked(1), fresh=True)
    assert after.summary["new"] == 1
    xr.testing.assert_identical(*(one.kept(_work(run, found), pd.DatetimeIndex([START]))[0] for found in (before, after)))
    assert not np.allclose(before.scores["actual"], after.scores["actual"], equal_nan=True)


def test_it_goes_on_where_it_ended(run_at, asked):
    told = []
    first = run_backtest(run_at(NOW), asked(2), progress=lambda *done: told.append(done))
    assert told == [("origins", 0, 2), ("origins", 1, 2), ("origins", 2, 2)]
    assert (first.summary["new"], first.summary["kept"], first.summary["failed"]) == (2, 0, 0)
    written = files(first)
    second = run_backtest(run_at(NOW), asked(3, start=START - times.DAY))
    assert second.origins["state"].tolist() == ["new", "kept", "kept", "new"]
    assert {name: files(second)[name] for name in written} == written
    xr.testing.assert_identical(first.scores, second.scores.sel(origin=first.scores["origin"]))
    damaged = first.summary["kept_in"] / "origins" / "20220713T2200Z.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    third = run_backtest(run_at(NOW), asked(2))
    assert third.origins["state"].tolist() == ["new", "kept"]
    xr.testing.assert_identical(first.scores, third.scores)


def test_what_it_depends_on_has_a_folder_of_its_own(run_at, asked):
    run = run_at(NOW)
    ids = [
        run_backtest(run, asked(1, **other)).summary["id"] for other in ({}, {"refit_days": 7}, {"hours": 12}, {"model": "naive"})
    ]
    assert ids[0] == ids[1], "the profile is not fitted again"
    assert len(set(ids)) == 3
    write(run.store, "late", NOW, "pressure", "15", pd.DatetimeIndex([START - times.DAY]), 40.0, backfill=True)
    assert run_backtest(run, asked(1)).summary["id"] not in ids, "a backfill tells other things of the past"


def test_any_number_of_processes_tells_the_same(run_at, asked):
    run = run_at(NOW)
    alone = run_backtest(run, asked(2))
    together = run_backtest(run, asked(2), jobs=2, fresh=True)
    assert together.summary["new"] == 2
    xr.testing.assert_identical(alone.scores, together.scores)
    pd.testing.assert_frame_equal(alone.tables.by_span, together.tables.by_span)
    assert usual_jobs() == max(1, os.cpu_count() - 1)


def test_a_broken_origin_is_told_and_the_others_go_on(run_at, asked):
    before = times.utc("2022-07-02T22:00")  # the first reading is of a day later
    found = run_backtest(run_at(NOW), asked(0, start=before, end=before + 14 * times.DAY, every=6 * times.DAY))
    assert found.origins["state"].tolist() == ["failed", "new", "new"]
    assert "no demand is known before 2022-07-02" in found.origins["error"][0]
    assert found.summary["failed"] == 1
    assert found.scores.sizes["origin"] == 2
    with pytest.raises(DataError, match="no origin from 2022-07-02.*no demand is known"):
        run_backtest(run_at(NOW), asked(0, start=before, end=before + times.HOUR))


def test_an_unexpected_error_is_told_too(run_at, asked, caplog):
    found = run_backtest(run_at(NOW), asked(1))
    folder = found.summary["kept_in"] / "origins"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("somebody's file where the folder should be")
    with pytest.raises(DataError, match="unexpected FileExistsError"):
        run_backtest(run_at(NOW), asked(1))
    assert "backtest of litoral" in caplog.text


def test_a_short_history_is_forecast_by_the_profile_and_said(run_at, asked):
    told = []
    found = run_backtest(run_at(NOW), asked(1, model="fitted", refit_days=2), progress=lambda *done: told.append(done))
    assert ("refits", 1, 1) in told
    assert found.origins["model"].tolist() == ["median_profile"]
    assert "a model takes 90" in found.origins["model_reason"][0]
    again = run_backtest(run_at(NOW), asked(2, model="fitted", refit_days=2), progress=lambda *done: told.append(done))
    assert told.count(("refits", 1, 1)) == 1, "that there is no model is kept"
    assert again.origins["state"].tolist() == ["kept", "new"]


def test_origins_use_the_model_of_their_refit(run_at, asked, model):
    found = run_backtest(run_at(NOW), asked(1, model="fitted", refit_days=1))
    (why,) = (found.summary["kept_in"] / "models").iterdir()
    assert why.name == "20220713T0000Z.txt"
    why.unlink()
    artefact, origin = why.with_suffix(".npz"), found.summary["kept_in"] / "origins" / "20220713T2200Z.parquet"
    artefact.write_bytes(model.to_bytes())
    origin.unlink()
    fitted = run_backtest(run_at(NOW), asked(1, model="fitted", refit_days=1))
    assert fitted.origins["model"][0].startswith("fitted to 2022-03-30")
    assert fitted.origins["refit"].tolist() == ["2022-07-13T00:00:00Z"]
    assert not np.allclose(fitted.scores["error_forecast"], fitted.scores["error_profile"])
    np.testing.assert_array_equal(fitted.scores["error_profile"], found.scores["error_profile"])
    artefact.write_bytes(model.to_bytes()[:1000])
    origin.unlink()
    again = run_backtest(run_at(NOW), asked(1, model="fitted", refit_days=1))
    assert again.origins["model"].tolist() == ["median_profile"], "a damaged model is fitted again"


def test_what_was_special_is_told(run_at):
    run = run_at(NOW)
    wrong = pd.date_range(START + times.DAY, periods=7, freq="5min")
    write(run.store, "wrong", NOW, "flow", "60", wrong, 5.0, int(Flag.STUCK))
    write(run.store, "doubt", NOW, "flow", "233", wrong, 5.0, int(Flag.UNCERTAIN))
    write(run.store, "few", NOW, "level", "1", wrong[:2], 5.0, int(Flag.SPIKE))
    ferragosto, plain = times.utc("2022-08-12T22:00"), START
    rows = [
        (ferragosto, "", 0.2, 0.3, 30.0, 48),
        (ferragosto, "sul", 0.1, 0.1, 10.0, 24),
        (ferragosto, "norte", 0.3, 0.5, 20.0, 24),
        (plain, "", 0.1, 0.1, 3.0, 24),
        (plain, "sul", 0.1, 0.1, 3.0, 24),
        (plain + times.DAY, "", np.nan, np.nan, np.nan, 0),
    ]
    by_origin = pd.DataFrame(rows, columns=["origin", "zone", "wape_forecast", "wape_profile", "mae_forecast", "count"])
    worst = what_was_special(run, by_origin, {plain: {"repairs": ["norte: stuck"]}}, 72, 5)
    assert worst["origin"].tolist() == [ferragosto, plain]
    assert worst["usual"].tolist() == pytest.approx([0.15, 0.15])
    assert worst["zone"].tolist() == ["norte", "sul"]
    assert worst["share"].tolist() == pytest.approx([2 / 3, 1])
    assert worst["holidays"].tolist() == [["2022-08-15"], []]
    assert worst["repairs"].tolist() == [[], ["norte: stuck"]]
    assert run.tenant.quality.masked & Flag.UNCERTAIN == 0
    assert worst["doubts"].tolist() == [[], [("flow 60", 7, int(Flag.STUCK))]]
    assert len(what_was_special(run, by_origin, {}, 72, 1)) == 1


def test_every_fault_of_what_is_asked_is_told_at_once(run_at):
    with pytest.raises(DataError) as error:
        ask_backtest(run_at(NOW), "yesterday", "tomorrow", 0.01, -1, "oracle", 0)
    for word in ("hours -1", "every 0.24 h", "refit days 0", "model 'oracle'", "from: 'yesterday'", "to: 'tomorrow'"):
        assert word in str(error.value)
    with pytest.raises(DataError, match="must be before"):
        ask_backtest(run_at(NOW), "2022-07-16", "2022-07-15")
    with pytest.raises(DataError, match="before now"):
        ask_backtest(run_at(NOW), "2022-07-18", "2022-07-25")


def test_what_is_not_asked_is_as_usual(run_at):
    usual = ask_backtest(run_at(NOW))
    assert usual.hours == 48
    assert usual.end + 47 * times.HOUR == NOW, "what the last origin forecasts has been measured"
    assert usual.end - usual.start == 28 * times.DAY
    assert ask_backtest(run_at(NOW), "2022-07-10", "2022-08-01").end == NOW
