"""Derived demand against the truth of the virtual plant, whose SCADA has noise, spikes, bad inputs, late and lost files."""

import numpy as np
import pytest

from wss import demo, times
from wss.demo import truth
from wss.demo.plant import Plant
from wss.forecasting import metrics
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.intake.inbox import run_intake
from wss.steps.observed import derived_demand
from wss.steps.run import Run
from wss.store import Workspace, open_store

START, END = times.utc("2022-07-03T22:00"), times.utc("2022-07-17T22:00")
WORST = {"norte": 0.02, "sul": 0.04, "porto": 0.01, "industria": 0.01}
"""Sum of hourly errors over the sum of demand. South has two tanks whose levels are read to 3 mm, and little demand. [1]"""


@pytest.mark.slow
def test_derived_demand_is_near_the_plants_truth(tmp_path):
    workspace = Workspace(tmp_path)
    demo.install(workspace, "litoral")
    apply_tenant(workspace, "litoral", "test", "first", START)
    plant = Plant(workspace, "litoral")
    plant.history(START, END)
    with open_store(workspace, "litoral") as store:
        run_intake(plant.configuration, store, workspace, plant.clock)
        run = Run(active(store), store, workspace, plant.clock, tmp_path, "draft", "draft", draft=True)
        demand = derived_demand(run, START, END)["demand"]
    real = truth.read(workspace.data("litoral"))["demand"].sel(time=demand["time"], zone=demand["zone"])
    for zone, worst in WORST.items():
        assert metrics.wape(demand.sel(zone=zone), real.sel(zone=zone)) < worst
    assert float(demand.isnull().mean()) < 0.05
    assert np.isfinite(demand.sel(zone="porto")).mean() > 0.98
