"""Facts say their sentences, survive JSON, have only the fields of their kind, and each kind is made somewhere."""

import ast
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wss
from wss.records import EpanetWarning, Fact, Reason, Violation, as_one, reason_of, sentence
from wss.records.kinds import REASONS, VIOLATIONS

AT = pd.Timestamp("2026-01-05T06:15")
MOMENTS = st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2100-01-01")).map(lambda at: pd.Timestamp(at).as_unit("ns"))
NUMBERS = st.floats(-1e9, 1e9)
VALUES = {
    "element": st.text(),
    "text": st.text(),
    "start": MOMENTS,
    "end": MOMENTS,
    "value": NUMBERS,
    "amount": NUMBERS,
    "bound": NUMBERS,
    "warning": st.sampled_from(EpanetWarning),
}


@st.composite
def facts(draw, depth: int = 1) -> Fact:
    made = draw(st.sampled_from([Fact, Violation, Reason]))
    kind = draw(st.sampled_from(sorted(made.kinds)))
    more = draw(st.lists(facts(depth - 1), max_size=2)) if depth else []
    return made(kind, more=tuple(more), **{name: draw(VALUES[name]) for name in made.kinds[kind].fields})


@given(facts())
def test_facts_survive_json(fact):
    again = Fact.of(json.loads(json.dumps(fact.as_dict())))
    assert again == fact
    assert str(again) == str(fact)


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        (Violation("off_held", "P1", AT), "2026-01-05 06:15: pump P1 is off although it is held on"),
        (Violation("starts", "P1", amount=np.int64(4), bound=3), "pump P1 starts 4 times, at most 3 are allowed"),
        (
            Violation("band_below", "T", AT, AT + pd.Timedelta("1h"), amount=0.126, bound=2.5),
            "2026-01-05 06:15 to 2026-01-05 07:15: tank T is up to 0.13 m below 2.50 m",
        ),
        (
            Violation("warned", start=AT, amount=2, warning=EpanetWarning(4), more=(Violation("beyond", "P2"),)),
            "2026-01-05 06:15: EPANET warns: a pump works beyond its curve: it cannot deliver enough flow or head"
            " (EPANET warning 4) (2 states); first it is pump P2",
        ),
        (Violation("cut_off", "J", AT, bound=45), "2026-01-05 06:15: pressure nan m at node J is below 45.00 m: inf m short"),
        (Reason("old_levels", amount=799.7, bound=720), "the newest tank levels are 800 min old, more than 720 min"),
        (Reason("kept", start=AT), "a notebook failed; the plan of 2026-01-05T06:15:00Z stays in force"),
    ],
)
def test_a_fact_says_its_sentence(fact, says):
    assert str(fact) == says


def test_several_facts_are_one_sentence():
    two = (Reason("budget"), Reason("none_holds"))
    assert sentence(two) == str(as_one(two)) == "the budget of simulations is spent; it is proven that no plan keeps every limit"
    assert sentence(()) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Violation("budget"),
        lambda: Reason("nothing"),
        lambda: Violation("starts", "P1", amount=4),
        lambda: Reason("budget", amount=4),
        lambda: Reason("never", text="at all"),
    ],
)
def test_a_fact_has_the_fields_of_its_kind(wrong):
    with pytest.raises(ValueError, match="kind|fields"):
        wrong()


def test_what_was_saved_as_a_sentence_stays_one():
    old = Fact.of("tank 1 ends at 1.0 m")
    assert (old.kind, str(old)) == ("said", "tank 1 ends at 1.0 m")
    assert Fact.of({"kind": "beyond", "element": "P2"}) == Violation("beyond", "P2")


def test_an_error_tells_the_reason_that_it_was_raised_with():
    assert reason_of(RuntimeError(Reason("no_numbers"))) == Reason("no_numbers")
    assert str(RuntimeError(Reason("no_numbers"))) == "HiGHS returned values that are no numbers"
    assert reason_of(RuntimeError("EPANET took 9 steps")) == Fact("said", text="EPANET took 9 steps")


def made_in_the_package() -> set[str]:
    """Kinds that are named where a `Violation` or a `Reason` is made."""
    found = set()
    for path in Path(wss.__file__).parent.rglob("*.py"):
        if path.parent.name in ("records", "views"):
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Violation", "Reason"):
                found |= {part.value for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant)}
    return found


def test_every_kind_is_made_somewhere():
    assert {*VIOLATIONS, *REASONS} == made_in_the_package()
