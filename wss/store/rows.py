"""Many rows at once, in and out of the database, as columns."""

from collections.abc import Iterator
from itertools import chain, count, repeat

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, Column, Connection, Double, Integer, Select, SmallInteger, Table

ROWS_A_STATEMENT = 100
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
"""How PostgreSQL's binary COPY begins and ends; a row in it is its number of fields, then each field after its length."""
ARRAY_HEAD = 20
"""Length of what stands before the elements of a binary array [bytes]: dimensions, type, length."""
BINARY = ((SmallInteger, ">i2"), (BigInteger, ">i8"), (Integer, ">i4"), (Double, ">f8"))
"""Types of fields there; the first that fits a column counts."""


def insert_frame(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Insert every row of `frame`, whose columns are numbers and those of `table` by name, inside the connection's transaction.

    Fastest where rows of the same first column follow each other.
    """
    if frame.empty:
        return
    cursor = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        _copy(cursor, table, frame)
    else:
        _insert(cursor, table, frame)
    cursor.close()


def _insert(cursor, table: Table, frame: pd.DataFrame) -> None:
    """Rows by statements of many. One for rows of the same first column binds it, and what is the same in all rows, only once."""
    head = f"INSERT INTO {table.name} ({', '.join(frame.columns)}) VALUES "
    columns = [frame[name].to_numpy() for name in frame.columns]
    starts = np.flatnonzero(np.r_[True, columns[0][1:] != columns[0][:-1]])
    lengths = np.diff(np.r_[starts, len(frame)])
    stops = starts + lengths // ROWS_A_STATEMENT * ROWS_A_STATEMENT
    varied = [k for k, column in enumerate(columns) if k and (column != column[0]).any()] or [len(columns) - 1]
    once = [k for k in range(len(columns)) if k not in varied]
    number = {k: count(len(once) + 1 + i, len(varied)) for i, k in enumerate(varied)}
    number |= {k: repeat(i) for i, k in enumerate(once, start=1)}
    row = [f"({', '.join(f'?{next(number[k])}' for k in range(len(columns)))})" for _ in range(ROWS_A_STATEMENT)]
    statement = head + ", ".join(row)
    for start, stop in zip(starts, stops, strict=True):
        if stop > start:
            same = [columns[k][start].item() for k in once]
            cells = _cells([columns[k][start:stop] for k in varied])
            cursor.executemany(statement, (same + part for part in _parts(cells, ROWS_A_STATEMENT * len(varied))))
    rest = np.arange(len(frame)) >= np.repeat(stops, lengths)
    cells, row = _cells([column[rest] for column in columns]), f"({', '.join('?' * len(columns))})"
    for part in _parts(cells, ROWS_A_STATEMENT * len(columns)):
        cursor.execute(head + ", ".join([row] * (len(part) // len(columns))), part)


def _cells(columns: list[np.ndarray]) -> list:
    """Cells of a table row after row, as Python's numbers."""
    cells = [None] * sum(map(len, columns))
    for k, column in enumerate(columns):
        cells[k :: len(columns)] = column.tolist()
    return cells


def _parts(cells: list, size: int) -> Iterator[list]:
    return (cells[i : i + size] for i in range(0, len(cells), size))


def _copy(cursor, table: Table, frame: pd.DataFrame) -> None:
    """Rows by PostgreSQL's COPY, which is binary where nothing is NULL (NaN in the frame)."""
    command = f"COPY {table.name} ({', '.join(frame.columns)}) FROM STDIN"
    if frame[[name for name in frame.columns if table.c[name].nullable]].isna().to_numpy().any():
        cells = [frame[name].astype("Int64" if table.c[name].nullable else frame[name].dtype) for name in frame.columns]
        with cursor.copy(command) as copy:
            for row in zip(*(column.astype(object).mask(column.isna(), None) for column in cells), strict=True):
                copy.write_row(row)
        return
    rows = np.empty(len(frame), dtype=_binary([table.c[name] for name in frame.columns]))
    rows["fields"] = len(frame.columns)
    for k, name in enumerate(frame.columns):
        rows[f"length{k}"] = rows.dtype[f"value{k}"].itemsize
        rows[f"value{k}"] = frame[name].to_numpy()
    with cursor.copy(f"{command} (FORMAT BINARY)") as copy:
        copy.write(COPY_HEAD)
        copy.write(rows.tobytes())
        copy.write(COPY_END)


def _binary(columns: list[Column]) -> np.dtype:
    """A row of binary COPY whose fields are numbers without NULL."""
    fields = [[(f"length{k}", ">i4"), (f"value{k}", _kind(column))] for k, column in enumerate(columns)]
    return np.dtype([("fields", ">i2"), *chain.from_iterable(fields)])


def _kind(column: Column) -> str:
    return next(kind for of, kind in BINARY if isinstance(column.type, of))


def fetch(connection: Connection, query: Select, **dtypes: str) -> pd.DataFrame:
    """Rows of `query` as columns of the given types, named and ordered as given."""
    rows = connection.execute(query).cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(dtypes)
    arrays = [
        pd.array(column, dtype=kind) if kind == "str" else np.array(column, dtype=kind)
        for column, kind in zip(columns, dtypes.values(), strict=True)
    ]
    return pd.DataFrame(dict(zip(dtypes, arrays, strict=True)))


def fetch_numbers(connection: Connection, query: Select, **dtypes: str) -> pd.DataFrame:
    """As `fetch`, of columns of a table that hold numbers (whole ones below 2**53) and no NULL: faster for many rows."""
    if connection.dialect.name == "postgresql":
        arrays = [column.astype(kind) for column, kind in zip(_arrays(connection, query), dtypes.values(), strict=True)]
    else:
        result = connection.execute(query)
        cells = np.fromiter(chain.from_iterable(result.cursor), dtype="float64").reshape(-1, len(dtypes))
        result.close()
        arrays = [cells[:, k].astype(kind) for k, kind in enumerate(dtypes.values())]
    return pd.DataFrame(dict(zip(dtypes, arrays, strict=True)), copy=False)


def _arrays(connection: Connection, query: Select) -> list[np.ndarray]:
    """Columns of `query` from PostgreSQL, each as one binary array: the driver handles every row of a COPY by itself."""
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    names = [f"c{k}" for k in range(len(query.selected_columns))]
    together = f"SELECT {', '.join(f'array_agg({n})' for n in names)} FROM ({compiled}) AS q({', '.join(names)})"
    cursor = connection.connection.cursor(binary=True)
    cursor.execute(together, compiled.params)
    packed = [cursor.pgresult.get_value(0, k) or bytes(ARRAY_HEAD) for k in range(len(names))]
    cursor.close()
    return [
        np.frombuffer(data, dtype=[("length", ">i4"), ("value", _kind(column))], offset=ARRAY_HEAD)["value"]
        for data, column in zip(packed, query.selected_columns, strict=True)
    ]
