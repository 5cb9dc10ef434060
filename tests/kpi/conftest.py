"""A tariff with two prices."""

import pytest

from wss.config import Tariff


@pytest.fixture(scope="session")
def tariff() -> Tariff:
    """0.10 by night (00:00-07:15 in Rome) and 0.30 by day, every day."""
    every = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]
    rates = (("day", 0.3, "07:15-24:00"), ("night", 0.1, "00:00-07:15"))
    periods = [{"name": n, "title": n, "price_per_kwh": p, "spans": [{"days": every, "hours": [h]}]} for n, p, h in rates]
    versions = [{"valid_from": "2020-01-01", "source": "test", "periods": periods}]
    return Tariff.model_validate({"name": "t", "currency": "EUR", "time_zone": "Europe/Rome", "versions": versions})
