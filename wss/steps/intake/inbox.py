"""Intake: files of the inbox into the store, exactly once; what cannot be read is kept with the reason beside it."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from wss.config import Configuration
from wss.steps.intake import folders
from wss.steps.intake.file import COLUMNS, FileIntake
from wss.steps.intake.look import Found, look
from wss.steps.intake.replay import read_again
from wss.steps.quality.after_intake import examine_anew
from wss.store import Store, Workspace

log = logging.getLogger(__name__)

RUSH = 32
"""Where more files wait than this, a live tenant's last ones go first: a backfill does not delay the readings of today."""
LARGE_MB = 64
"""A file larger than this goes after all others."""
QUALITY_DAYS = 60
"""A backfill of more days than this is looked at by the next cycle, so that the intake of fresh files does not wait for it."""
QUALITY_EVERY = pd.Timedelta(minutes=10)
"""Files that are delivered so soon after the last pass over the readings wait for the next one, or for the cycle."""
LOOK_AGAIN_S = 2.0
"""How often the inbox is looked at for new files while many wait [s]."""


def run_intake(
    configuration: Configuration,
    store: Store,
    workspace: Workspace,
    now: pd.Timestamp | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    told: Callable[[dict], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> pd.DataFrame:
    """Take in every complete file of the tenant's inbox, the first delivered first.

    A file is claimed into `work`, written to the store in one transaction, and only then moved to the archive. After a crash
    in between the ledger knows what is in the store, and the rest is taken up where it lies. What is stored does not depend on
    the order; so where many files wait, the fresh ones and those that arrive meanwhile go first, large ones last.

    Parameters
    ----------
    now
        Wall clock [UTC]; None: the machine's. Files of a tenant whose clock is `replay` were delivered at their own time.
    progress
        Called after each file with the number of files done, of all, and its name.
    told
        Called after each file with its row of the result.
    stop
        Asked before each file whether to end here; the others wait in the inbox.

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
    intake = FileIntake.of(configuration, store, workspace, now)
    workspace.prepare(configuration.name)
    queue = _Queue(intake)
    rows: dict[Path, dict] = {}
    for done, file in enumerate(queue, start=1):
        row = intake.handle(file)
        if row is not None:
            rows[file.path] = row
            if told is not None:
                told(row)
        if progress is not None:
            progress(done, done + len(queue), folders.safe_name(file.path.name))
        if stop():
            break
    _settle(intake, list(rows.values()))
    if any(row["state"] == "stored" for row in rows.values()):
        examine_anew(configuration, store, QUALITY_EVERY, QUALITY_DAYS)
    return pd.DataFrame(list(rows.values()), columns=COLUMNS)


def _settle(intake: FileIntake, rows: list[dict]) -> None:
    """Read later files with duplicates again where a file that was delivered before them corrected readings.

    They may have said what was stored then, and were right to: the version delivered last wins.
    """
    corrected = {row["sha256"] for row in rows if row["corrected"]}
    if not corrected:
        return
    first = min(intake.store.files_to_replay(file=sha256)["known_at"].min() for sha256 in corrected)
    files = intake.store.files_to_replay(since=first)  # of a live tenant few: what comes last was delivered last
    later = files[files["sha256"].isin(corrected).cummax()].iloc[1:]
    again = later.loc[later["duplicate"] > 0, "file_id"].tolist()
    for row in read_again(intake, again) if again else ():
        if row["state"] in ("lost", "refused"):
            log.warning("%s is not read again after a late file: %s", row["name"], row["reason"])


class _Queue:
    """Files that wait, in the order in which to take them; grows while it is worked off."""

    def __init__(self, intake: FileIntake):
        name = intake.configuration.name
        self._intake, self._inbox = intake, intake.workspace.inbox(name)
        left = sorted(p for p in intake.workspace.work(name).iterdir() if not p.name.startswith("."))
        files = self._look(())
        self._seen = {_version(file.path) for file in files if file.state != "waiting"}
        self._files = [Found(path, "ready") for path in left] + self._by_urgency(files)
        self._looked = time.monotonic()

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Found]:
        while self._files:
            if len(self._files) > 1 and time.monotonic() - self._looked >= LOOK_AGAIN_S:
                found = self._look({file.path.name for file in self._files if file.state != "waiting"})
                fresh = [file for file in found if file.state == "ready" and _version(file.path) not in self._seen]
                self._seen |= {_version(file.path) for file in fresh}
                self._files = fresh + [file for file in self._files if file.path not in {f.path for f in fresh}]
                self._looked = time.monotonic()
            yield self._files.pop(0)

    def _look(self, apart_from) -> list[Found]:
        now = time.time() if self._intake.now is None else self._intake.now.timestamp()
        return look(self._inbox, now, self._intake.configuration.tenant.intake.settle_seconds, apart_from)

    def _by_urgency(self, files: list[Found]) -> list[Found]:
        if len(files) > RUSH and self._intake.configuration.tenant.clock == "live":
            files = files[-RUSH:] + files[:-RUSH]
        return sorted(files, key=lambda file: _size(file.path) > LARGE_MB * 1_000_000)


def _version(path: Path) -> tuple[str, int, int]:
    """What tells a file from a later one of its name."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return path.name, 0, 0
    return path.name, about.st_ino, about.st_mtime_ns


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
