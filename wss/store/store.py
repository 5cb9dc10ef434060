"""The store of one tenant: what the rest of wss sees of the database."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import pandas as pd

from wss.config import Sensor
from wss.errors import StoreError
from wss.store import documents, journal, lease, ledger, readings, runs, sensors
from wss.store.database import Database
from wss.store.ledger import Counts, IntakeFile
from wss.store.runs import RunRecord
from wss.store.workspace import Workspace

FILE = "wss.db"


def open_store(workspace: Workspace, tenant: str, create: bool = False) -> "Store":
    """The store of a tenant; with `create`, made first where there is none.

    Raises
    ------
    StoreError
        If it is missing, damaged, locked, not ours to write, or of another schema version.
    """
    path = workspace.data(tenant) / FILE
    if create:
        try:
            workspace.prepare(tenant)
        except OSError as error:
            raise StoreError(f"{error.filename} cannot be created ({error.strerror}): give this user the right to write"
                             f" in {workspace.home}, or set WSS_HOME to a folder that it may write") from error
    elif not path.is_file():
        raise StoreError(f"{tenant} has no store yet ({path} does not exist): `wss apply {tenant}` creates it")
    database = Database(path)
    if create:
        database.create()
    database.check_version()
    return Store(database)


class Store:
    """Everything that is kept about a tenant, except the arrays in its run folders. Every method is one transaction.

    Every method raises StoreError, and leaves nothing half done, if the database is damaged, full, locked or not writable.
    """

    def __init__(self, database: Database):
        self._database = database

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def close(self) -> None:
        """Forget every connection."""
        self._database.close()

    # configuration

    def put_documents(self, bodies: dict[str, str], author: str, note: str, at: pd.Timestamp) -> int:
        """Record the texts of all configuration files, by path in the tenant's folder, as a new version; return its number."""
        with self._database.write() as connection:
            return documents.put(connection, bodies, author, note, at)

    def documents(self, version: int | None = None) -> dict[str, str]:
        """Texts of a version of the configuration, of the last one if None; NotFoundError if there is no such version."""
        with self._database.read() as connection:
            return documents.get(connection, version)

    def versions(self) -> pd.DataFrame:
        """Every version of the configuration: version, at [UTC], author, note; oldest first."""
        with self._database.read() as connection:
            return documents.versions(connection)

    def sync_sensors(self, entries: Iterable[Sensor]) -> None:
        """Make the sensors say what the configuration says; ConfigError if a reading would become unfindable."""
        with self._database.write() as connection:
            sensors.sync(connection, entries)

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

    def write_file(self, file: IntakeFile, readings: pd.DataFrame, missing: int,
                   set_aside: pd.DataFrame, quarantine: pd.DataFrame) -> Counts:
        """Everything about one file: see `ledger.write_file` for columns and units."""
        with self._database.write() as connection:
            return ledger.write_file(connection, file, readings, missing, set_aside, quarantine)

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

    def read(self, names: Sequence[str], start: pd.Timestamp, end: pd.Timestamp,
             known_by: pd.Timestamp | None = None) -> pd.DataFrame:
        """Readings in [start, end) as known by a moment: time [UTC], quantity, item, value [our unit], flag; sorted."""
        with self._database.read() as connection:
            return readings.read(connection, names, start, end, known_by)

    def latest(self, names: Sequence[str] | None = None, known_by: pd.Timestamp | None = None) -> pd.DataFrame:
        """Last reading of each item as known by a moment: quantity, item, time [UTC], value [our unit], flag."""
        with self._database.read() as connection:
            return readings.latest(connection, names, known_by)

    def last_time(self, known_by: pd.Timestamp | None = None) -> pd.Timestamp | None:
        """Time of the newest reading of all as known by a moment [UTC]; None if there is none."""
        with self._database.read() as connection:
            return readings.last_time(connection, known_by)

    def readings_of(self, sensor_ids: Sequence[int], start_s: int, end_s: int) -> pd.DataFrame:
        """Readings of sensors in [start_s, end_s) [s since 1970]: sensor_id, time [s since 1970], value [our unit], flag."""
        with self._database.read() as connection:
            return readings.of_sensors(connection, sensor_ids, start_s, end_s)

    def last_of_tag(self, tag: str) -> pd.Timestamp | None:
        """Time of the newest reading of a tag [UTC]; None if there is none."""
        with self._database.read() as connection:
            return readings.last_of_tag(connection, tag)

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

    def write_journal(self, kind: str, who: str, at: pd.Timestamp, body: dict, reason: str = "",
                      run_id: str | None = None) -> int:
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
