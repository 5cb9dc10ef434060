"""`wss forecast-file`: files in, files out, and what is said on the way."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from wss import times
from wss.cli import app
from wss.forecasting import load_fitted

ISSUE = times.utc("2022-06-29T22:00")


def wss(*words: str):
    return CliRunner().invoke(app, ["forecast-file", *map(str, words)])


@pytest.fixture
def files(tmp_path):
    """Function (days) -> the command's words for a history of a zone whose last three hours are a dead meter's."""

    def make(days):
        time = times.grid(ISSUE - days * times.DAY, ISSUE, times.HOUR)
        value = 100 + 30 * np.sin(np.arange(len(time)) / 24 * 2 * np.pi) + np.random.default_rng(0).normal(0, 3, len(time))
        value[-3:] = 0.0
        path = tmp_path / "history.csv"
        pd.DataFrame({"time": [times.iso(t) for t in time], "North": value.round(3)}).to_csv(path, index=False)
        return [
            path,
            "--issue",
            "2022-06-30T00:00+02:00",
            "--hours",
            "24",
            "--zone",
            "Europe/Rome",
            "--country",
            "IT",
            "--out",
            tmp_path / "f.csv",
        ]

    return make


def test_a_short_history_has_the_profile_and_its_repairs_are_said(files, tmp_path):
    done = wss(*files(30))
    assert done.exit_code == 0, done.output
    assert "model median_profile" in done.stdout
    assert "North: 3 value(s) taken as unknown (dead)" in done.stderr
    found = pd.read_csv(tmp_path / "f.csv")
    assert len(found) == 24 * 8
    assert found.query("quantile == '0.5'")["value"].between(50, 150).all()


def test_a_model_is_saved_and_used_again(files, tmp_path):
    words = files(100)
    done = wss(*words, "--save-model", tmp_path / "model.npz", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["zones"] == ["North"]
    assert said["steps"] == 24
    assert said["weather"] == "none"
    assert said["repairs"] == ["North: 3 value(s) taken as unknown (dead), 2022-06-29"]
    assert load_fitted(tmp_path / "model.npz").last_day == "2022-06-29"
    first = (tmp_path / "f.csv").read_bytes()
    again = wss(*words, "--model", tmp_path / "model.npz", "--json")
    assert json.loads(again.stdout)["model"] == said["model"]
    assert (tmp_path / "f.csv").read_bytes() == first


def test_faults_are_told_together_and_exit_2(files, tmp_path):
    words = files(30)
    words[words.index("--hours") + 1] = "0"
    words[words.index("--country") + 1] = "Italy"
    done = wss(*words, "--step-minutes", "7")
    assert done.exit_code == 2
    for part in ("--hours 0", "'Italy' is not an ISO code", "--step-minutes 7"):
        assert part in " ".join(done.stderr.split())
    assert not (tmp_path / "f.csv").exists()


def test_a_model_of_too_short_a_history_cannot_be_saved(files, tmp_path):
    done = wss(*files(30), "--save-model", tmp_path / "model.npz")
    assert done.exit_code == 2
    assert "too short" in done.stderr
    assert not (tmp_path / "model.npz").exists()
