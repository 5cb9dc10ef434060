"""Backup, restore, move and upgrade of a tenant's store: each complete and proven, or nothing."""

import shutil
from hashlib import file_digest
from pathlib import Path

import pandas as pd
import yaml

from wss.errors import ConfigError, NotFoundError, StoreError
from wss.store import documents, migrations, transfer
from wss.store.database import Database
from wss.store.opening import database_at, open_database
from wss.store.sqlite import Sqlite
from wss.store.transfer import Progress
from wss.store.workspace import Workspace

STAMP = "%Y%m%dT%H%M%SZ"
SUM = ".sha256"
"""Ending of the file with a backup's SHA-256, in the format of sha256sum."""


def upgrade(workspace: Workspace, tenant: str) -> tuple[str, str, str | None]:
    """Bring a tenant's store to today's schema: numbers of the schema before and after, the copy from before if one was made."""
    database = _existing(workspace, tenant)
    before = database.version()
    copy = database.upgrade() if migrations.is_older(before) else None
    database.check_version()
    database.close()
    return before, migrations.head(), copy


def backup(
    workspace: Workspace, tenant: str, at: pd.Timestamp, file: Path | None = None, progress: Progress = lambda done, total: None
) -> tuple[Path, dict[str, int]]:
    """Write a tenant's store as it is now, from whichever database, into one SQLite file, with its SHA-256 beside it.

    Parameters
    ----------
    at
        Wall clock, which the file's name says. [UTC]
    file
        Where to; None: into WSS_HOME/backups.

    Returns
    -------
    file, rows by table

    Raises
    ------
    StoreError
        If the file is there already, cannot be written, or does not hold what the store holds.
    """
    file = file or workspace.home / "backups" / f"{tenant}-{at.strftime(STAMP)}.db"
    if file.exists():
        raise StoreError(f"{file} is there already; give another name, or remove it")
    source = _existing(workspace, tenant)
    source.check_version()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with source.read() as here, Sqlite(file).replaced(at.strftime(STAMP)) as there:
            counts = transfer.copy(here, there, progress)
        file.with_name(file.name + SUM).write_text(f"{_sha256(file)}  {file.name}\n", encoding="utf-8")
    except OSError as error:
        told = f"{error.filename or file} cannot be written ({error.strerror})"
        raise StoreError(f"{told}: make room, or name another file") from error
    finally:
        source.close()
    return file, counts


def restore(
    workspace: Workspace,
    tenant: str,
    file: Path,
    at: pd.Timestamp,
    force: bool = False,
    progress: Progress = lambda done, total: None,
) -> tuple[dict[str, int], str | None]:
    """Make a backup the tenant's store, in the database that wss.toml says; one that is there is put aside.

    Nothing else may be using the store meanwhile. A backup of an earlier schema comes back in today's.

    Returns
    -------
    rows by table, where the store from before is (None if there was none)

    Raises
    ------
    StoreError
        If there is a store and not `force`, or the file is damaged or of another tenant; nothing is changed then.
    """
    if not file.is_file():
        raise NotFoundError(f"{file} does not exist; give the path of a backup")
    target = open_database(workspace, tenant)
    if target.exists() and not force:
        raise StoreError(f"{tenant} has a store, {target.name}: with --force it is put aside and the backup takes its place")
    _check_sum(file)
    workspace.prepare(tenant)
    staging = workspace.work(tenant) / f".restore-{at.strftime(STAMP)}.db"
    shutil.copyfile(file, staging)  # a backup is never written, and may be where nothing can be
    source = Sqlite(staging)
    try:
        _check_backup(source, tenant, file)
        return _take(source, target, at, progress)
    finally:
        source.remove()
        target.close()


def move(
    workspace: Workspace,
    tenant: str,
    to: str,
    at: pd.Timestamp,
    force: bool = False,
    progress: Progress = lambda done, total: None,
) -> tuple[dict[str, int], str, str | None]:
    """Copy a tenant's store into another database; the source stays as it is. Nobody writes to it meanwhile.

    Parameters
    ----------
    to
        "sqlite", or the address of a PostgreSQL database.

    Returns
    -------
    rows by table, name of the new place, where a store that was there is now (None if there was none)

    Raises
    ------
    StoreError
        If there is a store in that place and not `force`, or the copy differs; the place is as before then.
    """
    source, target = _existing(workspace, tenant), database_at(workspace, tenant, to)
    if source.name == target.name:
        raise ConfigError(f"{tenant} is in {target.name} already; say with --to where else it shall be")
    if target.exists() and not force:
        raise StoreError(f"there is a store in {target.name}: with --force it is put aside")
    source.check_version()
    workspace.prepare(tenant)
    try:
        counts, aside = _take(source, target, at, progress, alone=True)
        return counts, target.name, aside
    finally:
        source.close()
        target.close()


def _take(
    source: Database, target: Database, at: pd.Timestamp, progress: Progress, alone: bool = False
) -> tuple[dict[str, int], str | None]:
    """Let `target` hold what `source` holds; with `alone`, nobody writes to the source meanwhile."""
    stamp = at.strftime(STAMP)
    aside = target.aside(stamp) if target.exists() else None
    with source.write() if alone else source.read() as here, target.replaced(stamp) as there:
        return transfer.copy(here, there, progress), aside


def _existing(workspace: Workspace, tenant: str) -> Database:
    database = open_database(workspace, tenant)
    if not database.exists():
        raise StoreError(f"{tenant} has no store yet ({database.name} does not exist): `wss apply {tenant}` creates it")
    return database


def _check_sum(file: Path) -> None:
    noted = file.with_name(file.name + SUM)
    if noted.is_file() and noted.read_text(encoding="utf-8").split()[:1] != [_sha256(file)]:
        raise StoreError(f"{file} is not as it was written: its SHA-256 is not that of {noted.name}; take another backup")


def _check_backup(source: Sqlite, tenant: str, file: Path) -> None:
    """Bring a copy of a backup to today's schema; StoreError if it is damaged or of another tenant."""
    damage = source.damage()
    if damage:
        raise StoreError(f"{file} is damaged ({damage[0]}); take another backup")
    if migrations.is_older(source.version()):
        Path(source.upgrade()).unlink()
    source.check_version()
    with source.read() as connection:
        settings = documents.get(connection, None).get("tenant.yml")
    name = yaml.safe_load(settings).get("name") if settings else tenant
    if name != tenant:
        raise StoreError(f"{file} is a backup of {name}, not of {tenant}; name the right one")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
