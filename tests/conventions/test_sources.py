"""Search methods say where they come from, and the glossary names only what there is."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OPTIMIZATION = ROOT / "wss" / "optimization"
HELPERS = {
    "relaxation": {"fractional", "mend", "terms"},
    "dynamic_programming": {"grid"},
    "local_search": {"moves", "repair", "target"},
}
"""Modules of the searches that are no methods of their own."""
METHODS = [
    path
    for package, helpers in HELPERS.items()
    for path in sorted((OPTIMIZATION / package).glob("*.py"))
    if path.stem not in helpers | {"__init__"}
] + [OPTIMIZATION / "proof" / "verify.py", OPTIMIZATION / "core" / "reserve.py"]
SOURCE = re.compile(r'^\.\. \[(\d)\] .+?, "[^"]+", .+?\b(?:1[89]|20)\d\d\b', re.DOTALL | re.MULTILINE)
"""Authors, title in quotes, where, year."""


@pytest.mark.parametrize("path", METHODS, ids=lambda p: f"{p.parent.name}.{p.stem}")
def test_a_search_method_cites_its_source(path):
    doc = ast.get_docstring(ast.parse(path.read_text()))
    _, mark, references = doc.partition("\n\nReferences\n----------\n")
    assert mark, f"{path.name} has no section References; a helper is listed in HELPERS"
    entries = re.split(r"^(?=\.\. \[)", references, flags=re.MULTILINE)[1:]
    assert entries
    for number, entry in enumerate(entries, start=1):
        found = SOURCE.match(entry)
        assert found, f"{path.name}: say authors, title, where and year of: {entry}"
        assert int(found[1]) == number


def test_helpers_are_modules():
    missing = [
        f"{package}/{name}"
        for package, names in HELPERS.items()
        for name in names
        if not (OPTIMIZATION / package / f"{name}.py").is_file()
    ]
    assert not missing


def rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_word_of_the_glossary_says_where_it_is_met(row):
    assert len(row) == 4
    assert all(row)
    for place in re.findall(r"`([^`]+)`", row[3]):
        parts = place.split(".")
        found = [base.joinpath(*parts) for base in (ROOT / "wss", OPTIMIZATION)]
        assert any(p.is_dir() or p.with_suffix(".py").is_file() for p in found), f"{row[0]}: there is no module {place}"


def test_every_word_stands_once():
    words = [word.strip() for row in rows() for word in row[0].split(",")]
    assert len(words) == len(set(words))
