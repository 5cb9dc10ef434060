"""House rules that a reader would otherwise have to check by hand: lengths, imports, prints, excepts, docstrings."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = sorted((ROOT / "wss").rglob("*.py"))
CASES = ROOT / "benchmarks" / "cases"
"""Kept as they came: `test_judges.py`."""
CODE = PACKAGE + [
    p for part in ("flows", "tests", "benchmarks") for p in sorted((ROOT / part).rglob("*.py")) if CASES not in p.parents
]
ARRAYS = ("DataArray", "Dataset", "ndarray")
ON_DISK = {
    "read_bytes",
    "read_text",
    "write_bytes",
    "write_text",
    "iterdir",
    "lstat",
    "stat",
    "unlink",
    "mkdir",
    "listdir",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path):
    """Each function of a file with whether it is public (no underscore in its name or its class's, not nested)."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, not node.name.startswith("_")
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield inner, not (inner.name.startswith("_") or node.name.startswith("_"))


def test_import_contract():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("path", CODE, ids=name)
def test_lengths(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 300, f"{name(path)} has {len(lines)} lines; split it"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= 60, f"{name(path)}:{node.lineno} {node.name} has {length} lines; split it"


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_no_print_and_no_silent_except(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{name(path)}:{node.lineno} prints; return it, log it or give it to the console"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{name(path)}:{node.lineno} bare except; name what can go wrong"
            silent = all(isinstance(s, ast.Pass) for s in node.body)
            broad = isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            assert not (silent and broad), f"{name(path)}:{node.lineno} swallows every error"


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_public_functions_explain_themselves(path):
    assert ast.get_docstring(ast.parse(path.read_text())), f"{name(path)} has no module docstring"
    for node, public in functions(path):
        if not public:
            continue
        doc = ast.get_docstring(node)
        assert doc, f"{name(path)}:{node.lineno} {node.name} has no docstring"
        hints = [a.annotation for a in node.args.args + node.args.kwonlyargs] + [node.returns]
        if any(kind in ast.unparse(h) for h in hints if h for kind in ARRAYS):
            told = re.search(r"\[[^\]]+\]|\(time|\(zone|\(tank|\(pump|\(node|`[a-z_]+`", doc)
            assert told, f"{name(path)}:{node.lineno} {node.name} handles arrays: say dims in (..) and units in [..]"


@pytest.mark.parametrize("path", sorted((ROOT / "wss" / "ingestion").rglob("*.py")), ids=name)
def test_ingestion_touches_no_disk(path):
    """Files are opened by the steps, which hand over their contents, or the open file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            wrong = {"os", "shutil", "pathlib", "tempfile", "glob"} & {module.partition(".")[0] for module in modules if module}
            assert not wrong, f"{name(path)}:{node.lineno} imports {', '.join(wrong)}; let a step handle files"
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            banned = ON_DISK | {"open"} if isinstance(node.func, ast.Name) else ON_DISK
            assert called not in banned, f"{name(path)}:{node.lineno} calls {called}; let a step handle files"
