"""What the columns of a sample hold: which rows are the header, which layout it is, which column is which."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from wss import units
from wss.ingestion.guess import vocabulary
from wss.ingestion.guess.dialect import Shape
from wss.ingestion.guess.word_tables import RECORD_HEADS, TAG_HEADS, UNIT_HEADS, VALUE_HEADS


@dataclass(frozen=True)
class Columns:
    """Layout and roles of the columns."""

    layout: str
    why: str
    names: list[str]
    """Names of all columns."""
    header: range
    """Which lines are the header; empty where there is none."""
    rows: tuple[str, ...]
    """What each row of the header holds."""
    values: list[int]
    """Columns with readings."""
    tag: int | None = None
    quality: int | None = None
    suffix: str | None = None
    qualities: list[int] = field(default_factory=list)
    """Columns with qualities."""
    unit: int | None = None
    others: list[int] = field(default_factory=list)
    """Wide: columns that hold no readings."""
    doubts: tuple[tuple[str, str], ...] = ()
    """Keys of the profile that are in doubt, and why."""

    def value_cells(self, found: Shape) -> list[str]:
        """Filled cells that hold readings."""
        return [cell for at in self.values for row in found.rows if (cell := found.cells[row][at])]


def columns(found: Shape, tags: Collection[str], sectioned: bool = False, tag_in_name: bool = False) -> Columns:
    """Roles of the columns of a shape.

    Parameters
    ----------
    tags
        Tags that are known already.
    sectioned
        Whether section lines name the tags.
    tag_in_name
        Whether the file's name holds one of them.
    """
    header, rows, names = _header(found, set(tags))
    start = Columns("wide", "", names, header, rows, [])
    times = {at for at, _ in found.times}
    left = [at for at in range(found.width) if at not in times]
    cells = {at: found.column(at) for at in left}
    filled = [at for at in left if any(cells[at])]
    quality = [at for at in filled if vocabulary.is_quality(names[at], cells[at])]
    unit = next((at for at in filled if at not in quality and _is_unit(names[at], cells[at])), None)
    plain = [at for at in filled if at not in quality and at != unit]
    values = [at for at in plain if vocabulary.value_share(cells[at]) >= 0.5 and not _is_record(names[at], cells[at])]
    if not values:  # states, or words for missing only
        values = [at for at in quality if vocabulary.value_share(cells[at]) >= 0.5][:1]
        quality = [at for at in quality if at not in values]
    texts = [at for at in plain if at not in values and vocabulary.value_share(cells[at]) < 0.5]
    tag, doubt = (None, "") if sectioned else _tag(found, names, texts, values, cells, set(tags))
    doubts = [("tag_column", doubt)] if doubt else []
    if tag is not None or sectioned or len(values) == 1 and _is_alone(names, values, quality, set(tags), tag_in_name):
        values = [at for at in values if at != tag]
        value, doubt = _value(names, values, cells)
        doubts += [("value_column", doubt)] if doubt else []
        layout = "long" if tag is not None or sectioned else "one_file_a_tag"
        why = (
            "sections name the tags"
            if sectioned
            else "one column with readings, and none with tags"
            if tag is None
            else f"column {names[tag]!r} holds tags: {len(set(cells[tag])):,} at {len(set(found.stamps())):,} different times"
        )
        near = [at for at in quality if at > (value or 0)] or quality
        return replace(
            start,
            layout=layout,
            why=why,
            values=[] if value is None else [value],
            tag=tag,
            quality=near[0] if near else None,
            qualities=near[:1],
            unit=unit,
            doubts=tuple(doubts),
        )
    return _wide(start, left, values, quality, tuple(doubts))


def _header(found: Shape, tags: set[str]) -> tuple[range, tuple[str, ...], list[str]]:
    """Lines of the header right above the first row, what each holds, and the names of the columns."""
    first = found.first
    start = first
    while start > 0 and first - start < 3 and len(found.cells[start - 1]) == found.width and _may_be_header(found, start - 1):
        start -= 1
    remarks = [n for n in range(start, first - 1) if found.lines[n][1].lstrip()[0] in "#!%*"]
    lines = list(range(remarks[-1] + 1 if remarks else start, first))
    if not lines:
        return range(first, first), (), _named(found)
    kinds = {n: _kind(found, n, tags) for n in lines}
    known = [n for n in lines if tags & set(found.cells[n])]
    names = next(iter(known or [n for n in lines if kinds[n] == "names"] or [n for n in lines if kinds[n] != "units"] or lines))
    rows = [
        "names" if n == names else "units" if kinds[n] == "units" else "descriptions" if n > names else "other" for n in lines
    ]
    while rows[0] == "other":  # what stands above the names need not be told
        rows.pop(0)
        lines.pop(0)
    return range(lines[0], first), tuple(rows), list(found.cells[names])


def _named(found: Shape) -> list[str]:
    names = [f"column {n + 1}" for n in range(found.width)]
    for at, kind in found.times:
        names[at] = "date" if kind == "date" else "time"
    return names


def _may_be_header(found: Shape, n: int) -> bool:
    """Whether a line has words, and no numbers but as names of columns."""
    there = [cell for cell in found.cells[n] if cell]
    numbers = sum(vocabulary.is_number(cell) for cell in there)
    return bool(there) and numbers < 0.5 * len(there) and found.lines[n][1].strip()[:1] != "["


def _kind(found: Shape, n: int, tags: set[str]) -> str:
    cells = [cell for at, cell in enumerate(found.cells[n]) if at not in {at for at, _ in found.times}]
    there = [cell for cell in cells if cell]
    if vocabulary.is_unit_row(cells) and not tags & set(there):
        return "units"
    return "names" if len(set(there)) == len(there) and len(there) >= 0.5 * len(cells) else "descriptions"


def _is_unit(name: str, cells: Sequence[str]) -> bool:
    there = {cell for cell in cells if cell}
    known = bool(there) and all(units.known(cell) and not vocabulary.is_number(cell) for cell in there)
    return (
        known
        and len(there) < max(2, 0.5 * len(cells))
        or bool(
            UNIT_HEADS.fullmatch(name)
            and there
            and not any(vocabulary.is_number(cell) and cell != "1" for cell in there)
            and len(there) < 30
        )
    )


def _is_record(name: str, cells: Sequence[str]) -> bool:
    """Whether a column counts the rows."""
    if not RECORD_HEADS.fullmatch(name) or not all(cell.isdigit() for cell in cells) or len(cells) < 3:
        return False
    numbers = [int(cell) for cell in cells]
    ones = sum(b - a == 1 for a, b in zip(numbers, numbers[1:], strict=False))
    return ones > 0.9 * (len(numbers) - 1)


def _tag(
    found: Shape, names: list[str], texts: list[int], values: list[int], cells: dict[int, list[str]], tags: set[str]
) -> tuple[int | None, str]:
    """Column with the tags, and a doubt about it."""
    stamps = found.stamps()
    repeat = len(set(stamps)) < len(stamps)
    full = [at for at in texts if sum(map(bool, cells[at])) > 0.9 * len(stamps)]
    known = [at for at in full if tags & set(cells[at])]
    named = [at for at in full if TAG_HEADS.fullmatch(names[at].strip("#"))]
    if known or named:
        return (known or sorted(named, key=lambda at: -_apart(stamps, cells[at])))[0], ""
    wide = len(values) > 1
    if full and (repeat or not wide) and (values or not wide):
        best = max(full, key=lambda at: (_apart(stamps, cells[at]), -at))
        if repeat or len(set(cells[best])) < len(stamps):
            return best, "" if len(full) == 1 and repeat else f"of the columns with words {names[best]!r} parts the times best"
    numbered = [at for at in values if TAG_HEADS.fullmatch(names[at])] or values
    if len(values) > 1 and len(set(stamps)) < 0.7 * len(stamps):
        ids = [
            at
            for at in numbered
            if all(cell.isdigit() for cell in cells[at])
            and _apart(stamps, cells[at]) == len(stamps)
            and len(set(cells[at])) < 0.6 * len(stamps)
        ]
        if ids:
            best = min(ids, key=lambda at: len(set(cells[at])))
            return best, f"the numbers of {names[best]!r} are taken for tags, because each has every time once"
    return None, ""


def _apart(stamps: list[str], cells: list[str]) -> int:
    """How many pairs of time and tag there are."""
    return len(set(zip(stamps, cells, strict=True)))


def _value(names: list[str], values: list[int], cells: dict[int, list[str]]) -> tuple[int | None, str]:
    """Column with the readings, and a doubt about it."""
    if len(values) <= 1:
        return (values[0], "") if values else (None, "no column has numbers")
    named = [at for at in values if VALUE_HEADS.fullmatch(names[at])]
    best = (named or sorted(values, key=lambda at: -len(set(cells[at]))))[0]
    others = ", ".join(repr(names[at]) for at in values if at != best)
    return best, "" if len(named) == 1 else f"{others} {'has' if len(values) == 2 else 'have'} numbers too"


def _is_alone(names: list[str], values: list[int], quality: list[int], tags: set[str], tag_in_name: bool) -> bool:
    """Whether the only column with readings is the reading and not named for a tag."""
    name = names[values[0]]
    general = bool(VALUE_HEADS.fullmatch(name)) or name.startswith("column ") or units.known(name)
    own = any(names[at].startswith(name) and names[at] != name for at in quality)
    return name not in tags and (general or tag_in_name and not own)


def _wide(start: Columns, left: list[int], values: list[int], quality: list[int], doubts: tuple) -> Columns:
    names, suffix, qualities = start.names, None, []
    of_value = {names[at] for at in values if names[at]}
    found = Counter(
        names[at][len(name) :] for at in quality for name in of_value if names[at].startswith(name) and len(names[at]) > len(name)
    )
    if found:
        suffix = max(found, key=lambda s: (found[s], len(s)))
        qualities = [at for at in quality if names[at].endswith(suffix) and names[at].removesuffix(suffix) in of_value]
    others = [at for at in left if at not in values and at not in qualities and names[at]]
    why = f"{len(values):,} columns with readings, and none with tags"
    if len(values) == 1:
        doubts = (
            *doubts,
            (
                "layout",
                f"the only column {names[values[0]]!r} is taken for a tag; if the file's name has the tag, it is one_file_a_tag",
            ),
        )
    if others:
        shown = ", ".join(repr(names[at]) for at in others[:5])
        doubts = (*doubts, ("other_columns", f"{shown} hold no readings here"))
    return replace(start, layout="wide", why=why, values=values, suffix=suffix, qualities=qualities, others=others, doubts=doubts)
