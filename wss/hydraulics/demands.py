"""Replace all demands of an opened project by one absolute course for each node."""

import numpy as np
from epanet import toolkit as en

from wss.hydraulics.layout import Layout
from wss.hydraulics.patterns import resample
from wss.hydraulics.project import get_pattern, set_pattern


class Demands:
    """The demands of one project: those of the file until `replace` is called."""

    def __init__(self, project, shape: Layout) -> None:
        self._project = project
        self._junctions = shape.junctions
        self._step_s = en.gettimeparam(project, en.PATTERNSTEP)
        self._patterns: dict[str, int] | None = None
        self._shape = shape
        self._kept = {i: get_pattern(project, i) for i in self._other_patterns()}
        self.start_s = en.gettimeparam(project, en.PATTERNSTART)
        """Second of the patterns that is in force when a simulation starts. [s]"""

    def replace(self, names: list[str], values: np.ndarray, step_s: int) -> None:
        """Draw `values` (time, node), in the file's flow unit, at `names` and nothing elsewhere, by steps of `step_s`."""
        project = self._project
        if self._patterns is None:
            self._take_over()
        for index, factors in self._kept.items():
            set_pattern(project, index, resample(factors, self._step_s, self._file_start_s, step_s))
        en.settimeparam(project, en.PATTERNSTEP, step_s)
        for node in self._patterns.keys() - set(names):
            en.setbasedemand(project, self._junctions[node], 1, 0.0)
        for node, column in zip(names, values.T, strict=True):
            if node not in self._patterns:
                self._patterns[node] = self._add_pattern(node)
            set_pattern(project, self._patterns[node], column)
            en.setbasedemand(project, self._junctions[node], 1, 1.0)

    def states(self, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of the demands (and heads of reservoirs) that differ is in force at `seconds` (time,) since the start [s].

        Returns the number of each moment's demand, (time,), and the first of `seconds` with each of them.
        """
        project = self._project
        used = self._other_patterns()
        for i in self._junctions.values():
            used |= {int(en.getdemandpattern(project, i, k)) for k in range(1, en.getnumdemands(project, i) + 1)}
        at = (self.start_s + np.asarray(seconds)) // en.gettimeparam(project, en.PATTERNSTEP)
        courses = [np.array(get_pattern(project, index)) for index in sorted(used - {0})]
        values = np.array([course[at % len(course)] for course in courses] or [np.zeros(len(at))])
        _, first, number = np.unique(values, axis=1, return_index=True, return_inverse=True)
        return number.ravel(), np.asarray(seconds)[first]

    def _take_over(self) -> None:
        """Reduce each junction's demand to one category that draws nothing; other patterns are kept on the new step."""
        project = self._project
        self._file_start_s, self.start_s, self._patterns = self.start_s, 0, {}
        en.setoption(project, en.DEMANDMULT, 1.0)
        for i in self._junctions.values():
            while en.getnumdemands(project, i) > 1:
                en.deletedemand(project, i, 2)
            if not en.getnumdemands(project, i):
                en.adddemand(project, i, 0.0, "", "")
            en.setbasedemand(project, i, 1, 0.0)

    def _add_pattern(self, node: str) -> int:
        """Index of a new pattern that the only demand of `node` follows."""
        project = self._project
        index = en.getcount(project, en.PATCOUNT) + 1
        en.addpattern(project, f"wss~{index}")
        en.setdemandpattern(project, self._junctions[node], 1, index)
        return index

    def _other_patterns(self) -> set[int]:
        """Patterns of reservoirs' heads and pumps' speeds."""
        project = self._project
        used = {int(en.getnodevalue(project, i, en.PATTERN)) for i in self._shape.reservoirs.values()}
        used |= {int(en.getlinkvalue(project, i, en.LINKPATTERN)) for i in self._shape.pumps.values()}
        return used - {0}
