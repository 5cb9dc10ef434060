"""Tariffs of the tests: the Portuguese weekly cycle, as data."""

from pathlib import Path

import pytest

from wss.config import Tariff
from wss.config.lines import read_yaml


@pytest.fixture(scope="session")
def portugal() -> Tariff:
    """Weekly cycle of mainland Portugal."""
    text = (Path(__file__).parent / "data" / "portugal.yml").read_text(encoding="utf-8")
    return Tariff.model_validate(read_yaml("tariff.yml", text).data)
