"""A delimited file as columns of text, each row with its line number."""

import csv
import io
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from wss.config import ImportProfile
from wss.errors import DataError

LARGEST_BLOCK = 2**30
"""Files are parsed in one block up to this size [bytes]."""
NOTHING_REFUSED = pd.DataFrame({"line": [], "text": [], "reason": []}).astype({"line": "int64", "text": "str", "reason": "str"})


class Table:
    """Rows of a file by line; DataError if it has the wrong encoding, no header, or not the columns that the profile names."""

    def __init__(self, data: bytes, name: str, profile: ImportProfile):
        self._profile, self._name = profile, name
        self._data = _as_utf8(data, name, profile.encoding)
        self._header = self._read_header()
        wanted = [profile.time_column, profile.value_column, profile.tag_column, profile.quality_column]
        wanted = [column for column in wanted if column is not None]
        faults = [f"{'no' if column not in self._header else 'more than one'} column {column!r}"
                  for column in wanted if self._header.count(column) != 1]
        if faults:
            raise DataError(f"{name} line 1: {'; '.join(faults)}; the header is {', '.join(map(repr, self._header))}: correct the"
                            f" columns or the delimiter ({profile.delimiter!r}) in the profile {profile.name}")
        self._misshapen: list[tuple[int, str, str]] = []
        self._columns = self._parse([str(self._header.index(column)) for column in wanted])
        numbers = np.arange(2, 2 + self._columns.num_rows + len(self._misshapen), dtype="int64")
        self.line = np.delete(numbers, [line - 2 for line, _, _ in self._misshapen])
        """Number of each row's line; the header is line 1."""

    def __len__(self) -> int:
        return self._columns.num_rows

    def column(self, name: str) -> pa.Array:
        """Texts of a column."""
        return self._columns[str(self._header.index(name))].combine_chunks()

    def refused(self, rows: np.ndarray, reasons: np.ndarray) -> pd.DataFrame:
        """`rows` with their `reasons`, and lines that are no rows at all: line, text, reason. Blank lines are left out."""
        if not len(rows) and not self._misshapen:
            return NOTHING_REFUSED
        found = [(line, text, why) for line, text, why in self._misshapen if text]
        lines = [self._lines[line - 1].decode("utf-8").strip() for line in self.line[rows]]
        found += [(int(line), text, why) for line, text, why in zip(self.line[rows], lines, reasons, strict=True) if text]
        return pd.DataFrame(sorted(found), columns=["line", "text", "reason"]).astype({"line": "int64"})

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._data.splitlines()

    def _read_header(self) -> list[str]:
        first = next(iter(self._data[:1_000_000].splitlines()), b"").decode("utf-8", errors="replace")
        if not first.strip():
            raise DataError(f"{self._name} line 1: the file starts without a header; export it again")
        return [cell.strip() for cell in next(csv.reader(io.StringIO(first), delimiter=self._profile.delimiter))]

    def _parse(self, wanted: list[str]) -> pa.Table:
        quoted = b'"' in self._data
        table = self._parse_with('"' if quoted else False, wanted)
        if quoted and 1 + table.num_rows + len(self._misshapen) != len(self._lines):  # a quote is not closed on its line
            self._misshapen.clear()
            table = self._parse_with(False, wanted)
            table = pa.table({name: pc.replace_substring_regex(table[name], r'^"(.*)"$', r"\1") for name in table.column_names})
        return table

    def _parse_with(self, quote: str | bool, wanted: list[str]) -> pa.Table:
        names, block = [str(i) for i in range(len(self._header))], min(len(self._data) + 1, LARGEST_BLOCK)

        def misshapen(row: arrow_csv.InvalidRow) -> str:
            why = f"{row.actual_columns} columns instead of {row.expected_columns}"
            self._misshapen.append((row.number, row.text.strip(), why))
            return "skip"

        return arrow_csv.read_csv(
            pa.BufferReader(self._data),
            arrow_csv.ReadOptions(use_threads=False, skip_rows=1, column_names=names, block_size=block),
            arrow_csv.ParseOptions(
                delimiter=self._profile.delimiter, quote_char=quote, ignore_empty_lines=False, invalid_row_handler=misshapen),
            arrow_csv.ConvertOptions(include_columns=wanted, column_types=dict.fromkeys(names, pa.string())),
        )


def _as_utf8(data: bytes, name: str, encoding: str) -> bytes:
    """Contents as UTF-8 without a byte order mark; DataError if they are not in `encoding`."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: byte {error.start} is not {encoding} ({error.reason}): correct the encoding in the profile,"
                        " or export the file again") from error
    return data if data.isascii() else text.removeprefix("\ufeff").encode("utf-8", errors="replace")
