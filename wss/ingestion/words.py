"""What the words in the cells of an export mean: numbers, states, no reading, quality."""

import re
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wss.config import ImportProfile
from wss.config.profile import CODES
from wss.quantities import Flag

NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
THOUSANDS = {" ": "[ \u00a0\u202f\u2009]", ".": "[.]", ",": ",", "'": "['\u2019]"}
"""Marks between groups of digits, as regular expressions; a blank may be a no-break or narrow one."""
NO_NUMBER = "no number"


def values(words: pa.Array, profile: ImportProfile) -> tuple[np.ndarray, np.ndarray]:
    """Values (cell,) [unit of the export], NaN where there is no number, and whether the export says that there is none."""
    words = pc.utf8_trim_whitespace(words)
    absent = _absent(words, profile)
    text = pc.if_else(absent, None, words)
    if profile.thousands is not None or profile.states or profile.decimal != ".":
        text = _plain(text, profile)
    try:
        value = text.cast(pa.float64())
    except pa.ArrowInvalid:
        value = pc.if_else(pc.match_substring_regex(text, NUMBER), text, None).cast(pa.float64())
    return value.to_numpy(zero_copy_only=False), absent.to_numpy(zero_copy_only=False)


def missing(words: pa.Array, profile: ImportProfile) -> np.ndarray:
    """(cell,) whether the export says that there is no reading [bool]."""
    return _absent(pc.utf8_trim_whitespace(words), profile).to_numpy(zero_copy_only=False)


def _absent(words: pa.Array, profile: ImportProfile) -> pa.Array:
    return pc.is_in(words, value_set=pa.array(_in_any_case(profile.missing), pa.string()))


@cache
def _in_any_case(words: tuple[str, ...]) -> list[str]:
    """Words as they are, in small and capital letters, and with a capital at the start of the first or of each."""
    return list({form for word in words for form in (word, word.lower(), word.upper(), word.capitalize(), word.title())})


def _plain(text: pa.Array, profile: ImportProfile) -> pa.Array:
    """Numbers with a decimal point and without marks between digits, numbers for states; NO_NUMBER where marks are not ours."""
    mark, decimal = profile.thousands, profile.decimal
    states = text
    if mark is not None:
        grouped = f"^[+-]?[0-9]{{1,3}}({THOUSANDS[mark]}[0-9]{{3}})+({re.escape(decimal)}[0-9]*)?$"
        text = pc.if_else(pc.match_substring_regex(text, grouped), pc.replace_substring_regex(text, THOUSANDS[mark], ""), text)
    if decimal != ".":
        pointed = pc.replace_substring(text, decimal, ".")
        text = pc.if_else(pc.match_substring(text, "."), NO_NUMBER, pointed)
    if profile.states:
        known = {word.casefold(): str(number) for word, number in profile.states.items()}
        at = pc.index_in(pc.utf8_lower(states), value_set=pa.array(list(known), pa.string()))
        text = pc.if_else(pc.is_valid(at), pa.array([*known.values()], pa.string()).take(at), text)
    return text


def quality(words: pa.Array, profile: ImportProfile) -> np.ndarray:
    """Flags (cell,) that the words of a quality column give [bits of Flag]; a word that the profile does not have is bad."""
    words = words.dictionary_encode()
    lists = {
        int(Flag.GOOD): profile.good_quality,
        int(Flag.UNCERTAIN): profile.uncertain_quality,
        int(Flag.SCADA_BAD): profile.bad_quality,
    }
    exact = {word.casefold(): flag for flag, listed in lists.items() for word in listed}
    spans = [
        (int(span[1]), int(span[2]), flag) for flag, listed in lists.items() for span in map(CODES.fullmatch, listed) if span
    ]
    flags = [_flag(word.strip().casefold(), exact, spans) for word in words.dictionary.to_pylist()]
    return np.array(flags, dtype="int64")[words.indices.to_numpy()]


def _flag(word: str, exact: dict[str, int], spans: list[tuple[int, int, int]]) -> int:
    if word in exact:
        return exact[word]
    code = int(word) if word.isascii() and word.isdigit() and len(word) < 10 else -1
    return next((flag for low, high, flag in spans if low <= code <= high), int(Flag.SCADA_BAD))
