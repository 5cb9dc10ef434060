"""What the words in the cells mean: numbers as plants write them, states, quality codes, times."""

import pandas as pd
import pytest

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers
from wss.quantities import Flag

LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag", quality_column="quality", delimiter=";")


def read(*rows: str, **changes) -> readers.Parsed:
    text = "".join(f"{row}\n" for row in ("time;tag;value;quality", *rows))
    return readers.read(text.encode(), "x.csv", LONG.model_copy(update=changes))


def value(text: str, **changes) -> float | str:
    """Value of a cell, `missing`, or `refused`."""
    parsed = read(f"2022-03-01T00:00:00;A;{text};Good", **changes)
    return "missing" if parsed.missing else "refused" if len(parsed.quarantine) else parsed.readings["value"].item()


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("-1.234.567", {"decimal": ",", "thousands": "."}, -1234567),
        ("1.23", {"decimal": ",", "thousands": "."}, "refused"),
        ("12.34,5", {"decimal": ",", "thousands": "."}, "refused"),
        ("1.234", {"decimal": ","}, "refused"),
        ("1,5", {}, "refused"),
        ("234,5", {"decimal": ",", "thousands": "."}, 234.5),
        ("1 234.5", {"thousands": " "}, 1234.5),
        ("1\u00a0234.5", {"thousands": " "}, 1234.5),
        ("1\u202f234", {"thousands": " "}, 1234),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("1’234.5", {"thousands": "'"}, 1234.5),
        ("1,234", {"thousands": ","}, 1234),
        ("1,23", {"thousands": ","}, "refused"),
        ("1,,234", {"thousands": ","}, "refused"),
        ("0,001", {"decimal": ","}, 0.001),
        ("1e3", {}, 1000),
        ("+.5", {}, 0.5),
        ("5.", {}, 5),
        (" 7 ", {}, 7),
        ("1_000", {}, "refused"),
        ("0x10", {}, "refused"),
        ("Infinity", {}, "refused"),
        ("True", {}, "refused"),
        ("١٢", {}, "refused"),
        ("1 2", {}, "refused"),
        ("", {}, "missing"),
        ("nan", {}, "missing"),
        ("BAD INPUT", {}, "missing"),
        ("No data", {}, "missing"),
        ("--", {}, "refused"),
        ("--", {"missing": ("--",)}, "missing"),
        ("", {"missing": ("--",)}, "refused"),
        ("On", {"states": {"ON": 1, "off": 0}}, 1),
        ("OFF", {"states": {"ON": 1, "off": 0}}, 0),
        ("3,5", {"states": {"a": 1}, "decimal": ","}, 3.5),
        ("maybe", {"states": {"ON": 1}}, "refused"),
        ("1.5", {"states": {"1.5": 9}, "decimal": ","}, 9),
    ],
)
def test_values(text, changes, expected):
    assert value(text, **changes) == expected
    assert value(text, **changes | {"missing": (*changes.get("missing", LONG.missing), "zzz")}) == expected


def test_one_odd_cell_does_not_change_the_others():
    parsed = read(*(f"2022-03-01T00:0{n}:00;A;{text};Good" for n, text in enumerate(["1", "x", "2.5", "1e400", "-0"])))
    assert parsed.readings["value"].tolist() == [1, 2.5, 0]
    assert parsed.quarantine["line"].tolist() == [3, 5]


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        ("Good", 0),
        ("GOOD", 0),
        (" good ", 0),
        ("OK", 0),
        ("192", 0),
        ("219", 0),
        ("220", Flag.SCADA_BAD),
        ("64", Flag.UNCERTAIN),
        ("191", Flag.UNCERTAIN),
        ("uncertain", Flag.UNCERTAIN),
        ("63", Flag.SCADA_BAD),
        ("0", Flag.SCADA_BAD),
        ("Bad", Flag.SCADA_BAD),
        ("", Flag.SCADA_BAD),
        ("strange", Flag.SCADA_BAD),
        ("192.5", Flag.SCADA_BAD),
        ("٦٤", Flag.SCADA_BAD),
        ("9" * 5000, Flag.SCADA_BAD),
    ],
)
def test_quality(word, flag):
    assert read(f"2022-03-01T00:00:00;A;1;{word}").readings["flag"].tolist() == [flag]


def test_a_word_goes_before_a_span():
    found = read(*(f"2022-03-01T00:0{n}:00;A;1;{n}" for n in range(3)), good_quality=("0", "Good"), uncertain_quality=("2",))
    assert found.readings["flag"].tolist() == [Flag.GOOD, Flag.SCADA_BAD, Flag.UNCERTAIN]


