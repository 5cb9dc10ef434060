"""Intake: files of the inbox into the store, exactly once; what cannot be read is kept with the reason beside it."""

import fnmatch
import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wss import quantities, times, units
from wss.config import Configuration, ImportProfile
from wss.errors import DataError, StoreError
from wss.ingestion import folders, inbox, quality, readers, rename
from wss.store import Counts, IntakeFile, Store, Workspace

COLUMNS = ["tenant", "name", "sha256", "state", *asdict(Counts()), "reason"]
BACKFILL = pd.Timedelta(days=3)
"""A file with readings older than this at its delivery is a backfill: its readings count as known soon after their time."""
REPORTED = 200
"""Refused rows that a report lists; the store keeps them all."""
NOTHING = readers.Parsed(
    pd.DataFrame({"line": [], "tag": pd.Categorical([]), "time": pd.DatetimeIndex([]), "value": [], "flag": []}), 0,
    pd.DataFrame({"line": [], "text": [], "reason": []}),
)


def run_intake(configuration: Configuration, store: Store, workspace: Workspace, now: pd.Timestamp | None = None,
               progress: Callable[[int, int, str], None] | None = None) -> pd.DataFrame:
    """Take in every complete file of the tenant's inbox, the first delivered first.

    A file is claimed into `work`, written to the store in one transaction, and only then moved to the archive. After a crash
    in between the ledger knows what is in the store, and the rest is taken up where it lies.

    Parameters
    ----------
    now
        Wall clock [UTC]; None: the machine's. Files of a tenant whose clock is `replay` were delivered at their own time.
    progress
        Called after each file with the number of files done, of all, and its name.

    Returns
    -------
    DataFrame
        A row a file: tenant, name, sha256, state (stored, known, quarantined, waiting, ignored), read, stored, duplicate,
        corrected, missing, set_aside, quarantined (numbers of readings), reason.

    Raises
    ------
    StoreError
        If the store cannot be written; the file at hand and all that follow stay where they are.
    """
    now = times.utc(pd.Timestamp.now("UTC") if now is None else now)
    sensors, limits = _known_sensors(configuration, store)
    intake = _Intake(configuration, store, workspace, now, sensors, limits, store.aliases())
    workspace.prepare(configuration.name)
    found = [inbox.Found(path, "ready") for path in sorted(workspace.work(configuration.name).iterdir())]
    settle_s = configuration.tenant.intake.settle_seconds
    found += inbox.look(workspace.inbox(configuration.name), now.timestamp(), settle_s)
    rows = []
    for done, file in enumerate(found, start=1):
        rows += intake.handle(file)
        if progress is not None:
            progress(done, len(found), file.path.name)
    return pd.DataFrame(rows, columns=COLUMNS)


