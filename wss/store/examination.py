"""What the store keeps of the examination of readings: spans of doubt, and which files have been looked at."""

from collections.abc import Iterable, Sequence

import pandas as pd

from wss.store import quality
from wss.store.database import Database


class Quality:
    """The part of a store that is about doubtful readings. Every method is one transaction and raises as those of `Store` do."""

    def __init__(self, database: Database):
        self._database = database

    def replace(
        self, sensor_ids: Iterable[int], flags: int, start_s: int, end_s: int, spans: pd.DataFrame, at_s: int
    ) -> tuple[int, int]:
        """Make the spans of sensors and flags in a window be these: see `quality.replace`; numbers of new and withdrawn ones."""
        with self._database.write() as connection:
            return quality.replace(connection, sensor_ids, flags, start_s, end_s, spans, at_s)

    def spans(self, start: pd.Timestamp, end: pd.Timestamp, known_by: pd.Timestamp | None = None) -> pd.DataFrame:
        """Spans of doubtful readings that touch [start, end), as known by a moment: see `quality.frame` for the columns."""
        with self._database.read() as connection:
            return quality.frame(connection, start, end, known_by)

    def unexamined_files(self) -> pd.DataFrame:
        """Files in whose readings no spans were looked for yet: see `quality.unexamined` for the columns."""
        with self._database.read() as connection:
            return quality.unexamined(connection)

    def last_examined(self) -> pd.Timestamp | None:
        """Delivery of the last file in whose readings spans were looked for [UTC]; None if there is none."""
        with self._database.read() as connection:
            return quality.last_examined(connection)

    def note_examined(self, through_file: int, after: int) -> None:
        """Note that spans were looked for in the readings of all files `after` one, up to another: see `quality.examined`."""
        with self._database.write() as connection:
            quality.examined(connection, through_file, after)

    def neighbours(self, sensor_ids: Sequence[int], before_s: int, from_s: int | None = None) -> tuple[pd.Series, pd.Series]:
        """Times of each sensor's last reading before a moment, and of its first one from another on: see `quality.neighbours`."""
        with self._database.read() as connection:
            return quality.neighbours(connection, sensor_ids, before_s, from_s)
