"""Case files: every fault at once, and what is written reads back as it was."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from wss.errors import ConfigError, DataError
from wss.optimization import Pin, case


def test_all_faults_at_once(problem, tmp_path):
    (tmp_path / "network.inp").write_text(problem.network)
    wrong = {
        "name": "x",
        "network": "network.inp",
        "start": "soon",
        "horizon_hours": -1,
        "decision_minutes": 15,
        "price": {"P1": [0.1], "P9": "dear"},
        "colour": "red",
        "initial_level": {"Q": 1},
        "pressure_min": {"J": "high"},
        "open_when_off": {"main": "P7"},
        "clamp_exempt": ["U"],
        "speed": {"P1": [1.0]},
    }
    (tmp_path / "case.yml").write_text(yaml.safe_dump(wrong))
    with pytest.raises(ConfigError) as told:
        case.read(tmp_path / "case.yml")
    for part in (
        "hydraulic_step_seconds: missing",
        "colour: unknown key",
        "start: 'soon'",
        "horizon_hours: -1",
        "price_step_minutes: missing",
        "price.P9",
        "initial_level: Q",
        "pressure_min.J: 'high'",
        "open_when_off: P7",
        "clamp_exempt: U",
        "speed.P1: [1.0] is not [lowest, highest]",
        "price: pump P2 has none",
        "price: P9 is not a pump",
    ):
        assert part in str(told.value), part


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "YAML"),
        ("- 1", "must map"),
        ("network: no.inp", "does not exist"),
        ("network: package:nowhere_at_all/x.inp", "not installed"),
    ],
)
def test_files_that_are_no_case(text, says, tmp_path):
    (tmp_path / "case.yml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        case.read(tmp_path / "case.yml")


def test_round_trip(problem, plan_of, tmp_path):
    given = replace(
        problem,
        end_level={"T": 2.2},
        pressure_min={"F": 20.0},
        pressure_min_everywhere=5.0,
        clamp_exempt=("T",),
        tied={"far": "P2"},
        max_starts={"P1": 3, "P2": 3},
        speed_range={"P1": (0.8, 1.0)},
    )
    plan = plan_of(P1=[(0, 3), (12.25, 13)], P2=[(5, 6)])
    case.write(given, plan, plan, tmp_path)
    back = case.read(tmp_path / "case.yml")
    for name in (
        "start",
        "horizon",
        "decision_step",
        "replay_step_s",
        "currency",
        "initial_level",
        "end_level",
        "pressure_min",
        "pressure_min_everywhere",
        "tied",
        "clamp_exempt",
        "max_starts",
        "speed_range",
        "network",
    ):
        assert (
            getattr(back, name) == pytest.approx(getattr(given, name))
            if name == "end_level"
            else getattr(back, name) == getattr(given, name)
        ), name
    np.testing.assert_array_equal(back.price, given.price)
    xr.testing.assert_equal(case.read_plan(tmp_path / "plan.csv", back), plan)


def test_orders_are_changes_only(plan_of):
    orders = case.orders(plan_of(P1=[(0, 3)], P2=[(1, 2)]))
    assert orders["speed"].tolist() == [1, 0, 1, 0, 0]
    assert orders["pump"].tolist() == ["P1", "P2", "P2", "P2", "P1"]


def test_prices_of_the_network_and_its_units(bench, tmp_path):
    given = yaml.safe_load((bench / "pumps" / "anytown-modified" / "starts-3.yml").read_text())
    given |= {"network": str(bench / "pumps" / "anytown-modified" / given["network"]), "start": "2026-01-05T07:00"}
    (tmp_path / "case.yml").write_text(yaml.safe_dump(given))
    anytown = case.read(tmp_path / "case.yml")
    prices = anytown.price.sel(pump="111").to_numpy()  # the file has cents; patterns begin at the start, whatever the hour
    assert prices[[0, 6, 7, 16, 17, 20, 21, 23]] == pytest.approx(np.repeat([0.1814, 0.3528, 0.8097, 0.1814], 2))
    net3 = case.read(bench / "pumps" / "net3.yml")
    assert net3.pressure_min_everywhere == pytest.approx(30 * 0.3048 / 0.4333)
    assert net3.initial_level["3"] == pytest.approx(29 * 0.3048)


def test_demand_multiplier(bench, tmp_path):
    path = tmp_path / "more.yml"
    text = (bench / "pumps" / "net3.yml").read_text()
    path.write_text(text + "demand_multiplier: 1.2\n")
    assert "Demand Multiplier 1.2" in case.read(path).network


def test_a_problem_that_contradicts_itself(problem):
    with pytest.raises(DataError) as told:
        replace(
            problem,
            decision_step=pd.Timedelta(minutes=7),
            price=problem.price.isel(time=slice(0, 12)),
            pins=(Pin("P1", problem.end, problem.start, True),),
        )
    for part in ("whole number of decision steps", "price: ends at", "pin of pump P1"):
        assert part in str(told.value)
