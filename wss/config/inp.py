"""What the checks must know of an EPANET input file: its elements, how links join nodes, the limits of its tanks."""

from dataclasses import dataclass, field

from wss.network_file import Line, rows
from wss.units import FOOT_M

US_UNITS = {"CFS", "GPM", "MGD", "IMGD", "AFD"}
NODES = {"JUNC": "junction", "RESE": "reservoir", "TANK": "tank"}
LINKS = {"PIPE": "pipe", "PUMP": "pump", "VALV": "valve"}
"""Kinds of elements by the first four letters of their section, which is all that EPANET looks at."""


@dataclass(frozen=True)
class Link:
    """A pipe, pump or valve."""

    kind: str
    start: str
    end: str
    line: int
    closed: bool
    """Whether it is closed for good: it starts so, is no pump, and no control or rule names it."""


@dataclass(frozen=True)
class Outline:
    """Elements of a network by id."""

    nodes: dict[str, str] = field(default_factory=dict)
    """Kind of each node: junction, reservoir or tank."""
    links: dict[str, Link] = field(default_factory=dict)
    """Every pipe, pump and valve."""
    tanks: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Lowest and highest level of each tank. [m]"""
    lines: dict[str, int] = field(default_factory=dict)
    """Line of each node in the file."""
    faults: tuple[str, ...] = ()
    """Rows that cannot be read."""

    def of_kind(self, kind: str) -> list[str]:
        """Ids of the pumps, valves, ... in the file's order."""
        return [i for i, k in self.nodes.items() if k == kind] + [i for i, link in self.links.items() if link.kind == kind]

    def kinds(self, id_: str) -> set[str]:
        """Kinds of the elements with an id: none, one, or two, as a node and a link may share it."""
        link = {self.links[id_].kind} if id_ in self.links else set()
        return link | ({self.nodes[id_]} if id_ in self.nodes else set())


def outline(text: str, file: str = "network.inp") -> Outline:
    """Outline of the EPANET input file `text`; never raises: rows that it cannot read stand in `faults`."""
    sections = rows(text)
    length = _length_m(sections)
    found = Outline()
    faults: list[str] = []
    for section, kind in NODES.items():
        for line in sections.get(section, []):
            row = line.words
            found.nodes[row[0]] = kind
            found.lines[row[0]] = line.number
            if kind == "tank":
                _tank(found, row, line.number, length, file, faults)
    shut = {line.words[0] for line in sections.get("STAT", []) if line.words[1:2] and line.words[1].upper() == "CLOSED"}
    moved = {word for name in ("CONT", "RULE") for line in sections.get(name, []) for word in line.words}
    for section, kind in LINKS.items():
        for line in sections.get(section, []):
            row, place = line.words, f"{file}:{line.number} [{kind.upper()}S]"
            if len(row) < 3:
                faults.append(f"{place} {row[0]}: has no start and end node; a row is: id, start, end")
                continue
            closed = row[0] in shut or (kind == "pipe" and len(row) > 7 and row[7].upper() == "CLOSED")
            found.links[row[0]] = Link(kind, row[1], row[2], line.number, closed and kind != "pump" and row[0] not in moved)
    faults += [
        f"{file}:{link.line} [{link.kind.upper()}S] {name}: its node {node} is not in the file; mend the row in EPANET"
        for name, link in found.links.items()
        for node in (link.start, link.end)
        if node not in found.nodes
    ]
    if not found.nodes or not found.links:
        faults.append(f"{file}:1: is no EPANET input file: it has no nodes or no links; export the network from EPANET as .inp")
    return Outline(found.nodes, found.links, found.tanks, found.lines, tuple(faults))


def _tank(found: Outline, row: list[str], line: int, length: float, file: str, faults: list[str]) -> None:
    if len(row) < 5:  # a tank without levels is a reservoir in old files
        found.nodes[row[0]] = "reservoir"
        return
    try:
        found.tanks[row[0]] = float(row[3]) * length, float(row[4]) * length
    except ValueError:
        faults.append(f"{file}:{line} [TANKS] {row[0]}: levels {row[3]!r} and {row[4]!r} are not numbers; mend the row in EPANET")


def _length_m(sections: dict[str, list[Line]]) -> float:
    """Length unit of the file, which follows from its flow unit; GPM where it names none. [m]"""
    options = [line.words for line in sections.get("OPTI", [])]
    units = [row[1].upper() for row in options if len(row) > 1 and row[0].upper() == "UNITS"]
    return FOOT_M if (units or ["GPM"])[-1] in US_UNITS else 1.0
