"""What the optimizer says of a plan reaches operators in their language, with titles, on the wall clock."""

from dataclasses import replace
from string import Formatter

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss.optimization import Pin, Problem, verify
from wss.quantities import labelled
from wss.records import EpanetWarning, Fact, PlanSummary, Reason, Violation
from wss.records.kinds import REASONS, SAID, VIOLATIONS
from wss.views import panels
from wss.views.facts import told
from wss.views.words import WORDS, say

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


KINDS = {**SAID, **VIOLATIONS, **REASONS}
LATER = pd.Timestamp("2022-07-25T06:15")


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
    for violation in said:
        words = [told(tenant, violation) for tenant in (situation.tenant, portuguese)]
        assert words[0] != words[1], violation
        assert all("2022-" not in w and "nan" not in w for w in words)
    assert any("Tank West is up to" in told(situation.tenant, violation) for violation in said)
    assert "Lake pump starts 2 times, 1 are allowed" in {told(situation.tenant, violation) for violation in said}
    assert len({violation.kind for violation in said}) >= 9


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        (
            [Reason("cannot_above", "2", LATER, amount=0.314, bound=1.2)],
            "a partir de seg 08:15 Tank South não se mantém acima de 1,20 m com nenhum plano: faltam 0,31 m",
        ),
        ([Reason("old_levels", amount=799.6, bound=720)], "os níveis mais recentes têm 800 min, mais de 720 min"),
        (
            [Reason("solver_failed", text="x"), Reason("rung_failed", "last_plan", text="EPANET took 9 steps")],
            "o programa HiGHS falhou: x; last_plan: EPANET took 9 steps",
        ),
        (
            [Reason("kept", start=LATER)],
            "um notebook falhou; o plano de seg 08:15 continua em vigor",
        ),
        ([Violation("lowest", "N1", LATER, value=-3.2)], "o mínimo é −3,20 m em N1, seg 08:15"),
        ([Fact("said", text="tank 2 is up to 0.10 m below 2.00 m")], "tank 2 is up to 0.10 m below 2.00 m"),
    ],
)
def test_facts_in_portuguese(situation, reasons, words):
    assert told(situation.tenant.model_copy(update={"language": "pt"}), reasons) == words


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_for_fields_that_it_has(kind):
    has = KINDS[kind].fields
    for words in WORDS[f"fault_{kind}"]:
        assert {name for _, name, _, _ in Formatter().parse(words) if name} <= set(has)


def test_every_word_about_facts_is_of_a_kind():
    kinds = {key.removeprefix("fault_") for key in WORDS if key.startswith("fault_")}
    assert kinds == {*KINDS}
    assert {key for key in WORDS if key.startswith("warning_")} == {f"warning_{warning.value}" for warning in EpanetWarning}


@pytest.mark.parametrize("rung", ["relaxed", "last_plan", "level_control", "none"])
def test_a_lower_rung_says_what_it_means(situation, rung):
    summary = replace(situation.plan.summary, rung=rung, reasons=(Reason("old_levels", amount=800, bound=720),))
    html = panels.notices(replace(situation, plan=replace(situation.plan, summary=summary)))
    assert say(f"note_{rung}").replace("'", "&#x27;") in html
    assert "800 min old" in html
    assert panels.notices(situation) == ""


def test_the_pump_beyond_its_curve_is_told_by_its_title(situation):
    warned = Violation("warned", start=START, amount=1, warning=EpanetWarning.BEYOND_CURVE, more=(Violation("beyond", "335"),))
    portuguese = told(situation.tenant.model_copy(update={"language": "pt"}), warned)
    assert portuguese == "seg 06:00: o EPANET avisa, 1 vezes: uma bomba funciona fora da sua curva; primeiro é River pump"


def test_a_run_of_an_older_version_is_shown_as_it_said(situation):
    sentences = ["2022-07-25 05:15 to 2022-07-25 16:00: tank 1 is up to 2.00 m below 2.50 m", "pump 10 starts 9 times"]
    old = {"rung": "relaxed", "reason": "tank 2 cannot end at 1.20 m", "violations": sentences}
    shown = replace(situation, plan=replace(situation.plan, summary=PlanSummary.of(old)))
    html = panels.notices(shown)
    assert all(text in html for text in (*sentences, old["reason"]))
    assert old["reason"] in panels.status(shown)
