"""Tables about doubtful readings: what, where, from when to when; and which runs had to do without them."""

import numpy as np
import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from wss import times
from wss.quantities import Flag
from wss.views.tables import _styled
from wss.views.words import Language, say

ROWS = 60
"""Most rows that a table shows."""


def doubt_table(spans: pd.DataFrame, time_zone: str = "UTC", language: Language = "en") -> Styler | Markdown:
    """What is doubtful, where, from when to when in local time, and why; the newest last. Sensors with one note share a row.

    Parameters
    ----------
    spans : columns quantity, item, flag, start, end (UTC, NaT: goes on), readings (number or NA), note
    """
    if spans.empty:
        return Markdown(say("nothing_doubtful", language))
    named = spans.assign(sensor=spans["quantity"].astype(str) + " " + spans["item"].astype(str))
    spans = named.groupby(["start", "end", "flag", "note", "readings"], sort=False, dropna=False, as_index=False).agg(
        sensor=("sensor", ", ".join)
    )
    last = spans.tail(ROWS)
    frame = pd.DataFrame(
        {
            say("sensor", language): last["sensor"].tolist(),
            say("doubt", language): [flags_text(flag, language) for flag in last["flag"]],
            say("since", language): [_local(t, time_zone, language) for t in last["start"]],
            say("till", language): [_local(t, time_zone, language) for t in last["end"]],
            say("readings", language): ["" if pd.isna(n) else str(int(n)) for n in last["readings"]],
            say("note", language): last["note"].tolist(),
        }
    )
    table = _styled(frame)
    return table.set_caption(say("more_spans", language, shown=ROWS, count=len(spans))) if len(spans) > ROWS else table


def leaned_table(leaned: pd.DataFrame, language: Language = "en") -> Styler | Markdown:
    """Which kinds of runs did without readings of which sensor, and what stood in for them.

    Parameters
    ----------
    leaned : columns kind, run, quantity, item, flag, hours, readings (numbers), instead
        A row for each run, sensor and substitute. Of runs of one kind the numbers are the largest: each looks at much the same
        past.
    """
    if leaned.empty:
        return Markdown(say("nothing_masked", language))
    of = leaned.groupby(["kind", "quantity", "item", "instead"])
    most = of.agg(
        runs=("run", "nunique"), hours=("hours", "max"), readings=("readings", "max"), flag=("flag", np.bitwise_or.reduce)
    ).reset_index()
    return _styled(
        pd.DataFrame(
            {
                say("run", language): most["kind"],
                say("sensor", language): most["quantity"] + " " + most["item"].astype(str),
                say("doubt", language): [flags_text(flag, language) for flag in most["flag"]],
                say("runs", language): most["runs"],
                say("hours", language): most["hours"],
                say("readings", language): most["readings"],
                say("instead", language): [say(f"instead_{word}", language) for word in most["instead"]],
            }
        )
    )


def flags_text(flag: int, language: Language = "en") -> str:
    """Words of all flags in a number."""
    return ", ".join(say(f"flag_{kind.name.lower()}", language) for kind in Flag if kind and kind & flag)


def _local(moment: pd.Timestamp, time_zone: str, language: Language) -> str:
    if moment is pd.NaT:
        return say("goes_on", language)
    return f"{times.wall(pd.DatetimeIndex([moment]), time_zone)[0]:%Y-%m-%d %H:%M}"
