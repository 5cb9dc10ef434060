"""The text of EPANET input files: found, decoded, and parted into lines and words as EPANET does."""

from pathlib import Path

import pytest

from wss import network_file
from wss.errors import NotFoundError


def words(line: str) -> list[str]:
    (found,) = network_file.lines(line)
    return found.words


def test_a_path_is_seen_from_the_folder_or_leads_into_a_package(tmp_path):
    assert network_file.find("a/b.inp", tmp_path) == tmp_path / "a/b.inp"
    net3 = network_file.find("package:wntr/library/networks/Net3.inp", tmp_path)
    assert "[PUMPS]" in network_file.read(net3)
    assert not network_file.find("package:wntr/no.inp", tmp_path).exists()


@pytest.mark.parametrize(
    "named", ["package:no_such_package/a.inp", "package:/a.inp", "package:__main__/a", "package:wntr/../a.inp"]
)
def test_what_is_in_no_package_is_said(named, tmp_path):
    with pytest.raises(NotFoundError, match="package"):
        network_file.find(named, tmp_path)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xef\xbb\xbfcaf\xc3\xa9\r\n", "café\n"),
        (b"caf\xe9 \x85 \x80\n", "café … €\n"),
        (b"caf\xe9 \x81\n", "café \x81\n"),
        (b"a\rb\r\n", "a\rb\n"),
    ],
)
def test_encodings_of_epanet_for_windows(raw, text, tmp_path):
    (tmp_path / "a.inp").write_bytes(raw)
    assert network_file.read(tmp_path / "a.inp") == text


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\r", "…"])
def test_only_a_line_feed_ends_a_line(mark):
    text = f"[PUMPS]\n P1 R S ;main{mark}pump\r\n P2 R S\n"
    assert [(line.number, line.words) for line in network_file.lines(text)] == [
        (1, []),
        (2, ["P1", "R", "S"]),
        (3, ["P2", "R", "S"]),
    ]
    assert [line.text for line in network_file.lines(text)] == ["[PUMPS]", f" P1 R S ;main{mark}pump", " P2 R S"]


def test_words_are_parted_where_epanet_parts_them():
    assert words('\tP1 "a b" c"d "" x;y "z') == ["P1", "a b", 'c"d', "", "x"]
    assert words("P\u00a01 P\x0c2\rP3") == ["P\u00a01", "P\x0c2", "P3"]
    assert words('a "open end') == ["a", "open end"]
    assert words("; nothing") == []


@pytest.mark.parametrize("text", ["P1", "a b", "", 'c"d', "é…"])
def test_a_word_is_read_as_it_was_written(text):
    assert words(f"x {network_file.word(text)} y") == ["x", text, "y"]


def test_sections_by_their_first_four_letters():
    text = "loose\n[junctions]\n J1 10\n [PUMP] ;c\n P1 R J1\n\n[JUNC]\n J2 5 ;far\n[END]\nrest"
    found = {section: [(line.number, line.words) for line in lines] for section, lines in network_file.rows(text).items()}
    assert found == {
        "": [(1, ["loose"])],
        "JUNC": [(3, ["J1", "10"]), (8, ["J2", "5"])],
        "PUMP": [(5, ["P1", "R", "J1"])],
        "END": [(10, ["rest"])],
    }


def test_a_file_of_a_folder_that_is_not_there_is_an_oserror(tmp_path):
    with pytest.raises(OSError, match=r"no\.inp"):
        network_file.read(Path(tmp_path, "no.inp"))
