"""Export files into readings: what each cell says, or why it cannot be read. Nothing is guessed, nothing is lost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import clock, duplicates, layouts, sources, words
from wss.ingestion.export import Export, find_rows
from wss.ingestion.layouts import Cells, is_for, tag_in_name
from wss.ingestion.lines import count, pieces
from wss.ingestion.table import LONGEST_TEXT, Table

__all__ = ["Parsed", "blocks", "is_for", "read", "read_sample", "tag_in_name"]

EARLIEST = np.datetime64("1990-01-01", "ns")
"""An older reading comes from a broken clock."""
LARGEST_BODY = 2**30
"""Most rows that are read at once [bytes]; `blocks` reads more where it can."""
BLOCK_BYTES = 2**24
"""Size of a block of rows: about a quarter of a million readings."""
SAMPLE_BYTES = 2**20
"""How much of a file is looked at to tell whether it has the newest first [bytes]."""
AHEAD = pd.Timedelta(hours=1)
"""How much newer than its delivery a reading may be stamped; more means a wrong zone or clock."""


@dataclass(frozen=True)
class Parsed:
    """What a file says, in readings: each cell of a wide row is one, as each row of the other layouts is.

    Blank lines, lines that the profile calls comments, and the header again count for nothing; every other line is in
    exactly one of the three, or, in a wide file, each of its cells is.
    """

    readings: pd.DataFrame
    """line, tag (categorical), time [UTC], value [unit of the export], flag; of each tag in file order. Where the file says
    units, unit (categorical) too: what is said of that reading, empty if nothing."""
    missing: int
    """Cells that say that there is no reading."""
    quarantine: pd.DataFrame
    """line, text, reason."""


def read(
    data: bytes,
    name: str,
    profile: ImportProfile,
    delivered: pd.Timestamp | None = None,
    last: Callable[[str], pd.Timestamp | None] = lambda tag: None,
) -> Parsed:
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
        If the file as a whole cannot be read: wrong encoding, no header, a column missing, no tag in its name, a compressed
        file that is cut or far too large, or more refused readings than others and very many of them.
    """
    text = sources.text(data, name, profile)
    return _read(_whole(_opened(text, name)), name, text.profile, delivered, last)


def read_sample(data: bytes, name: str, profile: ImportProfile) -> Parsed:
    """Readings of what `sources.sample` gave of a file; DataError as of `read`."""
    text = sources.TEXT.text(data, name, profile)
    return _read(_whole(_opened(text, name)), name, profile, None, lambda tag: None)


def blocks(
    data: bytes,
    name: str,
    profile: ImportProfile,
    delivered: pd.Timestamp | None = None,
    last: Callable[[str], pd.Timestamp | None] = lambda tag: None,
    size: int = BLOCK_BYTES,
) -> Iterator[Parsed]:
    """What `read` gives, in blocks of about `size` [bytes of rows], so that a file of years needs the memory of one block.

    In autumn's doubled hour a block goes on where the one before ended, which in a file that has the newest first is the one
    below. The blocks come in the order of the file, or with `duplicates: first` backwards, so that a first row comes last.

    Parameters
    ----------
    delivered, last
        As of `read`.
    """
    text = sources.text(data, name, profile)
    export, profile = _opened(text, name), text.profile
    parts = _parts(export, size)
    if len(parts) == 1:
        yield _read(_whole(export), name, profile, delivered, last)
        return
    backward = _newest_first(parts[0], name, profile)
    several = _Blocks(parts[::-1] if backward else parts, name, delivered, last, backward)
    refused = None
    if profile.duplicates == "quarantine":
        keys = duplicates.Keys()
        for block in several.read(profile.model_copy(update={"duplicates": "last"})):
            keys.add(block.readings["tag"].cat, block.readings["time"].to_numpy(), block.readings["value"].to_numpy())
        refused = keys.contradicting()
    found = several.read(profile, refused)
    if backward == (profile.duplicates == "first"):
        yield from found
        return
    held = list(found)
    while held:
        yield held.pop()


