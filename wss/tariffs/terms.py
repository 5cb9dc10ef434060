"""What a tariff's components charge beside energy, in a form that bills, plans and verdicts share: records of linear terms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from wss.tariffs.windows import Windows, begins


@dataclass(frozen=True)
class PeakCharge:
    """Charge on how much the highest mean power of the billing windows of one month rises above what is paid or free."""

    price_per_kw: float
    """[currency/kW]"""
    window_minutes: int
    """Length of the windows over which the power is averaged [min]."""
    peak_so_far_kw: float = 0.0
    """Only what rises above it is charged: the month's highest mean power up to the start, or what is free [kW]."""
    counts: xr.DataArray | None = None
    """(time,) of bool, each from its time on: which windows count, by the first step in them; absent: all."""
    begins: pd.DatetimeIndex | None = None
    """First moments of the windows [UTC]; absent: those of the clock of UTC."""
    key: str = ""
    """Component of the tariff that charges it."""
    month: str = ""
    """Local month that is billed. Charges of one key and month are one, of which the dearest is due: a tariff that changes within
    a month has one for each version."""

    def windows(self, time: pd.DatetimeIndex) -> Windows:
        """The windows of a course of steps that begin at each of `time`, and which of them count."""
        if self.begins is None:
            found = Windows.of(begins(time, "UTC", self.window_minutes))
        else:
            at = np.maximum(self.begins.searchsorted(time, side="right") - 1, 0)
            found = Windows.of(self.begins[at])
        if self.counts is None or not len(time):
            return found
        known = self.counts.get_index("time")
        at = np.maximum(known.searchsorted(time[found.first], side="right") - 1, 0)
        return Windows(found.first, self.counts.to_numpy()[at].astype(bool))


def together(charges: Sequence[PeakCharge]) -> list[list[int]]:
    """Numbers of the charges that are one, in their order."""
    found: dict[object, list[int]] = {}
    for n, charge in enumerate(charges):
        found.setdefault((charge.key, charge.month) if charge.key else n, []).append(n)
    return list(found.values())


def dues(charges: Sequence[PeakCharge], highest: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What each of the charges that stand `together` adds (...) [currency], by the highest mean power (...) of each [kW]."""
    each = [c.price_per_kw * np.maximum(power - c.peak_so_far_kw, 0.0) for c, power in zip(charges, highest, strict=True)]
    return [np.maximum.reduce([each[n] for n in group]) if len(group) > 1 else each[group[0]] for group in together(charges)]
