"""Import profiles before they are used: propose one from a sample, and try one on a file. Nothing is stored, nothing moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import available_timezones

import numpy as np
import pandas as pd
from pydantic import ValidationError

from wss import quantities, times
from wss.config import Configuration, ImportProfile, load, messages, read_folder
from wss.config.lines import read_yaml
from wss.config.load import PROFILES
from wss.config.sensors import SensorFile
from wss.errors import ConfigError, DataError, raise_all
from wss.ingestion import quality, readers, rename, sensors
from wss.ingestion.guess import Guess, guess
from wss.quantities import Flag
from wss.steps.intake.unknown import likely
from wss.store import Workspace

SHOWN = 5
"""Rows that are shown of each outcome."""


def propose(path: Path, workspace: Workspace | None = None, tenant: str | None = None) -> tuple[Guess, list[dict[str, Any]]]:
    """Proposed profile for files like one, and what the tenant knows of its tags: tag, known, likely (tags of sensors).

    Of a tenant whose files have faults what can be read is used, because it may be about to get its first profile.

    Raises
    ------
    DataError
        If the file cannot be read, or is no export of readings.
    """
    names, zone = _known(workspace, tenant) if workspace is not None and tenant is not None else ({}, None)
    delivered = times.moment(int(path.stat().st_mtime)).to_pydatetime() if path.is_file() else None
    with _opened(path) as file:
        found = guess(file, path.name, names, zone, delivered)
    tags = [{"tag": tag, "known": tag in names, "likely": [] if tag in names else likely(tag, names)} for tag in found.tags]
    return found, tags if tenant is not None else []


def try_profile(
    path: Path, workspace: Workspace | None = None, tenant: str | None = None, profile: Path | None = None
) -> dict[str, Any]:
    """What an intake of a file would make of it, by the tenant's files as they are now.

    Parameters
    ----------
    tenant
        Whose sensors the tags are looked up in; None: only what the file says by `profile`.
    profile
        File of the profile to try; None: the first of the tenant's that is for the file's name and can read it.

    Returns
    -------
    dict
        file, profile, zone (of the times), read, stored, missing, set_aside, quarantined (numbers of readings; stored
        ones may turn out duplicates or corrections), rows (the first of each outcome), tags (a dict each), flags (name: count).

    Raises
    ------
    DataError
        If no profile can read the file; it says why.
    ConfigError
        If the profile or the tenant's files have faults.
    """
    configuration = _configuration(workspace, tenant, profile) if workspace is not None and tenant is not None else None
    if configuration is None and profile is None:
        raise DataError("say by which profile to read the file: --profile FILE.yml, or --tenant NAME for the tenant's own")
    profiles = [read_profile(profile)] if configuration is None or profile is not None else list(configuration.profiles)
    used, parsed = _parsed(path, profiles, by_name=profile is None)
    zone = "UTC" if configuration is None else configuration.tenant.time_zone
    aliases = {} if configuration is None else {alias: s.tag for s in configuration.sensors for alias in s.aliases}
    renamed = None
    if configuration is not None:
        entries = sensors.entries(enumerate(configuration.sensors))  # the number of an entry is its place in sensors.yml
        renamed = rename.to_sensors(parsed.readings, entries, aliases)
    refused = parsed.quarantine if renamed is None else pd.concat([parsed.quarantine, renamed.quarantine], ignore_index=True)
    aside = rename.NOTHING_ASIDE if renamed is None else renamed.set_aside
    stored = len(parsed.readings) if renamed is None else len(renamed.readings)
    told = {
        "file": path.name,
        "profile": used.name,
        "zone": zone,
        "read": stored + parsed.missing + len(aside) + len(refused),
        "stored": stored,
        "missing": parsed.missing,
        "set_aside": len(aside),
        "quarantined": len(refused),
    }
    told["rows"] = {"read": _rows(parsed.readings, zone), "set_aside": _rows(aside, zone), "quarantined": _rows(refused, zone)}
    told["tags"] = _tags(parsed.readings, configuration, aliases, zone)
    return told | {"flags": _flags(renamed, configuration, parsed)}


def read_profile(path: Path) -> ImportProfile:
    """The profile of a file; ConfigError lists its faults."""
    document = read_yaml(path.name, _contents(path).decode("utf-8-sig", errors="replace"))
    faults = list(document.faults)
    if not faults:
        try:
            return ImportProfile.model_validate({} if document.data is None else document.data)
        except ValidationError as error:
            faults += messages.faults(document, ImportProfile, error)
    raise_all(faults, f"the check of {path.name}", ConfigError)
    raise ConfigError(f"{path.name}: no profile")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): give this user the right to") from error


def _contents(path: Path) -> bytes:
    with _opened(path) as file:
        return file.read()


def _known(workspace: Workspace, tenant: str) -> tuple[dict[str, str], str | None]:
    """Names of the tags of a tenant's files, each with its tag, and its zone; of faulty files what can be read."""
    files = read_folder(workspace.tenant(tenant))
    try:
        listed = SensorFile.model_validate(read_yaml("sensors.yml", files.get("sensors.yml", "")).data or {}).sensors
    except ValidationError:
        listed = ()
    about = read_yaml("tenant.yml", files.get("tenant.yml", "")).data
    zone = about.get("time_zone") if isinstance(about, dict) else None
    return {name: s.tag for s in listed for name in (s.tag, *s.aliases)}, zone if zone in available_timezones() else None