@pytest.mark.parametrize(
    ("form", "stamp", "utc"),
    [
        ("epoch_ms", "1646092800500", "2022-03-01T00:00:00.5"),
        ("epoch_s", "1646092800", "2022-03-01"),
        ("excel", "44621.0034722222", "2022-03-01T00:05"),
        ("excel", "44621", "2022-03-01"),
        ("%d/%m/%Y %H:%M:%S", "28/02/2022 24:00:00", "2022-03-01"),
        ("%d/%m/%Y %H:%M", "28/02/2022 24:00", "2022-03-01"),
        ("ISO8601", "2022-02-28T24:00:00Z", "2022-03-01"),
        ("ISO8601", "2022-02-28 24:00:00.000+01:00", "2022-02-28T23:00"),
        ("ISO8601", "2022-02-28T13:24:00", "2022-02-28T13:24"),
        ("%H:%M:%S %d/%m/%Y", "3:24:00 28/02/2022", "2022-02-28T03:24"),
        ("%d/%b/%Y:%H:%M:%S", "28/Feb/2022:24:00:00", "2022-03-01"),
        ("%d/%m/%Y %I:%M:%S %p", "01/03/2022 12:05:00 AM", "2022-03-01T00:05"),
        ("%d-%b-%y %H:%M", "01-Mar-22 00:05", "2022-03-01T00:05"),
    ],
)
def test_times(form, stamp, utc):
    parsed = read(f"{stamp};A;1;Good", time_format=form)
    assert parsed.readings["time"].tolist() == [pd.Timestamp(utc)]


@pytest.mark.parametrize(
    ("form", "stamp", "said"),
    [
        ("%d/%m/%Y %H:%M", "28/02/2022 24:05", "does not have the format"),
        ("%d/%m/%Y %H:%M", "28/02/2022 25:00", "does not have the format"),
        ("epoch_ms", "soon", "is not a number of milliseconds"),
        ("epoch_s", "1e300", "is not a number of seconds"),
        ("excel", "1e9", "is not a number of days"),
        ("excel", "nan", "is not a number of days"),
        ("epoch_s", "-5", "before 1990"),
    ],
)
def test_what_is_no_time(form, stamp, said):
    parsed = read(f"{stamp};A;1;Good", time_format=form)
    assert said in parsed.quarantine["reason"].item()


def test_formats_are_tried_in_order():
    formats = {"time_format": "%d/%m/%Y %H:%M:%S", "other_time_formats": ("%d/%m/%Y %H:%M", "ISO8601", "epoch_s")}
    stamps = ("01/03/2022 00:00:00", "01/03/2022 00:05", "2022-03-01T00:10Z", "1646093700", "x")
    parsed = read(*(f"{stamp};A;1;Good" for stamp in stamps), **formats)
    assert parsed.readings["time"].tolist() == pd.date_range("2022-03-01", periods=4, freq="5min").tolist()
    assert "none of the formats %d/%m/%Y %H:%M:%S, %d/%m/%Y %H:%M, ISO8601, epoch_s" in parsed.quarantine["reason"].item()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(encoding):
    data = "time;tag;value;quality\n2022-03-01T00:00:00;Água;1;Good\n".encode(encoding)
    parsed = readers.read(data, "x.csv", LONG.model_copy(update={"encoding": encoding}))
    assert parsed.readings["tag"].tolist() == ["Água"]


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        ("time;tag".encode("utf-16"), "utf-8-sig", "the file is utf-16, as its byte order mark says, and not utf-8-sig"),
        ("time;tag".encode("utf-8-sig"), "latin-1", "the file is utf-8, as its byte order mark says, and not latin-1"),
        ("time;tag;value;quality".encode("utf-16-be"), "utf-8", "or the encoding \\(utf-8\\)"),
    ],
)
def test_another_encoding_is_told(data, encoding, said):
    with pytest.raises(DataError, match=said):
        readers.read(data, "x.csv", LONG.model_copy(update={"encoding": encoding}))


def test_a_byte_that_is_not_of_the_encoding_costs_its_row_alone():
    data = b"time;tag;value;quality\n2022-03-01T00:00:00;\xc1gua;1;Good\n2022-03-01T00:00:00;B;1;Good\n"
    parsed = readers.read(data, "x.csv", LONG)
    assert parsed.readings["tag"].tolist() == ["B"]
    assert "bytes that are not utf-8-sig" in parsed.quarantine["reason"].item()
