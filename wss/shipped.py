"""What ships with the package beside its modules (notebooks, flows, apps), and which code this is."""

import hashlib
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from wss import __version__
from wss.errors import NotFoundError

PACKAGE = Path(__file__).resolve().parent
LIBRARIES = ("numpy", "pandas", "xarray", "wntr", "owa-epanet", "pyomo", "highspy", "sqlalchemy", "papermill")


def folder(name: str) -> Path:
    """Folder `notebooks`, `flows` or `voila_apps`: in the installed package, or at the top of a checkout; else NotFoundError."""
    places = [PACKAGE / "_assets" / name, PACKAGE.parent / name]
    found = next((p for p in places if p.is_dir()), None)
    if found is None:
        raise NotFoundError(f"there is no folder {name} in {' or '.join(str(p.parent) for p in places)}: install wss again")
    return found


@lru_cache
def code_version() -> str:
    """Version of the code that runs: the package's, a checkout's commit, and a hash of the source, which shows local changes."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return f"{__version__}+{_commit()}s{digest.hexdigest()[:8]}"


def library_versions() -> dict[str, str]:
    """Versions of the libraries that decide what a run computes; those that are not installed are left out."""
    installed = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in map(_distribution, LIBRARIES) if d}
    return dict(sorted(installed.items()))


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str:
    """`g<commit>.` in a checkout, else empty."""
    if not (PACKAGE.parent / ".git").exists():
        return ""
    try:
        command = ["git", "-C", str(PACKAGE.parent), "rev-parse", "--short", "HEAD"]
        out = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"g{out.stdout.strip()}."
