"""Why each pump is started or stopped when it is: the tariff, the tank that binds, or the operator's own word."""

import numpy as np
import pandas as pd
import xarray as xr

from wss import tariffs, times
from wss.config import Configuration, Tariff
from wss.optimization import Problem

NEAR_SHARE = 0.06
"""A tank within this share of its band of a limit is what binds."""
LOOK_AHEAD = pd.Timedelta(hours=3)
"""How far ahead a tank that is emptying or filling is looked after."""
SOON = pd.Timedelta(minutes=45)
"""A change of price within this time of a switch is its reason."""

WORDS = {
    "en": {
        "pin": "held by the operator until {until}",
        "out": "pump is out of service",
        "cheap": "{period} begins at {at}: power costs {price:.3f}",
        "dear": "{period} begins at {at}: power will cost {price:.3f}",
        "full": "{tank} is nearly full ({level:.1f} of {limit:.1f} m)",
        "low": "{tank} would fall to its lower limit of {limit:.1f} m by {at}",
        "store": "stores water before {period} at {at}",
        "last": "enough water to hold until the end of the plan",
        "enough": "enough water until the next start at {at}",
        "needed": "the tanks need water in this period",
    },
    "pt": {
        "pin": "mantida pelo operador até {until}",
        "out": "bomba fora de serviço",
        "cheap": "{period} começa às {at}: a energia custa {price:.3f}",
        "dear": "{period} começa às {at}: a energia custará {price:.3f}",
        "full": "{tank} está quase cheio ({level:.1f} de {limit:.1f} m)",
        "low": "{tank} desceria ao limite inferior de {limit:.1f} m até {at}",
        "store": "armazena água antes de {period} às {at}",
        "last": "água suficiente até ao fim do plano",
        "enough": "água suficiente até ao próximo arranque às {at}",
        "needed": "os reservatórios precisam de água neste período",
    },
}


def actions(
    configuration: Configuration, tariff: Tariff, problem: Problem, pump_speed: xr.DataArray, level: xr.DataArray
) -> pd.DataFrame:
    """What to switch and why, in order.

    Parameters
    ----------
    tariff
        The tariff that the plan was made for.
    pump_speed : (time, pump)
        The plan on its decision grid. [1]
    level : (time, tank)
        Levels under it, the end included. [m]

    Returns
    -------
    DataFrame[time, pump, action, speed, period, why]
        Times UTC; action is start, stop or speed; period is the tariff period's title at that time; speed [1].
    """
    why = _Why(configuration, tariff, problem, pump_speed, level)
    rows = []
    for pump in map(str, pump_speed.pump.values):
        speed = pump_speed.sel(pump=pump).to_series()
        before = float(problem.initial_status.get(pump, False)) * max(speed.iloc[0], 1e-9)
        for moment, now in speed.items():
            if now != before:
                action = "start" if before == 0 else "stop" if now == 0 else "speed"
                rows.append(
                    {
                        "time": moment,
                        "pump": pump,
                        "action": action,
                        "speed": now,
                        "period": why.title(moment),
                        "why": why.say(pump, moment, now > before),
                    }
                )
            before = now
    columns = ["time", "pump", "action", "speed", "period", "why"]
    return pd.DataFrame(rows, columns=columns).sort_values(["time", "pump"], kind="stable", ignore_index=True)


class _Why:
    """Looks up what lies behind a switch; everything that it needs is computed once."""

    def __init__(
        self, configuration: Configuration, tariff: Tariff, problem: Problem, speed: xr.DataArray, level: xr.DataArray
    ) -> None:
        self._problem, self._speed, self._level = problem, speed, level
        self._zone, self._tanks, self._tariff = configuration.tenant.time_zone, configuration.tenant.system.tanks, tariff
        self._words = WORDS[configuration.tenant.language]
        time = problem.price.get_index("time")
        self._price = problem.price.to_series()
        self._period = pd.Series(tariffs.periods(tariff, time).values, index=time)
        self._changes = self._price.index[self._price.diff().fillna(0) != 0]

    def title(self, moment: pd.Timestamp) -> str:
        """Title of the tariff period at a moment."""
        return tariffs.title(self._tariff, str(self._period.asof(moment)))

    def say(self, pump: str, moment: pd.Timestamp, more: bool) -> str:
        """Reason of a switch that makes `pump` give more or less water."""
        pin = next((p for p in self._problem.pins if p.pump == pump and p.start <= moment < p.end and p.on == more), None)
        if pin is not None:
            return self._words["pin"].format(until=self._clock(pin.end))
        if pump in self._problem.out_of_service:
            return self._words["out"]
        return self._of_start(moment) if more else self._of_stop(pump, moment)

    def _of_start(self, moment: pd.Timestamp) -> str:
        change = self._change(moment - SOON, moment, cheaper=True)
        if change is not None:
            return self._tariff_words("cheap", change)
        low = self._near(moment, moment + LOOK_AHEAD, low=True)
        if low:
            return low
        dearer = self._change(moment, moment + pd.Timedelta(hours=12), cheaper=False)
        if dearer is not None:
            return self._words["store"].format(period=self.title(dearer), at=self._clock(dearer))
        return self._words["needed"]

    def _of_stop(self, pump: str, moment: pd.Timestamp) -> str:
        change = self._change(moment - SOON, moment + SOON, cheaper=False)
        if change is not None:
            return self._tariff_words("dear", change)
        full = self._near(moment - SOON, moment + SOON, low=False)
        if full:
            return full
        speed = self._speed.sel(pump=pump).to_series()
        later = speed[(speed.index > moment) & (speed > 0)]
        return self._words["enough"].format(at=self._clock(later.index[0])) if len(later) else self._words["last"]

    def _change(self, start: pd.Timestamp, end: pd.Timestamp, cheaper: bool) -> pd.Timestamp | None:
        for change in self._changes[(self._changes >= start) & (self._changes <= end)]:
            before = self._price.asof(change - pd.Timedelta(seconds=1))
            if (self._price[change] < before) == cheaper:
                return change
        return None

    def _near(self, start: pd.Timestamp, end: pd.Timestamp, low: bool) -> str:
        """Words about the tank that comes nearest to its lower or upper limit; empty if none comes near."""
        window = self._level.sel(time=slice(start, end))
        found = []
        for tank in self._tanks:
            series = window.sel(tank=tank.id).to_series()
            if series.empty:
                continue
            at = series.idxmin() if low else series.idxmax()
            limit = tank.level_min_m if low else tank.level_max_m
            share = abs(series[at] - limit) / (tank.level_max_m - tank.level_min_m)
            found.append((share, tank, at, series[at], limit))
        if not found:
            return ""
        share, tank, at, level, limit = min(found, key=lambda item: item[0])
        words = self._words["low" if low else "full"]
        return words.format(tank=tank.title, level=level, limit=limit, at=self._clock(at)) if share <= NEAR_SHARE else ""

    def _tariff_words(self, key: str, change: pd.Timestamp) -> str:
        return self._words[key].format(
            period=self.title(change), at=self._clock(change), price=float(np.round(self._price[change], 4))
        )

    def _clock(self, moment: pd.Timestamp) -> str:
        return f"{times.wall(pd.DatetimeIndex([moment]), self._zone)[0]:%H:%M}"