def _configuration(workspace: Workspace, tenant: str, profile: Path | None) -> Configuration:
    """Configuration of the tenant's files as they are, with the profile to try in place of its own."""
    files = read_folder(workspace.tenant(tenant))
    if profile is not None:
        files = {name: text for name, text in files.items() if not fnmatch(name, PROFILES)}
        files[f"profiles/{profile.stem}.yml"] = _contents(profile).decode("utf-8-sig", errors="replace")
    return load(files, name=tenant)


def _parsed(path: Path, profiles: list[ImportProfile], by_name: bool) -> tuple[ImportProfile, readers.Parsed]:
    """What the file says by the first profile that can read it."""
    data, faults, now = _contents(path), [], times.utc(pd.Timestamp.now("UTC"))
    for profile in profiles:
        if by_name and not readers.is_for(path.name, profile):
            faults.append(f"profile {profile.name} is for files {profile.files}")
            continue
        try:
            return profile, readers.read(data, path.name, profile, now)
        except DataError as error:
            faults.append(str(error))
    raise DataError(f"no profile can read {path.name}: {'; '.join(faults) or 'there is none'}")


def _flags(renamed: rename.Renamed | None, configuration: Configuration | None, parsed: readers.Parsed) -> dict[str, int]:
    """How many readings would get each flag; without a tenant those that the export gives."""
    if renamed is None or configuration is None:
        flags = parsed.readings["flag"].to_numpy()
    elif renamed.readings.empty:
        return {}
    else:
        limits = sensors.limits(enumerate(configuration.sensors))
        readings = renamed.readings.sort_values(["sensor_id", "time"], kind="stable", ignore_index=True)
        there = limits.loc[limits.index.intersection(readings["sensor_id"].unique())]
        flags = quality.flag(readings, there, readings.iloc[:0])
    counts = {flag.name.lower(): int(np.count_nonzero(flags & int(flag))) for flag in Flag if flag}
    return {name: count for name, count in counts.items() if count}


def _tags(
    readings: pd.DataFrame, configuration: Configuration | None, aliases: dict[str, str], zone: str
) -> list[dict[str, Any]]:
    """Of each tag: readings, first and last time on the wall, least, middle and greatest value in the export's unit and ours."""
    by_tag = {} if configuration is None else {s.tag: s for s in configuration.sensors}
    found = []
    for tag, rows in readings.groupby("tag", observed=True, sort=True):
        wall = times.wall(pd.DatetimeIndex([rows["time"].min(), rows["time"].max()]), zone)
        values = [float(rows["value"].min()), float(rows["value"].median()), float(rows["value"].max())]
        about = {"tag": tag, "readings": len(rows), "first": str(wall[0]), "last": str(wall[1]), "values": values}
        sensor = by_tag.get(aliases.get(tag, tag))
        if configuration is not None:
            names = {tag: tag for tag in by_tag} | aliases
            about["likely"] = [] if sensor else likely(tag, names)
            about["sensor"] = None if sensor is None else f"{sensor.quantity} {sensor.item}"
        if sensor is not None:
            outside = int(((rows["value"] < sensor.limits.low) | (rows["value"] > sensor.limits.high)).sum())
            about |= {
                "unit": sensor.unit,
                "our_unit": quantities.units(sensor.quantity),
                "our_values": [sensors.in_ours(sensor, value) for value in values],
                "limits": [sensor.limits.low, sensor.limits.high],
                "outside": outside,
            }
        found.append(about)
    return found


def _rows(frame: pd.DataFrame, zone: str) -> list[dict[str, Any]]:
    """The first rows of an outcome, times as on the wall."""
    rows = frame.head(SHOWN).to_dict("records")
    return [
        {key: str(times.wall(pd.DatetimeIndex([value]), zone)[0]) if key == "time" else value for key, value in row.items()}
        for row in rows
    ]
