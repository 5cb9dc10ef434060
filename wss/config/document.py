"""Reference pages made from the code: docs/tenant.md from the models, docs/names.md from the table of quantities.

`python -m wss.config.document docs` writes both into the folder docs.
"""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wss.config.profile import ImportProfile
from wss.config.sensors import SensorFile
from wss.config.tenant import Tenant
from wss.quantities import QUANTITIES
from wss.schema import Id, Name
from wss.tariffs import Tariff
from wss.tariffs.components.energy import Clock
from wss.units import CURRENCIES, NAMES, UNITS

FILES: dict[str, tuple[type[BaseModel], str]] = {
    "tenant.yml": (Tenant, "The utility, its water system and how it is planned."),
    "sensors.yml": (SensorFile, "Every SCADA tag and what it measures."),
    "tariff.yml": (Tariff, "The electricity tariff."),
    "profiles/*.yml": (ImportProfile, "How to read one kind of export file; one profile a file."),
}
WORDS = {
    str: "text",
    float: "number",
    int: "whole number",
    bool: "true or false",
    date: "date",
    datetime: "date and time",
    Name: "name",
    Id: "id",
    Clock: "span of the day",
}
"""Words for types that are no models."""
BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
"""Words for the bounds of a number."""
KEYS = ["| key | type | default | meaning |", "|---|---|---|---|"]


def tenant_page() -> str:
    """Markdown page on every key of a tenant's files: type, default, meaning with its unit in brackets."""
    lines = [
        "# A tenant's files",
        "",
        "<!-- Generated from the models in wss/config and wss/tariffs by `python -m wss.config.document docs`. -->",
        "",
        "A tenant is a folder `tenants/<name>/` of the workspace. `wss check NAME` lists every fault of its files at once,",
        "`wss apply NAME` makes them the active version. A value stays as it is written: `010`, `1.10` and `07:00` are never",
        "taken for other numbers. Aliases (`*name`) and tags (`!!name`) are refused. A key without a default must be given.",
        "",
        "A *name* is ours: up to 31 lower case letters, digits and underscores, a letter first. An *id* is the network's:",
        "up to 31 characters without blanks, semicolons and quotes. A *span of the day* is written 09:30-12:00, up to 24:00.",
        "",
    ]
    for file, (model, title) in FILES.items():
        lines += [f"## {file}", "", title, "", *_tables(model, set())]
    return "\n".join(lines)


def names_page() -> str:
    """Markdown page on the name, dims, unit, range and meaning of every quantity, and on the units that exports may use."""
    lines = [
        "# Names and units",
        "",
        "<!-- Generated from wss/quantities.py and wss/units.py by `python -m wss.config.document docs`. -->",
        "",
        "One name, one unit and fixed dims for each quantity, in every array, file and table.",
        "",
        "| name | dims | unit | range | gaps | meaning |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {', '.join(q.dims)} | {q.units} | {q.low:g} to {q.high:g} | {'yes' if q.gaps else 'no'} | {q.meaning} |"
        for name, q in QUANTITIES.items()
    ]
    lines += ["", "## Units in exports", "", "ours = raw * factor", "", "| unit | ours | factor |", "|---|---|---|"]
    lines += [f"| {unit} | {ours} | {scale:.10g} |" for unit, (ours, scale) in UNITS.items()]
    lines += [
        "",
        "A unit may be a product or quotient of these names too, and of currencies; capitals matter only where two",
        "units differ in nothing else (ML, mL). A pressure counts as the column of water that it holds up.",
        "",
        "| name | is | other spellings |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {value.replace('*', chr(92) + '*').strip('[]')} | {', '.join(more.split())} |"
        for name, (value, more) in NAMES.items()
    ]
    lines += ["", f"Currencies, each for itself: {', '.join(CURRENCIES)}."]
    return "\n".join([*lines, ""])


def _tables(model: type[BaseModel], seen: set[type[BaseModel]]) -> list[str]:
    """Table of a model, followed by those of the models inside it that have not been shown."""
    seen.add(model)
    hints = get_type_hints(model, include_extras=True)
    lines = [f"### {model.__name__}", "", (model.__doc__ or "").strip(), "", *KEYS]
    for key, field in model.model_fields.items():
        kind = _words(hints[key]) + _bounds(field)
        lines.append(f"| `{key}` | {kind} | {_default(field)} | {_cell(field.description)} |")
    lines.append("")
    for inner in (inner for field in model.model_fields.values() for inner in _models(field.annotation)):
        if inner not in seen:
            lines += _tables(inner, seen)
    return lines


def _words(hint: Any) -> str:
    """Type of a key in words."""
    if hint in WORDS:
        return WORDS[hint]
    if get_origin(hint) is Annotated:
        return _words(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(hint))
    if get_origin(hint) is tuple:
        return f"list of: {_words(get_args(hint)[0])}"
    if get_origin(hint) is dict:
        return " to ".join(f"{_words(part)}" for part in get_args(hint))
    parts = [part for part in get_args(hint) if part is not type(None)]
    return _words(parts[0]) if parts else hint.__name__


def _bounds(field: FieldInfo) -> str:
    """Bounds of a number in words."""
    found = [f"{word} {getattr(one, name):g}" for one in field.metadata for name, word in BOUNDS.items() if hasattr(one, name)]
    return f", {' and '.join(found)}" if found else ""


def _default(field: FieldInfo) -> str:
    """Default of a key: empty where it must be given, `none` where it may be absent, what the tables below say for a model."""
    if field.is_required():
        return ""
    if field.default is None or field.default == () or field.default_factory is dict:
        return "none"
    if isinstance(field.default, BaseModel):
        return "all defaults"
    values = field.default if isinstance(field.default, tuple) else (field.default,)
    return _cell(", ".join(f"`{_plain(value)}`" for value in values))


def _plain(value: object) -> str:
    """A value as one writes it in YAML."""
    return str(value).lower() if isinstance(value, bool) else '""' if value == "" else str(value)


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Models inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def main(folder: Path) -> None:
    """Write both pages into `folder`; OSError where that is not possible."""
    (folder / "tenant.md").write_text(tenant_page(), encoding="utf-8")
    (folder / "names.md").write_text(names_page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
