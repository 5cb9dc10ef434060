"""What is said of a plan, as records: violations and reasons, which know their English sentence and their form in JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import pandas as pd

from wss import times
from wss.records.epanet_warning import EpanetWarning
from wss.records.kinds import REASONS, SAID, VIOLATIONS, Kind

MOMENTS, NUMBERS = ("start", "end"), ("value", "amount", "bound")


@dataclass(frozen=True)
class Fact:
    """One thing that is said of a plan; `str` is its sentence in English.

    Raises
    ------
    ValueError
        If there is no such kind, or it has other fields (see `wss.records.kinds`).
    """

    kind: str
    """Key in the table of kinds."""
    element: str = ""
    """Id of the tank, pump or node that it is about."""
    start: pd.Timestamp | None = None
    """Moment, or first moment, of it [UTC]."""
    end: pd.Timestamp | None = None
    """Last moment of it [UTC]."""
    value: float | None = None
    """What is reached: a level or pressure [m], a relative speed [1]."""
    amount: float | None = None
    """By how much [m], for how long or how old [min], how often [1], or what it costs [currency]."""
    bound: float | None = None
    """The limit, in the unit of what it limits."""
    warning: EpanetWarning | None = None
    """What EPANET warns about."""
    text: str = ""
    """What cannot be said in figures: the words of another program, a currency, a list."""
    more: tuple["Fact", ...] = ()
    """What is said besides, parted by semicolons."""

    kinds: ClassVar[Mapping[str, Kind]] = SAID

    def __post_init__(self) -> None:
        if self.kind not in self.kinds:
            raise ValueError(f"there is no {type(self).__name__.lower()} of kind {self.kind!r}")
        has, given = self.about.fields, {name: getattr(self, name) for name in FIELDS}
        wrong = [
            name
            for name, value in given.items()
            if (value is None and name in has) or (value not in (None, "") and name not in has)
        ]
        if wrong:
            raise ValueError(f"{self.kind} has the fields {', '.join(has) or 'none'}; look at {', '.join(wrong)}")
        for name in NUMBERS:
            if given[name] is not None:
                object.__setattr__(self, name, float(given[name]))
        for name in MOMENTS:
            if given[name] is not None:
                object.__setattr__(self, name, times.utc(given[name]))

    @property
    def about(self) -> Kind:
        """Its kind in the table."""
        return self.kinds[self.kind]

    def __str__(self) -> str:
        own = self.about.sentence.format(**{name: getattr(self, name) for name in FIELDS})
        return "; ".join([own, *map(str, self.more)])

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it: the kind and the fields that it has, moments as ISO text [UTC]."""
        found: dict[str, Any] = {"kind": self.kind}
        for name in self.about.fields:
            value = getattr(self, name)
            found[name] = f"{value.isoformat()}Z" if name in MOMENTS else int(value) if name == "warning" else value
        return found | ({"more": [fact.as_dict() for fact in self.more]} if self.more else {})

    @staticmethod
    def of(saved: str | Mapping[str, Any]) -> "Fact":
        """The fact of which `as_dict` gave this; or a sentence that an older version saved, which stays as it is.

        Raises
        ------
        ValueError
            If the kind is not known here.
        """
        if isinstance(saved, str):
            return Fact("said", text=saved)
        made = next((one for one in (Fact, Violation, Reason) if saved["kind"] in one.kinds), Fact)
        given = {name: saved[name] for name in FIELDS if name in saved}
        given |= {name: float("nan") for name in NUMBERS if name in saved and saved[name] is None}
        if "warning" in given:
            given["warning"] = EpanetWarning(given["warning"])
        return made(saved["kind"], more=tuple(Fact.of(one) for one in saved.get("more", ())), **given)


FIELDS = tuple(field.name for field in fields(Fact) if field.name not in ("kind", "more"))


class Violation(Fact):
    """What a plan breaks."""

    kinds = VIOLATIONS


class Reason(Fact):
    """Why a plan stands on its rung, or is not published."""

    kinds = REASONS


def sentence(facts: Iterable[Fact]) -> str:
    """Several facts in one English sentence; empty if there is none."""
    return "; ".join(map(str, facts))


def as_one(facts: tuple[Fact, ...]) -> Fact:
    """Several facts as one that says them all."""
    first, *others = facts
    return replace(first, more=(*first.more, *others))


def reason_of(error: Exception) -> Fact:
    """The reason that an error was raised with; of one that has none, its text."""
    return next((told for told in error.args if isinstance(told, Reason)), Fact("said", text=str(error)))
