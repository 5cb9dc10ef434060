"""Whatever the bytes are: readings or a refusal in words, every line accounted for, and never much memory."""

import gzip
import random
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers

LONG = ImportProfile(name="long", files="*", layout="long", tag_column="tag", quality_column="quality", time_zone="Europe/Rome")
PROFILES = {
    "long": LONG,
    "wide": ImportProfile(name="wide", files="*", layout="wide", header=("names", "units"), quality_suffix=".Q"),
    "sections": ImportProfile(
        name="s",
        files="*",
        layout="long",
        section_pattern=r"\[(?P<tag>.+)\]",
        delimiter="spaces",
        comments=("#",),
        skip_sections=("x*",),
    ),
    "utf-16": LONG.model_copy(update={"encoding": "utf-16"}),
    "duplicates": LONG.model_copy(update={"duplicates": "quarantine", "thousands": " ", "states": {"ON": 1.0}}),
    "no header": LONG.model_copy(update={"columns": ("time", "tag", "value", "quality"), "quote": "none"}),
}
HEAD, ROW = b"time,tag,value,quality\n", b"2022-03-01T00:00:00,A,1,GOOD\n"
CONTENTS = {
    "NUL": HEAD + ROW + bytes(10_000) + b"\n" + ROW,
    "a huge field": HEAD + ROW + b"x" * 3_000_000 + b"\n" + ROW,
    "a huge number": HEAD + b"2022-03-01T00:00:00,A," + b"1" * 500_000 + b",GOOD\n",
    "many columns": b"time,tag,value,quality," + b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + ROW,
    "a wide row": HEAD + ROW + b"," * 500_000 + b"\n" + ROW,
    "a quote never closed": HEAD + b'"' + ROW * 2000,
    "quotes": HEAD + b'"' * 100_001 + b"\n" + ROW,
    "blank lines": HEAD + b"\n" * 100_000 + ROW,
    "returns": HEAD + ROW.replace(b"\n", b"\r") * 3 + b"\r" * 10_000,
    "binary": random.Random(1).randbytes(200_000),
    "binary rows": HEAD + random.Random(2).randbytes(200_000),
    "sections": b"[A]\ntime value\n" + b"".join(b"[t%d]\n2022-03-01T00:00:00 1\n" % n for n in range(2000)),
    "tags": HEAD + b"".join(b"2022-10-30T02:30:00,T%d,1,GOOD\n" % n for n in range(2000)),
    "half of UTF-16": (HEAD + ROW).decode().encode("utf-16") + b"\0",
    "a mark alone": b"\xef\xbb\xbf",
    "nothing": b"",
    "gz of nothing": gzip.compress(b""),
    "no gz": b"\x1f\x8b" + bytes(100),
    "gz of columns": gzip.compress(b"time,a\n,\n" + b"," * 2_000_000),
}


def outcome(data: bytes, profile: ImportProfile) -> readers.Parsed | str:
    """What is read, or why nothing is."""
    try:
        return readers.read(data, "x.csv", profile)
    except DataError as error:
        return str(error)


@pytest.mark.parametrize("contents", CONTENTS)
@pytest.mark.parametrize("profile", PROFILES)
def test_readings_or_a_refusal_in_words(contents, profile):
    parsed = outcome(CONTENTS[contents], PROFILES[profile])
    if isinstance(parsed, str):
        assert parsed.startswith("x.csv")
        assert len(parsed) < 2000
        return
    assert (parsed.quarantine["reason"].str.len() > 0).all()
    assert (parsed.quarantine["text"].str.len() <= 500).all()
    if PROFILES[profile].layout == "long":
        assert parsed.readings["line"].is_unique
        assert not set(parsed.readings["line"]) & set(parsed.quarantine["line"])


@pytest.mark.parametrize(
    ("contents", "kept"),
    [
        ("NUL", 2),
        ("a huge field", 2),
        ("a wide row", 2),
        ("a quote never closed", 1999),
        ("quotes", 1),
        ("blank lines", 1),
        ("returns", 3),
    ],
)
def test_what_is_wrong_costs_its_line_alone(contents, kept):
    parsed = readers.read(CONTENTS[contents], "x.csv", LONG)
    assert len(parsed.readings) == kept
    assert len(parsed.quarantine) == (contents not in ("blank lines", "returns"))


SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "2022-03-01T00:00:00,A,1,GOOD",
                    "",
                    "x",
                    '"',
                    "2022-03-01T00:00:00,A,,GOOD",
                    "a,b,c,d",
                    *(f"2022-03-01T00:00:00,A{mark}B,1,GOOD" for mark in SEPARATORS),
                ]
            ),
            st.sampled_from(["\n", "\r\n", "\r"]),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_lines_are_numbered_whatever_ends_them(lines, comments):
    lines = [(text or "x", end) for text, end in lines]  # CR, nothing and LF would be one line end
    text = HEAD.decode() + "".join(line + end for line, end in lines)
    parsed = readers.read(text.encode(), "x.csv", LONG.model_copy(update={"comments": ("#",) if comments else ()}))
    found = pd.concat([parsed.readings["line"], parsed.quarantine["line"]])
    numbers = {n for n, (line, _) in enumerate(lines, start=2) if ",," not in line}
    assert (set(found), len(found)) == (numbers, len(numbers))
    assert parsed.missing == len(lines) - len(numbers)


@pytest.mark.slow
def test_memory_stays_small():
    """A fresh process that reads each of these, one after the other, needs less than 512 MB."""
    code = """
import gzip, re, sys
from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers
LONG = ImportProfile(name="long", files="*", layout="long", tag_column="tag", quality_column="quality")
WIDE = ImportProfile(name="wide", files="*", layout="wide")
HEAD = b"time,tag,value,quality\\n"
for data in (HEAD + b"a\\n" * 1_500_000, HEAD + bytes(4_000_000), gzip.compress(HEAD + b"a,b\\n" * 7_000_000, 1),
             gzip.compress(b"time" + b",a" * 5000 + b"\\n" + (b"," * 5000 + b"\\n") * 5000, 1), HEAD + b"\\n" * 4_000_000,
             gzip.compress(bytes(100_000_000), 1)):
    for profile in (LONG, WIDE):
        try:
            readers.read(data, "x.csv", profile)
        except DataError:
            pass
sys.exit(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) > 512 * 1024)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
