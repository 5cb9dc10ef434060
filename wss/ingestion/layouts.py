"""The layouts of exports, each as the same list of cells: one cell, one reading."""

import fnmatch
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import sources, words
from wss.ingestion.export import UNREADABLE, Export
from wss.ingestion.table import Table

LONGEST_TAG = 200
MOST_TAGS = 50_000
NOT_IN_A_TAG = re.compile(f"[\x00-\x08\x0a-\x1f\x7f{UNREADABLE}]")
EVERY = slice(None)
NO_ROWS = np.array([], dtype="int64")


@dataclass(frozen=True)
class Cells:
    """Cells of an export that may hold a reading; of each tag in file order."""

    row: np.ndarray | slice
    """(cell,) number of its row in the table [1]; a slice where each row has one cell."""
    code: np.ndarray
    """(cell,) number of its tag [1]."""
    tags: list[str]
    faults: list[str]
    """Why a tag cannot have readings; empty where it can."""
    text: pa.Array
    """(cell,) what stands there."""
    flag: np.ndarray
    """(cell,) what the export says about its quality [bits of Flag]."""
    unit: tuple[np.ndarray, list[str]] | None
    """(cell,) number of its unit [1], and the units; None where the export does not say units."""
    missing: int = 0
    """Cells of a wide export that say that there is no reading; they are not among the others."""


def columns(export: Export, profile: ImportProfile) -> list[int]:
    """Columns that are read, by number."""
    if profile.layout == "wide":
        return list(range(len(export.header)))
    named = (
        profile.date_column,
        profile.time_column,
        profile.value_column,
        profile.tag_column,
        profile.quality_column,
        profile.unit_column,
    )
    return sorted({export.header.index(name) for name in named if name is not None})


def stamps(table: Table, export: Export, profile: ImportProfile) -> pa.Array:
    """(row,) the words of the time column, after those of the date column where there is one."""
    time = table.column(export.header.index(profile.time_column))
    if profile.date_column is None:
        return time
    date = table.column(export.header.index(profile.date_column))
    return pc.binary_join_element_wise(pc.utf8_trim_whitespace(date), pc.utf8_trim_whitespace(time), " ")


def cells(table: Table, export: Export, name: str, profile: ImportProfile, idle: np.ndarray) -> Cells:
    """The cells of a file of any layout; of a wide one those that are not missing and not in an idle row.

    Parameters
    ----------
    idle
        (row,) whether it is blank, or a line of the header again [bool].

    Raises
    ------
    DataError
        If the file's name should give the tag and does not, or the file has too many tags.
    """
    if profile.layout == "wide":
        return _wide(table, export, profile, ~idle)
    code, tags = _tags(table, export, name, profile)
    if len(tags) > MOST_TAGS:
        raise DataError(
            f"{name}: {len(tags):,} tags, more than {MOST_TAGS:,}: correct tag_column in the profile {profile.name},"
            " or send the file in parts"
        )
    quality = None if profile.quality_column is None else table.column(export.header.index(profile.quality_column))
    flag = np.zeros(len(table), dtype="int64") if quality is None else words.quality(quality, profile)
    value = export.header.index(profile.value_column)
    unit = None
    if profile.unit_column is not None:
        unit = _coded(table.column(export.header.index(profile.unit_column)))
    elif value < len(export.units):
        unit = np.zeros(len(table), dtype="int64"), [export.units[value]]
    return Cells(EVERY, code, tags, [tag_fault(tag, profile) for tag in tags], table.column(value), flag, unit)


def is_for(name: str, profile: ImportProfile) -> bool:
    """Whether a profile is for a file of this name, or for the one that is in it."""
    return any(fnmatch.fnmatchcase(one, profile.files) for one in {name, sources.bare(name)})


def tag_in_name(name: str, profile: ImportProfile) -> str:
    """Tag that a file's name gives; empty where the layout keeps it in the rows, or the pattern does not fit the name."""
    if profile.layout != "one_file_a_tag":
        return ""
    match = re.fullmatch(profile.tag_pattern, sources.bare(name))
    return (match["tag"] or "") if match else ""


