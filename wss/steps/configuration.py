"""The version of a tenant's configuration that production reads."""

from wss.config import Configuration, load
from wss.errors import NotFoundError
from wss.store import Store


def active(store: Store) -> Configuration:
    """Configuration of the store's active version; NotFoundError if none was ever applied, ConfigError if it cannot be read."""
    files = store.documents()
    if not files:
        raise NotFoundError("the store has no configuration yet: `wss apply TENANT` checks the files and makes them active")
    return load(files)
