"""Compressed files: the same readings as uncompressed ones; cut, damaged and monstrous ones are refused in words."""

import gzip
import os
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers
from wss.ingestion.sources import gz, kind
from wss.steps.intake.look import look

LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag")
TEXT = b"time,tag,value\n" + b"".join(b"2022-03-01T00:%02d:00,A,%d\n" % (n, n) for n in range(60))
NOW = 1_700_000_000.0


def test_the_same_readings():
    plain, packed = (readers.read(data, name, LONG) for data, name in ((TEXT, "a.csv"), (gzip.compress(TEXT), "a.csv.gz")))
    assert plain.readings.equals(packed.readings)
    assert readers.read(gzip.compress(TEXT), "a.csv", LONG).readings.equals(plain.readings)


def test_the_tag_is_in_the_name_without_gz():
    one = ImportProfile(name="one", files="*.csv", layout="one_file_a_tag", tag_pattern=r"(?P<tag>.+)\.csv")
    assert readers.tag_in_name("FT1.csv.gz", one) == "FT1"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 20))
def test_several_members_and_padding(parts, padding):
    data = b"".join(gzip.compress(part) for part in parts) + b"\0" * padding
    assert gz.expand(data, "x.gz") == b"".join(parts)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, len(gzip.compress(TEXT)) - 1))
def test_a_cut_file_is_refused(length):
    data = gzip.compress(TEXT)[:length]
    with pytest.raises(DataError, match="cut"):
        gz.expand(data, "x.gz")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_contents_or_refused(data):
    with pytest.raises(DataError, match="cut|damaged"):
        gz.expand(gz.MAGIC + data, "x.gz")


def test_a_damaged_check_sum_is_found():
    data = bytearray(gzip.compress(TEXT))
    data[-6] ^= 1
    with pytest.raises(DataError, match="damaged"):
        gz.expand(bytes(data), "x.gz")


def test_a_bomb_is_refused_before_it_fills_the_memory():
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(60)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(DataError, match="far more than an export does"):
        gz.expand(bomb, "x.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * kind.FREE_BYTES


def test_a_name_that_says_compressed_and_is_not():
    with pytest.raises(DataError, match="not compressed as its name says"):
        readers.read(TEXT, "a.csv.gz", LONG)


@pytest.mark.parametrize(
    ("data", "age_s", "state"),
    [
        (gzip.compress(TEXT), 61, "ready"),
        (gzip.compress(TEXT.rstrip()), 61, "ready"),
        (gzip.compress(TEXT)[:-1], 61, "waiting"),
        (gzip.compress(TEXT)[:-1], 601, "incomplete"),
        (b"", 601, "incomplete"),
        (TEXT, 601, "incomplete"),
        (gzip.compress(TEXT) * 2, 61, "ready"),
    ],
)
def test_a_compressed_file_is_complete_where_its_stream_ends(tmp_path, data, age_s, state):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(data)
    os.utime(path, (NOW - age_s, NOW - age_s))
    changed = path.stat().st_mtime_ns
    about = os.stat_result((*path.stat()[:9], changed // 10**9))
    assert about.st_mtime == NOW - age_s
    assert look(tmp_path, NOW, 60)[0].state == state
