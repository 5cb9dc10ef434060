"""Many rows at once, in and out of the database, as columns."""

from itertools import chain

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select, Table

ROWS_A_STATEMENT = 50


def insert_frame(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Insert every row of `frame`, whose columns are those of `table` by name, inside the connection's transaction."""
    if frame.empty:
        return
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(frame.columns))})"
    head = f"INSERT INTO {table.name} ({', '.join(frame.columns)}) VALUES "
    flat = list(chain.from_iterable(zip(*(frame[name].tolist() for name in frame.columns), strict=True)))
    width = ROWS_A_STATEMENT * len(frame.columns)
    whole = len(flat) - len(flat) % width
    cursor = connection.connection.cursor()
    if whole:
        cursor.executemany(head + ", ".join([row] * ROWS_A_STATEMENT), (flat[i:i + width] for i in range(0, whole, width)))
    if whole < len(flat):
        cursor.execute(head + ", ".join([row] * ((len(flat) - whole) // len(frame.columns))), flat[whole:])
    cursor.close()


def fetch(connection: Connection, query: Select, **dtypes: str) -> pd.DataFrame:
    """Rows of `query` as columns of the given types, named and ordered as given."""
    rows = connection.execute(query).cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else [()] * len(dtypes)
    arrays = [pd.array(column, dtype=kind) if kind == "str" else np.array(column, dtype=kind)
              for column, kind in zip(columns, dtypes.values(), strict=True)]
    return pd.DataFrame(dict(zip(dtypes, arrays, strict=True)))
