"""The lock, the conda environment and the advisory floors are in step with pyproject.toml; nothing names a host or a machine."""

import ast
import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
FLOORS = {"jupyter-server": ("2.18.0", "2.17.0"), "prefect": ("3.6.22", "3.6.21"), "pyarrow": ("23.0.1", "23.0.0")}
"""First version without a known advisory, and the last one with it."""


def locked() -> dict[str, list[Version]]:
    """Versions that the lock holds of each package (several where they depend on Python's version)."""
    found: dict[str, list[Version]] = {}
    for package, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK, re.MULTILINE):
        found.setdefault(package.lower(), []).append(Version(version))
    return found


def required() -> list[Requirement]:
    project = PYPROJECT["project"]
    return [Requirement(r) for part in (project["dependencies"], *project["optional-dependencies"].values()) for r in part]


@pytest.mark.parametrize("requirement", required(), ids=lambda r: r.name)
def test_lock_fits_pyproject(requirement):
    versions = locked().get(requirement.name.lower())
    assert versions, f"{requirement.name} is not in requirements.lock: make lock"
    wrong = [v for v in versions if v not in requirement.specifier]
    assert not wrong, f"requirements.lock holds {requirement.name} {wrong}, pyproject wants {requirement.specifier}: make lock"


def test_lock_has_hashes_and_no_addresses():
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 100
    assert all("--hash=sha256:" in b for b in blocks), [b[:40] for b in blocks if "--hash" not in b]
    assert not re.search(r"https?://|--index|--find-links|file:", LOCK)


def test_environment_is_made_from_pyproject():
    spec = importlib.util.spec_from_file_location("environment", ROOT / ".ci" / "environment.py")
    environment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(environment)
    assert (ROOT / "environment.yml").read_text() == environment.render(PYPROJECT), "python .ci/environment.py"


@pytest.mark.parametrize("package", FLOORS)
def test_advisory_floors(package):
    safe, unsafe = map(Version, FLOORS[package])
    assert min(locked()[package]) >= safe
    declared = next(r for r in required() if r.name == package)
    assert unsafe not in declared.specifier, f"pyproject.toml admits {package} {unsafe}, which has a known advisory"


def sources() -> list[str]:
    """Files of the repository, those that are new included."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [relative for relative in files.stdout.splitlines() if (ROOT / relative).is_file()]


def test_no_file_is_empty():
    """An empty flow or notebook runs, does nothing and succeeds. Only `py.typed` says all by being there."""
    files = sources()
    assert len(files) > 300
    empty = [relative for relative in files if not (ROOT / relative).read_bytes().strip() and Path(relative).name != "py.typed"]
    assert not empty, f"{', '.join(empty)}: empty; write what it is for, or delete it"


def test_no_notebook_or_script_is_without_code():
    for relative in sources():
        path = ROOT / relative
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text())["cells"]
            code = ["".join(cell["source"]).strip() for cell in cells if cell["cell_type"] == "code"]
            assert any(code), f"{relative} has no code"
        elif path.suffix == ".py" and path.name != "__init__.py":
            body = ast.parse(path.read_text()).body
            assert any(not isinstance(node, ast.Expr) for node in body), f"{relative} has nothing but text"


def test_nothing_names_an_index_or_this_machine():
    hosts = re.compile(r"https?://[^ )\"]*(py" + r"pi\.|python" + r"hosted|npm" + r"js|deb" + r"ian\.org|/simple/)")
    machine = re.compile(r"(^|[^A-Za-z0-9_.])/(wo" + r"rk|fa" + r"rm|ro" + r"ot)/")
    for relative in sources():
        path = ROOT / relative
        if path.suffix in {".png", ".lock", ".nc"}:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            assert not hosts.search(line), f"{relative}:{number} names an index"
            assert not machine.search(line), f"{relative}:{number} names a path of one machine"