@dataclass(frozen=True)
class _Blocks:
    """Parts of an export, the oldest first."""

    parts: list[Export]
    name: str
    delivered: pd.Timestamp | None
    last: Callable[[str], pd.Timestamp | None]
    backward: bool
    """Whether the export has the newest first."""

    def read(self, profile: ImportProfile, refused: duplicates.Contradictions | None = None) -> Iterator[Parsed]:
        """What each part says."""
        seen: dict[str, pd.Timestamp] = {}

        def before(tag: str) -> pd.Timestamp | None:
            return seen.get(tag) or self.last(tag)

        for number, part in enumerate(self.parts):
            backward = self.backward if number else None
            block = _read(_whole(part), self.name, profile, self.delivered, before, backward, refused)
            yield block
            of_tag = block.readings.groupby("tag", observed=True)["time"]
            ends = of_tag.first() if self.backward else of_tag.last()
            seen |= dict(zip(ends.index, ends, strict=True))


def _parts(export: Export, size: int) -> list[Export]:
    """An export in parts of about `size` [bytes of rows]; their bodies are views."""
    parts, body, at, line = [], memoryview(export.body), 0, 0
    for piece in pieces(export.body, size):
        end, below = at + len(piece), line + count(piece)
        parts.append(_part(export, body[at:end], slice(line, below)))
        at, line = end, below
    return parts


def _part(export: Export, body: bytes | memoryview, lines: slice) -> Export:
    """The `lines` of an export, which are `body`."""
    numbers = None if export.numbers is None else export.numbers[lines]
    sections = None if export.sections is None else (export.sections[0][lines], export.sections[1])
    return replace(export, body=body, first=export.first + lines.start, numbers=numbers, sections=sections)


def _opened(text: sources.Text, name: str) -> Export:
    return find_rows(text.lines, name, text.profile)


def _whole(export: Export) -> Export:
    return replace(export, body=bytes(export.body))


def _newest_first(export: Export, name: str, profile: ImportProfile) -> bool:
    """Whether at the start of an export most readings are older than the one before of their tag."""
    start = next(pieces(export.body, SAMPLE_BYTES))
    try:
        readings = _read(_part(export, start, slice(0, count(start))), name, profile, None, lambda tag: None).readings
    except DataError:  # it may be the start alone that cannot be read
        return False
    steps = readings.groupby("tag", observed=True)["time"].diff().dropna()
    return bool((steps < pd.Timedelta(0)).sum() > (steps > pd.Timedelta(0)).sum())


def _read(
    export: Export,
    name: str,
    profile: ImportProfile,
    delivered: pd.Timestamp | None,
    last: Callable[[str], pd.Timestamp | None],
    backward: bool | None = None,
    refused_keys: duplicates.Contradictions | None = None,
) -> Parsed:
    if len(export.body) > LARGEST_BODY:
        raise DataError(
            f"{name}: more than {LARGEST_BODY:,} bytes in one piece: split it at a line and repeat the header in each part"
        )
    table = Table(export, name, profile, layouts.columns(export, profile))
    stamp = layouts.stamps(table, export, profile).dictionary_encode()
    stamps, which = clock.parse(pd.Series(stamp.dictionary.to_pylist(), dtype="str"), profile), stamp.indices.to_numpy()
    idle = _idle(table, stamps.first, which)
    found = layouts.cells(table, export, name, profile, idle)
    which, idle = which[found.row], idle[found.row]
    time = clock.resolve(
        stamps.first[which], stamps.second[which], found.code, delivered, lambda code: last(found.tags[code]), backward
    )
    value, missing = words.values(found.text, profile)

    latest = np.datetime64("NaT") if delivered is None else (delivered + AHEAD).to_datetime64()
    unfit = np.array([bool(fault) for fault in found.faults], dtype=bool)[found.code]
    faults = [unfit, np.isnat(time), time < EARLIEST, time > latest, ~missing & ~np.isfinite(value)]
    refused = np.logical_or.reduce(faults) & ~idle
    missing &= ~refused & ~idle
    kept = ~refused & ~missing & ~idle
    if profile.duplicates == "quarantine":
        twice = duplicates.refused(found.tags, found.code, time, value, kept, refused_keys)
        refused[twice], kept[twice] = True, False
    at = np.flatnonzero(refused)
    table.check_share(len(at), int(kept.sum() + missing.sum()) + found.missing)
    reasons = np.select(
        [fault[at] for fault in faults],
        [
            np.array(found.faults, dtype=object)[found.code[at]],
            stamps.reason[which[at]],
            "the time is before 1990",
            "the time is more than an hour after the file's delivery; is the time zone of the profile right?",
            "the value is not a number",
        ],
        duplicates.REASON,
    )
    cells = duplicates.first_last(found.code, time, kept) if profile.duplicates == "first" else np.flatnonzero(kept)
    return Parsed(
        _readings(table.line[found.row], found, time, value, cells, profile),
        int(missing.sum()) + found.missing,
        _quarantine(table, found, at, reasons, stamp, profile),
    )


