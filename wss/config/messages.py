"""Faults that pydantic finds, in words that say what is wrong with the file and what would mend it."""

import difflib
import re
from collections.abc import Callable, Mapping
from reprlib import Repr
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from wss.config.base import Id, Name
from wss.config.lines import Document, Path
from wss.config.tariff import Clock


def _pattern(annotated: Any) -> str:
    return annotated.__metadata__[0].pattern


PATTERNS = {
    _pattern(Name): "is not a name; use up to 31 lower case letters, digits and underscores, starting with a letter",
    _pattern(Id): "is not an id of EPANET; ids have 1 to 31 characters, without blanks, semicolons and quotes",
    _pattern(Clock): "is not a span of the day; write 09:30-12:00, with two digits each, up to 24:00",
    r"^[A-Z]{2}$": "is not an ISO 3166 country; write two capital letters such as PT",
    r"^[A-Z]{3}$": "is not an ISO 4217 currency; write three capital letters such as EUR",
}


BOUNDS = {"gt": "above", "ge": "at least", "le": "at most"}
KINDS = {
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "string_type": "text",
    "dict_type": "a mapping of ids to values",
    "list_type": "a list",
}
"""Kind of a fault that pydantic finds -> what the value must be, in few words."""
SHORT = Repr()
"""Values and keys as they are shown in few words."""
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 40


def faults(document: Document, model: type[BaseModel], error: ValidationError) -> list[str]:
    """Every fault of a document, each as `file:line key.path: what; what would mend it`."""
    return [
        document.fault(_words(model, one["loc"], one), *one["loc"])
        for one in error.errors(include_url=False)
        if one["type"] != "too_short" or not one["input"]
    ]  # pydantic counts only entries without faults of their own


def brief(
    error: ValidationError,
    model: type[BaseModel],
    own: Callable[[str, Mapping[str, Any]], str | None],
    key_of: Callable[[Path], str] = lambda path: ".".join(map(str, path)),
    known: str = "the keys are:",
) -> list[str]:
    """Every fault once, as `key: what is wrong`, for a small file of which nobody counts the lines.

    Parameters
    ----------
    own
        The file's own words for a fault, given its key and what pydantic says; None: the usual ones.
    key_of
        The key as the file has it, from pydantic's path to it.
    known
        What comes before the list of the keys that there are.
    """
    faults = {}
    for one in error.errors(include_url=False):
        key = key_of(one["loc"])
        faults[own(key, one) or f"{key}: {_brief(one, model, known)}"] = None
    return list(faults)


def _brief(one: Mapping[str, Any], model: type[BaseModel], known: str) -> str:
    kind, value = one["type"], SHORT.repr(one["input"])
    bound = next((f"{word} {one['ctx'][name]:.3g}" for name, word in BOUNDS.items() if name in one.get("ctx", {})), None)
    if kind == "missing":
        return "missing"
    if kind == "extra_forbidden":
        return f"unknown key; {known} {', '.join(model.model_fields)}"
    if bound or kind in KINDS:
        return f"{value} must be {bound or KINDS[kind]}"
    return f"{value} {one['msg'].removeprefix('Value error, ')}"


