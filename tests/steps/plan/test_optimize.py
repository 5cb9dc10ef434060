"""The optimize step: what it saves, on equal terms with its baseline; obedient to overrides; a lower rung when levels are old."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import DemandCharge
from wss.hydraulics import network
from wss.optimization import Pin, case, verify
from wss.quantities import labelled
from wss.steps.configuration import active
from wss.steps.forecast.issue import run_forecast
from wss.steps.plan import overrides
from wss.steps.plan.optimize import plan, run_optimize
from wss.steps.plan.start import find_start
from wss.steps.run import Run
from wss.store import open_store

pytestmark = pytest.mark.slow
NOW = times.utc("2022-07-15T04:00")


@pytest.fixture
def run(measured, tmp_path):
    with open_store(measured.workspace, "litoral") as store:
        folder = tmp_path / "run"
        folder.mkdir()
        yield Run(active(store), store, measured.workspace, NOW, folder, "r1", "draft", draft=True)


def test_everything_is_saved_and_adds_up(run):
    pin = Pin("10", NOW + pd.Timedelta(hours=8), NOW + pd.Timedelta(hours=9), True)
    overrides.record(run.store, pin, "Ada", NOW, "test of the pump")
    decided = run_optimize(run)
    told = run.summary
    assert told["rung"] in ("converged", "limit")
    assert told["violations"] == []
    assert told["plan_cost"] < told["baseline_cost"]
    assert told["saving_percent"] == pytest.approx(100 * (1 - told["plan_cost"] / told["baseline_cost"]))
    assert told["forecast_run"] == run.id
    assert 0 <= told["level_age_minutes"] <= 30
    held = decided["pump_speed"].sel(pump="10", time=slice(pin.start, pin.end - pd.Timedelta(minutes=1)))
    assert (held == 1).all()
    level, plant = run.load(run.id, "levels")["level"], run.load(run.id, "simulated")
    assert level.sizes["time"] == decided.sizes["time"] + 1
    for tank in run.tenant.system.tanks:
        assert tank.level_min_m - 1e-3 <= float(level.sel(tank=tank.id)[1:].min())
        assert float(level.sel(tank=tank.id)[1:].max()) <= tank.level_max_m + 1e-3
    energy = (plant["power"].sum("pump") * 0.25).to_numpy()
    assert energy.sum() == pytest.approx(told["energy_kwh"])
    assert (energy * decided["price"].to_numpy()).sum() == pytest.approx(told["plan_cost"], abs=0.01)
    band = run.load(run.id, "band")["level"]
    assert band.sel(quantile=0.5).to_numpy() == pytest.approx(level.to_numpy())
    assert told["band_paths"] >= 10
    width = (band.sel(quantile=0.9) - band.sel(quantile=0.1)).sum("tank")
    assert (band.sel(quantile=0.1) <= band.sel(quantile=0.5)).all()
    assert (band.sel(quantile=0.5) <= band.sel(quantile=0.9)).all()
    assert float(width[0]) == pytest.approx(0, abs=1e-6), "all paths start from the same levels"
    assert float(width[-1]) > 0.01
    for risk in told["level_risks"]:
        assert 0 < risk["paths"] <= risk["of"] == told["band_paths"]
        assert (risk["worst_m"] < risk["limit_m"]) is (risk["side"] == "low")
    actions = run.load_table(run.id, "actions")
    assert set(actions["action"]) <= {"start", "stop"}
    assert actions["why"].str.len().min() > 10
    _explained(run, actions, decided, pin)
    _replays(run, decided, told)


def _explained(run, actions, decided, pin):
    """Each switch has its price a step earlier and later; what an operator holds stays."""
    moves = run.load_table(run.id, "moves").set_index(["time", "pump", "move"]).sort_index()
    assert len(moves) == 2 * len(actions)
    held = actions[(actions["pump"] == pin.pump) & (actions["time"] == pin.end)]
    for switch in held.itertuples():
        assert moves.loc[switch.time, switch.pump, "earlier"]["limit"] == "held"
        assert "not possible: the operator holds" in switch.earlier
    for switch in actions.itertuples():
        later = moves.loc[switch.time, switch.pump, "later"]
        if not np.isnan(later["energy_cost"]):
            assert (later["energy_cost"] < 0) == (switch.action == "start")
        assert switch.later.startswith("15 min later ")
    free = moves[moves["limit"].isna() & moves["end_tank"].isna()]
    gain = -free[["energy_cost", "charge", "start_cost"]].sum(axis=1)
    assert (gain < 0.01 * run.summary["plan_cost"]).all(), "no single step makes the plan much cheaper at no loss"
    assert run.summary["change"] is None


def _replays(run, decided, told):
    """The case beside the plan says the same."""
    problem = case.read(run.folder / "case.yml")
    written = case.read_plan(run.folder / "plan.csv", problem)
    np.testing.assert_array_equal(written.sel(pump=decided.pump), decided["pump_speed"])
    verdict = verify(problem, written)
    assert verdict.feasible
    assert verdict.cost == pytest.approx(told["plan_cost"], abs=0.01)
    baseline = verify(problem, case.read_plan(run.folder / "baseline.csv", problem))
    assert baseline.cost + told["stored_value"] == pytest.approx(told["baseline_cost"], abs=0.01)
    json.dumps(told)


def test_what_if(run):
    shorter = run.tenant.plan.model_copy(update={"horizon_hours": 12, "replay_seconds": 300})
    tenant = run.tenant.model_copy(update={"plan": shorter})
    run = replace(run, configuration=run.configuration.model_copy(update={"tenant": tenant}))
    forecast = run_forecast(run)
    today = plan(run, forecast)
    more = plan(run, forecast, changes={"demand_factor": 1.1})
    assert more.plan_cost > today.plan_cost
    without = plan(run, forecast, changes={"out_of_service": ("10",)})
    assert (without.pump_speed.sel(pump="10") == 0).all()
    assert (without.baseline.pump_speed.sel(pump="10") == 0).all(), "level control has no more pumps than the plan"
    version = run.configuration.tariff.versions[-1]
    dear = run.configuration.tariff.model_copy(
        update={"versions": (version.model_copy(update={"demand_charge": DemandCharge(price_per_kw=50.0)}),)}
    )
    assert plan(run, forecast, changes={"tariff": dear}).demand_charge <= 50 * today.simulation.power.sum("pump").max()
    with pytest.raises(Exception, match="colour: not one of"):
        plan(run, forecast, changes={"colour": "red"})


def test_dead_levels_lower_the_rung(run):
    late = replace(run, now=times.utc("2022-07-18T12:00"))
    forecast = run_forecast(late)
    result = plan(late, forecast)
    assert result.solution.rung in ("last_plan", "level_control")
    assert "level" in result.solution.reason
    stale = replace(run, now=times.utc("2022-07-18T01:00"))
    carried = plan(stale, run_forecast(stale))
    assert 90 < carried.inputs.start.age_minutes < 720
    assert carried.solution.rung in ("converged", "limit")


def test_what_a_plan_orders_now_is_not_yet_done(run, measured):
    """A second plan of the same moment must order the same switch again."""
    late = replace(run, now=times.utc("2022-07-17T22:00"))
    done = find_start(late, _of_nodes(late), None).status
    grid = times.grid(late.now, late.now + pd.Timedelta(hours=2), pd.Timedelta(minutes=15))
    opposite = [float(not done[pump]) for pump in done]
    previous = labelled("pump_speed", np.tile(opposite, (len(grid), 1)), time=grid, pump=list(done))
    assert find_start(late, _of_nodes(late), previous).status == done
    last = measured.truth.pump_speed.isel(time=-1)
    assert done == {pump: bool(last.sel(pump=pump) > 0) for pump in done}


def _of_nodes(run):
    configuration = run.configuration
    shares = network.demand_shares(configuration.network, configuration.tenant.system.zones)
    return network.zone_to_node(run_forecast(run)["demand"].sel(quantile=0.5, drop=True), shares)
