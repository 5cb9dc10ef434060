"""From the files that an engineer edits to the version of the configuration that production reads."""

import difflib
from collections.abc import Callable, Collection, Mapping

import pandas as pd

from wss import tariffs, times
from wss.config import Configuration, load, read_folder
from wss.errors import ConfigError, raise_all
from wss.ingestion.rename import UNKNOWN
from wss.steps.intake.replay import Chosen, run_replay
from wss.steps.login_keys import key_faults
from wss.store import Store, Workspace, has_store, open_store


def check_tenant(workspace: Workspace, name: str, at: pd.Timestamp | None = None) -> Configuration:
    """Configuration that the tenant's files give; nothing is written.

    Parameters
    ----------
    at
        Moment from which a live tenant must have a tariff [UTC]; the wall clock if absent.

    Raises
    ------
    ConfigError
        Lists every fault of every file, also a key for SFTP that another tenant lists; where there is a store, also what would
        make its readings unfindable.
    """
    files = read_folder(workspace.tenant(name))
    if not has_store(workspace, name):
        return _checked(workspace, files, name, at)
    with open_store(workspace, name) as store:
        return _checked(workspace, files, name, at, store)


def apply_tenant(
    workspace: Workspace,
    name: str,
    author: str,
    note: str,
    at: pd.Timestamp | None = None,
    forget: Collection[str] = (),
    told: Callable[[dict], None] | None = None,
) -> tuple[int, str]:
    """Check the tenant's files and make them the active version, unless they are it already.

    Files with readings that were set aside because nobody knew their tag, which now is a sensor's tag or alias, are read again.

    Parameters
    ----------
    author, note
        Who applies them, and why; kept with the version.
    at
        Moment of the change [UTC]; the wall clock if absent.
    forget
        Tags whose entries are gone from sensors.yml and whose readings are deleted for good.
    told
        Called with the row of each file that is read again: see `intake_replay.run_replay`.

    Returns
    -------
    version, diff
        Number of the active version, and what changed as a unified diff: empty where nothing did.

    Raises
    ------
    ConfigError
        Lists every fault of every file; nothing is written then.
    """
    return _apply(workspace, name, read_folder(workspace.tenant(name)), author, note, at, forget, told)


def apply_version(
    workspace: Workspace,
    name: str,
    version: int,
    author: str,
    note: str,
    at: pd.Timestamp | None = None,
    forget: Collection[str] = (),
    told: Callable[[dict], None] | None = None,
) -> tuple[int, str]:
    """Make an old version active again: its files become a new version, as `apply_tenant` does with those of the folder.

    The files in the folder stay as they are. Parameters and what is returned are those of `apply_tenant`.

    Raises
    ------
    NotFoundError
        If there is no such version.
    ConfigError
        If it breaks a rule that came since, or readings that came since would become unfindable.
    """
    with open_store(workspace, name) as store:
        files = store.documents(version)
    return _apply(workspace, name, files, author, note, at, forget, told)


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What differs between two sets of files, as one unified diff; empty where nothing does."""
    lines: list[str] = []
    for file in sorted({*old, *new}):
        before, after = old.get(file, "").splitlines(), new.get(file, "").splitlines()
        names = (file if file in old else "/dev/null", file if file in new else "/dev/null")
        lines += difflib.unified_diff(before, after, *names, lineterm="")
    return "\n".join(lines)


def _apply(
    workspace: Workspace,
    name: str,
    files: dict[str, str],
    author: str,
    note: str,
    at: pd.Timestamp | None,
    forget: Collection[str] = (),
    told: Callable[[dict], None] | None = None,
) -> tuple[int, str]:
    at = _moment(at)
    if not has_store(workspace, name):
        _checked(workspace, files, name, at)  # before a store is made
    with open_store(workspace, name, create=True) as store:
        configuration = _checked(workspace, files, name, at, store, forget)
        old = store.documents()
        if files == old and not forget:
            version, diff = int(store.versions()["version"].iloc[-1]), ""
        else:
            version, _ = store.configure(files, configuration.sensors, author, note, at, _used_by(configuration), forget)
            diff = changes(old, files)
        _read_again(configuration, store, workspace, at, told)
        return version, diff


def _read_again(
    configuration: Configuration, store: Store, workspace: Workspace, at: pd.Timestamp, told: Callable[[dict], None] | None
) -> None:
    """Replay the files whose readings were set aside for a tag that the configuration knows."""
    aside = store.unknown_tags()
    names = {name for sensor in configuration.sensors for name in (sensor.tag, *sensor.aliases)}
    tags = [tag for tag in aside.loc[aside["reason"] == UNKNOWN, "tag"] if tag in names]
    if tags:
        run_replay(configuration, store, workspace, Chosen(numbers=store.files_set_aside(tags)), at, told=told)


def _checked(
    workspace: Workspace,
    files: dict[str, str],
    name: str,
    at: pd.Timestamp | None,
    store: Store | None = None,
    forget: Collection[str] = (),
) -> Configuration:
    configuration = load(files, name=name)
    faults = key_faults(workspace, name)
    if configuration.tenant.clock == "live":
        start = _moment(at)
        horizon = pd.DatetimeIndex([start, start + pd.Timedelta(hours=configuration.tenant.plan.horizon_hours)])
        try:
            tariffs.periods(configuration.tariff, horizon)
        except ConfigError as error:
            faults.append(f"tariff.yml: no plan can be priced from {times.iso(start)} on: {error}")
    if store is not None:
        faults += store.sensor_faults(configuration.sensors, _used_by(configuration), forget)
    raise_all(faults, f"the check of {name}", ConfigError)
    return configuration


def _used_by(configuration: Configuration) -> dict[tuple[str, str], str]:
    """What hangs on the readings of each quantity and item, in words."""
    system = configuration.tenant.system
    used = {("level", tank.id): f"plans start from the level of tank {tank.id}" for tank in system.tanks}
    used |= {
        (quantity, pump.id): f"they say whether pump {pump.id} runs"
        for pump in system.pumps
        for quantity in ("power", "pump_status")
    }
    for zone in system.zones:
        used |= {("flow", link): f"the demand of zone {zone.name} comes from them" for link in (*zone.inflow, *zone.outflow)}
    return used


def _moment(at: pd.Timestamp | None) -> pd.Timestamp:
    return times.utc(pd.Timestamp.now("UTC") if at is None else at)
