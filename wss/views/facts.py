"""Facts told to operators: in their language, with titles, on the wall clock."""

from collections.abc import Iterable

import pandas as pd

from wss.config import Tenant
from wss.records import EpanetWarning, Fact
from wss.views import style
from wss.views.reasons import title
from wss.views.words import number, say


def told(tenant: Tenant, facts: Fact | Iterable[Fact]) -> str:
    """One fact, or several parted by semicolons, as an operator should read them; what is only said stays as it is."""
    each = (facts,) if isinstance(facts, Fact) else facts
    return "; ".join(words for fact in each for words in _each(tenant, fact))


def _each(tenant: Tenant, fact: Fact) -> list[str]:
    """Words of a fact, and of what is said besides."""
    values = {name: _value(tenant, fact, name) for name in fact.about.fields}
    words = say(f"fault_{fact.kind}", tenant.language, **values)
    return [words, *(more for other in fact.more for more in _each(tenant, other))]


def _value(tenant: Tenant, fact: Fact, name: str) -> str:
    """A field of a fact, written."""
    value = getattr(fact, name)
    if isinstance(value, pd.Timestamp):
        return style.moment(value, tenant.time_zone, tenant.language)
    if isinstance(value, EpanetWarning):
        return say(f"warning_{value.value}", tenant.language)
    if isinstance(value, float):
        return number(value, fact.about.fields[name], tenant.language)
    return title(tenant, fact.about.of, value) if name == "element" else value
