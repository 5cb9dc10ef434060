"""Rows of an export as columns of text, each row with its line number."""

from array import array
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion.export import Export
from wss.ingestion.lines import count, pieces

MANY = 100_000
"""More refused readings than this, if they are the greater part, are a wrong profile and not so many wrong rows."""
LONGEST_TEXT = 500
"""Longest text of a refused row [characters]."""
NOTHING_REFUSED = pd.DataFrame({"line": [], "text": [], "reason": []}).astype({"line": "int64", "text": "str", "reason": "str"})


class Table:
    """Rows of an export by line; DataError if most of very many lines do not have the columns of the header."""

    def __init__(self, export: Export, name: str, profile: ImportProfile, wanted: list[int]):
        self._profile, self._name, self._export = profile, name, export
        self._misshapen, self._widths, self._blank = array("q"), array("q"), 0
        self._columns = self._parse([str(index) for index in wanted])
        self._kept = np.delete(np.arange(len(self) + len(self._misshapen)), self._misshapen)

    def __len__(self) -> int:
        return self._columns.num_rows

    @cached_property
    def line(self) -> np.ndarray:
        """(row,) number of each row's line in the file [1]."""
        return self._number(self._kept)

    @cached_property
    def section(self) -> np.ndarray:
        """(row,) number of each row's section [1]; -1 before the first."""
        return self._export.sections[0][self._kept]

    def column(self, index: int) -> pa.Array:
        """Texts of a column."""
        return self._columns[str(index)].combine_chunks()

    def texts(self, rows: np.ndarray) -> list[str]:
        """Lines of `rows` (row,) [1], without blanks at their ends."""
        return [_shown(self._lines[at]) for at in self._kept[rows]]

    def hold_nothing(self, rows: np.ndarray) -> np.ndarray:
        """(row,) whether each of `rows` [1] is blank, or a line of the header again [bool]."""
        nothing = self._export.head | {b""}
        return np.array([self._lines[at].strip().removeprefix(b"\xef\xbb\xbf") in nothing for at in self._kept[rows]], dtype=bool)

    def misshapen(self) -> pd.DataFrame:
        """Lines that do not have the columns of the header: line, text, reason. Blank lines, and the header again, are none."""
        if not len(self._misshapen):
            return NOTHING_REFUSED
        at = np.array(self._misshapen)
        texts = [_shown(self._lines[number]) for number in at]
        width = len(self._export.header)
        reasons = [f"{found} columns instead of {width}" for found in self._widths]
        frame = pd.DataFrame({"line": self._number(at), "text": texts, "reason": reasons})
        frame = frame.astype({"text": "str", "reason": "str"})
        return frame[[bool(text) and text.encode() not in self._export.head for text in texts]]

    def check_share(self, refused: int, others: int) -> None:
        """DataError if very many readings are refused, besides misshapen lines, and fewer are not."""
        refused += len(self._misshapen) - self._blank
        if refused > max(MANY, others):
            raise DataError(
                f"{self._name}: {refused:,} of {refused + others:,} readings cannot be read, so nothing of the"
                f" file is taken in; look at the profile {self._profile.name} with `wss profile try`"
            )

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._export.body.splitlines()

    def _number(self, at: np.ndarray) -> np.ndarray:
        return at + self._export.first if self._export.numbers is None else self._export.numbers[at]

    def _parse(self, wanted: list[str]) -> pa.Table:
        quote = self._profile.quote
        quoted = quote != "none" and quote.encode() in self._export.body
        if not self._export.body:
            return pa.table({name: pa.array([], pa.string()) for name in wanted})
        table = self._parse_with(quote if quoted else False, wanted)
        if quoted and table.num_rows + len(self._misshapen) != count(self._export.body):  # a quote is not closed on its line
            table = self._parse_with(False, wanted)
            table = pa.table(
                {name: pc.replace_substring_regex(table[name], f"^{quote}(.*){quote}$", r"\1") for name in table.column_names}
            )
        return table

    def _parse_with(self, quote: str | bool, wanted: list[str]) -> pa.Table:
        names, body = [str(i) for i in range(len(self._export.header))], self._export.body
        self._misshapen, self._widths, self._blank = array("q"), array("q"), 0

        def misshapen(row: arrow_csv.InvalidRow) -> str:
            self._misshapen.append(row.number - 1)
            self._widths.append(row.actual_columns)
            self._blank += row.actual_columns == 1 and not row.text.strip()
            return "error" if len(self._misshapen) - self._blank > max(MANY, row.number // 2) else "skip"

        try:
            return arrow_csv.read_csv(
                pa.py_buffer(body),
                arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(body) + 1),
                arrow_csv.ParseOptions(
                    delimiter=self._profile.delimiter_character,
                    quote_char=quote,
                    ignore_empty_lines=False,
                    invalid_row_handler=misshapen,
                ),
                arrow_csv.ConvertOptions(
                    include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), check_utf8=False
                ),
            )
        except pa.ArrowInvalid as error:
            if len(self._misshapen) <= MANY:
                raise DataError(f"{self._name}: the rows cannot be parsed ({error}): export the file again") from error
            raise DataError(self._mostly_misshapen()) from error

    def _mostly_misshapen(self) -> str:
        first = self._misshapen[0]
        text = _shown(next(pieces(self._export.body, LONGEST_TEXT)).splitlines()[0]) if first == 0 else ""
        return (
            f"{self._name}: most lines do not have the {len(self._export.header)} columns of the header; the first is line"
            f" {self._number(np.array([first]))[0]} with {self._widths[0]}: {text[:80]!r}: correct the delimiter"
            f" ({self._profile.delimiter!r}) or the columns in the profile {self._profile.name}"
        )


def _shown(line: bytes) -> str:
    return line.strip()[: 4 * LONGEST_TEXT].decode("utf-8", errors="replace").strip()[:LONGEST_TEXT]
