"""Why each pump is switched when it is: the operator's word, the tariff, the limit that binds; and what moving it would cost."""

from typing import Any

import pandas as pd
import xarray as xr

from wss import tariffs
from wss.config import Configuration, Tariff
from wss.optimization import Problem
from wss.optimization.proof.explain import switches
from wss.views.reasons import clock, limit_words, move_words
from wss.views.words import number, say

SOON = pd.Timedelta(minutes=45)
"""A start within this time after energy has become cheaper is made because of that."""
AHEAD = pd.Timedelta(hours=12)
"""How far ahead a dearer period is a reason to store water."""
COLUMNS = ["time", "pump", "action", "speed", "period", "why", "earlier", "later"]


def actions(
    configuration: Configuration, tariff: Tariff, problem: Problem, pump_speed: xr.DataArray, moves: pd.DataFrame
) -> pd.DataFrame:
    """What to switch, why, and what a step earlier or later would mean, in order and in the tenant's language.

    Parameters
    ----------
    tariff
        The tariff that the plan was made for.
    pump_speed : (time, pump)
        The plan on its decision grid. [1]
    moves
        Of the plan's explanation (see `wss.optimization.proof.explain`); switches that it lacks get a reason only.

    Returns
    -------
    DataFrame[time, pump, action, speed, period, why, earlier, later]
        Times UTC; action is start, stop or speed; period is the tariff period's title at that time; speed [1].
    """
    why, rows = _Why(configuration, tariff, problem, pump_speed), []
    known = {(row["time"], row["pump"], row["move"]): row for row in moves.astype(object).to_dict("records")}
    for switch in switches(problem, pump_speed):
        moment = problem.time[switch.slot]
        earlier, later = (known.get((moment, switch.pump, move)) for move in ("earlier", "later"))
        said, by_limit = why.say(switch.pump, moment, switch.after > switch.before, later)
        told = [
            "" if row is None else move_words(configuration.tenant, tariff.currency, row, row is later and by_limit)
            for row in (earlier, later)
        ]
        rows.append((moment, switch.pump, switch.action, switch.after, why.title(moment), said, *told))
    return pd.DataFrame(rows, columns=COLUMNS)


class _Why:
    """Looks up what lies behind a switch; everything that it needs is computed once."""

    def __init__(self, configuration: Configuration, tariff: Tariff, problem: Problem, speed: xr.DataArray) -> None:
        self._tenant, self._problem, self._speed, self._tariff = configuration.tenant, problem, speed, tariff
        time = problem.price.get_index("time")
        self._price = problem.price.to_series()
        self._period = pd.Series(tariffs.periods(tariff, time).values, index=time)
        self._changes = self._price.index[self._price.diff().fillna(0) != 0]

    def title(self, moment: pd.Timestamp) -> str:
        """Title of the tariff period at a moment."""
        return tariffs.title(self._tariff, str(self._period.asof(moment)))

    def say(self, pump: str, moment: pd.Timestamp, more: bool, later: dict[str, Any] | None) -> tuple[str, bool]:
        """Reason of a switch that makes `pump` give more or less water, and whether it is the limit in the way of `later`."""
        pin = next((p for p in self._problem.pins if p.pump == pump and p.start <= moment < p.end and p.on == more), None)
        if pin is not None:
            return self._words("why_held", until=clock(self._tenant, pin.end, moment)), False
        if pump in self._problem.out_of_service:
            return self._words("why_out"), False
        priced = self._by_price(moment, more, pd.Timedelta(0))
        if priced:
            return priced, False
        if later is not None and later["limit"] not in ("", "now", "held", "out"):
            return self._words("why_else", limit=limit_words(self._tenant, later, moment)), True
        return (self._of_start(moment) if more else self._of_stop(pump, moment)), False

    def _by_price(self, moment: pd.Timestamp, more: bool, within: pd.Timedelta) -> str:
        """Words for a start when energy gets cheaper, or a stop when it gets dearer, at most `within` before; else none."""
        change = self._change(moment - within, moment, cheaper=more)
        if change is None:
            return ""
        price = number(self._price[change], ".3f", self._tenant.language)
        return self._words("why_cheap" if more else "why_dear", period=self.title(change), at=clock(self._tenant, change, moment),
                           price=price, currency=self._tariff.currency)  # fmt: skip

    def _of_start(self, moment: pd.Timestamp) -> str:
        soon = self._by_price(moment, True, SOON)
        if soon:
            return soon
        dearer = self._change(moment, moment + AHEAD, cheaper=False)
        if dearer is None:
            return self._words("why_needed")
        return self._words("why_store", period=self.title(dearer), at=clock(self._tenant, dearer, moment))

    def _of_stop(self, pump: str, moment: pd.Timestamp) -> str:
        speed = self._speed.sel(pump=pump).to_series()
        later = speed[(speed.index > moment) & (speed > 0)]
        if later.empty:
            return self._words("why_last")
        return self._words("why_enough", at=clock(self._tenant, later.index[0], moment))

    def _change(self, start: pd.Timestamp, end: pd.Timestamp, cheaper: bool) -> pd.Timestamp | None:
        for change in self._changes[(self._changes >= start) & (self._changes <= end)]:
            before = self._price.asof(change - pd.Timedelta(seconds=1))
            if (self._price[change] < before) == cheaper:
                return change
        return None

    def _words(self, key: str, **values: Any) -> str:
        return say(key, self._tenant.language, **values)
