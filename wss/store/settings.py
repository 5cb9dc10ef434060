"""wss.toml: which database keeps the tenants."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from wss.config import messages
from wss.config.base import Name
from wss.errors import ConfigError, raise_all

FILE = "wss.toml"
SQLITE = "sqlite"
WAYS = '"sqlite", or "postgresql://user@host:port/name"'


class Settings(BaseModel):
    """What wss.toml says; without the file, every tenant has a SQLite file of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: str = SQLITE
    tenants: dict[Name, str] = {}


def read_settings(home: Path) -> Settings:
    """Settings of a workspace.

    Raises
    ------
    ConfigError
        Lists every fault of the file.
    """
    path = home / FILE
    try:
        settings = Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): give this user the right to read it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path} is not TOML: {error}; write a line such as database = "sqlite"') from error
    except ValidationError as error:
        raise_all(
            [f"{path}: {fault}" for fault in messages.brief(error, Settings, _own_words)], "the check of wss.toml", ConfigError
        )
    private = not path.stat().st_mode & 0o077
    entries = {"database": settings.database} | {f"tenants.{name}": value for name, value in settings.tenants.items()}
    faults = [f"{path}: {key}: {fault}" for key, value in entries.items() for fault in _faults(value, private)]
    raise_all(faults, "the check of wss.toml", ConfigError)
    return settings


def database_of(home: Path, tenant: str) -> str:
    """Address of the database that keeps a tenant; ConfigError as in `read_settings`."""
    settings = read_settings(home)
    return settings.tenants.get(tenant, settings.database)


def parse(address: str) -> URL | None:
    """Address of a PostgreSQL database from its text, None for SQLite; ConfigError if it is neither."""
    raise_all(
        [f"{shown(address)}: {fault}" for fault in _faults(address, private=True)],
        "the check of the database's address",
        ConfigError,
    )
    return None if address == SQLITE else make_url(address).set(drivername="postgresql+psycopg")


def shown(address: str | URL) -> str:
    """An address without its password."""
    try:
        return make_url(address).set(drivername="postgresql").render_as_string(hide_password=True)
    except ArgumentError:
        return str(address)


def _own_words(key: str, one: Mapping[str, Any]) -> str | None:
    if one["type"] == "extra_forbidden":
        return None
    if one["type"] == "string_pattern_mismatch":
        return f"{key}: is not the name of a tenant; use lower case letters, digits and underscores, at most 31"
    where = 'under [tenants] lines such as litoral = "sqlite"' if key == "tenants" else WAYS
    return f"{key}: {one['input']!r} does not fit; write {where}"


def _faults(address: str, private: bool) -> list[str]:
    if address == SQLITE:
        return []
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return [f"{address!r} is not the address of a database; write {WAYS}"]
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        return [f"{url.drivername} is not a database that wss knows; write {WAYS}"]
    faults = [] if url.database else [f"{shown(address)} does not say which database of the server; end it with /name"]
    if url.password and not private:
        faults.append(
            "there is a password in it and others can read the file; `chmod 600` it, or take the password out and"
            " put it into ~/.pgpass or PGPASSWORD"
        )
    return faults
