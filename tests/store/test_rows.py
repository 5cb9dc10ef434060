"""Many rows at once: what goes in comes out, however long the runs, in whatever blocks a file is written."""

import numpy as np
import pandas as pd
import pytest

from wss.store import IntakeFile, ledger
from wss.store.rows import ROWS_A_STATEMENT, fetch, fetch_numbers, insert_frame
from wss.store.schema import reading, reading_old

KINDS = {"sensor_id": "int64", "time": "int64", "value": "float64", "flag": "int64", "file_id": "int64"}
NOTHING = pd.DataFrame(columns=["line", "tag", "time", "text", "reason"])


def rows(lengths: list[int], seed: int = 0) -> pd.DataFrame:
    """Runs of so many readings of the sensors 1, 2, ... with values that no decimal number of 15 digits holds."""
    chance, n = np.random.default_rng(seed), sum(lengths)
    return pd.DataFrame(
        {
            "sensor_id": np.repeat(np.arange(1, len(lengths) + 1), lengths),
            "time": 2**32 + 60 * np.arange(n),
            "value": chance.normal(0, 1e3, n),
            "flag": chance.integers(0, 3, n),
            "file_id": 2**31 - 1,
        }
    )


@pytest.mark.parametrize(
    "lengths",
    [[1], [0, 2, 0, 1], [ROWS_A_STATEMENT], [ROWS_A_STATEMENT - 1, ROWS_A_STATEMENT + 1, 1], [3 * ROWS_A_STATEMENT + 5, 7, 250]],
)
def test_rows_come_back_bit_by_bit(store, lengths):
    given = rows(lengths)
    with store._database.write() as connection:
        insert_frame(connection, reading, given)
        query = reading.select().order_by(reading.c.sensor_id, reading.c.time)
        for found in (fetch_numbers(connection, query, **KINDS), fetch(connection, query, **KINDS)):
            pd.testing.assert_frame_equal(found, given, check_exact=True)


@pytest.mark.parametrize("flag", [0, 4])
def test_what_is_the_same_in_all_rows_is_bound_once_and_stored_in_each(store, flag):
    given = rows([2 * ROWS_A_STATEMENT, 130]).assign(flag=flag, value=1.5)
    with store._database.write() as connection:
        insert_frame(connection, reading, given)
        found = fetch_numbers(connection, reading.select().order_by(reading.c.time), **KINDS)
    pd.testing.assert_frame_equal(found, given)


def test_no_rows_are_no_rows(store):
    with store._database.write() as connection:
        insert_frame(connection, reading, rows([]))
        found = fetch_numbers(connection, reading.select(), **KINDS)
    assert found.empty
    assert found.dtypes.astype(str).to_dict() == KINDS


def test_missing_numbers_are_null_and_keep_their_place(store):
    given = rows([3, 2]).assign(known_at=5, replaced_at=6, withdrawn_at=[np.nan, 2.0**33, np.nan, np.nan, 7.0])
    with store._database.write() as connection:
        insert_frame(connection, reading_old, given)
        names = [reading_old.c[name] for name in ("value", "withdrawn_at")]
        found = connection.execute(reading_old.select().with_only_columns(*names).order_by(reading_old.c.old_id)).all()
    expected = zip(given["value"], [None, 2**33, None, None, 7], strict=True)
    assert [tuple(row) for row in found] == list(expected)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_file_says_the_same_in_blocks_of_any_size(store, monkeypatch, size):
    monkeypatch.setattr(ledger, "BLOCK", size)
    ids = sorted(store.sensors()["sensor_id"])
    said = [(1, 0, 1.0), (0, 60, 2.0), (1, 60, 3.0), (0, 0, 4.0), (0, 60, 5.0), (1, 0, 1.0), (0, 120, 6.0), (0, 60, 5.0)]
    later = [(0, 60, 7.0), (1, 60, 3.0), (1, 0, 8.0), (0, 180, 9.0)]
    for k, readings in enumerate((said, later)):
        frame = pd.DataFrame(readings, columns=["sensor_id", "time", "value"]).assign(flag=0)
        frame["sensor_id"] = [ids[i] for i in frame["sensor_id"]]
        file = IntakeFile(f"{k}", f"{k}", pd.Timestamp(3600 * (k + 1), unit="s"))
        counts = store.write_file(file, frame, 0, NOTHING, NOTHING)
        assert (counts.stored, counts.duplicate, counts.corrected) == ((5, 2, 1) if k == 0 else (1, 1, 2))
    found = store.readings_of(ids, 0, 3600)
    assert found[["sensor_id", "time", "value"]].to_numpy().tolist() == [
        [ids[0], 0, 4.0],
        [ids[0], 60, 7.0],
        [ids[0], 120, 6.0],
        [ids[0], 180, 9.0],
        [ids[1], 0, 8.0],
        [ids[1], 60, 3.0],
    ]


def test_a_read_of_some_items_leaves_the_others_out(store, give):
    give("2022-03-01T01:00", {"2022-03-01T00:15": 1.0})
    give("2022-03-01T01:00", {"2022-03-01T00:15": 7.0}, tag="F")
    day = pd.Timestamp("2022-03-01"), pd.Timestamp("2022-03-02")
    assert store.read(["level", "flow"], *day, items=["P"])["value"].tolist() == [7.0]
    assert store.read(["level"], *day, items=["P"]).empty
    assert store.read(["level", "flow"], *day, items=["P", "T"])["value"].tolist() == [7.0, 1.0]
