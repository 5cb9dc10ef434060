"""What the linear program over fractions of modes is asked: margins and what was decided before; and what it answers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Margins:
    """How much further inside its limits the linear program stays than it must."""

    level: np.ndarray
    """(tank,) [m]"""
    end: np.ndarray
    """(tank,) [m]"""
    pressure: float = 0.0
    """[m]"""
    weak: tuple[np.ndarray, ...] = ()
    """One (slot, mode) for each station: what pressures lacked with it in earlier rounds [m]"""


@dataclass(frozen=True)
class Before:
    """What was decided for the slots before the first step."""

    first: np.ndarray | None
    """(station,) modes in the first slot of the horizon; None at its start"""
    last: np.ndarray
    """(station,) modes in the slot before the first step"""
    starts: np.ndarray
    """(pump,) starts so far, one in the first slot not counted"""
    changes: float
    """By how much the number of running pumps may change from step to step; infinity without a limit"""


@dataclass(frozen=True)
class LinearPlan:
    """Optimum of the linear program."""

    share: tuple[np.ndarray, ...]
    """One for each station: (step, mode)"""
    level: np.ndarray
    """(step instant, tank) [m]"""
    cost: float
    """Energy, charge and start costs by the linear model [currency]"""
    miss: np.ndarray
    """(step instant, tank) how far levels are outside their limits [m]"""
    water_value: np.ndarray
    """(tank,) what a cubic metre more at the end costs [currency/m3]"""
    loss: tuple[np.ndarray, ...]
    """One (mode,) for each station: what the whole first step in another mode would cost more, to first order [currency]"""
