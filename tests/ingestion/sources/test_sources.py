"""A kind of file is one word in a registry: who reads, samples or waits for a file asks there, in a wrapper too."""

import gzip
import io
import json

import pytest

from wss.config import ImportProfile
from wss.errors import DataError
from wss.ingestion import readers, sources
from wss.ingestion.guess import guess
from wss.ingestion.sources.kind import SAMPLE, Kind, of_cells
from wss.steps.intake.look import look

LONG = ImportProfile(name="long", files="*.csv", layout="long", tag_column="tag", delimiter=";", quote="'")
TEXT = b"time;tag;value\n2022-03-01T00:00:00;A;1\n"
ROWS = [["time", "tag", "value"], *([f"2022-03-01T{hour:02}:00:00", "Tank\t1 A", f"{hour}.5"] for hour in range(24))]
CELLS = b"cells:" + json.dumps(ROWS).encode()


def rows(data):
    return json.loads(data.removeprefix(b"cells:"))


def ends_in_a_bracket(file, size):
    file.seek(size - 1)
    return file.read() == b"]"


KIND = Kind(
    endings=(".cells",),
    magic=b"cells:",
    not_one="the file has no cells",
    is_whole=ends_in_a_bracket,
    cut="does not end in a bracket",
    text=lambda data, name, profile: of_cells(rows(data), profile),
    sample=lambda file, name: of_cells(rows(file.read()), LONG).lines,
)


@pytest.fixture
def of_cells_too(monkeypatch):
    """One more kind of file, which has cells of its own."""
    monkeypatch.setattr(sources, "KINDS", (KIND, *sources.KINDS))


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
def test_one_more_kind_is_read_and_its_cells_need_no_delimiter(of_cells_too, pack):
    parsed = readers.read(pack(CELLS), "a.cells", LONG)
    assert parsed.readings["value"].tolist() == [hour + 0.5 for hour in range(24)]
    assert parsed.readings["tag"].cat.categories.tolist() == ["Tank 1 A"]
    assert parsed.readings["line"].tolist() == list(range(2, 26))
    assert len(parsed.quarantine) == 0


@pytest.mark.parametrize(("name", "pack"), [("a_20220301.cells", lambda data: data), ("a_20220301.cells.gz", gzip.compress)])
def test_a_profile_is_guessed_of_one_more_kind(of_cells_too, name, pack):
    found = guess(pack(CELLS), name)
    assert (found.profile.files, found.profile.tag_column) == ("a_*.cells", "tag")
    assert readers.is_for(name, found.profile)
    assert len(readers.read(pack(CELLS), name, found.profile).readings) == 24


def test_its_own_rule_says_whether_it_is_whole(of_cells_too, tmp_path):
    whole, cut = tmp_path / "a.cells", tmp_path / "b.cells"
    whole.write_bytes(CELLS)
    cut.write_bytes(CELLS[:-2])
    now = cut.stat().st_mtime
    assert [f.state for f in look(tmp_path, now + 61, 60)] == ["ready", "waiting"]
    assert look(tmp_path, now + 601, 60)[1].reason.startswith("the file does not end in a bracket, and it did not change for 60")


def test_contents_that_are_not_what_the_name_says_are_refused(of_cells_too):
    with pytest.raises(DataError, match="a.cells: the file has no cells"):
        readers.read(TEXT, "a.cells", LONG)
    with pytest.raises(DataError, match="a.cells.gz: the file has no cells"):
        readers.read(gzip.compress(TEXT), "a.cells.gz", LONG)


def test_a_wrapper_in_a_wrapper_is_not_opened():
    with pytest.raises(DataError, match="no column 'time'"):
        readers.read(gzip.compress(gzip.compress(TEXT)), "a.csv.gz.gz", LONG)


@pytest.mark.parametrize(
    ("file", "fits"), [("a.csv", True), ("a.csv.gz", True), ("a.CSV", False), ("a.gz", False), ("a.csv.zip", False)]
)
def test_a_profile_is_for_names_with_the_ending_of_a_wrapper_too(file, fits):
    assert readers.is_for(file, LONG) is fits


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_sample_is_cut_between_lines(encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    data = (mark + "".join(f"{n};\u0a0a\u0a00\n" for n in range(600_000))).encode(encoding)
    sample = sources.sample(io.BytesIO(data), "a.csv")
    assert len(sample) <= 2 * SAMPLE < len(data)
    lines = sample.decode("utf-16" if mark else encoding).removesuffix("\n").split("\n")
    assert (lines[0], lines[-1]) == ("0;\u0a0a\u0a00", "599999;\u0a0a\u0a00")
    assert all(line.endswith(";\u0a0a\u0a00") for line in lines[:-1])
