"""Local days and what people do on them: weekdays, and holidays that count as Sundays."""

import numpy as np

from wss.config import Calendar
from wss.config.calendars import holiday_dates

SUNDAY = 6


def day_types(days: np.ndarray, calendar: Calendar) -> np.ndarray:
    """Type of each local day: 0 Monday .. 6 Sunday; a holiday is a Sunday, the days beside it are what they are.

    Parameters
    ----------
    days : (day,) datetime64[D]
    """
    days = np.asarray(days, dtype="datetime64[D]")
    types = (days.astype("int64") + 3) % 7  # 1970-01-01 was a Thursday
    years = np.unique(days.astype("datetime64[Y]").astype("int64") + 1970)
    holidays = np.array(sorted(holiday_dates(calendar, years.tolist())), dtype="datetime64[D]")
    types[np.isin(days, holidays)] = SUNDAY
    return types