def tag_fault(tag: str, profile: ImportProfile) -> str:
    """Why readings of a tag cannot be taken; empty if they can."""
    if not tag:
        return "the row has no tag"
    if len(tag) > LONGEST_TAG:
        return f"the tag is longer than {LONGEST_TAG} characters"
    if NOT_IN_A_TAG.search(tag):
        return f"the tag has control characters, or bytes that are not {profile.encoding}; is that the encoding of the file?"
    return ""


def _tags(table: Table, export: Export, name: str, profile: ImportProfile) -> tuple[np.ndarray, list[str]]:
    """Number of each row's tag, and the tags."""
    if profile.layout == "one_file_a_tag":
        tag = tag_in_name(name, profile)
        if not tag:
            raise DataError(
                f"{name}: the name holds no tag as tag_pattern {profile.tag_pattern!r} of the profile"
                f" {profile.name} describes it: correct the pattern, or rename the file"
            )
        return np.zeros(len(table), dtype="int64"), [tag]
    if profile.tag_column is not None:
        return _coded(table.column(export.header.index(profile.tag_column)))
    names = export.sections[1]
    tags = sorted({*names, ""})
    number = {tag: code for code, tag in enumerate(tags)}
    return np.array([number[tag] for tag in (*names, "")], dtype="int64")[table.section], tags


def _coded(column: pa.Array) -> tuple[np.ndarray, list[str]]:
    """Number of each cell's text, and the distinct texts without blanks at their ends, in order."""
    found = column.dictionary_encode()
    stripped = [word.strip() for word in found.dictionary.to_pylist()]
    texts = sorted(set(stripped))
    number = {text: code for code, text in enumerate(texts)}
    return np.array([number[text] for text in stripped], dtype="int64")[found.indices.to_numpy()], texts


def _wide(table: Table, export: Export, profile: ImportProfile, rows: np.ndarray) -> Cells:
    """Cells of a wide table in `rows` (row,) [bool], column after column."""
    header, of_time = export.header, {profile.time_column, profile.date_column}
    suffix = profile.quality_suffix
    names = set(header)
    quality = {
        name.removesuffix(suffix): at
        for at, name in enumerate(header)
        if suffix and name.endswith(suffix) and name.removesuffix(suffix) in names - {name}
    }
    of_quality = set(quality.values())
    chosen = [
        at for at, name in enumerate(header) if name not in of_time and at not in of_quality and not _is_other(name, profile)
    ]
    chosen = [at for at in chosen if header[at] or _has_text(table.column(at))]
    tags = [header[at] for at in chosen]
    times = Counter(tags)
    faults = [
        "the column has no name" if not tag else "the header has this column twice" if times[tag] > 1 else tag_fault(tag, profile)
        for tag in tags
    ]
    row, text, flag = [NO_ROWS], [], [NO_ROWS]
    for at, tag in zip(chosen, tags, strict=True):
        column = table.column(at)
        present = np.flatnonzero(~words.missing(column, profile) & rows)
        row.append(present)
        text.append(column.take(pa.array(present)))
        flag.append(
            words.quality(table.column(quality[tag]).take(pa.array(present)), profile)
            if tag in quality
            else np.zeros(len(present), dtype="int64")
        )
    units = [export.units[at] if at < len(export.units) else "" for at in chosen]
    code = np.repeat(np.arange(len(chosen)), [len(present) for present in row[1:]])
    return Cells(
        np.concatenate(row),
        code,
        [tag if times[tag] == 1 else f"{tag}\0{n}" for n, tag in enumerate(tags)],
        faults,
        pa.chunked_array(text, pa.string()).combine_chunks(),
        np.concatenate(flag),
        (code, units) if export.units else None,
        int(rows.sum()) * len(chosen) - len(code),
    )


def _is_other(name: str, profile: ImportProfile) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in profile.other_columns)


def _has_text(column: pa.Array) -> bool:
    return bool(pc.any(pc.not_equal(pc.utf8_trim_whitespace(column), "")).as_py())
