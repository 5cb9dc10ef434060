"""The folder that holds everything that is data: WSS_HOME."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from wss.errors import ConfigError, NotFoundError

FOLDERS = ("inbox", "work", "archive", "quarantine", "outbox")
"""Folders of a tenant's data, beside its store."""


@dataclass(frozen=True)
class Workspace:
    """Where each tenant's files are. Nothing is created by asking for a path."""

    home: Path

    def tenant(self, name: str) -> Path:
        """Folder of the files that an engineer edits: tenant.yml, sensors.yml, tariff.yml, profiles, network."""
        return self._of("tenants", name)

    def data(self, name: str) -> Path:
        """Folder of the store and of the folders that files move through."""
        return self._of("data", name)

    def runs(self, name: str) -> Path:
        """Folder of the executed notebooks and their results."""
        return self._of("runs", name)

    def inbox(self, name: str) -> Path:
        """Folder where SCADA puts its files."""
        return self.data(name) / "inbox"

    def work(self, name: str) -> Path:
        """Folder of what is being prepared."""
        return self.data(name) / "work"

    def archive(self, name: str) -> Path:
        """Folder of the files that are in the store."""
        return self.data(name) / "archive"

    def quarantine(self, name: str) -> Path:
        """Folder of the files that could not be read, each with its report beside it."""
        return self.data(name) / "quarantine"

    def outbox(self, name: str) -> Path:
        """Folder from which SCADA fetches the released plan."""
        return self.data(name) / "outbox"

    def weather(self, name: str) -> Path:
        """Folder where a weather service's download puts its files; it need not exist."""
        return self.data(name) / "weather"

    def prepare(self, name: str) -> None:
        """Create the folders of a tenant's data; OSError where that is not allowed."""
        for folder in FOLDERS:
            (self.data(name) / folder).mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """Tenants that have a tenant.yml, sorted."""
        return sorted(p.parent.name for p in (self.home / "tenants").glob("*/tenant.yml"))

    def _of(self, kind: str, name: str) -> Path:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
            raise NotFoundError(f"{name!r} is not the name of a tenant: lower case letters, digits and underscores, at most 31")
        return self.home / kind / name


def find_home() -> Path:
    """WSS_HOME, else the folder that the user's configuration keeps, else `workspace` here, which is then kept.

    Raises
    ------
    ConfigError
        If WSS_HOME is not an absolute path.
    """
    given = os.environ.get("WSS_HOME")
    if given:
        if not Path(given).is_absolute():
            raise ConfigError(f"WSS_HOME is {given!r}, which depends on the folder one is in; give an absolute path")
        return Path(given)
    kept = platformdirs.user_config_path("wss") / "home"
    if kept.is_file() and Path(kept.read_text(encoding="utf-8").strip()).is_dir():
        return Path(kept.read_text(encoding="utf-8").strip())
    home = Path.cwd() / "workspace"
    home.mkdir(exist_ok=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{home}\n", encoding="utf-8")
    return home
