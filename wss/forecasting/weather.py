"""Weather as deviations from its own last weeks, as far as the season is warm: what moves demand in summer is noise in winter."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wss import times
from wss.forecasting.history import cells
from wss.robust import mean

COLUMNS = ("temperature_c", "rain_mm", "humidity_pct", "wind_kmh")
"""What a weather file may have; each is optional."""
WEATHER = ("heat", "warmer", "warmer_day", "warmer_week", "rain_day", "rain_3_days", "rain_week")
"""Features of the weather."""
USUAL_DAYS = 28
HEAT_C, COOL_C, SUMMER_C = 20.0, 12.0, 20.0
"""From where an hour is hot; the usual temperature from which weather counts, and from which it counts in full [C]."""
RAIN_MM, RAIN_3_MM = 10.0, 20.0
"""Rain above this says nothing more [mm]."""


@dataclass(frozen=True)
class Weather:
    """Hourly weather in local cells, from the first day of a history on; measured or forecast makes no difference here."""

    temperature: np.ndarray
    """(day, slot) NaN where unknown [C]."""
    rain: np.ndarray
    """(day, slot) NaN where unknown [mm]."""

    @classmethod
    def fold(cls, weather: pd.DataFrame, first_day: np.datetime64, days: int, time_zone: str) -> "Weather":
        """Fold rows by UTC time into `days` local days; columns `temperature_c` and `rain_mm` are used, each may be absent.

        Parameters
        ----------
        weather
            Rows by time [UTC], in any order; holes may be NaN or absent.
        """
        day, slot = cells(pd.DatetimeIndex(weather.index), first_day, times.HOUR, time_zone)
        inside = (day >= 0) & (day < days)
        folded = {}
        for name, low, high in (("temperature_c", -60.0, 60.0), ("rain_mm", 0.0, 500.0)):
            value = weather[name].to_numpy(dtype=float) if name in weather else np.full(len(weather), np.nan)
            use = inside & (value >= low) & (value <= high)
            total, count = np.zeros((days, 24)), np.zeros((days, 24))
            np.add.at(total, (day[use], slot[use]), value[use])
            np.add.at(count, (day[use], slot[use]), 1.0)
            folded[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return cls(folded["temperature_c"], folded["rain_mm"])

    def covers(self, day: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Whether the temperature of each local cell is known, or, where there is none at all, the rain (cell,). [1]"""
        which = self.rain if np.isnan(self.temperature).all() else self.temperature
        inside = (day >= 0) & (day < len(which))
        return inside & ~np.isnan(which[np.where(inside, day, 0), slot])

    def deviations(self, row: int, day: np.ndarray, slot: np.ndarray) -> dict[str, np.ndarray]:
        """Features of steps in local cells (step,) as of the day `row`: each (step, 1) [C, mm]; unknown is as usual."""
        first = max(row - USUAL_DAYS, 0)
        if first == row:
            return {name: np.zeros((1, 1)) for name in WEATHER}
        past, rain = self.temperature[first:row], np.nan_to_num(self.rain)
        usual = mean(past)
        warm = np.clip((usual - COOL_C) / (SUMMER_C - COOL_C), 0.0, 1.0)[slot]
        now = self.temperature[np.minimum(day, len(self.temperature) - 1), slot]
        now = np.where(np.isnan(now), usual[slot], now)
        day = np.minimum(day, len(rain) - 1)
        days = np.unique(day)
        hottest = _hottest(self.temperature[days], usual)[np.searchsorted(days, day)]
        usual_hottest = _hottest(past, usual).mean()
        wet = rain.sum(axis=1)
        found = {
            "heat": np.maximum(now - HEAT_C, 0.0),
            "warmer": (now - usual[slot]) * warm,
            "warmer_day": (hottest - usual_hottest) * warm,
            "warmer_week": (mean(self.temperature[max(row - 7, 0) : row].ravel()) - mean(past.ravel())) * warm,
            "rain_day": np.minimum(wet[day], RAIN_MM) * warm,
            "rain_3_days": np.minimum(wet[day] + wet[np.maximum(day - 1, 0)] + wet[np.maximum(day - 2, 0)], RAIN_3_MM) * warm,
            "rain_week": np.full(len(day), wet[max(row - 7, 0) : row].sum()),
        }
        return {name: value[:, None] for name, value in found.items()}


def _hottest(temperature: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Highest temperature (day,) of days (day, slot), hours that are unknown being as usual (slot,). [C]"""
    return np.where(np.isnan(temperature), usual, temperature).max(axis=1)
