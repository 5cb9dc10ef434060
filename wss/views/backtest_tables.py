"""Tables and sentences about a backtest: errors by zone, and the origins that went worst with what was special."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from wss import times
from wss.records import BacktestSummary
from wss.views.quality_tables import flags_text
from wss.views.tables import _styled
from wss.views.words import DAYS, Language, number, say

MOST = 4
"""Repairs or doubts that a row tells; the rest is counted."""


def backtest_story(summary: BacktestSummary | Mapping[str, Any], language: Language = "en") -> Markdown:
    """What was tested, with which models, and what failed, from its run's summary."""
    told = BacktestSummary.of(summary)
    models = "; ".join(f"{name} ({count})" for name, count in told.models.items())
    lines = [
        say(
            "backtest_done",
            language,
            count=told.origins - told.failed,
            hours=told.hours,
            every=f"{told.every_hours:g}",
            models=models,
        )
    ]
    if told.failed:
        lines.append(say("backtest_failed", language, failed=told.failed, count=told.origins))
    return Markdown("\n\n".join(lines))


def backtest_table(by_span: pd.DataFrame, language: Language = "en") -> Styler:
    """Errors by zone and span of the lead, the zones together last.

    Parameters
    ----------
    by_span
        zone ("": all), from_h, to_h [h], mae_forecast, pinball [m3/h], wape_forecast, skill_profile, skill_naive, inside_80,
        inside_90 [1].
    """
    frame = by_span.assign(last=by_span["zone"] == "").sort_values(["last", "zone", "from_h"], kind="stable")
    mean, shares = (
        [say("mean_error", language), say("pinball", language)],
        {
            "wape_forecast": say("relative_error", language),
            "skill_profile": say("better_than_profile", language),
            "skill_naive": say("better_than_naive", language),
            "inside_80": say("band_of", language, percent=80),
            "inside_90": say("band_of", language, percent=90),
        },
    )
    table = pd.DataFrame(
        {
            say("zone", language): [zone or say("all_zones", language) for zone in frame["zone"]],
            say("lead", language): [f"{start}–{end}" for start, end in zip(frame["from_h"], frame["to_h"], strict=True)],
            mean[0]: frame["mae_forecast"].to_numpy(),
            mean[1]: frame["pinball"].to_numpy(),
            **{title: frame[name].to_numpy() for name, title in shares.items()},
        }
    )
    shown = _styled(table).format(lambda value: number(value, ",.1f", language), subset=mean, na_rep="—")
    return shown.format(lambda value: _percent(value, language), subset=list(shares.values()), na_rep="—")


def worst_table(worst: pd.DataFrame, time_zone: str = "UTC", language: Language = "en") -> Styler | Markdown:
    """The origins that went worst, in local time, and what was special about them.

    Parameters
    ----------
    worst
        origin [UTC], wape, wape_profile, usual, share [1], zone, holidays, bridges, repairs (lists of text), doubts (list of
        sensor, number of readings, flags).
    """
    if worst.empty:
        return Markdown(say("no_origin", language))
    wall = times.wall(pd.DatetimeIndex(worst["origin"]), time_zone)
    shares = {"relative_error": "wape", "backtest_profile": "wape_profile", "usual_error": "usual"}
    return _styled(
        pd.DataFrame(
            {
                say("origin", language): [f"{DAYS[language][t.day_of_week]} {t:%Y-%m-%d %H:%M}" for t in wall],
                **{say(title, language): [_percent(value, language) for value in worst[name]] for title, name in shares.items()},
                say("most_in", language): [
                    f"{zone}, {_percent(share, language, '.0f')}"
                    for zone, share in zip(worst["zone"], worst["share"], strict=True)
                ],
                say("special", language): [_special(row, language) for row in worst.to_dict("records")],
            }
        )
    )


def _percent(share: float, language: Language, form: str = ".1f") -> str:
    return "—" if pd.isna(share) else f"{number(100 * share, form, language)} %"


def _special(row: Mapping[str, Any], language: Language) -> str:
    """What was special, in a sentence each."""
    doubts = [f"{sensor} ({count}: {flags_text(flags, language)})" for sensor, count, flags in row["doubts"]]
    told = {name: row[name] for name in ("holidays", "bridges", "repairs")} | {"doubts": doubts}
    said = [say(name, language, what=_some(what, language)) for name, what in told.items() if what]
    return "; ".join(said) or "—"


def _some(what: Sequence[str], language: Language) -> str:
    rest = len(what) - MOST
    return ", ".join([*what[:MOST], *([say("and_more", language, count=rest)] if rest > 0 else [])])
