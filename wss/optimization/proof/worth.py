"""What water that is left in the tanks at the end of a plan is worth."""

from collections.abc import Iterable, Mapping

import numpy as np


def water_value(
    tanks: Iterable[str], marginal_cost: Mapping[str, float] | None, spent: float, drawn_m3: float
) -> dict[str, float]:
    """Tank -> what a further cubic metre in it at the end is worth; never below 0. [currency/m3]

    Parameters
    ----------
    marginal_cost : mapping
        Tank -> what a further cubic metre costs by the linear program [currency/m3]; without one, the mean cost of the
        demand counts.
    spent : float
        Cost of the plan's energy. [currency]
    drawn_m3 : float
        Demand over the horizon. [m3]
    """
    if marginal_cost:
        return {t: max(marginal_cost[t], 0.0) for t in tanks}
    return dict.fromkeys(tanks, spent / drawn_m3 if drawn_m3 > 0 else 0.0)


def mean_by_area(value: Mapping[str, float], area: Mapping[str, float]) -> float:
    """Mean of what a cubic metre is worth [currency/m3] over the tanks, by their areas [m2]. [currency/m3]"""
    return float(np.average([value[t] for t in area], weights=list(area.values())))
