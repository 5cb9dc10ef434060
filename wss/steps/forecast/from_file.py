"""Forecast from files alone: a history, optionally weather and a fitted model in; quantiles out. No tenant, no store."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.calendars import faults as calendar_faults
from wss.config import Calendar
from wss.errors import DataError, raise_all
from wss.forecasting import Fitted, Issued, forecast, load_fitted, refit
from wss.forecasting.weather import COLUMNS
from wss.quantities import labelled

EMPTY = ("", "NaN", "nan", "NA", "null")
STEPS = (15, 30, 60)
"""Steps that a history may have [min]."""
FAULTS_SHOWN = 20
"""Faults of one kind that are listed; the rest is counted."""


@dataclass(frozen=True)
class Asked:
    """What is to be forecast, of files that exist or not."""

    history: Path
    """CSV: `time` (ISO with offset or Z, the start of its interval) and a column a zone [m3/h]."""
    issue: str
    """First moment to forecast [ISO]."""
    hours: int
    time_zone: str
    country: str | None = None
    """ISO code whose holidays count."""
    subdivision: str | None = None
    holidays: Path | None = None
    """Own holidays, see `read_holidays`."""
    step_minutes: int = 60
    weather: Path | None = None
    """CSV: `time` and any of `weather.COLUMNS`."""
    model: Path | None = None
    """Fitted model to use; absent: one is fitted if the history is long enough."""


def forecast_file(asked: Asked) -> tuple[Issued, Fitted | None]:
    """Forecast what is asked; also the model that was fitted or used, None where the history is too short for one.

    Raises
    ------
    DataError
        Lists every fault of the files and options.
    """
    faults: list[str] = []
    step = pd.Timedelta(minutes=asked.step_minutes if asked.step_minutes in STEPS else 60)
    issue = _attempt(faults, lambda: times.utc(asked.issue))
    if issue is not None and issue != times.floor(issue, step):
        faults.append(f"--issue {times.iso(issue)} is not a multiple of {asked.step_minutes} min")
    if asked.hours < 1:
        faults.append(f"--hours {asked.hours}: must be at least 1")
    _attempt(
        faults,
        lambda: times.to_local(pd.DatetimeIndex(["2022-01-01"]), asked.time_zone),
        f"--zone {asked.time_zone!r} is not an IANA zone such as Europe/Lisbon",
    )
    if asked.step_minutes not in STEPS:
        faults.append(f"--step-minutes {asked.step_minutes}: use one of {', '.join(map(str, STEPS))}")
    calendar = _attempt(faults, lambda: _calendar(asked))
    demand = _attempt(faults, lambda: read_history(asked.history, step))
    weather = _attempt(faults, lambda: read_weather(asked.weather)) if asked.weather else None
    fitted = _attempt(faults, lambda: load_fitted(asked.model)) if asked.model else None
    raise_all(faults, "reading what is to be forecast")
    if fitted is None:
        fitted = refit(demand, issue, step, calendar, asked.time_zone, weather)
    steps = round(asked.hours * 60 / asked.step_minutes)
    return forecast(demand, issue, steps, step, calendar, asked.time_zone, fitted=fitted, weather=weather), fitted


def _calendar(asked: Asked) -> Calendar:
    if asked.country and not (len(asked.country) == 2 and asked.country.isalpha() and asked.country.isupper()):
        raise DataError(f"--country {asked.country!r} is not an ISO code such as PT")
    own = read_holidays(asked.holidays) if asked.holidays else ()
    calendar = Calendar(country=asked.country, subdivision=asked.subdivision, holidays=own)
    raise_all([f"--{at[0]}: {why}" for at, why in calendar_faults(calendar)], "reading the calendar")
    return calendar


def read_history(path: Path, step: pd.Timedelta) -> xr.DataArray:
    """Demand (time, zone) of a file [m3/h]; of a time given twice the later value counts. DataError lists every fault."""
    frame = _read(path)
    values, faults = _numbers(frame, path.name)
    time, off = frame.index, frame.index[frame.index != frame.index.floor(step)]
    faults += [f"{path.name}: {times.iso(t)} is not a multiple of {step}" for t in off[:FAULTS_SHOWN]]
    if not len(frame.columns):
        faults.append(f"{path.name}: no column beside `time`; add one for each zone")
    raise_all(faults, f"reading {path.name}")
    whole = pd.DataFrame(values, index=time, columns=frame.columns).groupby(level=0).last()
    index = pd.DatetimeIndex(whole.index, name="time")
    return labelled("demand", whole.to_numpy(dtype=float), time=index, zone=list(whole.columns))


def read_weather(path: Path) -> pd.DataFrame:
    """Weather by time [UTC] of a file with any of the columns of `weather.COLUMNS`; DataError lists every fault."""
    frame = _read(path)
    unknown = [f"{path.name}: unknown column {c!r}; it may have {', '.join(COLUMNS)}" for c in frame.columns if c not in COLUMNS]
    values, faults = _numbers(frame, path.name)
    raise_all([*unknown, *faults], f"reading {path.name}")
    return pd.DataFrame(values, index=frame.index, columns=frame.columns).groupby(level=0).last()


def read_holidays(path: Path) -> tuple[str, ...]:
    """Dates of a file, one a line: 2022-08-15, or 08-15 for every year; what follows a # is a remark."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return tuple(filter(None, (line.partition("#")[0].strip() for line in lines)))


