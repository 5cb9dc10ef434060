"""Notebooks and apps are thin: they call the package, tell the story and hold no outputs."""

import ast
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent.parent
SCHEDULED = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOKS = SCHEDULED + sorted((ROOT / "voila_apps").rglob("*.ipynb"))
FORBIDDEN = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.While,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.GeneratorExp,
)
IMPORTS = ("wss", "wss.steps", "wss.views", "wss.screens", "wss.cycle")


def cells(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith("%")]
            yield cell, lines, ast.parse("\n".join(lines))


def test_there_are_notebooks():
    assert {p.stem for p in SCHEDULED} >= {"forecast", "optimize", "kpi", "explore"}
    assert any(p.stem == "operator" for p in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_thin(path):
    for cell, lines, tree in cells(path):
        assert len(lines) <= 12, f"a cell of {path.name} has {len(lines)} lines"
        for node in ast.walk(tree):
            assert not isinstance(node, FORBIDDEN), f"{path.name}: {type(node).__name__} belongs into wss/:\n{cell.source}"
            if isinstance(node, ast.Import):
                assert all(a.name in IMPORTS for a in node.names), f"{path.name} imports {[a.name for a in node.names]}"
            if isinstance(node, ast.ImportFrom):
                assert node.module in IMPORTS, f"{path.name} imports from {node.module}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "open", f"{path.name} opens a file"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_outputs(path):
    for cell, _, _ in cells(path):
        assert not cell.outputs, f"{path.name}: run nbstripout"
        assert cell.execution_count is None, f"{path.name}: run nbstripout"


@pytest.mark.parametrize("path", SCHEDULED, ids=lambda p: p.stem)
def test_one_parameters_cell(path):
    tagged = [c for c, _, _ in cells(path) if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1, f"{path.name} needs exactly one cell with the tag parameters"
    tree = ast.parse(tagged[0].source)
    assert all(isinstance(n, ast.AnnAssign) for n in tree.body), f"{path.name}: parameters are `name: type = default  # help`"
    assert {"tenant", "now"} <= {n.target.id for n in tree.body}, f"{path.name} lacks tenant or now"
