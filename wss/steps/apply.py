"""From the files that an engineer edits to the version of the configuration that production reads."""

import difflib
from collections.abc import Mapping

import pandas as pd

from wss import tariffs, times
from wss.config import Configuration, load, read_folder
from wss.errors import ConfigError, NotFoundError
from wss.store import Store, Workspace, open_store


def check_tenant(workspace: Workspace, name: str, at: pd.Timestamp | None = None) -> Configuration:
    """Configuration that the tenant's files give; nothing is written.

    Parameters
    ----------
    at
        Moment from which a live tenant must have a tariff [UTC]; the wall clock if absent.

    Raises
    ------
    ConfigError
        Lists every fault of every file.
    """
    return _checked(read_folder(workspace.tenant(name)), name, at)


def apply_tenant(workspace: Workspace, name: str, author: str, note: str, at: pd.Timestamp | None = None) -> tuple[int, str]:
    """Check the tenant's files and make them the active version, unless they are it already.

    Parameters
    ----------
    author, note
        Who applies them, and why; kept with the version.
    at
        Moment of the change [UTC]; the wall clock if absent.

    Returns
    -------
    version, diff
        Number of the active version, and what changed as a unified diff: empty where nothing did.

    Raises
    ------
    ConfigError
        Lists every fault of every file; nothing is written then.
    """
    return _apply(workspace, name, read_folder(workspace.tenant(name)), author, note, at)


def apply_version(workspace: Workspace, name: str, version: int, author: str, note: str,
                  at: pd.Timestamp | None = None) -> tuple[int, str]:
    """Make an old version active again: its files become a new version, as `apply_tenant` does with those of the folder.

    Raises NotFoundError if there is no such version, and ConfigError if it breaks a rule that came since.
    """
    with open_store(workspace, name) as store:
        files = store.documents(version)
    return _apply(workspace, name, files, author, note, at)


def active(store: Store) -> Configuration:
    """Configuration of the store's active version; NotFoundError if none was ever applied, ConfigError if it cannot be read."""
    files = store.documents()
    if not files:
        raise NotFoundError("the store has no configuration yet: `wss apply TENANT` checks the files and makes them active")
    return load(files)


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What differs between two sets of files, as one unified diff; empty where nothing does."""
    lines: list[str] = []
    for file in sorted({*old, *new}):
        before, after = old.get(file, "").splitlines(), new.get(file, "").splitlines()
        names = (file if file in old else "/dev/null", file if file in new else "/dev/null")
        lines += difflib.unified_diff(before, after, *names, lineterm="")
    return "\n".join(lines)


def _apply(workspace: Workspace, name: str, files: dict[str, str], author: str, note: str,
           at: pd.Timestamp | None) -> tuple[int, str]:
    at = _moment(at)
    configuration = _checked(files, name, at)
    with open_store(workspace, name, create=True) as store:
        old = store.documents()
        if files == old:
            return int(store.versions()["version"].iloc[-1]), ""
        store.sync_sensors(configuration.sensors)       # first, as it may refuse
        return store.put_documents(files, author, note, at), changes(old, files)


def _checked(files: dict[str, str], name: str, at: pd.Timestamp | None) -> Configuration:
    configuration = load(files, name=name)
    if configuration.tenant.clock == "live":
        start = _moment(at)
        horizon = pd.DatetimeIndex([start, start + pd.Timedelta(hours=configuration.tenant.plan.horizon_hours)])
        try:
            tariffs.periods(configuration.tariff, horizon)
        except ConfigError as error:
            raise ConfigError(f"tariff.yml: no plan can be priced from {times.iso(start)} on: {error}") from error
    return configuration


def _moment(at: pd.Timestamp | None) -> pd.Timestamp:
    return times.utc(pd.Timestamp.now("UTC") if at is None else at)
