"""The tidy table of a day, whatever its length."""

import numpy as np
import pandas as pd
import pytest

from wss import times
from wss.config import Tank
from wss.kpi import Course, tabulate
from wss.quantities import labelled
from wss.records.kpis import KEY_FIGURES

QUARTER = pd.Timedelta("15min")
TANKS = [Tank(id="T", title="T", level_min_m=1, level_max_m=4)]


def course(day: str, kw: float = 10.0, level: float = 2.0, supplied: float = 1000.0) -> Course:
    """A day of one pump that runs all the time."""
    time = times.grid(*times.local_day(day, "Europe/Rome"), QUARTER)
    column = np.ones((len(time), 1))
    return Course(
        labelled("power", kw * column, time=time, pump=["P"]),
        labelled("pump_status", column, time=time, pump=["P"]),
        labelled("level", level * column, time=time, tank=["T"]),
        supplied,
    )


def values(table: pd.DataFrame) -> dict[tuple[str, str], float]:
    return table.set_index(["name", "item"])["value"].to_dict()


@pytest.mark.parametrize(("day", "hours"), [("2022-03-27", 23), ("2022-10-30", 25), ("2022-06-01", 24)])
def test_a_day_has_as_many_hours_as_it_has(day, hours, tariff):
    start = times.local_day(day, "Europe/Rome")[0]
    found = values(tabulate("actual", course(day, level=5.0), start, tariff, TANKS))
    night = 7.25 + (hours - 24)  # the clock changes at night
    assert found["energy", "actual"] == pytest.approx(10 * hours)
    assert found["cost", "actual"] == pytest.approx(10 * (0.1 * night + 0.3 * 16.75))
    assert found["energy_share", "actual/night"] == pytest.approx(night / hours)
    assert found["minutes_outside_limits", "actual/T"] == 60 * hours


def test_schema(tariff):
    start = times.local_day("2022-06-01", "Europe/Rome")[0]
    table = tabulate("plan", course("2022-06-01"), start, tariff, TANKS)
    assert list(table.columns) == ["time", "name", "item", "value", "unit"]
    assert table["time"].dtype == "datetime64[ns]"
    assert set(table["time"]) == {start}
    units = dict(zip(table["name"], table["unit"], strict=True))
    of_old_stores = {
        "energy": "kWh",
        "cost": "EUR",
        "specific_energy": "kWh/m3",
        "energy_share": "1",
        "starts": "1",
        "minutes_outside_limits": "min",
    }
    assert units == {name: figure.unit_in("EUR") for name, figure in KEY_FIGURES.items()}
    assert [(name, unit) for name, unit in units.items() if name in of_old_stores] == list(of_old_stores.items())
    assert table["item"].str.split("/").str[0].eq("plan").all()
    assert not table.duplicated(["name", "item"]).any()


def test_the_shares_sum_to_one_and_the_volume_divides(tariff):
    start = times.local_day("2022-06-01", "Europe/Rome")[0]
    table = tabulate("actual", course("2022-06-01", supplied=1200.0), start, tariff, TANKS)
    assert table.loc[table["name"] == "energy_share", "value"].sum() == pytest.approx(1.0)
    assert values(table)["specific_energy", "actual"] == pytest.approx(240 / 1200)


def test_water_that_is_missing_at_the_end_is_paid_for(tariff):
    start = times.local_day("2022-06-01", "Europe/Rome")[0]
    plain, dearer = (values(tabulate("baseline", course("2022-06-01"), start, tariff, TANKS, stored)) for stored in (0.0, 2.5))
    assert dearer["cost", "baseline"] - plain["cost", "baseline"] == pytest.approx(2.5)


def test_what_is_not_known_has_no_row(tariff):
    start = times.local_day("2022-06-01", "Europe/Rome")[0]
    table = tabulate("actual", course("2022-06-01", kw=np.nan, supplied=np.nan), start, tariff, TANKS)
    assert set(table["name"]) == {"starts", "minutes_outside_limits"}
