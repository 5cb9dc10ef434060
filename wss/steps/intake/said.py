"""What one file says, and why one cannot be read."""

from dataclasses import dataclass

import pandas as pd

from wss.errors import DataError
from wss.ingestion import readers


@dataclass(frozen=True)
class Said:
    """What a file says, by sensor."""

    profile: str
    readings: pd.DataFrame
    """sensor_id, time [s since 1970], value [our unit], flag."""
    missing: int
    set_aside: pd.DataFrame
    quarantine: pd.DataFrame

    @property
    def remarks(self) -> str:
        """What a reader of the report should know about a file that was stored."""
        remarks = []
        if len(self.set_aside):
            tags = sorted(self.set_aside["tag"].unique())
            more = " and others" if len(tags) > 5 else ""
            remarks.append(f"{', '.join(tags[:5])}{more}: {self.set_aside['reason'].iloc[0]}")
        if len(self.quarantine):
            more = f", and {len(self.quarantine) - 1} more" if len(self.quarantine) > 1 else ""
            remarks.append(first_refused(self.quarantine) + more)
        return "; ".join(remarks)


class Unreadable(DataError):
    """A file of which not one row can be read, with what is wrong with each."""

    def __init__(self, why: str, parsed: readers.Parsed, profile: str):
        super().__init__(why)
        self.parsed, self.profile = parsed, profile


def first_refused(quarantine: pd.DataFrame) -> str:
    """Line and reason of the first row that cannot be read."""
    first = quarantine.iloc[0]
    return f"line {first['line']}: {first['reason']}"
