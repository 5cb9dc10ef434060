"""The rules on a whole utility, whose readings are a simulation of its own network: what is wrong is found, and nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Configuration
from wss.hydraulics import network
from wss.quantities import Flag
from wss.steps import masked
from wss.steps.forecast.issue import run_forecast
from wss.steps.observed import derived_demand
from wss.steps.plan.start import find_start
from wss.steps.quality.examine import examine, run_quality
from wss.steps.quality.report import doubtful, leaned_on, tenant_quality
from wss.steps.run import read_table
from wss.store import IntakeFile, RunRecord

START, END = times.utc("2022-07-03T22:00"), times.utc("2022-07-17T22:00")
DAY = times.utc("2022-07-16T00:00")
NOW = END + pd.Timedelta("10min")
DURING = (DAY + pd.Timedelta("6h"), DAY + pd.Timedelta("18h"))


@pytest.fixture
def utility(run_at):
    """A run of the utility just after its last reading."""
    return run_at(NOW)


@pytest.fixture
def spoil(utility):
    """spoil(quantity, item, change, span): a later file says something else about a sensor."""
    store = utility.store
    sensor = store.sensors().set_index(["quantity", "item"])["sensor_id"]

    def spoil(quantity, item, change, span=DURING, known_at=END, flag=0):
        some = store.readings_of([int(sensor[quantity, item])], times.seconds(span[0]), times.seconds(span[1]))
        some = some.assign(value=change(some["value"].to_numpy()), flag=flag)
        nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
        name = f"{quantity}{item}{known_at}"
        store.write_file(IntakeFile(name, name, known_at), some, 0, nothing, nothing[["line", "text", "reason"]])

    return spoil


def look(run, configuration: Configuration | None = None, start=DAY - times.DAY, end=END, now=NOW, **more) -> dict[str, int]:
    return run_quality(configuration or run.configuration, run.store, start, end, now, **more)


def found(run, *flags: Flag, known_by=None) -> dict[tuple[str, str], list]:
    """(quantity, item) -> spans of one of the flags as (start, end)."""
    rows = doubtful(run.store.read([], START, END), run.store.quality.spans(START, END + times.DAY, known_by))
    rows = rows[rows["flag"].isin([int(f) for f in flags])]
    return {key: list(zip(of["start"], of["end"], strict=True)) for key, of in rows.groupby(["quantity", "item"])}


def with_quality(configuration: Configuration, **settings) -> Configuration:
    quality = configuration.tenant.quality.model_copy(update=settings)
    return configuration.model_copy(update={"tenant": configuration.tenant.model_copy(update={"quality": quality})})


def test_a_sound_utility_has_nothing_doubtful(utility):
    assert look(utility, start=START) == {"found": 0, "withdrawn": 0}


@pytest.mark.parametrize(("quantity", "item", "factor"), [("flow", "60", 1 / 3.6), ("flow", "233", 3.6), ("level", "1", 10.2)])
def test_a_wrong_unit_is_found_to_the_reading(utility, spoil, quantity, item, factor):
    spoil(quantity, item, lambda v: v * factor)
    look(utility)
    assert found(utility, Flag.UNIT) == {(quantity, item): [(DURING[0], DURING[1] - pd.Timedelta("5min"))]}
    assert found(utility, Flag.BALANCE, Flag.PUMP) == {}  # what is known to be wrong is not held against the others


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.3, 2.0])
def test_a_demand_that_changes_is_no_unit(utility, spoil, factor):
    spoil("flow", "233", lambda v: v * factor)
    look(utility)
    assert found(utility, Flag.UNIT) == {}


def test_the_same_pass_again_and_another_window_find_the_same(utility, spoil):
    spoil("flow", "60", lambda v: v / 3.6, (DAY + pd.Timedelta("18h"), DAY + pd.Timedelta("30h")))
    assert look(utility)["found"] == 2  # a day each
    assert look(utility) == {"found": 0, "withdrawn": 0}
    assert look(utility, start=START) == {"found": 0, "withdrawn": 0}
    assert look(utility, start=DAY + times.DAY) == {"found": 0, "withdrawn": 0}


def test_a_correction_withdraws_and_the_past_still_sees_it(utility, spoil):
    spoil("flow", "60", lambda v: v / 3.6)
    look(utility)
    later = NOW + times.HOUR
    spoil("flow", "60", lambda v: v * 3.6, known_at=later)
    assert look(utility, now=later)["withdrawn"] == 1
    assert found(utility, Flag.UNIT) == {}
    assert set(found(utility, Flag.UNIT, known_by=NOW)) == {("flow", "60")}
    assert found(utility, Flag.UNIT, known_by=NOW - pd.Timedelta("1s")) == {}


def test_a_pump_whose_status_is_stuck_loses_against_flow_and_power(utility, spoil):
    status = utility.store.read(["pump_status"], *DURING)
    runs = status[status["item"].eq("335")]["value"]
    spoil("pump_status", "335", lambda v: 1 - v)
    look(utility)
    assert set(found(utility, Flag.PUMP)) == {("pump_status", "335")}
    covered = sum((b - a for a, b in found(utility, Flag.PUMP)["pump_status", "335"]), pd.Timedelta(0))
    assert covered > 0.9 * len(runs) * pd.Timedelta("5min")
    seen = utility.store.read(["pump_status"], *DURING)
    assert (seen[seen["item"].eq("335")]["flag"].eq(int(Flag.PUMP))).mean() > 0.9


def test_a_balance_that_does_not_close_is_told_and_not_masked(utility, spoil):
    spoil("flow", "173", lambda v: v * 2.5)
    look(utility)
    of = found(utility, Flag.BALANCE)
    assert ("flow", "173") in of
    assert {item for name, item in of if name == "level"} == {"1", "2", "3"}
    assert ("flow", "330") not in of  # no zone's balance has it
    before = derived_demand(utility, *DURING)["demand"]
    assert bool(before.sel(zone="sul").notnull().all())


def test_gaps_and_silence(utility, spoil):
    sensor = utility.store.sensors().set_index(["quantity", "item"])["sensor_id"]
    examine(utility.configuration, utility.store)
    with utility.store._database.write() as connection:  # the readings of three hours never came
        connection.exec_driver_sql(
            f"DELETE FROM reading WHERE sensor_id = {sensor['level', '1']} AND time >="
            f" {times.seconds(DURING[0])} AND time < {times.seconds(DURING[0]) + 3 * 3600}"
        )
        connection.exec_driver_sql(
            f"DELETE FROM reading WHERE sensor_id = {sensor['flow', '10']} AND time >= {times.seconds(END) - 7200}"
        )
    look(utility)
    five = pd.Timedelta("5min")
    assert found(utility, Flag.GAP) == {("level", "1"): [(DURING[0] - five, DURING[0] + 3 * times.HOUR)]}
    assert list(found(utility, Flag.STALE)) == [("flow", "10")]
    assert not (utility.store.read(["level"], START, END)["flag"] & int(Flag.UNIT)).any()
    (told,) = tenant_quality(utility.configuration, utility.store, NOW)
    assert (told["quantity"], told["item"], told["kind"]) == ("flow", "10", "stale")
    assert (told["masked"], told["goes_on"]) == (False, True)


def test_a_gap_across_days_ends_when_the_readings_come(utility):
    sensor = int(utility.store.sensors().set_index(["quantity", "item"])["sensor_id"]["level", "1"])
    gap = (DAY + pd.Timedelta("6h"), DAY + pd.Timedelta("40h"))
    rows = utility.store.readings_of([sensor], times.seconds(gap[0]), times.seconds(gap[1]))
    with utility.store._database.write() as connection:
        connection.exec_driver_sql(
            f"DELETE FROM reading WHERE sensor_id = {sensor} AND time >= {times.seconds(gap[0])}"
            f" AND time < {times.seconds(gap[1])}"
        )
    look(utility)
    assert found(utility, Flag.GAP) == {("level", "1"): [(gap[0] - pd.Timedelta("5min"), gap[1])]}
    nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
    utility.store.write_file(IntakeFile("late", "late", NOW), rows, 0, nothing, nothing[["line", "text", "reason"]])
    assert look(utility, start=DAY, end=DAY + times.HOUR, now=NOW + times.HOUR)["withdrawn"] == 1
    assert found(utility, Flag.GAP) == {}


def test_rules_can_be_switched_off_for_all_or_for_one(utility, spoil):
    spoil("flow", "60", lambda v: v / 3.6)
    off = with_quality(utility.configuration, off=("unit", "balance"))
    assert look(utility, off)["found"] == 0
    sensors = tuple(
        s.model_copy(update={"unchecked": ("unit",)}) if (s.quantity, s.item) == ("flow", "60") else s
        for s in utility.configuration.sensors
    )
    look(utility, with_quality(utility.configuration.model_copy(update={"sensors": sensors}), off=("balance",)))
    assert found(utility, Flag.UNIT) == {}
    look(utility)
    assert set(found(utility, Flag.UNIT)) == {("flow", "60")}


def test_new_files_are_examined_once_and_a_past_moment_changes_nothing(utility, spoil):
    store, configuration = utility.store, utility.configuration
    examine(configuration, store, most_days=10)
    assert len(store.quality.unexamined_files()) == 1  # a backfill of two weeks is left to a later call
    examine(configuration, store, most_days=20)
    assert store.quality.unexamined_files().empty
    spoil("flow", "60", lambda v: v / 3.6)
    assert examine(configuration, store, START) == {"found": 0, "withdrawn": 0}
    assert len(store.quality.unexamined_files()) == 1
    assert examine(configuration, store)["found"] == 1
    assert store.quality.unexamined_files().empty
    assert examine(configuration, store, NOW) == {"found": 0, "withdrawn": 0}


def test_what_a_backfill_shows_counts_as_known_when_it_could_have_been(utility, spoil):
    spoil("flow", "60", lambda v: v / 3.6)
    look(utility, backfill=True)
    known = utility.store.quality.spans(DAY, END)["found_at"]
    assert (known <= DURING[0] + pd.Timedelta("4h")).all()
    assert (known >= DURING[0] + pd.Timedelta("3h")).all()


def test_forecast_and_plan_record_what_they_did_without(utility, run_at, spoil):
    spoil("flow", "60", lambda v: v / 3.6)
    spoil("level", "2", lambda v: v + 0.001, (END - pd.Timedelta("3h"), END), flag=int(Flag.STUCK))
    look(utility)
    run = run_at(NOW, "f1", "forecast")
    run_forecast(run)
    table = read_table(run.folder, masked.TABLE)
    flow = table[table["quantity"].eq("flow")]
    assert set(flow["item"]) == {"60"}
    assert (len(flow), flow["readings"].sum(), set(flow["flag"])) == (12, 144, {int(Flag.UNIT)})
    assert set(flow["instead"]) == {"profile"}
    summed = masked.by_sensor(table)
    part = next(p for p in summed if p["item"] == "60")
    assert (part["hours"], part["readings"], part["instead"]) == (12, 144, "profile")
    assert part["first"] == times.iso(DURING[0])
    record = RunRecord("f1", "forecast", NOW, NOW, NOW, "ok", False, {}, {"masked": summed}, {}, "0", None, 0.0, 0.0, "f", None)
    run.store.commit_run(record)
    leaned = leaned_on(utility, 7)
    assert set(leaned["item"]) == {"60", "2"}


def test_a_plan_starts_from_the_last_good_level(utility, spoil):
    spoil("level", "2", lambda v: v + 0.001, (END - pd.Timedelta("3h"), END), flag=int(Flag.STUCK))
    zones = utility.tenant.system.zones
    demand = derived_demand(utility, END - times.DAY, END - 4 * times.HOUR)["demand"]
    nodes = network.zone_to_node(demand, network.demand_shares(utility.configuration.network, zones))
    start = find_start(utility, nodes, None)
    assert start.age_minutes == pytest.approx(195, abs=30)
    table = start.masked.table(masked.START)
    assert set(table["item"]) == {"2"}
    assert "replay" in set(table["instead"])


def test_values_with_flags_that_only_inform_are_masked_on_demand(utility, spoil):
    spoil("flow", "233", lambda v: v + 0.01, flag=int(Flag.UNCERTAIN))
    assert bool(derived_demand(utility, *DURING)["demand"].sel(zone="porto").notnull().all())
    strict = replace(utility, configuration=with_quality(utility.configuration, also_masked=("uncertain",)))
    assert np.isnan(derived_demand(strict, *DURING)["demand"].sel(zone="porto").to_numpy()).mean() > 0.9
