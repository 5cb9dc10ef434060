"""Every line of a file is read, counted as missing, or quarantined with its reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers
from wss.quantities import Flag

LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag", quality_column="quality")
ONE = ImportProfile(
    name="one",
    files="*.csv",
    layout="one_file_a_tag",
    tag_pattern=r"(?P<tag>.+)_\d+\.csv",
    delimiter=";",
    decimal=",",
    time_column="Data",
    value_column="Valor",
    time_format="%d/%m/%Y %H:%M:%S",
    encoding="latin-1",
)
HEAD = "time,tag,value,quality\n"


def long(text: str, **changes) -> readers.Parsed:
    return readers.read((HEAD + text).encode(), "x.csv", LONG.model_copy(update=changes))


def test_a_long_file():
    parsed = long("2022-03-01T00:00:00,A,1.5,GOOD\n2022-03-01T00:00:00, B ,-2e1,bad\n2022-03-01T00:05:00,A,Bad Input,bad\n")
    assert parsed.readings["tag"].tolist() == ["A", "B"]
    assert parsed.readings["line"].tolist() == [2, 3]
    assert parsed.readings["value"].tolist() == [1.5, -20.0]
    assert parsed.readings["flag"].tolist() == [Flag.GOOD, Flag.SCADA_BAD]
    assert parsed.readings["time"].tolist() == [pd.Timestamp("2022-03-01")] * 2
    assert parsed.missing == 1
    assert parsed.quarantine.empty


def test_one_file_a_tag_with_decimal_comma_in_latin_1():
    parsed = readers.read(
        "Data;Notas é;Valor\r\n01/03/2022 10:00:00;ç;2,5\r\n01/03/2022 10:05:00;;2.5\r\n".encode("latin-1"),
        "NÍVEL_20220301.csv",
        ONE,
    )
    assert parsed.readings["tag"].tolist() == ["NÍVEL"]
    assert parsed.readings["value"].tolist() == [2.5]
    assert parsed.readings["time"].tolist() == [pd.Timestamp("2022-03-01T10:00")]
    assert parsed.quarantine.to_numpy().tolist() == [[3, "01/03/2022 10:05:00;;2.5", "the value is not a number"]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2022-03-01T00:00:00,A,12a,GOOD", "the value is not a number"),
        ("2022-03-01T00:00:00,A,inf,GOOD", "the value is not a number"),
        ("2022-03-01T00:00:00,A,1.5", "3 columns instead of 4"),
        ("2022-03-01T00:00:00,A,1,5,GOOD", "5 columns instead of 4"),
        ("2022-02-30T00:00:00,A,1,GOOD", "the time does not have the format %Y-%m-%dT%H:%M:%S"),
        ("yesterday,A,1,GOOD", "the time does not have the format %Y-%m-%dT%H:%M:%S"),
        ("1970-01-01T00:00:00,A,1,GOOD", "the time is before 1990"),
        ("2022-03-01T00:00:00, ,1,GOOD", "the row has no tag"),
        (f"2022-03-01T00:00:00,{'A' * 201},1,GOOD", "the tag is longer than 200 characters"),
        (",,,", "the row has no tag"),
        ('"2022-03-01T00:00:00,A,1,GOOD', "the time does not have the format %Y-%m-%dT%H:%M:%S"),
    ],
)
def test_a_row_that_cannot_be_read_is_quarantined_alone(row, reason):
    parsed = long(f"2022-03-01T00:00:00,A,1,GOOD\n\n{row}\n2022-03-01T00:10:00,A,2,GOOD\n")
    assert parsed.readings["line"].tolist() == [2, 5]
    assert parsed.quarantine.to_numpy().tolist() == [[4, row, reason]]


def test_a_reading_from_the_future_points_at_the_time_zone():
    data = (HEAD + "2022-03-01T12:00:00,A,1,GOOD\n2022-03-01T12:00:01,A,1,GOOD\n").encode()
    parsed = readers.read(data, "x.csv", LONG, delivered=pd.Timestamp("2022-03-01T11:00"))
    assert parsed.readings["line"].tolist() == [2]
    assert "time zone of the profile" in parsed.quarantine["reason"].item()


def test_quoted_cells():
    parsed = long('"2022-03-01T00:00:00","A,1","1.5","GOOD"\n')
    assert parsed.readings[["tag", "value"]].to_numpy().tolist() == [["A,1", 1.5]]


@pytest.mark.parametrize(
    ("form", "stamp"),
    [
        ("ISO8601", "2022-03-01T01:00:00+01:00"),
        ("ISO8601", "2022-03-01 00:00Z"),
        ("ISO8601", "2022-03-01T02:00"),
        ("epoch_s", "1646092800"),
        ("epoch_s", "1646092800.0"),
        ("%d.%m.%y %H:%M", "01.03.22 02:00"),
        ("%Y-%m-%d %H:%M %z", "2022-02-28 19:00 -0500"),
    ],
)
def test_time_formats(form, stamp):
    parsed = long(f"{stamp},A,1,GOOD\n", time_format=form, time_zone="+02:00")
    assert parsed.readings["time"].tolist() == [pd.Timestamp("2022-03-01")]


@pytest.mark.parametrize(
    ("data", "name", "profile", "said"),
    [
        (
            b"time,tag,val,quality\n",
            "x.csv",
            LONG,
            "x.csv line 1: no column 'value'; the header is 'time', 'tag', 'val', 'quality'",
        ),
        (b"time,tag,value,value,quality\n", "x.csv", LONG, "more than one column 'value'"),
        (
            b"time;tag;value;quality\n",
            "x.csv",
            LONG,
            "the columns, the delimiter \\(','\\) or the encoding \\(utf-8-sig\\) in the profile long",
        ),
        (b"\n1,2\n", "x.csv", LONG, "x.csv line 2: no column 'time', 'value', 'tag', 'quality'; the header is '1', '2'"),
        (b" \n", "x.csv", LONG, "the file is empty"),
        (b"", "x.csv", LONG, "the file is empty"),
        (b"Data;Valor\n", "x.csv", ONE, "the name holds no tag as tag_pattern"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(data, name, profile, said):
    with pytest.raises(DataError, match=said):
        readers.read(data, name, profile)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings(encoding):
    profile = LONG.model_copy(update={"encoding": encoding})
    parsed = readers.read((HEAD + "2022-03-01T00:00:00,Água,1,GOOD\n").encode(encoding), "x.csv", profile)
    assert parsed.readings["tag"].tolist() == ["Água"]


def test_a_file_with_a_header_only_has_no_rows():
    parsed = long("")
    assert (len(parsed.readings), parsed.missing, len(parsed.quarantine)) == (0, 0, 0)


CELL = st.text(st.characters(exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", codec="utf-8"), max_size=6)
ROW = st.one_of(
    st.lists(CELL, max_size=6).map(",".join),
    st.tuples(
        *map(
            st.sampled_from,
            (
                ["2022-03-01T00:00:00", "2022-13-01T00:00:00", ""],
                ["A", "B", ""],
                ["1", "1.5", "", "NaN", "x", "1e999", '"2"', '"3'],
                ["GOOD", "64", ""],
            ),
        )
    ).map(",".join),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, max_size=12))
def test_every_line_is_accounted_for(rows):
    parsed = long("".join(row + "\n" for row in rows))
    filled = [number for number, row in enumerate(rows, start=2) if row.strip()]
    assert len(parsed.readings) + parsed.missing + len(parsed.quarantine) == len(filled)
    assert set(parsed.readings["line"]) | set(parsed.quarantine["line"]) <= set(filled)
    assert not set(parsed.readings["line"]) & set(parsed.quarantine["line"])
    assert np.isfinite(parsed.readings["value"]).all()
    assert (parsed.quarantine["reason"].str.len() > 0).all()
