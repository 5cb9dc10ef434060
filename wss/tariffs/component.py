"""What a component of a tariff beside energy is: its keys in tariff.yml, its terms, its words."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.schema import Frozen
from wss.tariffs.terms import PeakCharge
from wss.tariffs.windows import Windows, begins


@dataclass(frozen=True)
class Course:
    """The steps of a course of power, as one version of a tariff sees them."""

    time: pd.DatetimeIndex
    """(step,) at which each begins [UTC]"""
    zone: str
    """IANA zone of the tariff"""
    period: np.ndarray
    """(step,) name of the tariff period"""
    holds: np.ndarray
    """(step,) of bool: where the version is in force"""

    def monthly_peaks(
        self, price_per_kw: float, window_minutes: int, periods: Collection[str] = (), above_kw: float = 0.0
    ) -> tuple[PeakCharge, ...]:
        """A charge on the highest mean power of each local month in which the version is in force.

        Parameters
        ----------
        price_per_kw : float
            [currency/kW]
        window_minutes : int
            Length of the billing windows. [min]
        periods
            Tariff periods whose windows count, by the first step in a window; none named: all.
        above_kw : float
            Only what rises above it is charged. [kW]
        """
        first = begins(self.time, self.zone, window_minutes)
        at = Windows.of(first).first
        counts = self.holds[at] & (np.isin(self.period[at], list(periods)) if periods else True)
        month = times.wall(self.time[at], self.zone).to_period("M")
        return tuple(
            PeakCharge(
                price_per_kw,
                window_minutes,
                above_kw,
                xr.DataArray(counts & (month == one), dims="time", coords={"time": first[at]}),
                first[at],
                month=str(one),
            )
            for one in month[self.holds[at]].unique()
        )


class Component(Frozen):
    """Base of a component's keys in a version of the tariff: what it charges beside energy."""

    TITLES: ClassVar[tuple[str, str]]
    """Name on bills and screens, in English and Portuguese."""

    def terms(self, course: Course) -> tuple[PeakCharge, ...]:
        """What it charges for a course of power (step,): bills, plans and verdicts are made from it. [currency/kW]"""
        raise NotImplementedError

    def fixed(self, course: Course) -> float:
        """What falls due in a course whatever is drawn; no plan can change it. [currency]"""
        return 0.0

    def named_periods(self) -> tuple[str, ...]:
        """Tariff periods that its keys name; they must be those of the version."""
        return ()