def parent(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Model that holds the key at the end of `path`, or None where the path leaves the models."""
    inside: type[BaseModel] | None = model
    for part in path[:-1]:
        if isinstance(part, str):
            field = inside.model_fields.get(part) if inside else None
            inside = _model_of(field.annotation) if field else None
    return inside


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """First model inside an annotation such as `tuple[Zone, ...]` or `DemandCharge | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_of(part))), None)


def _words(model: type[BaseModel], path: Path, one: dict[str, Any]) -> str:
    kind, value, ctx = one["type"], one["input"], one.get("ctx", {})
    holder = parent(model, path)
    key = path[-1] if path else None
    field = holder.model_fields.get(key) if holder and isinstance(key, str) else None
    if kind == "extra_forbidden":
        return _unknown(str(key), list(holder.model_fields) if holder else [])
    if kind == "missing":
        return f"is missing; add `{key}`: {_first_line(field)}"
    if value is None and kind != "value_error":
        mend = f"write one after the colon: {_first_line(field)}" if field else "fill it in, or take the line out"
        return f"has no value; {mend}"
    if kind in _WORDS:
        return _WORDS[kind](value, ctx)
    return one["msg"].removeprefix("Value error, ")


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 1, 0.6)
    return f"unknown key; did you mean `{near[0]}`?" if near else f"unknown key; the keys here are: {', '.join(known)}"


def _first_line(field: FieldInfo | None) -> str:
    return (field.description or "").split("\n")[0] if field else ""


def _whole(value: object, ctx: dict) -> str:
    if isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit():
        return f"{value} is not a whole number; write it without a fraction"
    return _number(value, ctx)


def _number(value: object, _: dict) -> str:
    if isinstance(value, str) and "," in value:
        return f"{value!r} is not a number; the decimal mark is a point"
    return f"{_shown(value)} is not a number; write one without its unit"


def _choice(value: object, ctx: dict) -> str:
    known = [text or number for text, number in re.findall(r"'([^']*)'|(\d+)", ctx["expected"])]
    near = difflib.get_close_matches(str(value), known, 1, 0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{_shown(value)} is not allowed here; {hint}use one of: {', '.join(known)}"


def _list(value: object, _: dict) -> str:
    example = f"[{value}]" if isinstance(value, str | int) else "[a, b]"
    return f"must be a list; write {example}, or one entry a line after a dash"


def _range(word: str, bound: str) -> Callable[[object, dict], str]:
    return lambda value, ctx: f"{_shown(value)} must be {word} {ctx[bound]:g}"


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float) else "a list" if isinstance(value, list) else "a mapping of keys"


_WORDS: dict[str, Callable[[Any, dict], str]] = {
    "float_parsing": _number,
    "float_type": _number,
    "int_parsing": _whole,
    "int_type": _whole,
    "finite_number": lambda value, _: f"{_shown(value)} is not a finite number; write a number, or leave the key out",
    "bool_parsing": lambda value, _: f"{_shown(value)} is neither true nor false; write one of them",
    "bool_type": lambda value, _: f"{_shown(value)} is neither true nor false; write one of them",
    "literal_error": _choice,
    "string_type": lambda value, _: f"must be text, not {_shown(value)}; write one value after the colon",
    "string_too_short": lambda value, _: "is empty text; write a value",
    "string_too_long": lambda value, ctx: f"is {len(str(value))} characters long; the limit is {ctx['max_length']}",
    "string_pattern_mismatch": lambda value, ctx: f"{value!r} {PATTERNS[ctx['pattern']]}",
    "tuple_type": _list,
    "dict_type": lambda value, _: f"must be a mapping of words to values, not {_shown(value)}; write {{word: value}}",
    "too_short": lambda value, _: "is an empty list; it needs at least one entry",
    "model_type": lambda value, _: f"must be a mapping of keys (`key: value` on lines of their own), not {_shown(value)}",
    "date_type": lambda value, _: f"{_shown(value)} is not a date; write 2022-07-25",
    "date_from_datetime_parsing": lambda value, _: f"{_shown(value)} is not a date; write 2022-07-25",
    "date_from_datetime_inexact": lambda value, _: f"{_shown(value)} is not a date; write 2022-07-25",
    "date_parsing": lambda value, _: f"{_shown(value)} is not a date; write 2022-07-25",
    "datetime_type": lambda value, _: f"{_shown(value)} is not a time; write 2022-07-25T06:00:00+01:00",
    "datetime_parsing": lambda value, _: f"{_shown(value)} is not a time; write 2022-07-25T06:00:00+01:00",
    "datetime_from_date_parsing": lambda value, _: f"{_shown(value)} is not a time; write 2022-07-25T06:00:00+01:00",
    "greater_than": _range("above", "gt"),
    "greater_than_equal": _range("at least", "ge"),
    "less_than": _range("below", "lt"),
    "less_than_equal": _range("at most", "le"),
}
