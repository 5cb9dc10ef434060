"""One file of the inbox: claimed, read, written in one transaction, archived; or quarantined with a report beside it."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wss import times
from wss.config import Configuration, ImportProfile, Sensor
from wss.errors import DataError, StoreError
from wss.failpoints import reach
from wss.ingestion import quality, readers, rename, sensors
from wss.steps.intake import folders
from wss.steps.intake.blocks import Block, by_key, by_sensors, joined
from wss.steps.intake.look import Found
from wss.steps.intake.said import Said, Unreadable, first_refused
from wss.store import Counts, IntakeFile, Store, Workspace

COLUMNS = ["tenant", "name", "sha256", "state", *asdict(Counts()), "reason"]
"""What is reported of each file."""
BACKFILL = pd.Timedelta(days=3)
"""A file with readings older than this at its delivery is a backfill: its readings count as known soon after their time."""
HOUR_S = 3600
SHORTEST_H = 0.25
"""Earlier readings are looked at over at least so long [h]."""
REPORTED = 200
"""Refused rows that a report lists; the store keeps them all."""
REPORT = ".report.txt"
"""Ending of the report beside a quarantined file."""
NOTHING = readers.Parsed(
    pd.DataFrame({"line": [], "tag": pd.Categorical([]), "time": pd.DatetimeIndex([]), "value": [], "flag": []}),
    0,
    pd.DataFrame({"line": [], "text": [], "reason": []}),
)


@dataclass(frozen=True)
class FileIntake:
    """What all files of one intake share."""

    configuration: Configuration
    store: Store
    workspace: Workspace
    now: pd.Timestamp | None
    """Wall clock [UTC]; None: the machine's, at each file."""
    sensors: pd.DataFrame
    limits: pd.DataFrame
    aliases: dict[str, str]

    @classmethod
    def of(cls, configuration: Configuration, store: Store, workspace: Workspace, now: pd.Timestamp | None) -> "FileIntake":
        """With the sensors of the store that the configuration lists."""
        known, at = _known_sensors(configuration, store), None if now is None else times.utc(now)
        return cls(configuration, store, workspace, at, sensors.entries(known), sensors.limits(known), store.aliases())

    def handle(self, file: Found) -> dict | None:
        """Row about one file; None if another process took it."""
        work, name = self.workspace.work(self.configuration.name), folders.safe_name(file.path.name)
        try:
            if file.state in ("waiting", "ignored"):
                return self.row(name, "", file.state, Counts(), file.reason)
            if file.state == "incomplete":
                return self._refuse(file.path, *self._identity(file.path), file.reason)
            reach("before_claim")
            path = file.path if file.path.parent == work else folders.claim(file.path, work)
            if path is None:
                return self.row(name, "", "waiting", Counts(), "another file of this name is being taken in")
            reach("after_claim")
            folders.own(path)
            return self._take_in(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            told = folders.safe_name(str(error.filename or name))
            why = f"{told} cannot be read or moved ({error.strerror}): give this user the right to; it is tried again"
            return self.row(name, "", "waiting", Counts(), why)

    def say(self, path: Path, data: bytes, delivered: pd.Timestamp, before_s: int | None = None) -> Said:
        """What a file says under this configuration; DataError says why it cannot be read.

        Parameters
        ----------
        delivered
            When it was delivered [UTC].
        before_s
            Of a file that is read again: its first time [s since 1970]; what is stored from then on came with it or later.
        """
        profile, blocks = self._read(path, data, delivered, before_s)
        missing = sum(block.missing for block in blocks)
        unread = joined([block.quarantine for block in blocks])
        if len(unread) and not missing and all(block.empty for block in blocks):
            parsed = readers.Parsed(NOTHING.readings, 0, unread)
            raise Unreadable(f"not one row can be read; {first_refused(unread)}", parsed, profile.name)
        set_aside = joined([block.renamed.set_aside for block in blocks])
        refused = joined([unread, *(block.renamed.quarantine for block in blocks)])
        readings = joined([block.renamed.readings for block in blocks])
        del blocks
        readings = by_key(readings)
        return Said(profile.name, readings.assign(flag=self._flags(readings)), missing, set_aside, refused)

    def row(self, name: str, sha256: str, state: str, counts: Counts, reason: str) -> dict:
        """What is reported of a file."""
        about = {"tenant": self.configuration.name, "name": name, "sha256": sha256, "state": state}
        return {**about, **asdict(counts), "reason": reason}

    def _take_in(self, path: Path) -> dict:
        """Store what a file says and archive it."""
        largest = self.configuration.tenant.intake.max_file_mb
        if path.stat().st_size > largest * 1_000_000:
            why = f"the file is larger than {largest} MB (intake.max_file_mb)"
            mend = "split it at a line and repeat the header in each part, or raise the limit"
            return self._refuse(path, *self._identity(path), f"{why}: {mend}")
        data = folders.contents(path)
        reach("after_read")
        sha256, tag = self._identity(path, data)
        before, delivered = self.store.delivery_of(sha256, tag), self.known_at(path)
        if before is not None and before[0] == "stored":
            return self._known(path, len(data), sha256)
        try:
            said = self.say(path, data, delivered)
        except Unreadable as error:
            return self._refuse(path, sha256, tag, str(error), error.parsed, error.profile)
        except DataError as error:
            return self._refuse(path, sha256, tag, str(error))
        oldest = times.moment(int(said.readings["time"].min())) if len(said.readings) else delivered
        first = delivered if before is None else before[1]  # a file that was quarantined did not become a backfill there
        file = IntakeFile(
            path.name,
            sha256,
            delivered,
            oldest < first - BACKFILL,
            tag,
            said.profile,
            usual_delay_s=60 * self.configuration.tenant.intake.usual_delay_minutes,
        )
        try:
            counts = self.store.write_file(file, said.readings, said.missing, said.set_aside, said.quarantine)
        except StoreError:
            if self.store.has_file(sha256, tag):  # another process took it in since we looked
                return self._known(path, len(data), sha256)
            raise
        reach("after_commit")
        return self._archive(path, len(data), self.row(path.name, sha256, "stored", counts, said.remarks))

    def _read(self, path: Path, data: bytes, delivered: pd.Timestamp, before_s: int | None) -> tuple[ImportProfile, list[Block]]:
        """Rows of a file by the first profile that can read it; DataError says why none can."""
        faults = []
        for profile in self._profiles(path.name):
            try:
                parsed = readers.blocks(data, path.name, profile, delivered, lambda tag: self._last(tag, before_s))
                return profile, [
                    Block(p.missing, p.quarantine, rename.to_sensors(p.readings, self.sensors, self.aliases)) for p in parsed
                ]
            except DataError as error:
                faults.append(str(error))
        globs = ", ".join(f"{p.name} ({p.files})" for p in self.configuration.profiles) or "none"
        raise DataError(
            "; ".join(faults)
            or f"no import profile is for files of this name; there are: {globs}. Add one to profiles/, or rename the file"
        )

    def _profiles(self, name: str) -> list[ImportProfile]:
        return [p for p in self.configuration.profiles if readers.is_for(name, p)]

    def _identity(self, path: Path, data: bytes | None = None) -> tuple[str, str]:
        """What tells a file from all others: its contents' SHA-256, and the tag that only its name may give."""
        return folders.sha256_of(path) if data is None else hashlib.sha256(data).hexdigest(), self.tag_of(path)

    def tag_of(self, path: Path) -> str:
        """Tag that a file's name gives; empty where its rows do."""
        name = folders.safe_name(path.name)
        return next(filter(None, (readers.tag_in_name(name, p) for p in self._profiles(name))), "")

    def _last(self, tag: str, before_s: int | None) -> pd.Timestamp | None:
        return self.store.last_of_tag(self.aliases.get(tag, tag), before_s)

    def _flags(self, readings: pd.DataFrame) -> np.ndarray:
        limits = self.limits.loc[self.limits.index.intersection(readings["sensor_id"].unique())]
        if limits.empty:
            return readings["flag"].to_numpy()
        before = self._before(readings, limits)
        return np.concatenate(
            [
                quality.flag(part, limits, before[before["sensor_id"].isin(part["sensor_id"].unique())])
                for part in by_sensors(readings)
            ]
        )

    def _before(self, readings: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
        """Stored readings before the file's first that can matter to its flags."""
        first, ids = int(readings["time"].min()), limits.index.to_numpy()
        farthest = first - int(np.nan_to_num(limits["stuck_h"]).max() * HOUR_S)
        last = self.store.last_values(ids.tolist(), farthest, first, int(quality.EARLIER)).reindex(ids)
        repeated = last.reindex(readings["sensor_id"]).to_numpy() == readings["value"].to_numpy()
        back_h = quality.look_back_h(limits, np.isin(ids, readings["sensor_id"].to_numpy()[repeated]))
        about_h = np.where(back_h > 0, 2 ** np.ceil(np.log2(np.maximum(back_h, SHORTEST_H))), 0.0)  # few reads serve all
        parts = [
            self.store.readings_of(ids[about_h == hours].tolist(), first - int(hours * HOUR_S), first)
            for hours in np.unique(about_h[about_h > 0])
        ]
        return joined([readings.iloc[:0], *parts])

    def known_at(self, path: Path) -> pd.Timestamp:
        """When a file was delivered [UTC]: a tenant whose clock is `replay` goes by the file's own time."""
        if self.configuration.tenant.clock == "live":
            return times.utc(pd.Timestamp.now("UTC")).floor("s") if self.now is None else self.now
        return times.moment(int(path.stat().st_mtime))

    def _known(self, path: Path, size: int, sha256: str) -> dict:
        row = self.row(path.name, sha256, "known", Counts(), "the same contents were taken in before")
        return self._archive(path, size, row)

    def _archive(self, path: Path, size: int, row: dict) -> dict:
        """Move a file to the archive, or back if its sender went on writing; then what is new in it is taken in next time."""
        if path.stat().st_size != size:
            folders.put_away(path, self.workspace.inbox(self.configuration.name))
            return row | {"reason": "it grew while it was read; the rest is taken in next time"}
        known_at = self.known_at(path)
        archive = self.workspace.archive(self.configuration.name) / f"{known_at:%Y}" / f"{known_at:%m}"
        reach("before_archive")
        try:
            folders.put_away(path, archive)
        except OSError as error:
            why = f"it cannot be moved to {archive} ({error.strerror}): give this user the right to; it is tried again"
            return row | {"reason": why}
        reach("after_archive")
        return row

    def _refuse(
        self, path: Path, sha256: str, tag: str, why: str, parsed: readers.Parsed = NOTHING, profile: str | None = None
    ) -> dict:
        """Move a file to the quarantine with a report beside it."""
        name = folders.safe_name(path.name)
        if self.store.has_file(sha256, tag):
            return self._known(path, path.stat().st_size, sha256)
        file = IntakeFile(name, sha256, self.known_at(path), tag=tag, profile=profile, state="quarantined", error=why)
        nothing = rename.to_sensors(NOTHING.readings, self.sensors, {})
        counts = self.store.write_file(file, nothing.readings, 0, nothing.set_aside, parsed.quarantine)
        report = [
            f"{name} was not taken in.",
            "",
            why,
            "",
            f"SHA-256 {sha256}, delivered {times.iso(file.known_at)}.",
            "Nothing of it is in the store. Once the cause is mended: `wss ingest --replay`, or put it into the inbox.",
            "",
        ]
        report += [f"line {row.line}: {row.reason}: {row.text}" for row in parsed.quarantine.head(REPORTED).itertuples()]
        text = "\n".join(report) + "\n"
        reach("before_quarantine")
        folders.put_away(
            path,
            self.workspace.quarantine(self.configuration.name),
            lambda kept: report_of(kept).write_text(text, encoding="utf-8", errors="replace"),
        )
        reach("after_quarantine")
        return self.row(name, sha256, "quarantined", counts, why)


def report_of(path: Path) -> Path:
    """Report beside a quarantined file."""
    return path.with_name(path.name + REPORT)


def _known_sensors(configuration: Configuration, store: Store) -> list[tuple[int, Sensor]]:
    """Sensors of the configuration that the store knows, with their numbers there."""
    known = store.sensors()
    number = dict(zip(zip(known["tag"], known["valid_from"], strict=True), known["sensor_id"].tolist(), strict=True))
    keys = [(s.tag, times.seconds(s.valid_from) if s.valid_from else 0) for s in configuration.sensors]
    return [(number[key], s) for key, s in zip(keys, configuration.sensors, strict=True) if key in number]
