"""Everything of one store into another, whichever databases they are in, and the proof that it is the same."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Table, func, insert, select, text

from wss.errors import StoreError
from wss.store.columns import IN_ITS_PLACE, NUL
from wss.store.rows import fetch_numbers, insert_frame
from wss.store.schema import metadata, reading

BLOCK = 200_000
"""Readings that are in memory at once."""
READING = {"sensor_id": "int64", "time": "int64", "value": "float64", "flag": "int64", "file_id": "int64"}
Progress = Callable[[int, int], None]
"""Called with the number of rows that are done, and of all."""


def copy(source: Connection, target: Connection, progress: Progress = lambda done, total: None) -> dict[str, int]:
    """Copy every table of a store into the empty tables of another, read the copy again and compare.

    Returns
    -------
    dict
        Rows by table.

    Raises
    ------
    StoreError
        If what is in the target is not what is in the source; the caller's transaction leaves nothing of it then.
    """
    counts = count(source)
    step = _Steps(2 * sum(counts.values()), progress)
    wrong = []
    for table in metadata.sorted_tables:
        given = _digest(step(_written(target, table, block) for block in _blocks(source, table)))
        _continue_numbers(target, table)
        if _digest(step(_blocks(target, table))) != given:
            wrong.append(table.name)
    if wrong:
        raise StoreError(f"the copy of {', '.join(wrong)} differs from what was read, so nothing was changed; please report this")
    return counts


def count(connection: Connection) -> dict[str, int]:
    """Rows of every table by its name."""
    return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in metadata.sorted_tables}


class _Steps:
    """Tells the progress of the blocks that pass through."""

    def __init__(self, total: int, progress: Progress):
        self.done, self.total, self.progress = 0, total, progress

    def __call__(self, blocks: Iterator) -> Iterator:
        for block in blocks:
            yield block
            self.done += len(block)
            self.progress(self.done, self.total)


def _blocks(connection: Connection, table: Table) -> Iterator[pd.DataFrame | list[tuple]]:
    """Rows of a table by primary key, which sorts alike in both databases, in parts."""
    if table is reading:
        yield from _readings(connection)
        return
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=5000)
    for part in connection.execute(query).partitions():
        yield [tuple(row) for row in part]


def _readings(connection: Connection) -> Iterator[pd.DataFrame]:
    of, at = reading.c.sensor_id, reading.c.time
    query = select(*(reading.c[name] for name in READING)).order_by(of, at).limit(BLOCK)
    sensor = connection.execute(select(func.min(of))).scalar()
    while sensor is not None:
        after = -(2**62)
        while True:
            block = fetch_numbers(connection, query.where(of == sensor, at > after), **READING)
            if len(block):
                yield block
                after = int(block["time"].iloc[-1])
            if len(block) < BLOCK:
                break
        sensor = connection.execute(select(func.min(of)).where(of > sensor)).scalar()


def _written(connection: Connection, table: Table, block: pd.DataFrame | list[tuple]) -> pd.DataFrame | list[tuple]:
    if isinstance(block, pd.DataFrame):
        insert_frame(connection, table, block)
    else:
        names = [column.name for column in table.columns]
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in block])
    return block


def _digest(blocks: Iterator[pd.DataFrame | list[tuple]]) -> str:
    found = sha256()
    for block in blocks:
        if isinstance(block, pd.DataFrame):
            columns = [block[name].to_numpy() + 0 for name in READING]  # which has no negative zero, as SQLite
            found.update(np.rec.fromarrays(columns).tobytes())
        else:
            for row in block:
                found.update(repr([_plain(value) for value in row]).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def _plain(value: object) -> object:
    """A value of a row as both databases hold it."""
    if isinstance(value, str):
        return value.replace(NUL, IN_ITS_PLACE)
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return value + 0.0 if isinstance(value, float) else value


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let rows that come number themselves after those that are there; SQLite does so by itself."""
    column = table.autoincrement_column
    if connection.dialect.name == "postgresql" and column is not None:
        newest = connection.execute(select(func.max(column))).scalar()
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :newest, :used)")
        about = {"table": f'"{table.name}"', "column": column.name, "newest": newest or 1, "used": newest is not None}
        connection.execute(sequence, about)
