"""Readings in another unit than the sensor's: hours that are off by a factor such as 3.6 (L/s for m3/h).

Told from a change of what is measured by three things together: the ratio to the usual value of the hour lies near such a
factor for hours in a row; the readings lie outside of all that the sensor has read, and divided by the factor inside of it;
and they left it in a jump, not step by step as a tank that empties does.
"""

import numpy as np
import pandas as pd

from wss.ingestion.quality import spans
from wss.quantities import Flag

FACTORS = {
    "flow": (3.6, 1000.0),  # L/s and m3/h; L/h and m3/h
    "pressure": (10.2, 1000.0),  # bar and m, kPa and m; Pa and kPa
    "level": (10.2, 100.0, 1000.0),  # bar and m; cm and m; mm and m
    "power": (1000.0,),  # W and kW
}
"""Factors between units of one quantity that are taken for each other; each also the other way round. [1]"""
JUMP = 2.5
"""Ratio of two hours that follow each other from which a sensor is looked at closely: below the least factor. [1]"""
HOUR_S = 3600
STANDING, TRACE = 0.02, 2e-4
"""Shares of a sensor's median below which it measures nothing: in its past, and where it may be off by a thousandth. [1]"""
WIDER = 1.1
"""How much wider than what it has read a sensor's range is taken. [1]"""
LEAST_HOURS, LEAST_SAME_HOURS = 72, 3
"""Fewest hours, and fewest of the same hour of the day, that say what is usual."""
PAUSE_S = 2 * HOUR_S
"""How far back the last reading may be from which a jump is told. [s]"""


def hourly(readings: pd.DataFrame, least: float) -> pd.DataFrame:
    """Median size of the readings of each sensor and hour while it measures something: sensor_id, hour [s since 1970], size.

    Parameters
    ----------
    readings
        sensor_id, time [s since 1970], value [any unit], sorted by both; good ones only.
    least
        Share of the sensor's median, of the readings that are not zero, below which nothing is measured. [1]
    """
    size = readings["value"].abs()
    middle = size.where(size > 0).groupby(readings["sensor_id"]).transform("median")
    some = readings[size > least * middle]
    sizes = some["value"].abs().groupby([some["sensor_id"], some["time"] // HOUR_S * HOUR_S]).median()
    return sizes.rename("size").rename_axis(["sensor_id", "hour"]).reset_index()


def suspects(readings: pd.DataFrame) -> list[int]:
    """Sensors that could be off by a factor: those that once jumped by as much from hour to hour. Columns as in `hourly`."""
    some = _restless(readings)
    if some.empty:
        return []
    hours = hourly(some, TRACE)
    ratio = np.abs(np.log(hours["size"]).groupby(hours["sensor_id"]).diff())
    return [int(s) for s in hours.loc[ratio > np.log(JUMP), "sensor_id"].unique()]


def _restless(readings: pd.DataFrame) -> pd.DataFrame:
    """Readings of the sensors of which the greatest of one hour is JUMP times the least of the next, or the other way round: the
    medians of two hours can differ by as much only there."""
    sensor, size, some = readings["sensor_id"].to_numpy(), readings["value"].abs().to_numpy(), readings["value"].ne(0).to_numpy()
    of, hour, size = sensor[some], readings["time"].to_numpy()[some] // HOUR_S, size[some]
    if not len(of):
        return readings[:0]
    first = np.flatnonzero(np.r_[True, (of[1:] != of[:-1]) | (hour[1:] != hour[:-1])])
    most, least, of = np.maximum.reduceat(size, first), np.minimum.reduceat(size, first), of[first]
    jumps = (of[1:] == of[:-1]) & (np.maximum(most[1:] / least[:-1], most[:-1] / least[1:]) > JUMP)
    return readings[np.isin(sensor, of[1:][jumps])]


def wrong_unit(
    readings: pd.DataFrame, past: pd.DataFrame, quantity: str, least_hours: int, tolerance: float, was_off: bool = False
) -> pd.DataFrame:
    """UNIT where one sensor is off by the factor of another unit.

    It is told in hours that satisfy all of the conditions above; it then holds for the readings beside them too, as long as
    they come closer to the usual value of their hour when divided by the factor.

    Parameters
    ----------
    readings
        sensor_id (one), time [s since 1970], value [our unit], by ascending time; without doubtful ones.
    past
        The same of the days before, from which follows what is usual.
    least_hours
        Hours in a row. [h]
    tolerance
        How far the ratio may be from the factor, as a share. [1]
    was_off
        Whether the sensor is known to have been off before the first of `readings`; else no jump is seen there.
    """
    usual, hours = hourly(past, STANDING), hourly(readings, TRACE)
    if len(usual) < LEAST_HOURS or hours.empty:
        return spans.frame()
    low, high = usual["size"].quantile([0.02, 0.98]).to_numpy() * (1 / WIDER, WIDER)
    of_day = usual["size"].groupby(usual["hour"] % spans.DAY_S)
    expected = of_day.median()[of_day.count() >= LEAST_SAME_HOURS]
    size, hour = hours["size"].to_numpy(), hours["hour"].to_numpy()
    off = size / expected.reindex(hour % spans.DAY_S).to_numpy()
    measuring = readings[readings["value"].abs() > STANDING * size.min()]
    sensor, time, value = int(readings["sensor_id"].iloc[0]), measuring["time"].to_numpy(), measuring["value"].abs().to_numpy()
    reading_off = value / expected.reindex(time // HOUR_S * HOUR_S % spans.DAY_S).to_numpy()
    rows = []
    for factor in (f for pair in FACTORS.get(quantity, ()) for f in (pair, 1 / pair)):
        near = np.abs(np.log(off / factor)) <= np.log1p(tolerance)
        strange = ((size < low) | (size > high)) & (size / factor >= low) & (size / factor <= high)
        closer = np.abs(np.log(reading_off / factor)) < np.abs(np.log(reading_off))
        for first, last in spans.runs(near & strange):
            if last - first + 1 >= least_hours:
                a, b = _edges(time, closer, hour[first], hour[last] + HOUR_S)
                if was_off if a == 0 else _jumped(time, value, a, low, high):
                    rows.append(
                        (
                            sensor,
                            Flag.UNIT,
                            time[a],
                            time[b] + 1,
                            hour[first + least_hours - 1] + HOUR_S,
                            f"about {_named(factor)} times the usual value",
                        )
                    )
    return spans.frame(rows).drop_duplicates(["start", "end"], ignore_index=True)


def _edges(time: np.ndarray, closer: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """First and last reading that are off, around the hours from `start` to `end` [s]."""
    a, b = int(np.searchsorted(time, start)), int(np.searchsorted(time, end)) - 1
    while not closer[a] and a < b:
        a += 1
    while not closer[b] and a < b:
        b -= 1
    while a > 0 and closer[a - 1]:
        a -= 1
    while b + 1 < len(time) and closer[b + 1]:
        b += 1
    return a, b


def _jumped(time: np.ndarray, value: np.ndarray, first: int, low: float, high: float) -> bool:
    """Whether the reading before `first` was usual, or there is none near enough to tell."""
    return time[first] - time[first - 1] > PAUSE_S or low <= value[first - 1] <= high


def _named(factor: float) -> str:
    return f"{factor:g}" if factor >= 1 else f"1/{1 / factor:g}"
