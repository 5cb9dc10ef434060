"""What an import profile refuses, and what it says then."""

import pytest
from pydantic import ValidationError

from wss.config import ImportProfile

LONG = {"name": "x", "files": "*.csv", "layout": "long", "tag_column": "tag"}


def said(**changes) -> str:
    with pytest.raises(ValidationError) as caught:
        ImportProfile(**{**LONG, **changes})
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tag_column": None}, "layout long needs tag_column"),
        ({"layout": "one_file_a_tag"}, "needs tag_pattern with a group"),
        ({"layout": "wide"}, "tag_column means nothing in layout wide"),
        ({"quality_suffix": ".Q"}, "quality_suffix means nothing in layout long"),
        ({"section_pattern": "x"}, "section_pattern needs a group"),
        ({"skip_sections": ["a"]}, "skip_sections needs section_pattern"),
        ({"header": ["units"]}, "one row of the header must hold the names"),
        ({"header": ["names", "names"]}, "one row of the header must hold the names"),
        ({"columns": ["time", "value"]}, "columns lacks tag"),
        ({"columns": ["time", "value", "tag", "tag"]}, "columns has a name twice"),
        ({"delimiter": " "}, "write delimiter: spaces"),
        ({"delimiter": ";;"}, "';;' is no delimiter"),
        ({"delimiter": "§"}, "'§' is no delimiter"),
        ({"delimiter": "."}, "delimiter and decimal are both '.'"),
        ({"thousands": "."}, "thousands and decimal are both '.'"),
        ({"thousands": ",", "quote": "none"}, "thousands and delimiter are both ','"),
        ({"time_format": "%H:%M"}, "has no whole date"),
        ({"time_format": "%Q"}, "is no strptime format"),
        ({"time_format": "%d/%m/%Y", "other_time_formats": ["%m/%d/%Y"]}, "'%m/%d/%Y' too, but differently"),
        ({"time_format": "epoch_s", "other_time_formats": ["excel"]}, "a number can be only one of"),
        ({"time_zone": "+15:00"}, "there is no time zone '+15:00'"),
        ({"time_zone": "+0100"}, "there is no time zone '+0100'"),
        ({"good_quality": ["bad"]}, "Bad stands in good_quality and in bad_quality"),
        ({"good_quality": ["60-200"]}, "overlap at code"),
        ({"states": {"nan": 1}}, "'nan' stands in missing and in states"),
        ({"unit_words": {"foo": "bar2"}}, "foo means 'bar2', which is no unit"),
    ],
)
def test_refused(changes, words):
    assert words in said(**changes)


def test_all_faults_at_once():
    found = said(tag_column=None, thousands=".", time_format="%H")
    assert ("tag_column" in found, "thousands" in found, "%H" in found) == (True, True, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"thousands": ","},
        {"delimiter": "tab"},
        {"delimiter": "\t"},
        {"delimiter": "|"},
        {"time_zone": "-03:30"},
        {"time_format": "%d/%m/%Y %H:%M:%S", "other_time_formats": ["%d/%m/%Y %H:%M", "ISO8601", "epoch_ms"]},
        {"good_quality": ["0"]},
        {"tag_column": None, "section_pattern": r"\[(?P<tag>.+)\]"},
        {"unit_words": {"m c.a.": "mH2O"}, "unit_column": "unit"},
    ],
)
def test_accepted(changes):
    assert ImportProfile(**{**LONG, **changes}).name == "x"
