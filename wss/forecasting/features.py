"""What a correction of the profile may depend on: the last hours, days and weeks, the calendar, and the weather's deviations.

All of it is hourly and in local cells (day, slot), so that a clock change moves nothing. Demand enters only as its relative
residual to the profile of the issue's own local midnight: nothing depends on a zone's name or size.
"""

from dataclasses import dataclass

import numpy as np

from wss import times
from wss.forecasting.calendar import SATURDAY, neighbours
from wss.forecasting.courses import LONG_DAYS, TYPES, courses
from wss.forecasting.history import History
from wss.forecasting.profile import MedianProfile
from wss.forecasting.weather import WEATHER, Weather
from wss.robust import mean, newest

SLOTS, WINDOW, AHEAD = 24, 28, 9
"""Slots of a day; days of residuals that are looked back on; days that are expected beforehand, the issue's own included."""
CLIP = 1.5
"""Largest relative residual that enters a feature."""
RECENT_H = (3, 6, 12, 24, 72, 168, 336)
"""Spans of the mean residual before the issue [h]."""
FADING_H = {"recent_3": 3.0, "recent_6": 6.0, "recent_12": 12.0, "recent_24": 24.0, "slot_1": 24.0}
"""Features that also enter with a weight that fades with the lead, and its time constant [h]."""
SLOWLY = ("recent_24", "recent_72", "recent_168", "slot_3", "slot_7")
"""Features that also enter divided by the lead in days plus one."""
SLOT_DAYS = (1, 3, 7, 14, 28)
ALIKE_DAYS = (2, 5)
NIGHTS, SMALL_HOURS = (1, 3, 7), (2, 5)
"""Numbers of nights, and the hours of a night, that are looked at: a leak shows where people sleep."""
CALENDAR = (
    "holiday",
    "bridge",
    "after_holiday",
    "before_holiday",
    "monday",
    "saturday",
    "sunday",
    "week_ago_holiday",
    "two_weeks_ago_holiday",
    "year_sin",
    "year_cos",
)
TIME = ("lead_h", "slot", "weekday")
"""Only for trees, which need no linear relation."""
DEMAND = (
    *(f"recent_{h}" for h in RECENT_H),
    *(f"slot_{d}" for d in SLOT_DAYS),
    *(f"week_{k}" for k in (1, 2, 3, 4)),
    "alike_2",
    "alike_5",
    "expected",
    "level",
    "night",
    "weekend",
    *(f"nights_{k}" for k in NIGHTS),
    "trend",
    "largest_24",
    "scatter",
    "course_long",
    "course_class",
    "course_short",
    "beside",
    "type_slot",
    "type_slot_before",
    "type_slot_after",
    "type_day",
)
LINEAR = (*CALENDAR, *DEMAND, *(f"{n}_fading" for n in FADING_H), *(f"{n}_slowly" for n in SLOWLY))
NAMES = (*TIME, *LINEAR, *WEATHER)
"""Every feature, in the order of the last axis."""


@dataclass(frozen=True)
class Context:
    """A local day as its midnight sees it: what is expected, and how the days before differed from it."""

    row: int
    """Row of the day in the history."""
    expected: np.ndarray
    """(WINDOW + days ahead, slot, zone) profile of the days from `row` - WINDOW on, relative to `scale` [1]."""
    residual: np.ndarray
    """(WINDOW + 1, slot, zone) what was measured less what is expected, relative to `scale`, clipped; NaN where unknown [1].
    The last row is the day itself, of which an issue knows only what ends before it."""
    scale: np.ndarray
    """(zone,) mean demand of the profile [m3/h]."""
    level: np.ndarray
    """(zone,) level of the last days relative to the last two weeks [1]."""
    shape: np.ndarray
    """(2, zone) demand of the small hours, and of weekends, relative to the mean [1]."""
    courses: np.ndarray
    """(3, type, slot, zone) long, class and short course of the day less the profile's, see `courses.courses` [1]."""
    habits: np.ndarray
    """(type, slot, zone) mean residual of the last days of each type [1]."""


def context(history: History, row: int, ahead: int = AHEAD) -> Context:
    """What the midnight that begins row `row` of a history sees, with `ahead` days from there on.

    The history may know more, which is not used but for the residuals of the day itself.
    """
    midnight, _ = times.local_day(str(history.first_day + np.timedelta64(row, "D")), history.time_zone)
    model = MedianProfile.fit(history.until(midnight))
    value = model.days(np.arange(row - WINDOW, row + ahead))
    mean_profile = model.profile.mean(axis=(0, 1))
    scale = np.maximum(mean_profile * model.usual, 1e-6)
    first = max(row - WINDOW, 0)
    known = history.demand[first : row + 1]
    known = np.pad(known, ((WINDOW + 1 - len(known), 0), (0, 0), (0, 0)), constant_values=np.nan) if first == 0 else known
    residual = np.clip((known - value[: WINDOW + 1]) / scale, -CLIP, CLIP)
    usual = np.maximum(mean_profile, 1e-9)
    per_hour = model.profile.shape[1] // SLOTS
    first_hour, end_hour = SMALL_HOURS
    small_hours, free_days = model.profile[:5, first_hour * per_hour : end_hour * per_hour], model.profile[5:]
    shape = np.array([small_hours.mean(axis=(0, 1)), free_days.mean(axis=(0, 1))]) / usual
    past, types = history.demand[max(row - LONG_DAYS, 0) : row], history.types(np.arange(row - LONG_DAYS, row))
    other = courses(past, types[len(types) - len(past) :], model.profile * model.slots)
    habits = np.stack([mean(residual[:-1][types[-WINDOW:] == kind]) for kind in range(TYPES)])
    return Context(row, value / scale, residual, scale, model.level / np.maximum(model.usual, 1e-9), shape, other, habits)