def table(issued: Issued) -> pd.DataFrame:
    """A forecast as long rows: time (ISO, UTC), zone, quantile (`mean`, 0.05, ...), value [m3/h]."""
    wide = issued.demand.transpose("time", "zone", "quantile")
    mean = issued.members.mean("member").transpose("time", "zone")
    names = ["mean", *(f"{q:g}" for q in wide["quantile"].values)]
    value = np.concatenate([mean.values[..., None], wide.values], axis=-1)
    stamps = [times.iso(t) for t in wide.get_index("time")]
    index = pd.MultiIndex.from_product([stamps, wide["zone"].values, names], names=["time", "zone", "quantile"])
    return pd.DataFrame({"value": value.ravel().round(4)}, index=index).reset_index()


def _read(path: Path) -> pd.DataFrame:
    """Texts of a CSV by time [UTC], in file order."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if "time" not in frame.columns:
        raise DataError(f"{path.name}: no column `time`; its header is {', '.join(map(repr, frame.columns))}")
    words = frame.pop("time").str.strip()
    time = pd.to_datetime(words, utc=True, errors="coerce", format="ISO8601")
    naive = ~words.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").to_numpy(dtype=bool)
    wrong = np.flatnonzero(time.isna().to_numpy() | naive)
    told = [f"{path.name} line {n + 2}: {words.iloc[n]!r} is not an ISO time with an offset or Z" for n in wrong[:FAULTS_SHOWN]]
    if len(wrong) > FAULTS_SHOWN:
        told.append(f"{path.name}: {len(wrong) - FAULTS_SHOWN} more lines without such a time")
    raise_all(told, f"reading {path.name}")
    frame.index = pd.DatetimeIndex(time).tz_localize(None).as_unit("ns")
    return frame


def _numbers(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, list[str]]:
    """Values (row, column), NaN where empty, and what is no number."""
    values, faults = np.full(frame.shape, np.nan), []
    for n, column in enumerate(frame.columns):
        words = frame[column].str.strip()
        empty = words.isin(EMPTY).to_numpy(dtype=bool)
        value = pd.to_numeric(words.where(~empty), errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(~np.isfinite(value) & ~empty)
        faults += [f"{name} line {k + 2}, column {column!r}: {words.iloc[k]!r} is not a number" for k in wrong[:FAULTS_SHOWN]]
        if len(wrong) > FAULTS_SHOWN:
            faults.append(f"{name} column {column!r}: {len(wrong) - FAULTS_SHOWN} more that are no numbers")
        values[:, n] = value
    return values, faults


def _attempt(faults: list[str], do, instead: str = ""):
    """What `do` gives; None after noting the fault."""
    try:
        return do()
    except (DataError, ValueError, KeyError) as error:
        faults += [instead] if instead else getattr(error, "faults", ()) or [str(error)]
        return None