@dataclass(frozen=True)
class _Intake:
    """What all files of one intake share."""

    configuration: Configuration
    store: Store
    workspace: Workspace
    now: pd.Timestamp
    sensors: pd.DataFrame
    limits: pd.DataFrame
    aliases: dict[str, str]

    def handle(self, file: inbox.Found) -> list[dict]:
        """Row about one file; none if another process took it."""
        work = self.workspace.work(self.configuration.name)
        try:
            if file.state in ("waiting", "ignored"):
                return [self._row(file.path.name, "", file.state, Counts(), file.reason)]
            if file.state == "incomplete":
                return [self._refuse(file.path, folders.contents(file.path), file.reason)]
            path = file.path if file.path.parent == work else folders.claim(file.path, work)
            if path is None:
                return [self._row(file.path.name, "", "waiting", Counts(), "another file of this name is being taken in")]
            return [self._take_in(path, folders.contents(path))]
        except FileNotFoundError:
            return []
        except OSError as error:
            why = f"{error.filename} cannot be read or moved ({error.strerror}): give this user the right to; it is tried again"
            return [self._row(file.path.name, "", "waiting", Counts(), why)]

    def _take_in(self, path: Path, data: bytes) -> dict:
        """Store what a file says and archive it."""
        sha256, tag = self._identity(path, data)
        if self.store.has_file(sha256, tag):
            return self._known(path, data, sha256)
        try:
            profile, parsed = self._read(path, data)
        except DataError as error:
            return self._refuse(path, data, str(error))
        if len(parsed.quarantine) and parsed.readings.empty and not parsed.missing:
            return self._refuse(path, data, f"not one row can be read; {_first(parsed.quarantine)}", parsed, profile.name)
        renamed = rename.to_sensors(parsed.readings, self.sensors, self.aliases)
        readings = renamed.readings.assign(flag=self._flags(renamed.readings))
        known_at = self._known_at(path)
        oldest = times.moment(int(readings["time"].min())) if len(readings) else known_at
        file = IntakeFile(path.name, sha256, known_at, oldest < known_at - BACKFILL, tag, profile.name,
                          usual_delay_s=60 * self.configuration.tenant.intake.usual_delay_minutes)
        try:
            counts = self.store.write_file(file, readings, parsed.missing, renamed.set_aside, parsed.quarantine)
        except StoreError:
            if self.store.has_file(sha256, tag):  # another process took it in since we looked
                return self._known(path, data, sha256)
            raise
        remarks = _remarks(renamed.set_aside, parsed.quarantine)
        return self._archive(path, data, self._row(path.name, sha256, "stored", counts, remarks))

    def _read(self, path: Path, data: bytes) -> tuple[ImportProfile, readers.Parsed]:
        """Rows of a file by the first profile that can read it; DataError says why none can."""
        faults = []
        for profile in self.configuration.profiles:
            if fnmatch.fnmatchcase(path.name, profile.files):
                try:
                    return profile, readers.read(data, path.name, profile, self._known_at(path), self._last)
                except DataError as error:
                    faults.append(str(error))
        globs = ", ".join(f"{p.name} ({p.files})" for p in self.configuration.profiles) or "none"
        raise DataError("; ".join(faults) or f"no import profile is for files of this name; there are: {globs}."
                        " Add one to profiles/, or rename the file")

    def _identity(self, path: Path, data: bytes) -> tuple[str, str]:
        """What tells a file from all others: its contents, and the tag that only its name may give."""
        tags = [readers.tag_in_name(path.name, p) for p in self.configuration.profiles if fnmatch.fnmatchcase(path.name, p.files)]
        return hashlib.sha256(data).hexdigest(), next(filter(None, tags), "")

    def _last(self, tag: str) -> pd.Timestamp | None:
        return self.store.last_of_tag(self.aliases.get(tag, tag))

    def _flags(self, readings: pd.DataFrame) -> np.ndarray:
        limits = self.limits.loc[self.limits.index.intersection(readings["sensor_id"].unique())]
        if limits.empty:
            return readings["flag"].to_numpy()
        first = int(readings["time"].min())
        start = first - int(quality.look_back_h(limits) * 3600)
        return quality.flag(readings, limits, self.store.readings_of(limits.index.tolist(), start, first))

    def _known_at(self, path: Path) -> pd.Timestamp:
        """When a file was delivered [UTC]."""
        if self.configuration.tenant.clock == "live":
            return self.now
        return times.moment(int(path.stat().st_mtime))

    def _known(self, path: Path, data: bytes, sha256: str) -> dict:
        row = self._row(path.name, sha256, "known", Counts(), "the same contents were taken in before")
        return self._archive(path, data, row)

    def _archive(self, path: Path, data: bytes, row: dict) -> dict:
        """Move a file to the archive, or back if its sender went on writing; then what is new in it is taken in next time."""
        if path.stat().st_size != len(data):
            folders.put_away(path, self.workspace.inbox(self.configuration.name))
            return row | {"reason": "it grew while it was read; the rest is taken in next time"}
        known_at = self._known_at(path)
        archive = self.workspace.archive(self.configuration.name) / f"{known_at:%Y}" / f"{known_at:%m}"
        try:
            folders.put_away(path, archive)
        except OSError as error:
            why = f"it cannot be moved to {archive} ({error.strerror}): give this user the right to; it is tried again"
            return row | {"reason": why}
        return row

    def _refuse(self, path: Path, data: bytes, why: str, parsed: readers.Parsed = NOTHING, profile: str | None = None) -> dict:
        """Move a file to the quarantine with a report beside it."""
        sha256, tag = self._identity(path, data)
        if self.store.has_file(sha256, tag):
            return self._known(path, data, sha256)
        file = IntakeFile(path.name, sha256, self._known_at(path), tag=tag, profile=profile, state="quarantined", error=why)
        nothing = rename.to_sensors(NOTHING.readings, self.sensors, {})
        counts = self.store.write_file(file, nothing.readings, 0, nothing.set_aside, parsed.quarantine)
        kept = folders.put_away(path, self.workspace.quarantine(self.configuration.name))
        report = [f"{path.name} was not taken in.", "", why, "", f"SHA-256 {sha256}, delivered {times.iso(file.known_at)}.",
                  "Nothing of it is in the store. When the cause is mended, move the file back into the inbox.", ""]
        report += [f"line {row.line}: {row.reason}: {row.text}" for row in parsed.quarantine.head(REPORTED).itertuples()]
        kept.with_name(f"{kept.name}.report.txt").write_text("\n".join(report) + "\n", encoding="utf-8")
        return self._row(path.name, sha256, "quarantined", counts, why)

    def _row(self, name: str, sha256: str, state: str, counts: Counts, reason: str) -> dict:
        about = {"tenant": self.configuration.name, "name": name, "sha256": sha256, "state": state}
        return {**about, **asdict(counts), "reason": reason}


def _known_sensors(configuration: Configuration, store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sensors of the store that the configuration lists, and their limits [our unit] by sensor_id."""
    known = store.sensors().set_index(["tag", "valid_from"], drop=False)
    ids, limits = [], []
    for sensor in configuration.sensors:
        key = (sensor.tag, times.seconds(sensor.valid_from) if sensor.valid_from else 0)
        if key in known.index:
            scale = units.scale_to(quantities.units(sensor.quantity), sensor.unit)
            of = sensor.limits
            ids.append(known.at[key, "sensor_id"])
            limits.append((of.low * scale, of.high * scale, of.max_rate_per_h and of.max_rate_per_h * scale, of.stuck_h))
    frame = pd.DataFrame(limits, index=ids, columns=list(quality.LIMITS), dtype=float)
    return known[known["sensor_id"].isin(ids)].reset_index(drop=True), frame


def _first(quarantine: pd.DataFrame) -> str:
    first = quarantine.iloc[0]
    return f"line {first['line']}: {first['reason']}"


def _remarks(set_aside: pd.DataFrame, quarantine: pd.DataFrame) -> str:
    """What a reader of the report should know about a file that was stored."""
    remarks = []
    if len(set_aside):
        tags = sorted(set_aside["tag"].unique())
        remarks.append(f"{', '.join(tags[:5])}{' and others' if len(tags) > 5 else ''}: {set_aside['reason'].iloc[0]}")
    if len(quarantine):
        remarks.append(_first(quarantine) + (f", and {len(quarantine) - 1} more" if len(quarantine) > 1 else ""))
    return "; ".join(remarks)
