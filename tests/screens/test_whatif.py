"""What-if: the fields become the changes that were asked for, and two plans stand side by side."""

import pytest

from wss.screens.whatif import WhatIf, with_prices
from wss.steps.run import open_run


def test_prices_change_one_period_and_nothing_else(litoral):
    tariff = open_run("litoral").configuration.tariff
    first = tariff.versions[0].periods[0]
    changed = with_prices(tariff, {first.name: 9.0})
    assert changed.versions[0].periods[0].price_per_kwh == 9.0
    assert with_prices(changed, {first.name: first.price_per_kwh}) == tariff
    with pytest.raises(ValueError, match="less than or equal to 50"):
        with_prices(tariff, {first.name: 1e9})


def test_two_plans_side_by_side(litoral):
    what = WhatIf(open_run("litoral"))
    what.out["335"].value = True
    what.demand.value = 1.05
    assert what.changes()["out_of_service"] == ("335",)
    what.compute.click()
    assert "plan as it stands" in what.answer.value
    assert "with the changes" in what.answer.value
    assert "– Night [USD]" in what.answer.value
    assert "Demand charge [USD]" in what.answer.value
    assert bytes(what.picture.value).startswith(b"\x89PNG")
