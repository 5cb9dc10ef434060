"""The border check: what it lets through and all that it finds at once."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import quantities, times
from wss.errors import DataError
from wss.quantities import QUANTITIES, check, labelled
from wss.units import scale_to

TIME = times.grid(pd.Timestamp("2022-07-25"), pd.Timestamp("2022-07-25T03:00"), times.HOUR)
LEVEL = labelled("level", [[1.0], [2.0], [3.0]], time=TIME, tank=["T1"])


def faults(**arrays: xr.DataArray) -> str:
    with pytest.raises(DataError) as caught:
        check(xr.Dataset(arrays), "test")
    return str(caught.value)


@pytest.mark.parametrize("name", QUANTITIES)
def test_what_labelled_makes_passes(name):
    q = QUANTITIES[name]
    coords = {dim: TIME if dim == "time" else ["a", "b"] for dim in q.dims}
    values = np.full([len(c) for c in coords.values()], max(q.low, 0))
    ds = labelled(name, values, **coords).to_dataset()
    assert check(ds, "test") is ds
    assert ds[name].attrs == {"units": q.units, "long_name": q.meaning}
    assert quantities.units(name) == q.units


def test_quantiles_and_members_are_welcome():
    check(LEVEL.expand_dims(quantile=[0.1, 0.9]).to_dataset(), "test")


def test_all_faults_at_once():
    found = faults(level=LEVEL * 60, levl=LEVEL, flow=LEVEL.rename(tank="pump"))
    assert found.startswith("4 faults during test:")
    for part in (
        "levl: unknown name",
        "level: values from 60 to 180, allowed are -1 to 100 m",
        "flow: dims ('time', 'pump'), expected",
        "flow: units 'm', expected 'm3/h'",
    ):
        assert part in found


@pytest.mark.parametrize(
    ("time", "fault"),
    [
        (TIME[::-1], "time is not sorted and unique"),
        (TIME[[0, 0, 1]], "time is not sorted and unique"),
        (TIME.tz_localize("UTC"), "time is not UTC without zone"),
        (pd.RangeIndex(3), "time is not UTC without zone"),
    ],
)
def test_time_of_a_wrong_kind(time, fault):
    assert f"level: {fault}" in faults(level=LEVEL.assign_coords(time=time))


def test_no_time_at_all():
    assert "level: no time coordinate" in faults(level=LEVEL.drop_vars("time"))


def test_gaps_only_where_the_table_allows_them():
    check(LEVEL.where(LEVEL > 1).to_dataset(), "test")
    energy = labelled("energy", [[1.0], [np.nan], [3.0]], time=TIME, pump=["P1"])
    assert "energy: 1 of 3 values are missing" in faults(energy=energy)


def test_nothing_but_gaps_is_allowed_too():
    check((LEVEL * np.nan).assign_attrs(LEVEL.attrs).to_dataset(name="level"), "test")


def test_infinity_is_out_of_range():
    assert "level: values from" in faults(level=LEVEL.where(LEVEL > 1, np.inf))


def test_empty_array_passes():
    check(LEVEL.isel(time=slice(0, 0)).to_dataset(), "test")


def test_table_and_units_speak_of_the_same_units():
    for unit in {q.units for q in QUANTITIES.values()} - {"currency/kWh"}:
        assert scale_to(unit, unit) == 1.0
