"""The plant's network differs from the model where a real plant does, and nowhere else."""

import pytest

from wss import config
from wss.demo.disturb import disturbed
from wss.demo.settings import plant_settings
from wss.hydraulics import Engine

DISTURBANCE = plant_settings("litoral").disturbance


@pytest.fixture
def model(workspace):
    return config.read_folder(workspace.tenant("litoral"))["network.inp"]


def changed(model, plant):
    pairs = zip(model.splitlines(), plant.splitlines(), strict=True)
    return [(old.split(";")[0].split(), new.split()) for old, new in pairs if old != new]


def test_only_curves_roughness_and_efficiency_change(model):
    lines = changed(model, disturbed(model, DISTURBANCE, 7))
    by_words = {n: [pair for pair in lines if len(pair[0]) == n] for n in (3, 8)}
    assert len(by_words[3]) == 6 + 1  # two curves of three points, one global efficiency
    for old, new in by_words[3]:
        assert old[:2] == new[:2]
        assert 0.96 <= float(new[2]) / float(old[2]) <= 1.0
    for old, new in by_words[8]:
        assert old[:5] + old[6:] == new[:5] + new[6:]
        assert 0.8 <= float(new[5]) / float(old[5]) <= 1.2
    assert len(lines) == len(by_words[3]) + len(by_words[8])


def test_seed_decides(model):
    assert disturbed(model, DISTURBANCE, 7) == disturbed(model, DISTURBANCE, 7)
    assert disturbed(model, DISTURBANCE, 7) != disturbed(model, DISTURBANCE, 8)


@pytest.mark.parametrize("seed", range(5))
def test_worn_pumps_give_less(model, seed):
    speeds = {"10": 1.0, "335": 1.0}
    same_pipes = DISTURBANCE.model_copy(update={"roughness": (1.0, 1.0), "roughness_spread": 0.0})
    with Engine(model, tied={"330": "335"}) as new, Engine(disturbed(model, same_pipes, seed), tied={"330": "335"}) as worn:
        levels = {"1": 5.0, "2": 8.0, "3": 9.0}
        flow, less = new.snapshot(speeds, levels, 0).flow, worn.snapshot(speeds, levels, 0).flow
    for pump in speeds:
        assert 0.85 < less[pump] / flow[pump] < 1.0
