"""Prose for executed notebooks: what was decided and how far it can be trusted; and a run's summary as a table."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from wss.views.words import Language, say


def plan_story(summary: Mapping[str, Any], currency: str, language: Language = "en") -> Markdown:
    """The decision of an optimize run in a few sentences.

    Parameters
    ----------
    summary
        Of the run: rung, reason, plan_cost, baseline_cost [currency], saving_percent [%], energy_kwh [kWh],
        violations (list), level_age_minutes [min].
    currency
        ISO 4217 code.
    """
    violations = summary["violations"]
    rung = summary["rung"]
    lines = [f"**{say(f'rung_{rung}', language)}** (`{rung}`): {summary['reason']}"]
    if violations:
        lines.append(say("story_violations", language, count=len(violations)))
        lines += [f"* {violation}" for violation in violations]
    else:
        lines.append(say("story_holds", language))
    if summary.get("baseline_cost") is not None:
        lines.append(say("story_cost", language, currency=currency, **{
            name: summary[name] for name in ("plan_cost", "baseline_cost", "saving_percent", "energy_kwh")}))
    if summary.get("level_age_minutes") is not None:
        lines.append(say("story_levels", language, age=summary["level_age_minutes"]))
    return Markdown("\n\n".join(lines))


def summary_table(summary: Mapping[str, Any]) -> Styler:
    """Every figure of a run's summary (units as the names say), as a table with two columns."""
    rows = [(name, _text(value)) for name, value in summary.items()]
    frame = pd.DataFrame(rows, columns=["", " "]).style.hide(axis="index").hide(axis="columns")
    return frame.set_properties(**{"text-align": "left", "vertical-align": "top"})


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(map(_text, value)) or "—"
    return "—" if value is None else str(value)
