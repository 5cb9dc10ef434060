"""Local days and what people do on them: weekdays, and holidays that count as Sundays."""

from functools import lru_cache

import numpy as np

from wss.calendars import holiday_dates
from wss.config import Calendar

SATURDAY, SUNDAY = 5, 6


def day_types(days: np.ndarray, calendar: Calendar) -> np.ndarray:
    """Type of each local day: 0 Monday .. 6 Sunday; a holiday is a Sunday, the days beside it are what they are.

    Parameters
    ----------
    days : (day,) datetime64[D]
    """
    days = np.asarray(days, dtype="datetime64[D]")
    types = (days.astype("int64") + 3) % 7  # 1970-01-01 was a Thursday
    years = np.unique(days.astype("datetime64[Y]").astype("int64") + 1970)
    types[np.isin(days, _holidays(calendar, tuple(years.tolist())))] = SUNDAY
    return types


@lru_cache(maxsize=128)
def _holidays(calendar: Calendar, years: tuple[int, ...]) -> np.ndarray:
    """Holidays of some years, sorted (holiday,) datetime64[D]; a refit asks thousands of times."""
    return np.array(sorted(holiday_dates(calendar, years)), dtype="datetime64[D]")


def neighbours(days: np.ndarray, calendar: Calendar) -> dict[str, np.ndarray]:
    """What local days are beside their weekday, each (day,).

    Parameters
    ----------
    days : (day,) datetime64[D]

    Returns
    -------
    dict
        kind (as `day_types`); whether the day is a holiday; a bridge (a working day between two free ones); the day after or
        before a holiday; and whether a holiday was one or two weeks ago.
    """
    days = np.asarray(days, dtype="datetime64[D]")
    reach = np.arange(-14, 2)
    around = days[:, None] + reach.astype("timedelta64[D]")
    weekday = (around.astype("int64") + 3) % 7
    kind = day_types(around.ravel(), calendar).reshape(around.shape)
    free = kind >= SATURDAY
    holiday = (kind == SUNDAY) & (weekday != SUNDAY)
    at = {k: int(np.flatnonzero(reach == k)[0]) for k in (-14, -7, -1, 0, 1)}
    return {
        "kind": kind[:, at[0]],
        "holiday": holiday[:, at[0]],
        "bridge": ~free[:, at[0]] & free[:, at[-1]] & free[:, at[1]],
        "after_holiday": holiday[:, at[-1]],
        "before_holiday": holiday[:, at[1]],
        "week_ago_holiday": holiday[:, at[-7]],
        "two_weeks_ago_holiday": holiday[:, at[-14]],
    }
