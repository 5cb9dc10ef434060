"""The virtual plant: quick, the same for a seed, seamless, and obedient to the released plan."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from wss.demo import truth
from wss.demo.plant import Plant
from wss.errors import DataError, NotFoundError

START, END = pd.Timestamp("2022-07-01"), pd.Timestamp("2022-07-04")


def files(workspace):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in workspace.inbox("litoral").iterdir()}


def series(workspace, tag):
    """Readings of a tag as in its files, by the SCADA's time, without those that have no value."""
    frames = [pd.read_csv(p) for p in sorted(workspace.inbox("litoral").glob(f"{tag}_*.csv"))]
    frame = pd.concat(frames).drop_duplicates("time").set_index("time")
    frame.index = pd.DatetimeIndex(frame.index).as_unit("ns") - pd.Timedelta(hours=1)  # the SCADA is on UTC+1
    return pd.to_numeric(frame["value"], errors="coerce").dropna()


def release(workspace, *orders):
    path = workspace.outbox("litoral") / "plan.csv"
    path.write_text("time,pump,speed\n" + "".join(f"{t},{p},{s}\n" for t, p, s in orders))


def test_history_is_a_file_a_tag_and_the_tag_of_nobody(plant, workspace):
    tags = {s.tag for s in plant.configuration.sensors}
    names = {name for name in files(workspace) if "_1.csv" not in name}
    assert names == {f"{tag}_20220701T0100.csv" for tag in tags | {"LIT_C12_CHLORINE"}}
    assert plant.now == END
    assert plant.clock == END + pd.Timedelta(minutes=15)
    delivered = [p.stat().st_mtime for p in workspace.inbox("litoral").iterdir()]
    assert END.timestamp() < min(delivered) <= max(delivered) < (END + pd.Timedelta(minutes=10)).timestamp()


def test_readings_are_the_truth_within_the_instruments_errors(plant, workspace):
    true = truth.read(workspace.data("litoral"))
    level = series(workspace, "LIT_T1_LEVEL") * 0.3048
    hours = true.get_index("time")[1:].intersection(level.index)
    error = level.loc[hours] - true["level"].sel(tank="1", time=hours).to_series()
    assert error.abs().median() < 0.01
    flow = series(workspace, "LIT_M173_FLOW").resample("h").median() * 0.2271247
    assert flow.median() == pytest.approx(float(true["flow"].sel(link="173").median()), rel=0.02)


def test_true_water_balance_of_each_zone(plant, workspace):
    """What SCADA measures would, without noise, give back the demand exactly: the law that the derived demand rests on."""
    true = truth.read(workspace.data("litoral"))
    area = {"1": np.pi / 4 * (85 * 0.3048) ** 2, "2": np.pi / 4 * (50 * 0.3048) ** 2, "3": np.pi / 4 * (164 * 0.3048) ** 2}
    for zone in plant.configuration.tenant.system.zones:
        net = true.flow.sel(link=list(zone.inflow)).sum("link").values - true.flow.sel(link=list(zone.outflow)).sum("link").values
        stored = sum((np.diff(true.level.sel(tank=t).values) * area[t] for t in zone.tanks), np.zeros(len(net) - 1))
        demand = true.demand.sel(zone=zone.name).values[:-1]
        assert net[:-1] - stored == pytest.approx(demand, rel=5e-3), zone.name


def test_seed_decides_everything(new_workspace):
    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        workspace = new_workspace(name)
        Plant(workspace, "litoral", seed).history(START, END)
        made.append(files(workspace))
    assert made[0] == made[1]
    levels = [{name: content for name, content in m.items() if "LEVEL" in name} for m in made]
    assert not set(levels[0].values()) & set(levels[2].values())
    with pytest.raises(DataError, match="seed 2, not 1"):
        Plant(workspace, "litoral", 1)


def test_two_hours_are_two_times_one_hour_in_another_process(new_workspace):
    once, twice = new_workspace("once"), new_workspace("twice")
    for workspace, steps in ((once, (2,)), (twice, (1, 1))):
        Plant(workspace, "litoral").history(START, END)
        for hours in steps:
            Plant(workspace, "litoral").advance(hours)
    assert files(once) == files(twice)
    kept = [json.loads((w.data("litoral") / "plant.json").read_text()) for w in (once, twice)]
    assert kept[0] == kept[1]
    assert truth.read(once.data("litoral")).identical(truth.read(twice.data("litoral")))


