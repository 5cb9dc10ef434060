"""Layouts met in the field: each reading comes out with its tag, time and value, and each cell is accounted for."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import duplicates, readers, rename
from wss.quantities import Flag

WIDE = ImportProfile(
    name="wide",
    files="*.csv",
    layout="wide",
    delimiter=";",
    decimal=",",
    time_column="Data",
    time_format="%d/%m/%Y %H:%M",
    header=("names", "units", "descriptions"),
    quality_suffix=".Q",
    other_columns=("Rec*",),
)
LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag")


def read(text: str, profile: ImportProfile = WIDE, name: str = "x.csv", **changes) -> readers.Parsed:
    return readers.read(text.encode(), name, profile.model_copy(update=changes))


def rows(parsed: readers.Parsed, *columns: str) -> list[list]:
    return sorted(parsed.readings[list(columns)].to_numpy().tolist())


HEAD = "Data;FT1;FT1.Q;LT1;Record;\n;L/s;;mca;;\nhora;caudal;;nível;;\n"


def test_wide_with_three_header_rows_and_quality_columns():
    parsed = read(HEAD + "01/03/2022 10:00;2,5;Good;1;77;\n01/03/2022 10:05;3;Uncertain;;78;\n01/03/2022 10:10;x;Bad;2;79;\n")
    assert rows(parsed, "tag", "line", "value", "flag") == [
        ["FT1", 4, 2.5, Flag.GOOD],
        ["FT1", 5, 3.0, Flag.UNCERTAIN],
        ["LT1", 4, 1.0, Flag.GOOD],
        ["LT1", 6, 2.0, Flag.GOOD],
    ]
    assert parsed.readings.set_index(["tag", "line"])["unit"].loc["FT1"].tolist() == ["L/s", "L/s"]
    assert parsed.missing == 1
    assert parsed.quarantine.to_numpy().tolist() == [[6, "01/03/2022 10:10;x", "column FT1: the value is not a number"]]


def test_empty_cells_at_the_ends_of_a_header_are_cells_where_tabs_part_them_too():
    text = HEAD + "01/03/2022 10:00;2,5;Good;1;77;\n" + HEAD
    by_tab = read(text.replace(";", "\t"), delimiter="tab")
    pd.testing.assert_frame_equal(by_tab.readings, read(text).readings)
    assert dict(zip(by_tab.readings["tag"], by_tab.readings["unit"], strict=True)) == {"FT1": "L/s", "LT1": "mca"}
    assert by_tab.quarantine.empty


def test_a_wide_row_without_a_time_loses_no_reading():
    parsed = read(HEAD + "soon;1;Good;2;;\nsoon;;;;;\n01/03/2022 10:05;1\n")
    assert parsed.quarantine["line"].tolist() == [4, 4, 6]
    assert parsed.quarantine["reason"].str.slice(0, 11).tolist() == ["column FT1:", "column LT1:", "2 columns i"]
    assert parsed.missing == 2


def test_columns_without_a_name_and_of_one_name():
    parsed = read("Data;A;;A;B\n01/03/2022 10:00;1;2;3;4\n", header=("names",))
    assert rows(parsed, "tag", "value") == [["B", 4.0]]
    assert sorted(parsed.quarantine["reason"]) == [
        "column : the column has no name",
        *["column A: the header has this column twice"] * 2,
    ]


def test_lines_before_the_header_comments_footers_and_the_header_again():
    text = (
        "Plant export\nfrom;to;by\n\n# made by hand\n"
        + HEAD
        + "01/03/2022 10:00;1;Good;;;\n\n"
        + HEAD
        + "01/03/2022 10:05;2;Good;;;\nTotal;3;;;;\n"
    )
    parsed = read(text, comments=("#", "Total"))
    assert rows(parsed, "tag", "line", "value") == [["FT1", 8, 1.0], ["FT1", 13, 2.0]]
    assert (parsed.missing, len(parsed.quarantine)) == (2, 0)


SECTIONS = (
    "# all\n[Header]\nsite 7\n[FT1]\ntime   value\n2022-03-01T10:00:00   1\n2022-03-01T10:05:00 \t 2\n"
    "[LT1]\ntime value\n2022-03-01T10:00:00 3\n"
)


def test_sections_with_blanks_between_columns():
    profile = ImportProfile(
        name="s",
        files="*",
        layout="long",
        section_pattern=r"\[(?P<tag>.+)\]",
        skip_sections=("Head*",),
        comments=("#",),
        delimiter="spaces",
    )
    parsed = read(SECTIONS, profile)
    assert rows(parsed, "tag", "line", "value") == [["FT1", 6, 1.0], ["FT1", 7, 2.0], ["LT1", 10, 3.0]]
    assert parsed.quarantine.empty
    early = read("time value\n2022-03-01T10:00:00 1\n" + SECTIONS, profile)
    assert early.quarantine.to_numpy().tolist() == [[2, "2022-03-01T10:00:00 1", "the row has no tag"]]


def test_two_stamp_columns_and_a_file_without_a_header():
    profile = ImportProfile(
        name="d",
        files="*",
        layout="one_file_a_tag",
        tag_pattern=r"(?P<tag>.+)\.csv",
        delimiter="tab",
        columns=("day", "clock", "n", "value"),
        date_column="day",
        time_column="clock",
        skip_lines=2,
        time_format="%d.%m.%Y %H:%M:%S",
        time_zone="+01:00",
    )
    parsed = read("some\nwords\n01.03.2022\t01:00:00\t1\t5\n01.03.2022\t 24:00:00\t2\t6\n", profile, "LT1.csv")
    assert rows(parsed, "tag", "line", "time", "value") == [
        ["LT1", 3, pd.Timestamp("2022-03-01T00:00"), 5.0],
        ["LT1", 4, pd.Timestamp("2022-03-01T23:00"), 6.0],
    ]


@pytest.mark.parametrize(
    ("policy", "values", "refused"), [("last", [1, 2, 2, 5], 0), ("first", [2, 2, 1, 5], 0), ("quarantine", [5], 3)]
)
def test_duplicates(policy, values, refused):
    """Of one file the last row of a tag and time counts, so the policy `first` brings the first row last."""
    text = "time,tag,value\n" + "".join(f"2022-03-01T10:00:00,A,{v}\n" for v in (1, 2, 2)) + "2022-03-01T10:05:00,A,5\n"
    parsed = read(text, LONG, duplicates=policy)
    assert parsed.readings["value"].tolist() == values
    assert len(parsed.quarantine) == refused


def test_rows_that_agree_are_no_contradiction():
    text = "time,tag,value\n" + "2022-03-01T10:00:00,A,1\n" * 3
    assert read(text, LONG, duplicates="quarantine").readings["value"].tolist() == [1, 1, 1]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=12),
    st.sampled_from(["first", "quarantine"]),
    st.sampled_from([None, 1, 60]),
)
def test_no_policy_loses_a_row(cells, policy, size):
    """Nor where the file is read in blocks."""
    text = "time,tag,value\n" + "".join(f"2022-03-01T10:0{minute}:00,T{tag},{value}\n" for minute, tag, value in cells)
    if size is None:
        blocks = [read(text, LONG, duplicates=policy)]
    else:
        blocks = list(readers.blocks(text.encode(), "x.csv", LONG.model_copy(update={"duplicates": policy}), size=size))
    readings = pd.concat([block.readings.astype({"tag": "str"}) for block in blocks])
    refused = [line for block in blocks for line in block.quarantine["line"]]
    assert sorted([*readings["line"], *refused]) == list(range(2, len(cells) + 2))
    last = readings.groupby(["tag", "time"], observed=True)["value"].last()
    for tag in {tag for _, tag, _ in cells}:
        for minute in {m for m, t, _ in cells if t == tag}:
            values = [v for m, t, v in cells if (m, t) == (minute, tag)]
            key = (f"T{tag}", pd.Timestamp(f"2022-03-01T10:0{minute}"))
            if policy == "first":
                assert last[key] == values[0]
            else:
                assert (key in last) == (len(set(values)) == 1)


def test_one_second_is_one_time():
    """As in the store: what differs by a part of a second only is one reading."""
    text = "time,tag,value\n2022-03-01T10:00:00.2,A,1\n2022-03-01T10:00:00.7,A,2\n"
    refused = read(text, LONG, duplicates="quarantine", time_format="ISO8601").quarantine
    assert refused["reason"].tolist() == [duplicates.REASON] * 2
    assert read(text, LONG, duplicates="first", time_format="ISO8601").readings["value"].tolist() == [2, 1]


SENSORS = pd.DataFrame(
    [(1, "FT1", "flow", "P", "m3/h", 0), (2, "LT1", "level", "T", "m", 0)],
    columns=["sensor_id", "tag", "quantity", "item", "unit", "valid_from"],
)


@pytest.mark.parametrize(
    ("unit", "words", "stored"),
    [
        ("m3/h", {}, 1),
        ("M³/H", {}, 1),
        ("cmh", {}, 1),
        ("", {}, 1),
        ("-", {}, 1),
        ("L/s", {}, 0),
        ("caudal", {}, 0),
        ("caudal", {"CAUDAL": "m3/h"}, 1),
        ("m", {}, 0),
    ],
)
def test_a_unit_that_contradicts_the_sensors_is_quarantined(unit, words, stored):
    parsed = read(f"Data;FT1;LT1\n;{unit};m\n01/03/2022 10:00;1;2\n", header=("names", "units"), unit_words=words)
    out = rename.to_sensors(parsed.readings, SENSORS, {})
    assert sorted(out.readings["sensor_id"]) == [1, 2][1 - stored :]
    assert len(out.quarantine) == 1 - stored
    if not stored:
        assert out.quarantine["line"].item() == 3
        assert f"tag FT1: the file says {unit}, sensors.yml m3/h" in out.quarantine["reason"].item()


def test_a_unit_column_of_a_long_file():
    text = "time,tag,value,unit\n2022-03-01T10:00:00,FT1,1,m3/h\n2022-03-01T10:05:00,FT1,1,l/s\n2022-03-01T10:00:00,X,1,l/s\n"
    out = rename.to_sensors(read(text, LONG, unit_column="unit").readings, SENSORS, {})
    assert out.readings["time"].tolist() == [1646128800]
    assert (out.quarantine["line"].tolist(), out.set_aside["line"].tolist()) == ([3], [4])


def test_a_row_of_units_of_one_file_a_tag():
    profile = ImportProfile(
        name="o", files="*", layout="one_file_a_tag", tag_pattern=r"(?P<tag>.+)\.csv", header=("names", "units")
    )
    parsed = read("time,value\n,bar\n2022-03-01T10:00:00,1\n", profile, "LT1.csv")
    assert parsed.readings["unit"].tolist() == ["bar"]
    assert len(rename.to_sensors(parsed.readings, SENSORS, {}).quarantine) == 1


def test_what_is_too_large_to_be_read_at_once_comes_in_blocks(monkeypatch):
    data = ("time,tag,value\n" + "2022-03-01T10:00:00,A,1\n" * 100).encode()
    monkeypatch.setattr(readers, "LARGEST_BODY", 1000)
    with pytest.raises(DataError, match="split it at a line"):
        readers.read(data, "x.csv", LONG)
    assert sum(len(block.readings) for block in readers.blocks(data, "x.csv", LONG, size=900)) == 100


def test_a_file_whose_columns_are_mostly_wrong_is_refused_as_a_whole():
    text = "time,tag,value\n" + "2022-03-01T10:00:00,A\n" * 150_000
    with pytest.raises(DataError, match="most lines do not have the 3 columns of the header; the first is line 2 with 2"):
        read(text, LONG)
    text = "time,tag,value\n" + "yesterday,A,1\n" * 100_001
    with pytest.raises(DataError, match="100,001 of 100,001 readings cannot be read"):
        read(text, LONG)
    assert len(read("time,tag,value\n" + "2022-03-01T10:00:00,A\n" * 2000, LONG).quarantine) == 2000


CELL = st.sampled_from(["", "1", "2,5", "x", "NaN", '"3"', " 4 "])
STAMP = st.sampled_from(["01/03/2022 10:00", "31/02/2022 10:00", "", "01/03/1970 10:00"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(st.just(""), st.tuples(STAMP, CELL, CELL, CELL).map(";".join), st.text("a1;,\"'\t", max_size=8)), max_size=10
    )
)
def test_every_cell_of_a_wide_file_is_accounted_for(lines):
    parsed = read("Data;A;B;C\n" + "".join(line + "\n" for line in lines), header=("names",), quality_suffix=None)
    found = pd.concat([parsed.readings["line"], parsed.quarantine["line"]]).value_counts()
    shaped = [n for n, line in enumerate(lines, start=2) if line.count(";") == 3 and '"' not in line]
    assert all(found.get(n, 0) <= 3 for n in shaped)
    if not any('"' in line for line in lines):
        others = [n for n, line in enumerate(lines, start=2) if line.strip() and line.count(";") != 3]
        assert sum(found.get(n, 0) for n in shaped) + parsed.missing == 3 * len(shaped)
        assert [found.get(n, 0) for n in others] == [1] * len(others)
