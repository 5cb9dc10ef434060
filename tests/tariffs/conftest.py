"""Tariffs of the tests: the Portuguese weekly cycle, as data."""

from pathlib import Path

import pytest
import xarray as xr

from wss import tariffs
from wss.config import Tariff
from wss.config.lines import read_yaml


@pytest.fixture(scope="session")
def portugal() -> Tariff:
    """Weekly cycle of mainland Portugal."""
    text = (Path(__file__).parent / "data" / "portugal.yml").read_text(encoding="utf-8")
    return Tariff.model_validate(read_yaml("tariff.yml", text).data)


def demand_charge(tariff: Tariff, power_total: xr.DataArray, peak_so_far_kw: float = 0.0) -> float:
    """What `power_total` (time,) [kW] adds to the demand charge alone. [currency]"""
    return tariffs.charges(tariff, power_total, peak_so_far_kw).get("demand_charge", 0.0)
