"""YAML keeps what was written and the line where it was written; what could harm is refused."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wss.config.lines import DEEPEST, LARGEST_BYTES, read_yaml

SCALARS = st.none() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8)
KEYS = st.text("abc_1", min_size=1, max_size=3)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4))
def test_what_yaml_wrote_is_read_back(tree):
    found = read_yaml("a.yml", yaml.safe_dump(tree, allow_unicode=True))
    assert (found.data, found.faults) == (tree, ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", "010"),
        ("10", 10),
        ("-3", -3),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("07:00", "07:00"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", "true"),
        ("2022-07-25", "2022-07-25"),
        ("=", "="),
        ("", None),
        ("~", None),
        ("null", None),
        ('"10"', "10"),
        ('""', ""),
        ('"null"', "null"),
        ("'~'", "~"),
        ("<<", "<<"),
    ],
)
def test_scalar_stays_as_written(text, value):
    assert read_yaml("a.yml", f"key: {text}").data == {"key": value}


def test_keys_are_text():
    assert read_yaml("a.yml", "10: a\non: b\n1.10: c").data == {"10": "a", "on": "b", "1.10": "c"}


def test_line_of_every_key_and_entry():
    found = read_yaml("a.yml", "# head\nzones:\n  - name: a\n    tanks:\n      - T1\n      - T2\n  - name: b\nlast: 1\n")
    assert found.at("zones", 0, "tanks", 1) == "a.yml:6 zones[0].tanks[1]"
    assert found.at("zones", 1) == "a.yml:7 zones[1]"
    assert found.at("last") == "a.yml:8 last"
    assert found.at("zones", 1, "title") == "a.yml:7 zones[1].title"  # absent: the line of what should hold it
    assert found.at() == "a.yml:1"


def test_every_doubled_key_is_found():
    faults = read_yaml("a.yml", "a: 1\nb: {c: 1, c: 2}\na: 3\n").faults
    assert faults == (
        "a.yml:2 b.c: the key stands twice, first on line 2; keep one",
        "a.yml:3 a: the key stands twice, first on line 1; keep one",
    )


def test_bomb_of_aliases_is_refused_at_its_first_alias():
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    found = read_yaml("a.yml", bomb)
    assert (found.data, found.faults) == (None, ("a.yml:2: aliases (*a) are not allowed; write the value out",))


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000], ids=["lists", "mappings", "dashes"])
def test_deep_nesting_is_refused(text):
    assert read_yaml("a.yml", text).faults == (f"a.yml:1: nested deeper than {DEEPEST} levels; look at the brackets",)


def test_huge_file_is_refused_before_it_is_parsed():
    assert "larger than 5 MB" in read_yaml("a.yml", "a" * (LARGEST_BYTES + 1)).faults[0]


@pytest.mark.parametrize("text", ["a: !!python/object/apply:os.system [echo]", "a: !include b.yml", "!!set {a}"])
def test_tags_are_refused(text):
    assert "is not allowed; write the plain value" in read_yaml("a.yml", text).faults[0]


def test_list_for_a_key_is_refused():
    found = read_yaml("a.yml", "? [a, b]\n: 1\n")
    assert found.faults == ("a.yml:1: a list or mapping stands where a key should; write `key: value`",)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60))
def test_any_text_gives_data_or_a_fault_with_its_line(text):
    found = read_yaml("a.yml", text)
    assert found.data is None or not found.faults or found.faults[0].startswith("a.yml:")
    assert all(fault.startswith("a.yml:") for fault in found.faults)


def test_empty_file_has_no_data_and_no_fault():
    assert (read_yaml("a.yml", "# nothing\n").data, read_yaml("a.yml", "").faults) == (None, ())