def features(
    day_context: Context,
    history: History,
    issue_slot: int,
    day: np.ndarray,
    slot: np.ndarray,
    lead_h: np.ndarray,
    weather: Weather | None,
) -> np.ndarray:
    """Features of steps as of an issue.

    Parameters
    ----------
    day_context
        Of the issue's own local day.
    issue_slot
        Slot that begins at the issue.
    day, slot : (step,)
        Local cells of the steps.
    lead_h : (step,)
        From the issue to the step. [h]
    weather
        Absent: its features are 0.

    Returns
    -------
    (step, zone, feature)
        In the order of NAMES; 0 where nothing is known. [1]
    """
    c, zones = day_context, len(day_context.scale)
    known = c.residual.copy()
    known[-1, issue_slot:] = np.nan
    found: dict[str, np.ndarray] = {"lead_h": lead_h[:, None], "slot": slot[:, None]}
    found |= _calendar(history, day)
    so_far = known.reshape(-1, zones)[: WINDOW * SLOTS + issue_slot]
    found |= {f"recent_{h}": mean(so_far[-h:])[None] for h in RECENT_H}
    newest = WINDOW - (np.arange(SLOTS) >= issue_slot)
    past = known[newest - np.arange(max(SLOT_DAYS))[:, None], np.arange(SLOTS)]
    found |= {f"slot_{d}": mean(past[:d])[slot] for d in SLOT_DAYS}
    back = (day - c.row) + WINDOW - 7
    back = np.where((back < WINDOW) | ((back == WINDOW) & (slot < issue_slot)), back, back - 7)
    for k in range(4):
        at = back - 7 * k
        found[f"week_{k + 1}"] = np.where((at >= 0)[:, None], known[np.maximum(at, 0), slot], 0.0)
    found |= {"expected": c.expected[day - c.row + WINDOW, slot], "level": c.level[None]}
    found |= {"night": c.shape[:1], "weekend": c.shape[1:]}
    last_night = WINDOW + (issue_slot >= SMALL_HOURS[1])
    nights = known[:, slice(*SMALL_HOURS)]
    found |= {f"nights_{k}": mean(nights[last_night - k : last_night].reshape(-1, zones))[None] for k in NIGHTS}
    found |= {"trend": (mean(so_far[-72:]) - mean(so_far[-240:-72]))[None], "scatter": mean(np.abs(so_far[-336:]))[None],
              "largest_24": np.nan_to_num(so_far[-24:]).max(axis=0)[None]}  # fmt: skip
    found |= _typical(c, history.types(day), day - c.row + WINDOW, slot)
    found |= {f"{n}_fading": found[n] * np.exp(-lead_h / tau)[:, None] for n, tau in FADING_H.items()}
    found |= {f"{n}_slowly": found[n] / (lead_h / 24 + 1)[:, None] for n in SLOWLY}
    found |= {n: np.zeros((1, 1)) for n in WEATHER} if weather is None else weather.deviations(c.row, day, slot)
    found |= _alike(history, c.row, known, day, slot)
    out = np.empty((len(day), zones, len(NAMES)), dtype="float32")
    for k, name in enumerate(NAMES):
        out[..., k] = found[name]
    return np.nan_to_num(out, copy=False)


def _typical(c: Context, kind: np.ndarray, day: np.ndarray, slot: np.ndarray) -> dict[str, np.ndarray]:
    """What days of the steps' types (step,) were like beside the profile, each (step, zone). [1]"""
    flat = c.expected.reshape(-1, len(c.scale))
    at = day * SLOTS + slot
    found = {f"course_{name}": c.courses[k][kind, slot] for k, name in enumerate(("long", "class", "short"))}
    found["beside"] = (flat[at - 1] + flat[np.minimum(at + 1, len(flat) - 1)]) / 2 - flat[at]
    found |= {
        "type_slot": c.habits[kind, slot],
        "type_slot_before": c.habits[kind, slot - 1],
        "type_slot_after": c.habits[kind, (slot + 1) % SLOTS],
        "type_day": c.habits.mean(axis=1)[kind],
    }
    return found


def _alike(history: History, row: int, known: np.ndarray, day: np.ndarray, slot: np.ndarray) -> dict[str, np.ndarray]:
    """Mean residual of the last days of the same class (working or free) at the slot (step, zone). [1]"""
    free = history.types(np.arange(row - WINDOW, row + 1)) >= SATURDAY
    wanted = history.types(day) >= SATURDAY
    found = {}
    for count in ALIKE_DAYS:
        kinds = [np.where((free == kind)[:, None, None], known, np.nan) for kind in (False, True)]
        found[f"alike_{count}"] = np.stack([mean(newest(kind, count)) for kind in kinds])[wanted.astype(int), slot]
    return found


def _calendar(history: History, day: np.ndarray) -> dict[str, np.ndarray]:
    dates = history.first_day + day.astype("timedelta64[D]")
    distinct, which = np.unique(dates, return_inverse=True)
    about = neighbours(distinct, history.calendar)
    angle = 2 * np.pi * (distinct - distinct.astype("datetime64[Y]")).astype(int) / 365.25
    kind = about["kind"]
    about |= {
        "weekday": kind,
        "monday": kind == 0,
        "saturday": kind == 5,
        "sunday": kind == 6,
        "year_sin": np.sin(angle),
        "year_cos": np.cos(angle),
    }
    return {name: np.asarray(about[name], dtype=float)[which][:, None] for name in ("weekday", *CALENDAR)}