def test_files_are_late_doubled_or_lost_now_and_then(plant, workspace):
    before = set(files(workspace))
    plant.advance(24)
    new = set(files(workspace)) - before
    spooled = list((workspace.data("litoral") / "plant_spool").iterdir())
    asked = 24 * len(plant.configuration.sensors)
    assert asked - 15 < len(new) + len(spooled) < asked + 15
    assert any(name.endswith("_1.csv") for name in new)
    content = pd.Series(files(workspace))
    assert content.duplicated().any()


def test_released_plan_is_followed(plant, workspace):
    """River pump off and lake pump on against the plant's own habits; then the plan ends and its own controls act."""
    release(
        workspace,
        ("2022-07-04T00:15:00Z", "10", 1),
        ("2022-07-04T00:15:00Z", "335", 0),
        ("2022-07-04T02:00:00Z", "335", 1),
        ("2022-07-04T03:00:00Z", "10", 0),
    )
    plant.advance(4)
    river, lake = series(workspace, "LIT_P335_RUN")[END:], series(workspace, "LIT_P10_RUN")[END:]
    after = END + pd.Timedelta(minutes=15)
    assert (river[after : END + pd.Timedelta("1h55min")] == 0).all()
    assert (river[END + pd.Timedelta("2h") :] == 1).all()
    assert (lake[after : END + pd.Timedelta("2h55min")] == 1).all()
    assert (lake[END + pd.Timedelta("3h") :] == 0).all()
    bypass = series(workspace, "LIT_B330_FLOW")[END:]
    assert bypass[after : END + pd.Timedelta("1h50min")].min() > 4000
    assert bypass[END + pd.Timedelta("2h") :].max() == 0


def test_plan_that_ended_is_not_followed(plant, workspace):
    release(workspace, ("2022-07-01T00:00:00Z", "10", 0), ("2022-07-01T00:00:00Z", "335", 0))
    plant.advance(1)
    assert (series(workspace, "LIT_P10_RUN")[END:] == 1).all()  # on by its clock from 01:00 to 15:00 local time


def test_broken_plan_stops_the_plant_with_a_reason(plant, workspace):
    release(workspace, ("2022-07-04T00:15:00Z", "11", 1))
    with pytest.raises(DataError, match="pump '11' is not in the network"):
        plant.advance(1)
    assert plant.now == END


def test_order_of_things(workspace, plant):
    with pytest.raises(DataError, match="has run up to 2022-07-04T00:00:00Z already"):
        plant.history(START, END)
    (workspace.data("litoral") / "plant.json").unlink()
    with pytest.raises(NotFoundError, match="history first"):
        Plant(workspace, "litoral").advance(1)


@pytest.mark.parametrize("seed", [7, 8])
def test_fourteen_weeks_stay_clear_of_empty_and_full(workspace, seed):
    """Own controls, real demand: never nearer than 5 cm to the network's limits, and inside the operator's band."""
    shares = []
    plant = Plant(workspace, "litoral", seed)
    plant.history(progress=shares.append)
    true = truth.read(workspace.data("litoral"))
    assert true.sizes["time"] == 14 * 7 * 24 - 1  # the last hour of the last day is for the first plan
    assert shares[-1] == 1.0
    assert len(shares) == 7
    network_limits = {"1": (0.1, 32.1), "2": (6.5, 40.3), "3": (4.0, 35.5)}  # ft
    for tank in plant.configuration.tenant.system.tanks:
        low, high = (0.3048 * limit for limit in network_limits[tank.id])
        levels = true.level.sel(tank=tank.id)
        assert low + 0.05 < float(levels.min()) <= float(levels.max()) < high - 0.05
        assert tank.level_min_m < float(levels.min()) <= float(levels.max()) < tank.level_max_m
    tags = {s.tag for s in plant.configuration.sensors}
    assert 7 * len(tags) < len(files(workspace)) < 7 * len(tags) + 15
