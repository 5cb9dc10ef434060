"""Words exist in every language; moments and tariff spans are right on the days when the clock changes."""

import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wss import times
from wss.views import style
from wss.views.words import DAYS, LANGUAGES, WORDS, number, say


@pytest.mark.parametrize("key", WORDS)
def test_every_language_says_the_same(key):
    assert len(WORDS[key]) == len(LANGUAGES)
    fields = [sorted(f for _, f, _, _ in string.Formatter().parse(text) if f) for text in WORDS[key]]
    assert all(text.strip() for text in WORDS[key])
    assert fields[0] == fields[1]


def test_say_fills_in():
    assert say("interval", "pt", percent=90) == "intervalo de 90 %"
    assert all(len(days) == 7 for days in DAYS.values())


def test_numbers_are_written_as_people_write_them():
    assert number(-1234.56, ",.1f") == "−1,234.6"
    assert number(-1234.56, ",.1f", "pt") == "−1\u202f234,6"


def test_moment_is_local():
    assert style.moment(pd.Timestamp("2022-07-25T04:45"), "Europe/Rome") == "Mon 06:45"
    assert style.moment(pd.Timestamp("2022-12-25T04:45"), "Europe/Lisbon", "pt") == "dom 04:45"


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60))
def test_spans_give_the_values_back(values):
    time = times.grid(pd.Timestamp("2022-01-01"), pd.Timestamp("2022-01-01") + len(values) * times.HOUR, times.HOUR)
    found = style.spans(values, time, time[-1] + times.HOUR)
    rebuilt = np.concatenate([np.repeat(value, int((end - start) / times.HOUR)) for start, end, value in found])
    assert rebuilt.tolist() == values
    assert all(a[2] != b[2] and a[1] == b[0] for a, b in zip(found, found[1:], strict=False))


@pytest.mark.parametrize("date", ["2022-03-27", "2022-10-30", "2022-07-25"])
def test_tariff_spans_cover_everything_once(day, date):
    tariff = day.tariff
    start, end = times.local_day(date, tariff.time_zone)
    start = start - pd.Timedelta("7min")
    found = style.tariff_spans(tariff, start, end)
    assert found[0][0] == start
    assert found[-1][1] == end
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))
    assert {rank for *_, rank in found} <= {0.0, 0.5, 1.0}
