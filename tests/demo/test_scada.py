"""Readings as the SCADA writes them, and how the files travel."""

import os
import re

import numpy as np
import pandas as pd
import pytest

from wss.config import Limits, Sensor
from wss.demo import chance, delivery, scada
from wss.demo.settings import Noise, plant_settings

LEVEL = Sensor(tag="L", quantity="level", item="1", unit="ft", limits=Limits(low=0, high=40))
RUN = Sensor(tag="R", quantity="pump_status", item="10", unit="1", limits=Limits(low=0, high=1))
SETTINGS = plant_settings("litoral").scada
HOUR = pd.Timestamp("2022-07-25 06:00")


def week(n=2016):
    return pd.date_range("2022-07-18", periods=n, freq="5min")


def quiet(**rates):
    none = {"bad_inputs_per_week": 0, "spikes_per_week": 0, "gaps_per_week": 0, "late": 0, "doubled": 0, "lost": 0}
    return SETTINGS.model_copy(update={**none, **rates})


def test_reading_without_noise_is_the_truth_in_the_sensors_unit():
    exact = scada.measured(np.full((2016, 1), 3.048), week(), [LEVEL], {"level": Noise(resolution=0.01)}, 1)
    assert exact == pytest.approx(10.0)


def test_noise_has_its_spread_and_depends_on_the_moment_alone():
    noise = {"level": Noise(absolute=0.03048, resolution=1e-6)}
    whole = scada.measured(np.full((2016, 1), 3.048), week(), [LEVEL], noise, 1)
    assert whole.std() == pytest.approx(0.1, rel=0.05)
    part = scada.measured(np.full((100, 1), 3.048), week()[500:600], [LEVEL], noise, 1)
    np.testing.assert_array_equal(part, whole[500:600])


def text(sensor=LEVEL, settings=None, gaps=False, seed=1):
    values = np.full(2016, 10.0) if sensor is LEVEL else np.ones(2016)
    stamps = list(week().strftime("%Y-%m-%d %H:%M:%S"))
    return scada.body(sensor, stamps, values, settings or quiet(), chance.generator(seed, chance.FILES), gaps)


def test_file_says_time_value_quality_and_ends_in_a_newline():
    lines = text().splitlines()
    assert lines[:2] == ["time,value,quality", "2022-07-18 00:00:00,10.00,Good"]
    assert len(lines) == 2017
    assert text().endswith("Good\n")
    assert text(RUN).splitlines()[1] == "2022-07-18 00:00:00,1,Good"


def test_bad_inputs_spikes_and_gaps_come_at_their_rates():
    bad = [text(settings=quiet(bad_inputs_per_week=2), seed=s).count("Bad Input,Bad") for s in range(50)]
    assert np.mean(bad) == pytest.approx(2 * 3.5, rel=0.3)
    spikes = [len(re.findall(r"^\S+ \S+,(?!10\.00)\d", text(settings=quiet(spikes_per_week=2), seed=s), re.M)) for s in range(50)]
    assert np.mean(spikes) == pytest.approx(2, rel=0.3)
    assert text(RUN, quiet(spikes_per_week=50)) == text(RUN)
    missing = [2017 - text(settings=quiet(gaps_per_week=1), gaps=True, seed=s).count("\n") for s in range(50)]
    assert np.mean(missing) == pytest.approx(60, rel=0.4)
    assert text(settings=quiet(gaps_per_week=50)) == text()


def journeys(settings, history=False, n=300):
    return [delivery.journey(f"L_{k}.csv", "x\n", HOUR, settings, chance.generator(k, chance.FILES), history) for k in range(n)]


def test_usual_delivery_comes_once_and_within_the_delay():
    arrived = [d for files in journeys(quiet()) for d in files]
    assert len(arrived) == 300
    minutes = [(d.at - HOUR) / pd.Timedelta(minutes=1) for d in arrived]
    assert 2 <= min(minutes) <= max(minutes) <= 9


def test_late_doubled_and_lost_files():
    assert not any(journeys(quiet(lost=1)))
    assert all((d.at - HOUR) > pd.Timedelta(hours=1) for files in journeys(quiet(late=1)) for d in files)
    doubled = journeys(quiet(doubled=1))
    assert all(len(files) == 2 and files[0].body == files[1].body for files in doubled)
    same_name = [files[0].name == files[1].name for files in doubled]
    assert 0.4 < np.mean(same_name) < 0.6
    history = journeys(quiet(late=1, lost=1, doubled=1), history=True)
    assert all([d.name for d in files] == [f"L_{k}.csv", f"L_{k}_1.csv"] for k, files in enumerate(history))
    assert max(d.at for files in history for d in files) < HOUR + pd.Timedelta(minutes=10)


def test_files_arrive_when_due_with_their_delivery_as_their_time(tmp_path):
    spool, inbox = tmp_path / "spool", tmp_path / "inbox"
    due = [delivery.Delivery(HOUR + pd.Timedelta(minutes=m), f"L_{m}.csv", "x\n") for m in (5, 90)]
    delivery.send(spool, due)
    assert delivery.arrive(spool, inbox, HOUR + pd.Timedelta(minutes=10)) == 1
    assert os.stat(inbox / "L_5.csv").st_mtime == (HOUR + pd.Timedelta(minutes=5)).timestamp()
    assert delivery.arrive(spool, inbox, HOUR + pd.Timedelta(hours=2)) == 1
    assert sorted(p.name for p in inbox.iterdir()) == ["L_5.csv", "L_90.csv"]
    assert delivery.arrive(tmp_path / "none", inbox, HOUR) == 0
