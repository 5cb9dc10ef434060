"""What was special about the origins that went worst: holidays, repairs, doubtful readings, readings that lack."""

from typing import Any

import numpy as np
import pandas as pd

from wss import times
from wss.forecasting.backtest import ALL
from wss.forecasting.calendar import neighbours
from wss.steps.run import Run

BEFORE = 2 * times.DAY
"""Doubtful readings this long before an origin may have misled it."""
FEWEST = 3
"""Doubtful readings of a sensor that are told; others beside them stand in for fewer."""


def what_was_special(
    run: Run, by_origin: pd.DataFrame, told: dict[pd.Timestamp, dict[str, Any]], hours: int, count: int
) -> pd.DataFrame:
    """The `count` origins with the largest relative error over all zones, the worst first.

    Parameters
    ----------
    by_origin
        As `forecasting.backtest.Tables` has it: origin, zone, wape_forecast, wape_profile [1], mae_forecast [m3/h].
    told
        By origin its repairs.
    hours
        How far each forecast [h].

    Returns
    -------
    DataFrame
        origin [UTC], wape, wape_profile, usual (median of all origins) [1], zone (whose error is the greatest part), share (that
        part [1]), holidays, bridges (ISO dates in the time that was forecast), repairs (text), doubts (sensor, number of
        readings, flags).
    """
    total, parts = (by_origin[by_origin["zone"].eq(ALL) == whole] for whole in (True, False))
    worst = total.dropna(subset="wape_forecast").sort_values("wape_forecast", ascending=False, kind="stable").head(count)
    rows = []
    for row in worst.itertuples():
        zones = parts[parts["origin"] == row.origin]
        error = zones["mae_forecast"].fillna(0) * zones["count"]
        holidays, bridges = _days(run, row.origin, hours)
        rows.append(
            {
                "origin": row.origin,
                "wape": row.wape_forecast,
                "wape_profile": row.wape_profile,
                "usual": total["wape_forecast"].median(),
                "zone": zones["zone"].loc[error.idxmax()],
                "share": error.max() / error.sum() if error.sum() else np.nan,
                "holidays": holidays,
                "bridges": bridges,
                "repairs": list(told.get(row.origin, {}).get("repairs", ())),
                "doubts": _doubts(run, row.origin, hours),
            }
        )
    columns = ["origin", "wape", "wape_profile", "usual", "zone", "share", "holidays", "bridges", "repairs", "doubts"]
    return pd.DataFrame(rows, columns=columns)


def _days(run: Run, origin: pd.Timestamp, hours: int) -> tuple[list[str], list[str]]:
    """Holidays that are no Sundays, and bridge days, among the local days that were forecast."""
    ends = times.wall(pd.DatetimeIndex([origin, origin + (hours - 1) * times.HOUR]), run.tenant.time_zone)
    days = pd.date_range(ends[0].normalize(), ends[1].normalize()).to_numpy().astype("datetime64[D]")
    found = neighbours(days, run.tenant.calendar)
    return [str(day) for day in days[found["holiday"]]], [str(day) for day in days[found["bridge"]]]


def _doubts(run: Run, origin: pd.Timestamp, hours: int) -> list[tuple[str, int, int]]:
    """Sensors that demand comes from with masked readings from two days before the origin to the end of what was forecast, as
    known at `run.now`: how many readings, and all flags of them; most first."""
    start, end = origin - BEFORE, min(origin + hours * times.HOUR, run.now)
    frame = run.store.read(["level", "flow"], start, end, known_by=run.now)
    frame = frame.assign(flag=frame["flag"].to_numpy() & int(run.tenant.quality.masked))
    of = frame[frame["flag"] > 0].groupby(["quantity", "item"])["flag"].agg(["size", np.bitwise_or.reduce])
    of = of[of["size"] >= FEWEST].sort_values("size", ascending=False, kind="stable")
    return [(f"{quantity} {item}", int(count), int(flags)) for (quantity, item), count, flags in of.itertuples(name=None)]
