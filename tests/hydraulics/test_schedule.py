"""Switches brought onto a grid, volumes of tanks, times as EPANET writes them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from wss.errors import HydraulicError, NetworkError
from wss.hydraulics import inp, schedule, tanks
from wss.hydraulics.patterns import resample
from wss.hydraulics.results import Trajectory, label
from wss.quantities import labelled

START = pd.Timestamp("2022-07-25")
STEP = pd.Timedelta("5min")


def run_of(switches: list[tuple[int, tuple[float, ...]]], hours: int = 2):
    """A simulation that only knows its switches."""
    n, nothing = hours, np.zeros((hours, 0))
    run = Trajectory(np.zeros((n + 1, 0)), np.zeros((n, 1)), nothing, np.zeros((n + 1, 0)), switches, [], [], [], [], n)
    return label(run, START, 3600, {"tank": [], "pump": ["U"], "link": [], "node": []})


def test_a_switch_goes_to_the_nearer_moment():
    snapped = schedule.snap(run_of([(0, (0.0,)), (2 * 300 + 140, (1.0,)), (6 * 300 + 160, (0.0,))]), STEP)
    on = np.flatnonzero(snapped.sel(pump="U").values)
    assert (on[0], on[-1], snapped.sizes["time"]) == (2, 6, 24)
    assert int((snapped.diff("time") > 0).sum()) == 1


def test_speed_is_the_mean_while_running():
    snapped = schedule.snap(run_of([(0, (0.8,)), (100, (0.9,)), (200, (0.0,))]), STEP)
    assert snapped.values[0, 0] == pytest.approx(0.85)
    assert not snapped.values[1:].any()


def test_a_run_that_is_no_whole_number_of_steps_is_refused():
    with pytest.raises(HydraulicError, match="7200 s"):
        schedule.snap(run_of([(0, (1.0,))]), pd.Timedelta("7min"))


@given(st.lists(st.integers(1, 7199), unique=True, max_size=8))
def test_running_time_changes_by_half_a_step_a_switch_at_most(seconds):
    edges = [0, *sorted(seconds), 7200]
    switches = [(s, (float(k % 2),)) for k, s in enumerate(edges[:-1])]
    exact = sum((b - a) * (k % 2) for k, (a, b) in enumerate(zip(edges, edges[1:], strict=False)))
    snapped = float(schedule.snap(run_of(switches), STEP).sum()) * 300
    assert abs(snapped - exact) <= 150 * len(seconds)


@given(st.integers(0, 86399))
def test_clock_is_read_as_it_was_written(second):
    assert inp.seconds(inp.clock_of_day(second).split()) == second
    assert inp.seconds([inp.clock(second)]) == second


@pytest.mark.parametrize(
    ("text", "second"),
    [("12 am", 0), ("12:30 PM", 45000), ("1:30", 5400), ("0.5", 1800), ("90 MIN", 5400), ("2 hours", 7200), ("1 DAY", 86400)],
)
def test_times_as_files_have_them(text, second):
    assert inp.seconds(text.split()) == second


@given(
    st.lists(st.floats(0, 9), min_size=1, max_size=9),
    st.sampled_from([300, 900, 3600, 7200]), st.integers(0, 20), st.sampled_from([300, 1800, 5400]),
)  # fmt: skip
def test_a_resampled_pattern_has_the_same_value_at_every_moment(values, step_s, first, new_step_s):
    fresh = resample(np.array(values), step_s, first * 300, new_step_s)
    for k in range(50):
        assert fresh[k % len(fresh)] == values[(k * new_step_s + first * 300) // step_s % len(values)]


def test_volume_of_a_cylinder_by_hand(net3):
    level = labelled("level", [[3.0, np.nan], [3.5, 9.0]], time=pd.date_range(START, periods=2, freq="h"), tank=["1", "3"])
    volume = tanks.volume(net3, level)
    area = np.pi / 4 * (85 * 0.3048) ** 2
    assert volume.attrs["units"] == "m3"
    np.testing.assert_allclose(volume.sel(tank="1"), [area * 3.0, area * 3.5])
    assert np.isnan(volume.values[0, 1])
    with pytest.raises(NetworkError, match="tank 7"):
        tanks.volume(net3, level.assign_coords(tank=["1", "7"]))


def test_volume_by_a_curve_by_hand(net3):
    line = next(row for row in net3.splitlines() if row.startswith(" 1 ") and "13.1" in row)
    curved = net3.replace(line, " 1 131.9 13.1 .1 32.1 85 0 shape")
    curved = curved.replace("[CURVES]", "[CURVES]\n shape 0 0\n shape 10 1000\n shape 40 7000", 1)
    level = xr.DataArray([[1.524], [6.096]], {"time": pd.date_range(START, periods=2, freq="h"), "tank": ["1"]}, ("time", "tank"))
    np.testing.assert_allclose(tanks.volume(curved, level).values.ravel(), np.array([500.0, 3000.0]) * 0.3048**3)
