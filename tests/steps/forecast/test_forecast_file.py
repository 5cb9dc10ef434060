"""A forecast from files: what is read, what is ignored, and every fault at once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.errors import DataError
from wss.steps.forecast.from_file import Asked, forecast_file, read_history, read_holidays, read_weather, table

START, ISSUE = times.utc("2022-06-01T22:00"), times.utc("2022-06-29T22:00")


@pytest.fixture
def rows():
    """Four weeks of two zones, and two days that come after the issue; the second zone's name is any text."""
    time = times.grid(START, ISSUE + 2 * times.DAY, times.HOUR)
    hour = times.wall(time, "Europe/Rome").hour.to_numpy()
    noise = 1 + 0.05 * np.random.default_rng(0).standard_normal((len(time), 2))
    value = np.outer(100 + 40 * np.sin((hour - 6) / 24 * 2 * np.pi), [1, 0.01]) * noise
    frame = pd.DataFrame(value.round(4), columns=["A", 'über, "all" 1'])
    frame.insert(0, "time", [times.iso(t) for t in time])
    return frame


@pytest.fixture
def asked(rows, tmp_path):
    path = tmp_path / "history.csv"
    rows.to_csv(path, index=False)
    return Asked(path, "2022-06-30T00:00+02:00", 24, "Europe/Rome", "IT")


def values(asked):
    return table(forecast_file(asked)[0])


def rewritten(asked, rows, name="other.csv", **how):
    path = asked.history.with_name(name)
    rows.to_csv(path, index=False, **how)
    return replace(asked, history=path)


def test_long_rows(asked):
    found = values(asked)
    assert list(found) == ["time", "zone", "quantile", "value"]
    assert len(found) == 24 * 2 * 8
    assert found["time"].iloc[0] == "2022-06-29T22:00:00Z"
    assert found["zone"].unique().tolist() == ["A", 'über, "all" 1']
    assert found["quantile"].unique().tolist() == ["mean", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95"]
    assert found["value"].notna().all()
    wide = found.pivot(index=["time", "zone"], columns="quantile", values="value")
    assert (wide["0.05"] <= wide["mean"]).all()
    assert (wide["mean"] <= wide["0.95"]).all()


def test_order_doubles_gaps_and_offsets_do_not_matter(asked, rows):
    expected = values(asked)
    late = pd.concat([rows.assign(A=999.0).iloc[:50], rows.sample(frac=1, random_state=0)])  # of a doubled time the later counts
    pd.testing.assert_frame_equal(values(rewritten(asked, late)), expected)
    local = rows.assign(time=[t.isoformat() for t in pd.to_datetime(rows["time"]).dt.tz_convert("Europe/Rome")])
    pd.testing.assert_frame_equal(values(rewritten(asked, local, encoding="utf-8-sig")), expected)
    holes = rows.copy()
    holes.loc[100:130, "A"] = np.nan
    without = pd.concat([rows.iloc[:100], rows.iloc[100:131].assign(A=""), rows.iloc[131:]])
    pd.testing.assert_frame_equal(values(rewritten(asked, holes)), values(rewritten(asked, without)))


def test_what_comes_at_the_issue_or_later_does_not_matter(asked, rows):
    expected = values(asked)
    after = pd.to_datetime(rows["time"]).dt.tz_localize(None) >= ISSUE
    poisoned = rows.copy()
    poisoned.loc[after, rows.columns[1:]] = np.random.default_rng(2).uniform(0, 1e6, (int(after.sum()), 2))
    pd.testing.assert_frame_equal(values(rewritten(asked, poisoned)), expected)
    pd.testing.assert_frame_equal(values(rewritten(asked, rows[~after])), expected)


def test_every_fault_of_files_and_options_at_once(asked, rows, tmp_path):
    broken = rows.astype({"A": object})
    broken.loc[3, "A"] = "12,5"
    broken.loc[5, "A"] = "inf"
    weather = tmp_path / "weather.csv"
    weather.write_text("time,temperature,rain_mm\n2022-06-01T00:00Z,1,x\n")
    model, holidays = tmp_path / "model.npz", tmp_path / "holidays.txt"
    model.write_bytes(b"no model")
    holidays.write_text("2022-13-45\n")
    asked = replace(
        rewritten(asked, broken),
        issue="2022-06-30T00:10+02:00",
        hours=0,
        time_zone="Europe/Nowhere",
        weather=weather,
        model=model,
        holidays=holidays,
    )
    with pytest.raises(DataError) as error:
        forecast_file(asked)
    said = str(error.value)
    for part in (
        "--issue 2022-06-29T22:10:00Z is not a multiple of 60 min",
        "--hours 0",
        "Europe/Nowhere",
        "2022-13-45",
        "other.csv line 5, column 'A': '12,5' is not a number",
        "line 7, column 'A': 'inf'",
        "unknown column 'temperature'",
        "weather.csv line 2, column 'rain_mm'",
        "model.npz is not a forecast model",
    ):
        assert part in said, part


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("", "cannot be read"),
        ("when,A\n2022-06-01T00:00Z,1\n", "no column `time`; its header is 'when', 'A'"),
        ("time\n2022-06-01T00:00Z\n", "no column beside `time`"),
        ("time,A\n2022-06-01T00:00,1\n2022-06-01T01:00Z,1\n", "line 2: '2022-06-01T00:00' is not an ISO time with an offset"),
        ("time,A\nyesterday,1\n", "line 2: 'yesterday'"),
        ("time,A\n2022-06-01T00:30Z,1\n", "is not a multiple of"),
        ("time,A\n1,2,3,4\n1\n", "ISO time|cannot be read"),
    ],
)
def test_histories_that_are_refused(text, say, tmp_path):
    path = tmp_path / "h.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=say):
        read_history(path, times.HOUR)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv cannot be read"):
        read_history(tmp_path / "none.csv", times.HOUR)


