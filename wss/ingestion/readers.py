"""Export files into readings: what each line says, or why it cannot be read. Nothing is guessed, nothing is lost."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import clock
from wss.ingestion.table import Table
from wss.quantities import Flag

EARLIEST = np.datetime64("1990-01-01", "ns")
"""An older reading comes from a broken clock."""
AHEAD = pd.Timedelta(hours=1)
"""How much newer than its delivery a reading may be stamped; more means a wrong zone or clock."""


@dataclass(frozen=True)
class Parsed:
    """A file's lines; each that is not blank is in exactly one of the three."""

    readings: pd.DataFrame
    """line, tag (categorical), time [UTC], value [unit of the export], flag; in file order."""
    missing: int
    """Lines that say that there is no reading."""
    quarantine: pd.DataFrame
    """line, text, reason."""


def read(data: bytes, name: str, profile: ImportProfile, delivered: pd.Timestamp | None = None,
         last: Callable[[str], pd.Timestamp | None] = lambda tag: None) -> Parsed:
    """Readings of a file.

    Parameters
    ----------
    delivered
        When the file was delivered [UTC]: much newer readings are impossible.
    last
        Given a tag, the time of its last stored reading [UTC] or None; asked only about the doubled hour in autumn.

    Raises
    ------
    DataError
        If the file as a whole cannot be read: wrong encoding, no header, a column missing, no tag in its name.
    """
    table = Table(data, name, profile)
    codes, tags = _tags(table, name, profile)
    words = table.column(profile.time_column).dictionary_encode()
    stamps, which = clock.parse(pd.Series(words.dictionary.to_pylist(), dtype="str"), profile), words.indices.to_numpy()
    time = clock.resolve(stamps.first[which], stamps.second[which], codes, delivered, lambda code: last(tags[code]))
    value, missing = _values(table.column(profile.value_column), profile.decimal, profile.missing)

    latest = np.datetime64("NaT") if delivered is None else (delivered + AHEAD).to_datetime64()
    faults = [codes < 0, np.isnat(time), time < EARLIEST, time > latest, ~missing & ~np.isfinite(value)]
    refused = np.logical_or.reduce(faults)
    rows = np.flatnonzero(refused)
    reasons = np.select([fault[rows] for fault in faults], [
        "the row has no tag", stamps.reason[which[rows]], "the time is before 1990",
        "the time is more than an hour after the file's delivery; is the time zone of the profile right?",
        "the value is not a number"])
    kept = ~refused & ~missing
    readings = pd.DataFrame({
        "line": table.line[kept], "tag": pd.Categorical.from_codes(codes[kept], categories=tags),
        "time": time[kept], "value": value[kept], "flag": _flags(table, profile)[kept],
    })
    return Parsed(readings, int((missing & ~refused).sum()), table.refused(rows, reasons))


def tag_in_name(name: str, profile: ImportProfile) -> str:
    """Tag that a file's name gives; empty where the layout keeps it in the rows, or the pattern does not fit the name."""
    match = re.fullmatch(profile.tag_pattern, name) if profile.layout == "one_file_a_tag" else None
    return (match["tag"] or "") if match else ""


def _tags(table: Table, name: str, profile: ImportProfile) -> tuple[np.ndarray, list[str]]:
    """Number of each row's tag (-1 where there is none), and the tags."""
    if profile.layout == "one_file_a_tag":
        tag = tag_in_name(name, profile)
        if not tag:
            raise DataError(f"{name}: the name holds no tag as tag_pattern {profile.tag_pattern!r} of the profile"
                            f" {profile.name} describes it: correct the pattern, or rename the file")
        return np.zeros(len(table), dtype="int64"), [tag]
    words = table.column(profile.tag_column).dictionary_encode()
    stripped = [word.strip() for word in words.dictionary.to_pylist()]
    tags = sorted({word for word in stripped if word})
    number = {tag: code for code, tag in enumerate(tags)}
    return np.array([number.get(word, -1) for word in stripped], dtype="int64")[words.indices.to_numpy()], tags


def _values(words: pa.Array, decimal: str, missing: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Values (NaN where there is no number), and whether the export says that there is none."""
    words = pc.utf8_trim_whitespace(words)
    absent = pc.is_in(words, value_set=pa.array(missing, pa.string()))
    text = pc.if_else(absent, None, words)
    if decimal != ".":
        pointed = pc.replace_substring(text, decimal, ".")
        text = pc.if_else(pc.match_substring(text, "."), "a point is not the decimal mark here", pointed)
    try:
        value = text.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        value = pd.to_numeric(text.to_pandas().astype("str"), errors="coerce").to_numpy(dtype=float)
    return value, absent.to_numpy(zero_copy_only=False)


def _flags(table: Table, profile: ImportProfile) -> np.ndarray:
    """SCADA_BAD where the export says that the reading is not good."""
    if profile.quality_column is None:
        return np.zeros(len(table), dtype="int64")
    words = table.column(profile.quality_column).dictionary_encode()
    bad = [0 if word.strip() in profile.good_quality else int(Flag.SCADA_BAD) for word in words.dictionary.to_pylist()]
    return np.array(bad, dtype="int64")[words.indices.to_numpy()]
