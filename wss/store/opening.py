"""From a tenant's name to its open store."""

from wss.errors import StoreError
from wss.store.database import Database
from wss.store.settings import database_of, parse
from wss.store.sqlite import Sqlite
from wss.store.store import Store
from wss.store.workspace import Workspace

FILE = "wss.db"


def open_database(workspace: Workspace, tenant: str) -> Database:
    """The database of a tenant that wss.toml says, whether it is there or not; ConfigError if wss.toml is wrong."""
    return database_at(workspace, tenant, database_of(workspace.home, tenant))


def database_at(workspace: Workspace, tenant: str, address: str) -> Database:
    """The database of a tenant at an address, whether it is there or not; ConfigError if the address is none."""
    file, url = workspace.data(tenant) / FILE, parse(address)
    if url is None:
        return Sqlite(file)
    from wss.store.postgresql import Postgresql  # who has SQLite need not wait for the driver

    return Postgresql(url, tenant)


def open_store(workspace: Workspace, tenant: str, create: bool = False) -> Store:
    """The store of a tenant; with `create`, made first where there is none.

    Raises
    ------
    StoreError
        If it is missing, damaged, locked, not ours to write, or of another schema version.
    """
    database = open_database(workspace, tenant)
    there = database.exists()
    if not there:
        _check_not_left_behind(workspace, tenant, database)
    if create:
        try:
            workspace.prepare(tenant)
        except OSError as error:
            raise StoreError(
                f"{error.filename} cannot be created ({error.strerror}): give this user the right to write"
                f" in {workspace.home}, or set WSS_HOME to a folder that it may write"
            ) from error
        database.create()
    elif not there:
        raise StoreError(f"{tenant} has no store yet ({database.name} does not exist): `wss apply {tenant}` creates it")
    database.check_version()
    return Store(database)


def has_store(workspace: Workspace, tenant: str) -> bool:
    """Whether a tenant has a store; StoreError if its database cannot be asked."""
    return open_database(workspace, tenant).exists()


def _check_not_left_behind(workspace: Workspace, tenant: str, database: Database) -> None:
    """StoreError if wss.toml says another database than SQLite, and the tenant's store is still there."""
    file = workspace.data(tenant) / FILE
    if not isinstance(database, Sqlite) and file.is_file():
        raise StoreError(
            f"{tenant} has no store in {database.name}, but one in {file}: let wss.toml say {tenant} = 'sqlite'"
            f" under [tenants], then `wss store move {tenant} --to ADDRESS` carries it over; or put the file aside"
        )