@pytest.mark.parametrize("step", [7, 0, 120])
def test_steps_that_are_refused(step, asked):
    with pytest.raises(DataError, match=f"--step-minutes {step}: use one of 15, 30, 60"):
        forecast_file(replace(asked, step_minutes=step))


def test_an_issue_before_all_data(asked):
    with pytest.raises(DataError, match="no demand is known before 2020"):
        forecast_file(replace(asked, issue="2020-01-01T00:00Z"))


def test_weather_with_holes_in_any_columns(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("time,rain_mm,wind_kmh\n2022-06-01T02:00+02:00,1.5,\n2022-06-01T03:00Z,,3\n")
    found = read_weather(path)
    assert list(found) == ["rain_mm", "wind_kmh"]
    assert found.loc["2022-06-01T00:00", "rain_mm"] == 1.5
    assert found.isna().sum().tolist() == [1, 1]


def test_holidays_of_a_file(tmp_path):
    path = tmp_path / "holidays.txt"
    path.write_text("# ours\n2022-08-15\n\n06-13  # the saint\n")
    assert read_holidays(path) == ("2022-08-15", "06-13")


def test_own_holidays_count(asked, tmp_path):
    """The issue's day as a holiday has the demand of a Sunday, on which here half is drawn."""
    frame = pd.read_csv(asked.history)
    sunday = times.wall(pd.DatetimeIndex(pd.to_datetime(frame["time"]).dt.tz_localize(None)), "Europe/Rome").dayofweek == 6
    frame.loc[sunday, "A"] *= 0.5
    asked = rewritten(asked, frame)
    holidays = tmp_path / "holidays.txt"
    holidays.write_text("06-30\n")
    usual, free = (
        values(a).query("zone == 'A' and quantile == '0.5'")["value"].mean() for a in (asked, replace(asked, holidays=holidays))
    )
    assert free == pytest.approx(0.5 * usual, rel=0.05)
