"""Room inside a tank's band that grows with the lead: later plans need not change for what it takes up when demand differs.

Limits that are the tighter the further ahead, so that what is not known yet finds room, as in robust predictive control.

References
----------
.. [1] L. Chisci, J. A. Rossiter, G. Zappa, "Systems with Persistent Disturbances: Predictive Control with Restricted
       Constraints", Automatica 37 (7), 2001, doi:10.1016/S0005-1098(01)00051-6.
"""

from dataclasses import dataclass, replace

import numpy as np

RAMP_H = 6.0
"""Lead from which a whole reserve is wanted [h]."""


@dataclass(frozen=True)
class Reserve:
    """Levels between which tanks should stay, and what it counts where they do not."""

    low: np.ndarray
    """(slot instant, tank) [m]"""
    high: np.ndarray
    """(slot instant, tank) [m]"""
    price: np.ndarray
    """(tank,) what a metre outside counts for an hour [currency/(m h)]"""

    @classmethod
    def of(cls, low: np.ndarray, high: np.ndarray, reserve: np.ndarray, cost: float, lead_h: np.ndarray) -> "Reserve | None":
        """Between the limits `low` and `high` (tank,) [m], less `reserve` (tank,) [m] at leads `lead_h` (slot instant,) [h].

        `cost` [currency/h] is what it counts to be short of a whole reserve. None where nothing is to be left.
        """
        reserve = np.minimum(reserve, (high - low) / 4)
        if not cost or not (reserve > 0).any():
            return None
        left = np.minimum(lead_h / RAMP_H, 1)[:, None] * reserve
        return cls(low + left, high - left, np.divide(cost, reserve, out=np.zeros(len(reserve)), where=reserve > 0))

    def only(self, tanks: np.ndarray) -> "Reserve":
        """The same of the tanks at positions (tank,), in [m]."""
        return replace(self, low=self.low[:, tanks], high=self.high[:, tanks], price=self.price[tanks])

    def taken(self, level: np.ndarray, at: np.ndarray) -> np.ndarray:
        """How far levels (..., time, tank) [m] at the slot instants `at` (time,) are outside, of the same shape. [m]"""
        return np.maximum(np.maximum(self.low[at] - level, level - self.high[at]), 0)

    def counted(self, level: np.ndarray, at: np.ndarray) -> np.ndarray:
        """What levels (..., time, tank) [m] at the slot instants `at` (time,) count while they last, (..., time). [currency/h]"""
        return self.taken(level, at) @ self.price
