"""KPIs of a day that is known to the last kilowatt hour."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.errors import DataError
from wss.quantities import Flag, labelled
from wss.steps.kpi import run_kpi
from wss.steps.run import Run, read_summary, read_table
from wss.store import IntakeFile, RunRecord

NOW = times.utc("2022-07-16T06:15")
DAY, NEXT = times.utc("2022-07-14T22:00"), times.utc("2022-07-15T22:00")  # 15 July in Rome
QUARTER = pd.Timedelta("15min")


def values(table: pd.DataFrame) -> dict[tuple[str, str], float]:
    return table.set_index(["name", "item"])["value"].to_dict()


@pytest.fixture
def published(run_at, measured):
    """Function (start, end, id) -> publish a plan for [start, end): river pump at 100 kW until six, levels of 9 m."""

    def make(start: pd.Timestamp, end: pd.Timestamp, run_id: str) -> Run:
        run = run_at(start, run_id, "optimize")
        time = times.grid(start, end, QUARTER)
        on = np.zeros((len(time), 2))
        on[times.wall(time, "Europe/Rome").hour < 6, 1] = 1.0
        pumps = run.configuration.pump_ids
        speed = labelled("pump_speed", on, time=time, pump=pumps)
        power = labelled("power", 100 * on, time=time, pump=pumps)
        instants = time.append(pd.DatetimeIndex([end]))
        level = labelled("level", np.full((len(instants), 3), 9.0), time=instants, tank=run.configuration.tank_ids)
        demand = measured.demand.sel(time=slice(times.floor(start, times.HOUR), end)).expand_dims(quantile=[0.5], axis=-1)
        run.save("plan", speed.to_dataset())
        run.save("simulated", power.to_dataset())
        run.save("levels", level.to_dataset())
        run.save("forecast", demand.to_dataset())
        summary = {"forecast_run": run_id}
        run.store.commit_run(RunRecord(run_id, "optimize", start, start, start, "ok", cycle=True, folder=run_id, summary=summary))
        run.store.publish({"plan": run_id}, start)
        return run

    return make


def test_actual_figures_are_those_of_the_truth(run_at, measured):
    run = run_at(NOW, "kpi", "kpi")
    table = run_kpi(run)
    found = values(table)
    day = slice(DAY, NEXT - pd.Timedelta("1s"))
    energy = measured.truth.energy.sel(time=day)
    supplied = float(measured.demand.sel(time=day).sum())
    assert found["energy", "actual"] == pytest.approx(float(energy.sum()), rel=1e-6)
    assert found["specific_energy", "actual"] == pytest.approx(float(energy.sum()) / supplied, rel=0.01)
    shares = table[(table["name"] == "energy_share") & table["item"].str.startswith("actual/")]
    assert shares["value"].sum() == pytest.approx(1.0)
    on = (measured.truth.power.sel(time=slice(DAY - pd.Timedelta("5min"), day.stop)) > 0).astype(int)
    starts = (on.diff("time") > 0).sum("time").to_series()
    assert {p: found["starts", f"actual/{p}"] for p in starts.index} == starts.to_dict()
    assert set(table["time"]) == {DAY}
    pd.testing.assert_frame_equal(read_table(run.folder, "kpi"), table, check_dtype=False)


def test_the_baseline_of_a_plant_under_its_own_controls_is_the_plant(run_at):
    """The same controls, levels and demand: only the readings' five minutes lie between the two."""
    found = values(run_kpi(run_at(NOW)))
    assert found["energy", "baseline"] == pytest.approx(found["energy", "actual"], rel=0.02)
    assert found["cost", "baseline"] == pytest.approx(found["cost", "actual"], rel=0.02)
    assert found["starts", "baseline/10"] == found["starts", "actual/10"]


def test_the_plan_in_force_counts_and_a_later_one_takes_over(run_at, published):
    published(DAY - 2 * times.HOUR, NEXT, "first")
    published(DAY + 3 * times.HOUR, NEXT + times.DAY, "second")
    found = values(run_kpi(run_at(NOW)))
    assert found["energy", "plan"] == pytest.approx(600.0)  # 100 kW from midnight to six, by the two together
    assert found["starts", "plan/335"] <= 1
    assert found["starts", "plan/10"] == 0
    assert found["minutes_outside_limits", "plan/1"] == 0


@pytest.mark.parametrize(("start", "end"), [(DAY + times.HOUR, NEXT), (DAY, NEXT - times.HOUR)])
def test_a_plan_for_a_part_of_the_day_does_not_count(start, end, run_at, published):
    published(start, end, "part")
    run = run_at(NOW)
    assert not any(item.startswith("plan") for _, item in values(run_kpi(run)))
    assert "plan_missing" in read_summary(run.folder)


def test_without_a_level_at_midnight_there_is_no_baseline(run_at):
    """A later file says that the level of tank 1 was bad from 23 to 1 o'clock."""
    run = run_at(NOW)
    sensor = run.store.sensors().query("quantity == 'level' and item == '1'")["sensor_id"].item()
    time = times.epoch(times.grid(DAY - times.HOUR, DAY + times.HOUR, pd.Timedelta("5min")))
    bad = pd.DataFrame({"sensor_id": sensor, "time": time, "value": -1.0, "flag": int(Flag.SCADA_BAD)})
    nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
    file = IntakeFile("correction.csv", "1" * 64, NOW - times.HOUR)
    run.store.write_file(file, bad, 0, nothing, nothing[["line", "text", "reason"]])
    table = run_kpi(run)
    assert not table["item"].str.startswith("baseline").any()
    assert "tank 1 has no level" in read_summary(run.folder)["baseline_missing"]


def test_a_day_that_is_not_over_is_refused(run_at):
    with pytest.raises(DataError, match="2022-07-16.*take an earlier day"):
        run_kpi(run_at(NOW), "2022-07-16")


def test_a_day_without_readings_is_refused(run_at):
    with pytest.raises(DataError, match="no power and no level"):
        run_kpi(run_at(NOW), "2022-06-01")


def test_another_day_can_be_asked_for(run_at):
    assert set(run_kpi(run_at(NOW), "2022-07-10")["time"]) == {times.utc("2022-07-09T22:00")}


def test_the_order_of_the_tanks_does_not_matter(run_at):
    run = run_at(NOW)
    system = run.tenant.system.model_copy(update={"tanks": tuple(reversed(run.tenant.system.tanks))})
    tenant = run.tenant.model_copy(update={"system": system})
    turned = replace(run, configuration=run.configuration.model_copy(update={"tenant": tenant}))
    found, other = values(run_kpi(run)), values(run_kpi(turned))
    assert found["cost", "baseline"] > 0
    assert other == pytest.approx(found)
