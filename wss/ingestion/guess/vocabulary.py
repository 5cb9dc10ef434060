"""What the cells of a sample may mean: numbers and their marks, words for missing, states, qualities, units."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wss import units
from wss.ingestion.guess.word_tables import MISSING, QUALITY, QUALITY_HEADS, STATES

NUMBER = re.compile(r"[+-]?(?:\d[\d.,'’ \u00a0\u202f\u2009]*\d|\d|\d+[.,]|[.,]\d+)(?:[eE][+-]?\d+)?")
OPC = frozenset(str(n) for n in (*range(0, 32), *range(64, 96), *range(192, 220)))


def is_number(cell: str) -> bool:
    """Whether a cell looks like a number, whatever its marks."""
    return bool(NUMBER.fullmatch(cell))


def is_missing(cell: str) -> bool:
    """Whether a cell looks like a word for no reading."""
    return cell.casefold() in MISSING or not any(c.isalnum() for c in cell)


def value_share(cells: Sequence[str]) -> float:
    """Share of the filled cells that may be readings: numbers, states, and some words for missing; of none 0."""
    there = [cell for cell in cells if cell]
    like = sum(is_number(cell) or cell.casefold() in STATES or is_missing(cell) for cell in there)
    return like / len(there) if there else 0.0


@dataclass(frozen=True)
class Marks:
    """Decimal mark and mark between thousands."""

    decimal: str
    thousands: str | None
    why: str
    doubt: str


def marks(cells: Iterable[str]) -> Marks:
    """Marks of numbers, from their look: of 1.234,5 both, of 12,5 one; 1,234 alone leaves a doubt."""
    seen: Counter = Counter()
    example: dict[str, str] = {}
    for cell in cells:
        if not is_number(cell):
            continue
        for found in _signs(cell.lstrip("+-").partition("e")[0].partition("E")[0]):
            seen[found] += 1
            example.setdefault(found, cell)
    points, commas = seen["decimal ."], seen["decimal ,"]
    decimal = "," if commas > points else "."
    other = "." if decimal == "," else ","
    thousands = next((mark for mark in (other, " ", "'") if seen[f"thousands {mark}"]), None)
    doubt, either = "", seen[f"either {other}"]
    if either and thousands is None and not (commas or points):
        decimal, other = other, decimal
        doubt = f"{either:,} numbers like {example[f'either {decimal}']} may have a mark between thousands instead"
    elif either and thousands is None:
        thousands = other
    count, instead = seen[f"decimal {decimal}"], seen[f"decimal {other}"]
    why = f"{count:,} numbers like {example[f'decimal {decimal}']}" if count else "no number has a decimal mark that tells"
    why += f", {instead:,} like {example[f'decimal {other}']}" if instead else ""
    if instead:
        doubt = f"{instead:,} numbers have the other decimal mark, as {example[f'decimal {other}']}; they are quarantined"
    if thousands:
        key = f"thousands {thousands}" if seen[f"thousands {thousands}"] else f"either {thousands}"
        why += f"; {seen[key]:,} with groups of three digits like {example[key]}"
    return Marks(decimal, thousands, why, doubt)


def _signs(number: str) -> Iterable[str]:
    """What one number says about its marks."""
    for blank in "\u00a0\u202f\u2009":
        number = number.replace(blank, " ")
    number = number.replace("’", "'")
    yield from (f"thousands {mark}" for mark in (" ", "'") if re.match(rf"\d{{1,3}}(?:{mark}\d{{3}})+(?:\D|$)", number))
    bare = number.replace(" ", "").replace("'", "")
    if "." in bare and "," in bare:
        last = max(bare.rfind("."), bare.rfind(","))
        yield f"decimal {bare[last]}"
        yield f"thousands {'.' if bare[last] == ',' else ','}"
        return
    for mark in ".,":
        if bare.count(mark) > 1:
            yield f"thousands {mark}"
        elif mark in bare:
            whole, _, part = bare.partition(mark)
            grouped = len(part) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
            yield f"either {mark}" if grouped else f"decimal {mark}"


@dataclass(frozen=True)
class Words:
    """Words among the readings."""

    missing: tuple[str, ...]
    states: dict[str, float]
    unknown: tuple[str, ...]
    """Words of which nobody knows what they mean."""
    count: Counter


def words(cells: Iterable[str]) -> Words:
    """Words among the readings that are no numbers: for missing, for states, and others; each as it is first written."""
    count: Counter = Counter()
    spelling: dict[str, str] = {}
    for cell in cells:
        if not is_number(cell):
            folded = cell.casefold()
            spelling.setdefault(folded, cell)
            count[folded] += 1
    missing = [spelling[w] for w in count if is_missing(w)]
    states = {spelling[w]: float(STATES[w]) for w in count if w in STATES and not is_missing(w)}
    unknown = [spelling[w] for w, n in count.most_common() if w not in STATES and not is_missing(w)]
    return Words(tuple(missing), states, tuple(unknown), count)


def is_quality(name: str, cells: Sequence[str]) -> bool:
    """Whether a column holds qualities, by its words, or by its name where the words are few."""
    there = Counter(cell.casefold() for cell in cells if cell)
    known = {word for listed in QUALITY.values() for word in listed}
    if not there or len(there) > 30:
        return False
    if all(word in known and not word.isdigit() for word in there):
        return True
    codes = all(word in OPC for word in there)
    named = bool(QUALITY_HEADS.fullmatch(name) or QUALITY_HEADS.fullmatch(re.split(r"[._ :/-]", name)[-1]))
    if codes and (named or "192" in there):
        return True
    few = len(there) <= 12 and len(there) < max(2, sum(there.values()))
    return named and (few or sum(there.values()) < 5) and not any("." in w or "," in w for w in there if is_number(w))


def qualities(cells: Iterable[str]) -> tuple[dict[str, list[str]], str]:
    """Words of a quality column by what they mean (good, uncertain, bad), without codes that OPC defines; and a doubt."""
    count = Counter(cell for cell in cells if cell)
    found: dict[str, list[str]] = {"good": [], "uncertain": [], "bad": []}
    meaning = {word: key for key, listed in QUALITY.items() for word in listed}
    strange = []
    opc = any(word == "192" for word in count)
    for word, _ in count.most_common():
        folded = word.casefold()
        if folded.isdigit() and (opc or folded in OPC - {"0", "1"}):
            continue
        key = meaning.get(folded)
        if key:
            found[key].append(word)
        else:
            strange.append(word)
    if not strange:
        return found, ""
    if not found["good"] and not opc:
        found["good"].append(strange.pop(0))
        doubt = f"the commonest, {found['good'][0]!r}, is taken for good"
        return found, doubt + (f"; {', '.join(map(repr, strange[:5]))} are taken for bad" if strange else "")
    return found, f"{', '.join(map(repr, strange[:5]))} {'is' if len(strange) == 1 else 'are'} not known and so taken for bad"


def is_unit_row(cells: Sequence[str]) -> bool:
    """Whether most filled cells are units."""
    there = [cell.strip("[]() ") for cell in cells if cell.strip("[]()- ")]
    return bool(there) and sum(units.known(cell) and not cell.isdigit() for cell in there) > 0.6 * len(there)
