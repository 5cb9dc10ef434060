"""Past issues as training rows: what each issue saw, and by how much the profile then missed."""

from dataclasses import dataclass

import numpy as np

from wss.forecasting.features import AHEAD, NAMES, SLOTS, WINDOW, context, features
from wss.forecasting.history import History
from wss.forecasting.weather import Weather

ISSUE_SLOTS = (0, 6, 12, 18)
"""Slots of the local day at which past issues are made again."""
NEAR_H, FAR_H = 24, 168
"""Leads of the two parts [h]: near below the first, far from there to the second."""
FIRST_ROW = 21
"""Days of history before the first issue that is learnt from."""
LARGEST = 1.0
"""A relative residual beyond this is a fault of the data and not learnt from."""


@dataclass(frozen=True)
class Samples:
    """Training rows of one part. A row is a step of an issue, the same for all zones."""

    x: np.ndarray
    """(row, zone, feature) as `features.NAMES` [1]."""
    y: np.ndarray
    """(row, zone) what was measured less the profile, relative to the zone's scale; NaN where not to be learnt from [1]."""
    slot: np.ndarray
    """(row,) slot of the local day."""
    issue: np.ndarray
    """(row,) row of the issue's day in the history."""
    step: np.ndarray
    """(row,) lead in steps [h]."""
    issue_slot: np.ndarray
    """(row,) slot of the issue."""

    def of_part(self, near: bool) -> np.ndarray:
        """(row,) which rows are near, or far [bool]."""
        return (self.step < NEAR_H) == near

    def where(self, rows: np.ndarray) -> "Samples":
        """Only some rows (row,) of all. [1]"""
        return Samples(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def past_issues(history: History, weather: Weather | None, first: int, last: int, every_slot: bool = True) -> Samples:
    """Issues on the days from row `first` to `last` (not included) of an hourly history, up to 168 h each.

    Near steps are taken at each of ISSUE_SLOTS, far ones at one of them a day in turn; with `every_slot` false all steps are.
    A step whose weather is unknown has it as usual.
    """
    near, far = np.arange(NEAR_H), np.arange(NEAR_H, FAR_H)
    issues: list[tuple[int, int, np.ndarray]] = []
    for row in range(max(first, FIRST_ROW), last):
        for n, issue_slot in enumerate(ISSUE_SLOTS):
            whole = row % len(ISSUE_SLOTS) == n
            lead = np.r_[near, far] if whole else near
            lead = lead[row * SLOTS + issue_slot + lead < len(history.demand) * SLOTS]
            if (every_slot or whole) and len(lead) and issue_slot + lead[-1] < AHEAD * SLOTS:
                issues.append((row, issue_slot, lead))
    count, zones = sum(len(lead) for _, _, lead in issues), len(history.zones)
    found = Samples(
        np.zeros((count, zones, len(NAMES)), "float32"),
        np.zeros((count, zones), "float32"),
        *(np.zeros(count, dtype=int) for _ in range(4)),
    )
    end, at = 0, None
    for row, issue_slot, lead in issues:
        at = context(history, row) if at is None or at.row != row else at
        day, slot = np.divmod(row * SLOTS + issue_slot + lead, SLOTS)
        y = history.demand[day, slot] / at.scale - at.expected[day - row + WINDOW, slot]
        y[np.abs(y) > LARGEST] = np.nan
        start, end = end, end + len(lead)
        found.x[start:end] = features(at, history, issue_slot, day, slot, lead.astype(float), weather)
        found.y[start:end], found.slot[start:end], found.step[start:end] = y, slot, lead
        found.issue[start:end], found.issue_slot[start:end] = row, issue_slot
    return found
