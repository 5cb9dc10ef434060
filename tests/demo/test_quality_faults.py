"""Faults put into the demo plant's noisy readings: which are found, and that nothing else is taken for one."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.quantities import Flag
from wss.steps.configuration import active
from wss.steps.quality.examine import run_quality
from wss.steps.quality.report import doubtful
from wss.store import IntakeFile, open_store

START, END = times.utc("2022-07-03T21:00"), times.utc("2022-07-24T21:00")
FROM, TO = times.utc("2022-07-20T04:00"), times.utc("2022-07-20T20:00")
SERIOUS = (Flag.UNIT, Flag.PUMP, Flag.BALANCE, Flag.RESET)


@pytest.fixture
def store(litoral):
    with open_store(litoral, "litoral") as store:
        yield store


def found(store, start=START, end=END) -> pd.DataFrame:
    rows = doubtful(store.read([], start, end), store.quality.spans(start, end))
    return rows[rows["flag"].isin([int(f) for f in SERIOUS])]


def spoil(store, quantity, item, change):
    sensor = store.sensors().set_index(["quantity", "item"])["sensor_id"]
    rows = store.readings_of([int(sensor[quantity, item])], times.seconds(FROM), times.seconds(TO))
    rows = rows.assign(value=change(rows["value"].to_numpy()))
    nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
    name = f"{quantity}{item}"
    store.write_file(IntakeFile(name, name, store.last_time()), rows, 0, nothing, nothing[["line", "text", "reason"]])


def test_three_weeks_of_noise_spikes_and_gaps_raise_no_alarm(store):
    assert store.quality.unexamined_files().empty  # intake and cycle have looked at all of them
    assert found(store, END - 21 * times.DAY, END + 2 * times.DAY).empty
    gaps = store.quality.spans(START, END)
    assert len(gaps) == gaps["flag"].eq(int(Flag.GAP)).sum() > 0


def test_injected_faults_are_found_in_the_sensor_that_lies(store):
    configuration = active(store)
    faults = {
        ("flow", "60"): lambda v: v / 3.6,
        ("flow", "233"): lambda v: v * 3.6,
        ("pressure", "35"): lambda v: v * 10.2,
        ("level", "1"): lambda v: v * 1000,
        ("pump_status", "335"): lambda v: 1 - np.round(v),
        ("flow", "193"): lambda v: v * 1.8,
    }
    for (quantity, item), change in faults.items():
        spoil(store, quantity, item, change)
    run_quality(configuration, store, FROM, TO, store.last_time() + times.HOUR)
    rows = found(store)
    unit = rows[rows["flag"].eq(int(Flag.UNIT))].set_index(["quantity", "item"])
    assert set(unit.index) == {("flow", "60"), ("flow", "233"), ("pressure", "35"), ("level", "1")}
    whole = (TO - FROM) / times.HOUR
    covered = (unit["end"].clip(upper=TO) - unit["start"].clip(lower=FROM)) / times.HOUR
    assert (covered.groupby(level=[0, 1]).sum() > 0.95 * whole).all()
    pump = rows[rows["flag"].eq(int(Flag.PUMP))]
    assert set(zip(pump["quantity"], pump["item"], strict=True)) == {("pump_status", "335")}
    note = "|".join(rows[rows["flag"].eq(int(Flag.BALANCE))]["note"])
    assert "industria" in note  # 193 is the only meter of the industry: its demand is told to be too high
    outside = rows[(rows["end"] < FROM) | (rows["start"] > TO)]
    assert outside.empty


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_third_more_or_less_is_a_fault_to_nobody(store, factor):
    spoil(store, "flow", "193", lambda v: v * factor)
    run_quality(active(store), store, FROM, TO, store.last_time() + times.HOUR)
    assert found(store).empty
