"""Replay: archived files read again under today's configuration, as corrections that are known from now on."""

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wss import times
from wss.config import Configuration
from wss.errors import DataError
from wss.steps.intake import folders
from wss.steps.intake.file import COLUMNS, REPORT, FileIntake, report_of
from wss.steps.intake.look import Found, look
from wss.steps.quality.after_intake import examine_anew
from wss.store import Counts, IntakeFile, Store, Workspace


@dataclass(frozen=True)
class Chosen:
    """Which files are read again; by default all."""

    file: str | None = None
    """Name, or a SHA-256 or at least 8 of its first digits."""
    tag: str | None = None
    """A tag or alias that the file has readings of, stored or set aside."""
    since: pd.Timestamp | None = None
    """First delivery [UTC]."""
    numbers: Sequence[int] | None = None
    """Numbers of the files in the ledger; then nothing of the quarantine is read."""


def run_replay(
    configuration: Configuration,
    store: Store,
    workspace: Workspace,
    chosen: Chosen = Chosen(),
    now: pd.Timestamp | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    told: Callable[[dict], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> pd.DataFrame:
    """Read archived files, and the quarantined ones that can be read now, again under `configuration`.

    Each file is one transaction, in the order of delivery. A file's readings keep their rank by its delivery, so a later file
    still wins; other values are corrections, and what the file said before and says no longer is withdrawn. What was known before
    stays so: replayed readings are known from the replay on, also those that were set aside, because until then no run could
    have used them; only a backfill's new readings count as known soon after their time, as all of a backfill do. A second replay
    changes nothing. A file that cannot be read at all keeps what it said. In the end the readings that came or went are looked
    at for doubtful ones, as a cycle does.

    Parameters
    ----------
    now
        Moment of the replay [UTC]; None: the machine's clock. For a tenant whose clock is `replay` it is the last delivery.
    progress, told, stop
        As in `run_intake`.

    Returns
    -------
    DataFrame
        As of `run_intake`; state is replayed, unchanged, refused (it cannot be read now), lost (it is not in the archive), or
        of a file from the quarantine what an intake says. A value that is as it was counts as duplicate.
    """
    replay = _Replay(FileIntake.of(configuration, store, workspace, now), _moment(configuration, store, now), chosen)
    rows: list[dict] = []
    for done, (left, name, row) in enumerate(replay.rows(), start=1):
        if row is not None:
            rows.append(row)
            if told is not None:
                told(row)
        if progress is not None:
            progress(done, done + left, name)
        if stop():
            break
    if any(row["state"] in ("replayed", "stored") for row in rows):
        examine_anew(configuration, store)
    return pd.DataFrame(rows, columns=COLUMNS)


def read_again(intake: FileIntake, numbers: Sequence[int]) -> Iterator[dict]:
    """Row of each file, by its number in the ledger, that is read again after an intake: see `run_replay`."""
    moment = _moment(intake.configuration, intake.store, intake.now)
    yield from (row for _, _, row in _Replay(intake, moment, Chosen(numbers=numbers)).rows())


def compare_values(
    configuration: Configuration,
    store: Store,
    workspace: Workspace,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Read every archived file again under `configuration` and compare it with what the store has of it; nothing is written.

    This finds what no sum of the store does: a digit that flipped on the disk inside of a reading.

    Parameters
    ----------
    progress
        Called with the number of files that were compared, and of all.

    Returns
    -------
    list of str
        For each file that says something else: how many readings, and what would mend it. StoreError if the store cannot be read.
    """
    every = Chosen(numbers=store.files_to_replay()["file_id"].tolist())
    replay = _Replay(FileIntake.of(configuration, store, workspace, None), _moment(configuration, store, None), every, keep=False)
    faults = []
    for done, (left, name, row) in enumerate(replay.rows(), start=1):
        if row["state"] == "replayed":
            told = {"stored": "are not there", "corrected": "differ"}
            counts = ", ".join(f"{row[state]:,} {what}" for state, what in told.items() if row[state])
            why = "; ".join(filter(None, (f"of {row['read']:,} readings {counts}" if counts else "", row["reason"])))
            faults.append(
                f"the store does not have what {name} says under the active configuration"
                f" ({why or 'other rows are set aside or quarantined'});"
                f" `wss ingest {row['tenant']} --replay --file {name}` mends it"
            )
        elif row["state"] == "refused":
            faults.append(f"{name} cannot be compared under the active configuration: {row['reason']}")
        progress(done, done + left)
    return faults


@dataclass(frozen=True)
class _Replay:
    """What all files of one replay share."""

    intake: FileIntake
    at: pd.Timestamp
    chosen: Chosen
    keep: bool = True
    """Whether to write; if not, rows tell what would change."""

    def rows(self) -> Iterator[tuple[int, str, dict | None]]:
        """Of each file in turn: how many are left, its name, its row.

        Where a file withdraws or corrects readings, later files with duplicates follow, even if they were not chosen: they may
        have said the same, which counts now.
        """
        every = self.intake.store.files_to_replay()
        chosen = self.intake.store.files_to_replay(self.chosen.file, self.chosen.tag, self.chosen.since)
        wanted = set(chosen["file_id"] if self.chosen.numbers is None else self.chosen.numbers)
        waiting = list(self._quarantined()) if self.chosen.numbers is None else []
        for place, entry in enumerate(every.itertuples()):
            if entry.file_id in wanted:
                row, withdrawn = self._file(entry)
                later = every.iloc[place + 1 :]
                if withdrawn or row["corrected"]:
                    wanted |= set(later.loc[later["duplicate"] > 0, "file_id"])
                yield int(later["file_id"].isin(wanted).sum()) + len(waiting), entry.name, row
        for place, path in enumerate(waiting):
            yield len(waiting) - 1 - place, path.name, self._again(path)

    def _file(self, entry) -> tuple[dict, int]:
        """Row about a file of the ledger, and how many of its readings are withdrawn."""
        path = self._archived(entry)
        if path is None:
            folder = self.intake.workspace.archive(self.intake.configuration.name)
            return self._row(entry, "lost", f"it is not in {folder}; put it back there to read it again"), 0
        first = None if pd.isna(entry.first_time) else int(entry.first_time)
        try:
            said = self.intake.say(path, folders.contents(path), entry.known_at, first)
        except DataError as error:
            return self._row(entry, "refused", f"what it said before stays: {error}"), 0
        file = IntakeFile(entry.name, entry.sha256, self.at, tag=entry.tag, profile=said.profile)
        said_now = said.readings, said.missing, said.set_aside, said.quarantine
        done = self.intake.store.replay_file(int(entry.file_id), file, *said_now, self.keep)
        gone = "are withdrawn" if self.keep else "are there"
        withdrawn = f"{done.withdrawn:,} readings that it no longer says {gone}" if done.withdrawn else ""
        reason = "; ".join(filter(None, (withdrawn, said.remarks)))
        return self._row(entry, "replayed" if done.changed else "unchanged", reason, done.counts), done.withdrawn

    def _row(self, entry, state: str, reason: str, counts: Counts = Counts()) -> dict:
        return self.intake.row(entry.name, entry.sha256, state, counts, reason)

    def _archived(self, entry) -> Path | None:
        """File of the archive with the contents of a ledger's entry."""
        top = self.intake.workspace.archive(self.intake.configuration.name)
        name = Path(entry.name)
        names = (entry.name, f"{name.stem}-{entry.sha256[:12]}{name.suffix}")
        month = top / f"{entry.known_at:%Y}" / f"{entry.known_at:%m}"
        for path in (*(month / n for n in names), *(p for n in names for p in sorted(top.glob(f"*/*/{glob.escape(n)}")))):
            if path.is_file() and folders.sha256_of(path) == entry.sha256:
                return path
        return None

    def _quarantined(self) -> Iterator[Path]:
        """Complete files of the quarantine that are chosen."""
        folder = self.intake.workspace.quarantine(self.intake.configuration.name)
        delivered = self.intake.store.files().set_index("sha256")["known_at"] if self.chosen.since is not None else None
        for found in look(folder, self.at.timestamp(), 0.0):
            path, tag = found.path, self.chosen.tag
            if path.name.endswith(REPORT) or found.state != "ready":
                continue
            sha256 = folders.sha256_of(path)
            of_file = self.chosen.file is None or path.name == self.chosen.file or _begins(sha256, self.chosen.file)
            since = delivered is None or delivered.get(sha256, self.at) >= self.chosen.since
            if of_file and since and (tag is None or self.intake.tag_of(path) == tag):
                yield path

    def _again(self, path: Path) -> dict | None:
        """Take a quarantined file in, if it can be read now."""
        try:
            self.intake.say(path, folders.contents(path), self.intake.known_at(path))
        except DataError as error:
            return self.intake.row(path.name, folders.sha256_of(path), "quarantined", Counts(), str(error))
        row = self.intake.handle(Found(path, "ready"))
        if row and row["state"] in ("stored", "known"):
            report_of(path).unlink(missing_ok=True)
        return row


def _moment(configuration: Configuration, store: Store, now: pd.Timestamp | None) -> pd.Timestamp:
    if configuration.tenant.clock == "replay":
        return store.last_delivery() or times.moment(0)
    return times.utc(pd.Timestamp.now("UTC") if now is None else now).floor("s")


def _begins(sha256: str, start: str) -> bool:
    return len(start) >= 8 and sha256.startswith(start.lower())
