"""A utility whose readings are a simulation of its own network: every derived figure is known."""

import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import demo, forecasting, times
from wss.config import Calendar
from wss.hydraulics import Engine, Simulation, network
from wss.quantities import labelled
from wss.steps.apply import apply_tenant
from wss.steps.configuration import active
from wss.steps.run import Run
from wss.store import IntakeFile, Store, Workspace, open_store

START, END = times.utc("2022-07-03T22:00"), times.utc("2022-07-17T22:00")  # two weeks from a Roman midnight
FIVE = pd.Timedelta(minutes=5)


@dataclass(frozen=True)
class Measured:
    """The store's content, and the truth that it was made of."""

    workspace: Workspace
    demand: xr.DataArray
    """(time, zone) hourly [m3/h]."""
    truth: Simulation
    """On five minutes."""


def _demand(zones: list[str]) -> xr.DataArray:
    time = times.grid(START, END, times.HOUR)
    hour = times.wall(time, "Europe/Rome").hour.to_numpy()
    shape = (1 + 0.3 * np.sin((hour - 7) / 24 * 2 * np.pi)) * (1 + 0.02 * np.random.default_rng(1).standard_normal(len(time)))
    size = {"norte": 1200.0, "sul": 300.0, "porto": 700.0, "industria": 350.0}
    return labelled("demand", np.outer(shape, [size[z] for z in zones]), time=time, zone=zones)


def _readings(store: Store, truth: Simulation) -> pd.DataFrame:
    """Readings of all sensors every five minutes: sensor_id, time [s], value [our unit], flag."""
    running = truth.pump_speed.to_pandas().reindex(truth.power.get_index("time"), method="ffill")
    tables = {
        "level": truth.level.isel(time=slice(0, -1)).to_pandas(),
        "flow": truth.flow.to_pandas(),
        "power": truth.power.to_pandas(),
        "pump_status": (running > 0).astype(float),
    }
    parts = []
    for sensor in store.sensors().itertuples():
        if sensor.quantity in tables:
            values = tables[sensor.quantity][sensor.item]
            of_one = {"sensor_id": sensor.sensor_id, "time": times.epoch(values.index), "value": values.to_numpy(), "flag": 0}
            parts.append(pd.DataFrame(of_one))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def _simulated(tmp_path_factory) -> Measured:
    workspace = Workspace(tmp_path_factory.mktemp("measured"))
    demo.install(workspace, "litoral")
    apply_tenant(workspace, "litoral", "test", "first", START)
    with open_store(workspace, "litoral") as store:
        configuration = active(store)
        zones = configuration.tenant.system.zones
        shares = network.demand_shares(configuration.network, zones)
        demand = _demand([z.name for z in zones])
        links = [s.item for s in configuration.sensors if s.quantity == "flow"]
        with Engine(configuration.network, {"330": "335"}, own_controls=True) as engine:
            engine.set_demands(network.zone_to_node(demand, shares), 3600)
            levels, length_s = {"1": 4.0, "2": 8.0, "3": 9.5}, int((END - START).total_seconds())
            truth = engine.simulate_own(levels, None, 0, START, length_s, 300, 300, links)
        nothing = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
        file = IntakeFile("all.csv", "0" * 64, END, backfill=True)
        store.write_file(file, _readings(store, truth), 0, nothing, nothing[["line", "text", "reason"]])
    return Measured(workspace, demand, truth)


@pytest.fixture
def measured(_simulated, tmp_path) -> Measured:
    """A copy to write into."""
    shutil.copytree(_simulated.workspace.home, tmp_path / "home")
    return Measured(Workspace(tmp_path / "home"), _simulated.demand, _simulated.truth)


@pytest.fixture
def run_at(measured, tmp_path):
    """Function (now, id="draft", kind="draft") -> run of the utility at that moment, with a folder of its own."""
    with open_store(measured.workspace, "litoral") as store:
        configuration = active(store)

        def make(now: str | pd.Timestamp, run_id: str = "draft", kind: str = "draft") -> Run:
            folder = measured.workspace.runs("litoral") / run_id
            folder.mkdir(parents=True, exist_ok=True)
            return Run(configuration, store, measured.workspace, times.utc(now), folder, run_id, kind, kind == "draft")

        yield make


@pytest.fixture(scope="session")
def model():
    """Fitted to a hundred days of a demand whose level wanders, up to a week before the readings of the utility."""
    time = pd.date_range("2022-03-30", "2022-07-08", freq="h", inclusive="left", name="time", unit="ns")
    rng, wander = np.random.default_rng(1), np.zeros(len(time))
    for k in range(1, len(time)):
        wander[k] = 0.95 * wander[k - 1] + 0.02 * rng.standard_normal()
    course = (1 + 0.3 * np.sin((times.wall(time, "Europe/Rome").hour.to_numpy() - 7) / 24 * 2 * np.pi)) * (1 + wander)
    value = np.outer(course, [1200.0, 300.0, 700.0, 350.0]) * (1 + 0.02 * rng.standard_normal((len(time), 4)))
    demand = labelled("demand", value, time=time, zone=["norte", "sul", "porto", "industria"])
    return forecasting.refit(demand, times.utc("2022-07-08"), times.HOUR, Calendar(country="IT"), "Europe/Rome")