def _idle(table: Table, first: np.ndarray, which: np.ndarray) -> np.ndarray:
    """(row,) which rows of the table are blank, or lines of the header again."""
    idle = np.zeros(len(table), dtype=bool)
    rows = np.flatnonzero(np.isnat(first)[which])
    idle[rows] = table.hold_nothing(rows)
    return idle


def _quarantine(
    table: Table, found: Cells, at: np.ndarray, reasons: np.ndarray, stamp: pa.DictionaryArray, profile: ImportProfile
) -> pd.DataFrame:
    """Refused cells (numbers `at`, with their reasons) and lines that are no rows: line, text, reason."""
    misshapen = table.misshapen()
    if not len(at):
        return misshapen
    if profile.layout == "wide":
        rows = found.row[at]
        said = zip(stamp.take(pa.array(rows)).to_pylist(), found.text.take(pa.array(at)).to_pylist(), strict=True)
        texts = [f"{time.strip()}{profile.delimiter_character}{cell.strip()}"[:LONGEST_TEXT] for time, cell in said]
        reasons = [f"column {_short(found.tags[code])}: {why}" for code, why in zip(found.code[at], reasons, strict=True)]
    else:
        rows, texts = at, table.texts(at)
    frame = pd.DataFrame(
        {"line": table.line[rows], "text": pd.Series(texts, dtype="str"), "reason": pd.Series(list(reasons), dtype="str")}
    )
    frame = pd.concat([misshapen, frame[frame["text"] != ""]]) if len(misshapen) else frame[frame["text"] != ""]
    return frame.sort_values("line", kind="stable", ignore_index=True)


def _short(tag: str) -> str:
    tag = tag.partition("\0")[0]
    return tag if len(tag) <= 80 else f"{tag[:80]}..."


def _readings(
    line: np.ndarray, found: Cells, time: np.ndarray, value: np.ndarray, cells: np.ndarray, profile: ImportProfile
) -> pd.DataFrame:
    """Frame of the cells `cells` (reading,) [1]."""
    everything = len(cells) == len(time) and profile.duplicates != "first"
    of = layouts.EVERY if everything else cells
    frame = pd.DataFrame(
        {
            "line": line[of],
            "tag": pd.Categorical.from_codes(found.code[of], categories=found.tags),
            "time": time[of],
            "value": value[of],
            "flag": found.flag[of],
        }
    )
    if found.unit is not None:
        code, units = found.unit
        known = {word.casefold(): meaning for word, meaning in profile.unit_words.items()}
        meanings = [known.get(unit.casefold(), unit) for unit in units]
        number, distinct = pd.factorize(np.array(meanings, dtype=object))
        frame["unit"] = pd.Categorical.from_codes(number[code[of]], categories=distinct)
    return frame
