"""Mutated cases: whatever the file holds instead of what it should, it is a problem that can be run, or a list of faults."""

import copy
import datetime
import math

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wss.errors import ConfigError, HydraulicError, WssError
from wss.optimization import case, verify
from wss.optimization.proof.ladder import level_control
from wss.quantities import labelled

CASE = {
    "name": "small", "network": "network.inp", "start": "2026-01-05T00:00", "horizon_hours": 6, "decision_minutes": 30,
    "hydraulic_step_seconds": 300, "price": {"P1": [0.1, 0.2], "P2": [0.1, 0.3, 0.2]}, "price_step_minutes": 60,
    "price_scale": 0.01, "currency": "EUR", "max_starts": 3, "pressure_min": {"F": 20.0}, "pressure_min_everywhere": 5,
    "open_when_off": {"far": "P2"}, "clamp_exempt": ["T"], "speed": {"P1": [0.8, 1.0]}, "initial_level": {"T": 2.0},
    "end_level": {"T": 1.0}, "demand_multiplier": 1.1,
}  # fmt: skip
NUMBERS = [10**30, 10**400, -1, 0, 1e-9, 1e308, math.nan, math.inf, -math.inf]
WORDS = ["24", "1,5", "network", "package:wntr/x", "../..", "\0", "P1", "T", "now", "NaT"]
MOMENTS = [datetime.date(2026, 1, 5), datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC), datetime.datetime(1, 1, 1)]
IDS = st.one_of(st.sampled_from(["P1", "T", "F"]), st.integers(0, 3))
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 100), st.floats(), st.text(max_size=6),
    st.sampled_from(NUMBERS), st.sampled_from(WORDS), st.sampled_from(MOMENTS),
    st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=3)), max_size=3),
    st.dictionaries(IDS, st.one_of(st.floats(), st.none()), max_size=2),
)  # fmt: skip


@st.composite
def mutated(draw) -> dict:
    """The case with one to three places changed, dropped or renamed."""
    found = copy.deepcopy(CASE)
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(sorted(CASE)))
        inner = found.get(key)
        holder, spot = found, key
        if isinstance(inner, dict | list) and inner and draw(st.booleans()):
            holder, spot = inner, draw(st.sampled_from(list(inner) if isinstance(inner, dict) else range(len(inner))))
        what = draw(st.sampled_from(["junk", "drop", "rename"]))
        if what == "junk" or isinstance(holder, list):
            holder[spot] = draw(JUNK)
        elif spot in holder:
            value = holder.pop(spot)
            if what == "rename":
                holder[draw(st.one_of(st.text(max_size=4), st.integers(0, 9)))] = value
    return found


@pytest.fixture(scope="module")
def folder(problem, tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    (folder / "network.inp").write_text(problem.network)
    return folder


@settings(max_examples=200, derandomize=True, suppress_health_check=list(HealthCheck))
@given(wrong=mutated())
def test_a_mutated_case_is_a_problem_or_a_list_of_faults(folder, wrong):
    path = folder / "case.yml"
    path.write_text(yaml.safe_dump(wrong, allow_unicode=True), encoding="utf-8")
    found, told = outcome(case.read, path)
    if found is None:
        assert isinstance(told, ConfigError), told
        assert "fault" in str(told) or "YAML" in str(told)
        assert all(len(line) < 400 for line in str(told).splitlines())
        return
    still = labelled("pump_speed", [[0.0, 0.0]] * len(found.time), time=found.time, pump=["P1", "P2"])
    for run in (lambda: verify(found, still), lambda: level_control(found)):
        told = outcome(run)[1]
        assert told is None or (isinstance(told, HydraulicError) and "EPANET" in str(told)), told


def outcome(work, *given) -> tuple[object, WssError | None]:
    """What `work` gives, or how it refuses."""
    try:
        return work(*given), None
    except WssError as error:
        return None, error
