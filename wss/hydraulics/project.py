"""One EPANET project in this process: open it from text, solve a state.

The toolkit's binding turns EPANET's warning codes into anonymous Python warnings, which are lost as soon as another
thread changes Python's warning filters. `solve` and `advance` therefore call the same library directly and get the codes.
"""

import ctypes
import os
import tempfile
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import epanet
import numpy as np
from epanet import toolkit as en

from wss.errors import NetworkError, UnsolvedError
from wss.hydraulics import inp
from wss.units import FOOT_M, UNITS

_LIBRARY = ctypes.CDLL(str(next(p for p in sorted(Path(epanet.__file__).parent.iterdir()) if "epanet2" in p.name)))
_RUN, _NEXT = _LIBRARY.EN_runH, _LIBRARY.EN_nextH
_RUN.argtypes = _NEXT.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_long))

FLOW_M3H = {
    en.CFS: UNITS["ft3/s"].scale, en.GPM: UNITS["gpm"].scale, en.MGD: UNITS["MGD"].scale,
    en.IMGD: 4546.09 / 24, en.AFD: 43560 * FOOT_M**3 / 24,
    en.LPS: 3.6, en.LPM: 0.06, en.MLD: 1000 / 24, en.CMH: 1.0, en.CMD: 1 / 24, en.CMS: 3600.0,
}  # fmt: skip
"""m3/h in one flow unit of a file."""
FEET_UNITS = {en.CFS, en.GPM, en.MGD, en.IMGD, en.AFD}
"""Flow units of files whose lengths are feet."""
_PSI_M = FOOT_M / 0.4333  # EPANET's own rounded factors: 0.4333 psi/ft, 6.895 kPa/psi, 0.068948 bar/psi
PRESSURE_M = {en.PSI: _PSI_M, en.KPA: _PSI_M / 6.895, en.METERS: 1.0, en.BAR: _PSI_M / 0.068948, en.FEET: FOOT_M}
"""Metres of water in one pressure unit of a file, as EPANET counts them."""
EXTRA_TRIALS = 10
"""Of a state that does not balance, where the file would have EPANET end the simulation there."""


def open_project(text: str):
    """EPANET project of the network `text`, its hydraulic solver open; close it with `close_project`.

    Raises
    ------
    NetworkError
        If the network is refused before (`inp.refuse`) or by EPANET, with EPANET's reasons.
    """
    inp.refuse(text)
    project = en.createproject()
    with tempfile.TemporaryDirectory(prefix="wss-") as folder:
        file = Path(folder, "network.inp")
        file.write_text(text, encoding="utf-8")
        try:
            en.open(project, str(file), os.devnull, "")
            en.openH(project)
        except Exception as error:  # the binding raises nothing more special
            close_project(project)
            raise NetworkError(f"EPANET cannot open the network: {error}\n" + "\n".join(_complaints(file, str(error)))) from error
    nodes = en.getcount(project, en.NODECOUNT)
    stores = range(nodes - en.getcount(project, en.TANKCOUNT) + 1, nodes + 1)
    if not any(en.getnodetype(project, i) == en.TANK for i in stores):
        close_project(project)
        raise NetworkError("[TANKS]: every line has an elevation only, so EPANET takes them for reservoirs: there is no tank")
    if en.getoption(project, en.UNBALANCED) < 0:
        en.setoption(project, en.UNBALANCED, EXTRA_TRIALS)
    return project


def close_project(project) -> None:
    """Give the project's memory back."""
    en.close(project)
    en.deleteproject(project)


@contextmanager
def opened(text: str):
    """The project of the network `text`, closed again at the end; see `open_project`."""
    project = open_project(text)
    try:
        yield project
    finally:
        close_project(project)


def _complaints(file: Path, told: str) -> list[str]:
    """What EPANET's report says about each faulty line of `file`, beyond what is `told` already."""
    report = file.with_suffix(".rpt")
    project = en.createproject()
    with suppress(Exception):  # it is known to fail; the report is what we want
        en.open(project, str(file), str(report), "")
        en.openH(project)
    en.close(project)  # only now is the report written out
    en.deleteproject(project)
    lines = [line.strip() for line in report.read_text(errors="replace").splitlines()]
    faulty = ((line, after) for line, after in pairwise([*lines, ""]) if "Error" in line and line != told)
    return [f" * {line} {'' if 'Error' in after else after}".rstrip() for line, after in faulty]


class Clock:
    """Solve the state at the project's current time, and go on to the next one."""

    def __init__(self, project) -> None:
        self._handle = ctypes.c_void_p(int(project))
        self._seconds = ctypes.c_long()
        self._pointer = ctypes.byref(self._seconds)
        self._project = project

    def solve(self) -> int:
        """Solve the state at the current time; EPANET's warning code, 0 if there is none."""
        code = _RUN(self._handle, self._pointer)
        if code > 6:
            raise UnsolvedError(f"EPANET cannot solve the state at {self._seconds.value} s: {en.geterror(code, 120)}")
        return code

    def advance(self) -> int:
        """Let the tanks fill up to the next event; the span until it, 0 at the end. [s]"""
        code = _NEXT(self._handle, self._pointer)
        if code > 6:
            raise UnsolvedError(f"EPANET cannot go on: {en.geterror(code, 120)}")
        return self._seconds.value


class Reader:
    """Read one property of all nodes or links at once into a numpy array (the same array each time)."""

    def __init__(self, project, size: int, getter) -> None:
        self._array = en.doubleArray(size)  # keeps the memory alive that `values` shows
        self._pointer = self._array.cast()
        self._read = getter
        self._project = project
        self.values = np.ctypeslib.as_array((ctypes.c_double * size).from_address(int(self._pointer)))

    def read(self, what: int) -> np.ndarray:
        """Values of property `what` in the file's units and EPANET's order."""
        self._read(self._project, what, self._pointer)
        return self.values


def set_pattern(project, index: int, values: np.ndarray) -> None:
    """Replace the factors of pattern `index`."""
    buffer = en.doubleArray(len(values))
    pointer = buffer.cast()
    np.ctypeslib.as_array((ctypes.c_double * len(values)).from_address(int(pointer)))[:] = values
    en.setpattern(project, index, pointer, len(values))


def get_pattern(project, index: int) -> np.ndarray:
    """Factors of pattern `index`; a lone 1 for index 0, which means none."""
    count = en.getpatternlen(project, index) if index else 0
    return np.array([en.getpatternvalue(project, index, k + 1) for k in range(count)] or [1.0])
