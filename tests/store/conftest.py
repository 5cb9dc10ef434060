"""A store with a level sensor L (tank T) and a flow sensor F (pump P), and short ways to fill it."""

from collections.abc import Callable
from itertools import count

import pandas as pd
import pytest

from wss.config import Limits, Sensor
from wss.store import Counts, IntakeFile, Workspace, open_store

LIMITS = Limits(low=0, high=10)
SENSORS = [
    Sensor(tag="L", quantity="level", item="T", unit="ft", limits=LIMITS, aliases=("LL",)),
    Sensor(tag="F", quantity="flow", item="P", unit="gpm", limits=LIMITS),
]


@pytest.fixture
def workspace(fresh_workspace) -> Workspace:
    return fresh_workspace()


@pytest.fixture
def store(workspace):
    with open_store(workspace, "demo", create=True) as store:
        store.configure({}, SENSORS, "tests", "sensors", pd.Timestamp("2022-01-01"))
        yield store


@pytest.fixture
def sensors():
    return SENSORS


@pytest.fixture
def give(store) -> Callable[..., Counts]:
    """give(known_at, {time: value}): take in a file with readings of the level sensor."""
    ids = store.sensors().set_index("tag")["sensor_id"]
    number = count()

    def give(known_at: str, readings, tag: str = "L", into=store, **more) -> Counts:
        rows = readings.items() if isinstance(readings, dict) else readings
        frame = pd.DataFrame(
            [(ids[tag], pd.Timestamp(time).value // 10**9, float(value), 0) for time, value in rows],
            columns=["sensor_id", "time", "value", "flag"],
        )
        name = more.pop("name", f"{known_at}.csv")
        file = IntakeFile(name, more.pop("sha256", f"{next(number)}"), pd.Timestamp(known_at), **more)
        aside = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])
        return into.write_file(file, frame, 0, aside, pd.DataFrame(columns=["line", "text", "reason"]))

    return give


@pytest.fixture
def levels(store) -> Callable[..., dict[str, float]]:
    """levels(known_by): the level readings of 2022-03-01 as {HH:MM: value}."""

    def levels(known_by: str | None = None) -> dict[str, float]:
        known_by = known_by and pd.Timestamp(known_by)
        frame = store.read(["level"], pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02"), known_by)
        return dict(zip(frame["time"].dt.strftime("%H:%M"), frame["value"], strict=True))

    return levels
