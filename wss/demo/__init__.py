"""Demo utilities: their configuration as data, and the virtual plants that write their SCADA files."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from wss import config
from wss.config import Configuration
from wss.errors import NotFoundError
from wss.store import Workspace

__all__ = ["install", "names", "shipped"]


def names() -> list[str]:
    """Names of the demo utilities."""
    return sorted(folder.name for folder in (files(__name__) / "tenants").iterdir() if folder.is_dir())


def install(workspace: Workspace, name: str = "litoral") -> Path:
    """Copy the files of a demo utility into the workspace and return the tenant's folder; one that is there stays as it is.

    Raises
    ------
    NotFoundError
        If there is no demo utility of that name.
    """
    _known(name)
    folder = workspace.tenant(name)
    if not (folder / "tenant.yml").is_file():
        with as_file(files(__name__) / "tenants" / name) as source:
            shutil.copytree(source, folder, dirs_exist_ok=True)
    workspace.prepare(name)
    return folder


def shipped(name: str) -> Configuration:
    """Configuration of a demo utility as it comes with the package, whatever was edited since; NotFoundError if there is none."""
    _known(name)
    with as_file(files(__name__) / "tenants" / name) as folder:
        return config.load(config.read_folder(folder))


def _known(name: str) -> None:
    if name not in names():
        raise NotFoundError(f"there is no demo utility {name!r}; there is: {', '.join(names())}")
