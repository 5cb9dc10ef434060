"""A small waterworks of our own, the pump cases of the benchmarks and their judge."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.hydraulics import Engine
from wss.optimization import Problem
from wss.optimization.core.task import make_task
from wss.quantities import labelled

START = pd.Timestamp("2026-01-05T00:00").as_unit("ns")
NETWORK = """
[JUNCTIONS]
 S   0   0
 J   10  50  day
 F   12  5   day
[RESERVOIRS]
 R   0
[TANKS]
 T   50  2.0  0.5  4.0  12  0
[PIPES]
 main  S  J  800  250  120  0  Open
 rise  J  T  500  250  120  0  Open
 far   J  F  900  100  120  0  Open
[PUMPS]
 P1  R  S  HEAD lift
 P2  R  S  HEAD lift
[CURVES]
 lift  70  62
[PATTERNS]
 day  0.6 0.5 0.5 0.5 0.6 0.8 1.2 1.5 1.4 1.2 1.1 1.1
 day  1.2 1.1 1.0 1.0 1.1 1.3 1.5 1.4 1.2 0.9 0.7 0.6
[CONTROLS]
 LINK P1 OPEN IF NODE T BELOW 1.5
 LINK P1 CLOSED IF NODE T ABOVE 3.5
 LINK P2 CLOSED AT TIME 0
[ENERGY]
 Global Efficiency 70
[TIMES]
 Duration 24:00
 Hydraulic Timestep 0:15
 Pattern Timestep 1:00
[OPTIONS]
 Units CMH
 Headloss H-W
 Accuracy 0.00001
 Unbalanced Continue 10
[END]
"""


@pytest.fixture(scope="session")
def problem() -> Problem:
    """One day, quarter hours, cheap nights and a dear evening; the tank may use all of its 3.5 m."""
    price = np.repeat([0.06, 0.12, 0.20, 0.12, 0.06], [6, 11, 4, 2, 1])
    time = pd.date_range(START, periods=24, freq="h", name="time", unit="ns")
    tariff = xr.DataArray(price, dims="time", coords={"time": time}, name="price")
    return Problem(NETWORK, START, pd.Timedelta(hours=24), pd.Timedelta(minutes=15), tariff, initial_level={"T": 2.0})


@pytest.fixture
def task(problem):
    """The same as arrays on an open engine."""
    with Engine(problem.network) as engine:
        yield make_task(problem, engine)


@pytest.fixture(scope="session")
def plan_of(problem) -> Callable[..., xr.DataArray]:
    """Makes a plan from the hours in which each pump runs: `plan_of(P1=[(0, 6), (12, 14.5)])`; `speed` is that of all."""

    def make(speed: float = 1.0, of: Problem = problem, **hours: list[tuple[float, float]]) -> xr.DataArray:
        at = (of.time - of.start) / pd.Timedelta(hours=1)
        columns = [[speed * any(a <= h < b for a, b in hours.get(p, [])) for h in at] for p in ("P1", "P2")]
        return labelled("pump_speed", np.array(columns, float).T, time=of.time, pump=["P1", "P2"])

    return make


@pytest.fixture(scope="session")
def judge(bench) -> Callable[[Path, Path], dict]:
    """The benchmarks' own judge: case file, plan file -> its verdict."""
    return _module(bench / "pumps" / "judge.py").judge


@pytest.fixture(scope="session")
def pump_case(bench) -> Callable[[str], Path]:
    """File of a pump case by its name; the test is skipped where the case's network has no known licence and is not at hand."""
    where = _module(bench.parent / "where.py")

    def found(name: str) -> Path:
        try:
            return where.pump_case(name)
        except FileNotFoundError as error:
            pytest.skip(str(error))

    return found


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changed(problem: Problem, **what) -> Problem:
    """The problem with some fields replaced."""
    return replace(problem, **what)
