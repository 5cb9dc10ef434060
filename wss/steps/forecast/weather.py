"""Weather of a tenant: files that a weather service's download drops beside the inbox, read as they were known at a moment."""

import os

import pandas as pd

from wss import times
from wss.errors import DataError
from wss.steps.forecast.from_file import read_weather
from wss.steps.run import Run

FARTHEST = pd.Timedelta(days=16)
"""No weather forecast reaches further: an older file says nothing about the time that is wanted."""


def known_weather(run: Run, start: pd.Timestamp) -> tuple[pd.DataFrame | None, list[str]]:
    """Weather from `start` on as known at `run.now`, and what is wrong with files that were therefore not used.

    The folder `weather` of the tenant's data holds CSV files: `time` (ISO with offset or Z) and any of the columns of
    `forecasting.weather.COLUMNS`, measured or forecast. A file is known from its modification time on; of an hour that several
    tell, the newest counts, column by column.

    Returns
    -------
    DataFrame or None
        Rows by time [UTC]; None where nothing is known.
    list of str
        Each file that cannot be read, and why.
    """
    folder = run.workspace.weather(run.tenant.name)
    found, faults = [], []
    for path in folder.glob("*.csv") if folder.is_dir() else ():
        written = times.utc(pd.Timestamp(path.stat().st_mtime, unit="s", tz="UTC"))
        if path.name.startswith(".") or not start - FARTHEST <= written <= run.now:
            continue
        try:
            if not _whole(path):
                raise DataError(f"{path.name} does not end in a newline: it is not complete")
            frame = read_weather(path)
            found.append((written, path.name, frame[frame.index >= start]))
        except DataError as error:
            faults.append(str(error))
    if not found:
        return None, faults
    every = pd.concat([frame for _, _, frame in sorted(found, key=lambda one: one[:2])])
    every = every.groupby(level=0).last().dropna(how="all")
    return (every if len(every) else None), faults


def _whole(path: os.PathLike) -> bool:
    """Whether the last line is complete."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        return file.read() == b"\n"
