"""The store of one tenant: what the rest of wss sees of the database."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pandas as pd

from wss.config import Sensor
from wss.failpoints import reach
from wss.store import documents, journal, lease, ledger, quality, readings, replay, runs, sensors
from wss.store.database import Database
from wss.store.examination import Quality
from wss.store.ledger import Counts, IntakeFile
from wss.store.replay import Replayed
from wss.store.runs import RunRecord


class Store:
    """Everything that is kept about a tenant, except the arrays in its run folders. Every method is one transaction.

    Every method raises StoreError, and leaves nothing half done, if the database is damaged, full, locked or not writable.
    """

    def __init__(self, database: Database):
        self._database = database
        self.quality = Quality(database)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def close(self) -> None:
        """Forget every connection."""
        self._database.close()

    # configuration

    def documents(self, version: int | None = None) -> dict[str, str]:
        """Texts of a version of the configuration, of the last one if None; NotFoundError if there is no such version."""
        with self._database.read() as connection:
            return documents.get(connection, version)

    def last_version(self) -> int:
        """Number of the active version of the configuration; 0 if there is none."""
        with self._database.read() as connection:
            return documents.last(connection)

    def versions(self) -> pd.DataFrame:
        """Every version of the configuration: version, at [UTC], author, note; oldest first."""
        with self._database.read() as connection:
            return documents.versions(connection)

    def configure(
        self,
        bodies: dict[str, str],
        entries: Iterable[Sensor],
        author: str,
        note: str,
        at: pd.Timestamp,
        used_by: Mapping[tuple[str, str], str] | None = None,
        forget: Collection[str] = (),
    ) -> tuple[int, int]:
        """Make a configuration the active version: its texts and its sensors.

        Returns the version's number and how many readings of the tags to `forget` were deleted; see `sensors.sync` for what is
        refused with a ConfigError.
        """
        with self._database.write() as connection:
            deleted = sensors.sync(connection, entries, used_by, forget)
            number = documents.put(connection, bodies, author, note, at)
            if forget:
                body = {"tags": sorted(forget), "readings": deleted, "version": number}
                journal.write(connection, "forget", author, at, body, note, None)
            return number, deleted

    def sensor_faults(
        self, entries: Iterable[Sensor], used_by: Mapping[tuple[str, str], str] | None = None, forget: Collection[str] = ()
    ) -> list[str]:
        """Why `configure` would refuse these sensors; empty if it would not."""
        with self._database.read() as connection:
            return sensors.faults(connection, entries, used_by, forget)

    def sensors(self) -> pd.DataFrame:
        """Every sensor: sensor_id, tag, quantity, item, unit (of the export), valid_from [s since 1970, 0 = always]."""
        with self._database.read() as connection:
            return sensors.frame(connection)

    def aliases(self) -> dict[str, str]:
        """Other names of tags, each with its tag."""
        with self._database.read() as connection:
            return sensors.aliases(connection)

    # intake

    def has_file(self, sha256: str, tag: str = "") -> bool:
        """Whether a file with these contents (of this tag) was taken in; one that was quarantined was not, and may come again."""
        with self._database.read() as connection:
            return ledger.has_file(connection, sha256, tag)

    def delivery_of(self, sha256: str, tag: str = "") -> tuple[str, pd.Timestamp] | None:
        """State and first delivery [UTC] of a file with these contents (of this tag); None if there was none."""
        with self._database.read() as connection:
            return ledger.delivery_of(connection, sha256, tag)

    def write_file(
        self, file: IntakeFile, readings: pd.DataFrame, missing: int, set_aside: pd.DataFrame, quarantine: pd.DataFrame
    ) -> Counts:
        """Everything about one file: see `ledger.write_file` for columns and units."""
        with self._database.write() as connection:
            counts = ledger.write_file(connection, file, readings, missing, set_aside, quarantine)
            reach("in_transaction")
            return counts

    def replay_file(
        self,
        file_id: int,
        file: IntakeFile,
        readings: pd.DataFrame,
        missing: int,
        set_aside: pd.DataFrame,
        quarantine: pd.DataFrame,
        keep: bool = True,
    ) -> Replayed:
        """Replace what a file says from `file.known_at` [UTC] on, or only tell what would change: see `replay.write`."""
        with self._database.write(keep) as connection:
            done = replay.write(connection, file_id, file, readings, missing, set_aside, quarantine)
            reach("in_replay")
            return done

    def files_to_replay(self, file: str | None = None, tag: str | None = None, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Files that were taken in, in the order of delivery: see `replay.files`."""
        with self._database.read() as connection:
            return replay.files(connection, file, tag, since)

    def unknown_tags(self) -> pd.DataFrame:
        """Tags of the readings that are set aside: tag, reason, readings, first, last [UTC], example, file."""
        with self._database.read() as connection:
            return replay.unknown_tags(connection)

    def files_set_aside(self, tags: list[str]) -> list[int]:
        """Files with readings of the tags that are set aside, by their numbers in the order of delivery."""
        with self._database.read() as connection:
            return replay.files_set_aside(connection, tags)

    def last_delivery(self) -> pd.Timestamp | None:
        """When the ledger's last entry was delivered [UTC]; None if it is empty."""
        with self._database.read() as connection:
            return replay.last_delivery(connection)

    def files(self, limit: int | None = None) -> pd.DataFrame:
        """Ledger, newest first: name, sha256, known_at [UTC], backfill, profile, state, the counts of readings, error."""
        with self._database.read() as connection:
            return ledger.files(connection, limit)

    def set_aside(self) -> pd.DataFrame:
        """Readings of unknown tags, in the order of intake: name (of the file), line, tag, time [UTC], text, reason."""
        with self._database.read() as connection:
            return ledger.set_aside(connection)

    def quarantined(self) -> pd.DataFrame:
        """Rows that could not be read, in the order of intake: name (of the file), line, text, reason."""
        with self._database.read() as connection:
            return ledger.quarantined(connection)

    # readings

    def read(
        self,
        names: Sequence[str],
        start: pd.Timestamp,
        end: pd.Timestamp,
        known_by: pd.Timestamp | None = None,
        items: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Readings in [start, end) as known by a moment: time [UTC], quantity, item, value [our unit], flag; sorted.

        Of all items of the quantities `names`, or of some.
        """
        with self._database.read() as connection:
            return readings.read(connection, names, start, end, known_by, items)

    def latest(self, names: Sequence[str] | None = None, known_by: pd.Timestamp | None = None) -> pd.DataFrame:
        """Last reading of each item as known by a moment: quantity, item, time [UTC], value [our unit], flag."""
        with self._database.read() as connection:
            return readings.latest(connection, names, known_by)

    def last_time(self, known_by: pd.Timestamp | None = None) -> pd.Timestamp | None:
        """Time of the newest reading of all as known by a moment [UTC]; None if there is none."""
        with self._database.read() as connection:
            return readings.last_time(connection, known_by)

    def readings_of(self, sensor_ids: Sequence[int], start_s: int, end_s: int, with_spans: bool = False) -> pd.DataFrame:
        """Readings of sensors in [start_s, end_s) [s since 1970]: sensor_id, time [s since 1970], value [our unit], flag.

        The flag is the one that the reading came with; `with_spans` adds those of the spans.
        """
        with self._database.read() as connection:
            rows = readings.of_sensors(connection, sensor_ids, start_s, end_s)
            return quality.mark(connection, rows, start_s, end_s, None) if with_spans else rows

    def last_values(self, sensor_ids: Sequence[int], start_s: int, end_s: int, without: int = 0) -> pd.Series:
        """Last values of sensors in a window, by sensor_id: see `readings.last_values`."""
        with self._database.read() as connection:
            return readings.last_values(connection, sensor_ids, start_s, end_s, without)

    def last_of_tag(self, tag: str, before_s: int | None = None) -> pd.Timestamp | None:
        """Time of the newest reading of a tag [UTC], or of the newest before a moment [s since 1970]; None if there is none."""
        with self._database.read() as connection:
            return readings.last_of_tag(connection, tag, before_s)

    # runs

    def commit_run(self, record: RunRecord, orders: pd.DataFrame | None = None, kpis: pd.DataFrame | None = None) -> None:
        """Record a run with its pump orders (time [UTC], pump, speed [1]) and KPIs (time [UTC], name, item, value, unit)."""
        with self._database.write() as connection:
            runs.commit(connection, record, orders, kpis)

    def run(self, run_id: str) -> RunRecord:
        """One run; NotFoundError if it does not exist."""
        with self._database.read() as connection:
            return runs.get(connection, run_id)

    def runs(self, kind: str | None = None, limit: int = 50, status: str | None = None) -> list[RunRecord]:
        """Runs of a kind and status (None: all), newest first."""
        with self._database.read() as connection:
            return runs.find(connection, kind, limit, status)

    def newest_run(self, kind: str, until: pd.Timestamp) -> RunRecord | None:
        """Of the good runs of a kind that a cycle made, the one about the latest moment up to `until` [UTC]; None: none."""
        with self._database.read() as connection:
            return runs.newest(connection, kind, until)

    def orders(self, run_id: str) -> pd.DataFrame:
        """Pump orders of a run: time [UTC], pump, speed [1]; sorted by time and pump."""
        with self._database.read() as connection:
            return runs.orders(connection, run_id)

    def kpis(self, start: pd.Timestamp | None = None, end: pd.Timestamp | None = None, run_id: str | None = None) -> pd.DataFrame:
        """KPIs in [start, end), of one run or the last ones of each time: time [UTC], name, item, value, unit."""
        with self._database.read() as connection:
            return runs.kpis(connection, start, end, run_id)

    def publish(self, pointers: dict[str, str], at: pd.Timestamp) -> None:
        """Show these runs (kind -> run id) to operators from `at` on, all at once; StoreError if one is not fit for it."""
        with self._database.write() as connection:
            runs.publish(connection, pointers, at)

    def published(self, as_of: pd.Timestamp | None = None) -> dict[str, RunRecord]:
        """What operators see, or saw at a moment: kind -> run."""
        with self._database.read() as connection:
            return runs.published(connection, as_of)

    def published_history(self, kind: str, start: pd.Timestamp, end: pd.Timestamp) -> list[tuple[pd.Timestamp, str]]:
        """Switches of a kind in [start, end), and the one in force at `start` first: (moment [UTC], run id)."""
        with self._database.read() as connection:
            return runs.published_history(connection, kind, start, end)

    # people and processes

    def write_journal(
        self, kind: str, who: str, at: pd.Timestamp, body: dict, reason: str = "", run_id: str | None = None
    ) -> int:
        """Record what somebody did at `at` [UTC] and why; return the entry's number."""
        with self._database.write() as connection:
            return journal.write(connection, kind, who, at, body, reason, run_id)

    def journal(self, kind: str | None = None, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Entries, oldest first: id, at [UTC], kind, who, reason, run_id, body (dict)."""
        with self._database.read() as connection:
            return journal.read(connection, kind, since)

    @contextmanager
    def lease(self, name: str, owner: str, at: pd.Timestamp, seconds: float) -> Iterator[None]:
        """Hold the lease `name` from `at` [UTC] for `seconds` [s] or until the `with` ends; LeaseError if it is held."""
        with self._database.write() as connection:
            lease.take(connection, name, owner, at, seconds)
        try:
            yield
        finally:
            with self._database.write() as connection:
                lease.give_back(connection, name, owner, at)
