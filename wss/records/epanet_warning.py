"""EPANET's warnings about a hydraulic state, by its own numbers."""

from enum import IntEnum


class EpanetWarning(IntEnum):
    """What EPANET warns about; the numbers are those of its manual."""

    UNBALANCED = 1
    UNSTABLE = 2
    CUT_OFF = 3
    BEYOND_CURVE = 4
    VALVE = 5
    NEGATIVE_PRESSURE = 6

    @property
    def meaning(self) -> str:
        """What it says, with its number."""
        return f"{_MEANINGS[self]} (EPANET warning {self.value})"


_MEANINGS = {
    EpanetWarning.UNBALANCED: "the state did not balance",
    EpanetWarning.UNSTABLE: "the state may be unstable",
    EpanetWarning.CUT_OFF: "demand is cut off from every source",
    EpanetWarning.BEYOND_CURVE: "a pump works beyond its curve: it cannot deliver enough flow or head",
    EpanetWarning.VALVE: "a valve cannot deliver enough flow",
    EpanetWarning.NEGATIVE_PRESSURE: "pressure is negative at a node with demand",
}
