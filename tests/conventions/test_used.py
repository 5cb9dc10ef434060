"""Nothing public is there for tests alone: it is used by the package, a flow, a notebook or a benchmark."""

import ast
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = sorted((ROOT / "wss").rglob("*.py"))
USERS = [p for part in ("flows", "benchmarks", ".ci") for p in sorted((ROOT / part).rglob("*.py"))]
USERS += [p for part in ("notebooks", "voila_apps") for p in sorted((ROOT / part).rglob("*.ipynb"))]
ALLOWED = {
    "of_cells": "for a further kind of file: docs/intake.md",
    "WarmProvisioner": "an entry point of jupyter_client",
    "start": "a command of `wss kernels`, by its decorator",
    "stop": "a command of `wss kernels`, by its decorator",
    "upgrade": "called by Alembic",
}
"""Public all the same, and why."""


class Uses(NamedTuple):
    """Who uses which name, by the name: each with its file."""

    imported: dict[str, set[tuple[str, Path]]]
    """From which module."""
    attributes: dict[str, set[tuple[str, Path]]]
    """Of what: the last name before the dot."""
    renamed: set[str]
    """Names that imports were given."""
    loaded: dict[Path, Counter]
    """How often each plain name is read in a file."""
    words: set[str]
    """Texts of the package: what is asked for by name."""


def code_of(path: Path) -> str:
    """Python code of a file or notebook."""
    if path.suffix == ".py":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "code" for line in "".join(cell["source"]).splitlines()]
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


@pytest.fixture(scope="module")
def uses() -> Uses:
    found = Uses(defaultdict(set), defaultdict(set), set(), defaultdict(Counter), set())
    for path in (*PACKAGE, *USERS):
        for node in ast.walk(ast.parse(code_of(path))):
            if isinstance(node, ast.ImportFrom | ast.Import):
                found.renamed.update(alias.asname for alias in node.names if alias.asname)
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found.imported[alias.name].add((node.module or "", path))
            elif isinstance(node, ast.Attribute):
                owner = node.value
                last = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
                found.attributes[node.attr].add((last, path))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.words.add(node.value)
        found.loaded[path] = loads(ast.parse(code_of(path)))
    return found


def loads(tree: ast.AST) -> Counter:
    return Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def definitions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def is_used(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, uses: Uses) -> bool:
    """Whether it is read in its file beyond itself, or elsewhere taken from its module or from a package that hands it on."""
    name, own = node.name, module(path)
    if uses.loaded[path][name] > loads(node)[name]:
        return True
    owners = {*own.split("."), *uses.renamed}
    if any(owner in owners for owner, other in uses.attributes[name] if other != path):
        return True
    taken = {other for source, other in uses.imported[name] if other != path and f"{own}.".startswith(f"{source}.")}
    handing_on = {other for other in taken if other.name == "__init__.py" and not uses.loaded[other][name]}
    return bool(taken - handing_on)


def test_every_public_function_and_class_is_used(uses):
    dead = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in PACKAGE
        for node in definitions(path)
        if node.name not in ALLOWED and not is_used(path, node, uses)
    ]
    assert not dead, "used by tests only, or by nobody; use or remove: " + ", ".join(dead)


def test_every_public_method_is_used(uses):
    """Of classes that build on no other: what a base of another package calls cannot be seen here."""
    dead = [
        f"{path.relative_to(ROOT)}:{method.lineno} {node.name}.{method.name}"
        for path in PACKAGE
        for node in definitions(path)
        if isinstance(node, ast.ClassDef) and not node.bases
        for method in node.body
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
        if method.name not in uses.attributes and method.name not in uses.words
    ]
    assert not dead, "used by tests only, or by nobody; use or remove: " + ", ".join(dead)
