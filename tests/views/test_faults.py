"""What the optimizer says of a plan reaches operators in their language, with titles, on the wall clock."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.hydraulics.project import BEYOND
from wss.optimization import Pin, Problem, verify
from wss.quantities import labelled
from wss.views import panels
from wss.views.faults import told
from wss.views.words import say

START = pd.Timestamp("2022-07-25T04:00").as_unit("ns")
NETWORK = """
[JUNCTIONS]
 J   10  50
[RESERVOIRS]
 R   0
[TANKS]
 1   50  3.0  0.5  4.0  12  0
[PIPES]
 main  J  1  800  250  120  0  Open
[PUMPS]
 10  R  J  HEAD lift
[CURVES]
 lift  70  62
[OPTIONS]
 Units CMH
 Headloss H-W
[END]
"""


@pytest.fixture(scope="module")
def problem():
    price = xr.DataArray([0.1], dims="time", coords={"time": [START]})
    return Problem(
        NETWORK,
        START,
        pd.Timedelta(hours=12),
        pd.Timedelta(minutes=15),
        price,
        level_min={"1": 2.5},
        level_max={"1": 3.5},
        pressure_min={"J": 45.0},
        max_starts={"10": 1},
    )


def plan(problem, **hours):
    at = (problem.time - problem.start) / pd.Timedelta(hours=1)
    on = np.array([any(a <= h < b for a, b in hours["on"]) for h in at], float)
    return labelled("pump_speed", on[:, None], time=problem.time, pump=["10"])


def test_everything_that_the_judge_says_is_known(situation, problem):
    """Real verdicts of plans that break each rule; nothing may stay as the judge says it."""
    held_on, held_off = (replace(problem, pins=(Pin("10", START, START + pd.Timedelta(hours=1), on),)) for on in (True, False))
    plans = [
        (problem, []),
        (problem, [(0, 12)]),
        (problem, [(1, 2), (3, 4)]),
        (held_on, [(1, 2)]),
        (held_off, [(0, 2)]),
        (replace(problem, out_of_service=("10",)), [(0, 2)]),
    ]
    said = set()
    for one, hours in plans:
        verdict = verify(one, plan(one, on=hours))
        said |= {*verdict.violations, *verdict.band_violations}
    portuguese = situation.tenant.model_copy(update={"language": "pt"})
    for text in said:
        words = [told(tenant, text) for tenant in (situation.tenant, portuguese)]
        assert words[0] != words[1], text
        assert all("2022-" not in w and "nan" not in w for w in words)
    assert any("Tank West is up to" in told(situation.tenant, text) for text in said)
    assert "Lake pump starts 2 times, 1 are allowed" in {told(situation.tenant, text) for text in said}
    assert len(said) >= 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "tank 2 cannot stay above 1.20 m from 2022-07-25 06:15 on, whatever the pumps do: 0.31 m short",
            "a partir de seg 08:15 Tank South não se mantém acima de 1,20 m com nenhum plano: faltam 0,31 m",
        ),
        ("the newest tank levels are 800 min old, more than 720 min", "os níveis mais recentes têm 800 min, mais de 720 min"),
        (
            "HiGHS failed: x; last_plan: EPANET took 9 steps at 2022-07-25 06:15",
            "o programa HiGHS falhou: x; last_plan: EPANET took 9 steps at seg 08:15",
        ),
        (
            "a notebook failed; the plan of 2022-07-25T06:15:00Z stays in force",
            "um notebook falhou; o plano de seg 08:15 continua em vigor",
        ),
    ],
)
def test_reasons_in_portuguese(situation, text, words):
    assert told(situation.tenant.model_copy(update={"language": "pt"}), text) == words


@pytest.mark.parametrize("rung", ["relaxed", "last_plan", "level_control", "none"])
def test_a_lower_rung_says_what_it_means(situation, rung):
    summary = situation.plan.summary | {"rung": rung, "reason": "the newest tank levels are 800 min old, more than 720 min"}
    html = panels.notices(replace(situation, plan=replace(situation.plan, summary=summary)))
    assert say(f"note_{rung}").replace("'", "&#x27;") in html
    assert "800 min old" in html
    assert panels.notices(situation) == ""


def test_the_pump_beyond_its_curve_is_told_by_its_title(situation):
    text = f"2022-07-25T04:00: EPANET warns: {BEYOND} (1 states); first it is pump P1"
    portuguese = told(situation.tenant.model_copy(update={"language": "pt"}), text)
    assert "fora da sua curva" in portuguese
    assert "primeiro é" in portuguese
    assert "EPANET warning" not in portuguese
