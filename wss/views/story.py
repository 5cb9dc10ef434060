"""Prose for executed notebooks: what was decided and how far it can be trusted; and a run's summary as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from wss import times
from wss.config import Tank, Tenant
from wss.views import style
from wss.views.faults import told
from wss.views.reasons import change_words
from wss.views.words import Language, number, say


def plan_story(
    summary: Mapping[str, Any],
    currency: str,
    language: Language = "en",
    tanks: Sequence[Tank] = (),
    time_zone: str = "UTC",
    tenant: Tenant | None = None,
) -> Markdown:
    """The decision of an optimize run in a few sentences.

    Parameters
    ----------
    summary
        Of the run: rung, reason, plan_cost, baseline_cost [currency], saving_percent [%], energy_kwh [kWh],
        violations (list), level_age_minutes [min].
    currency
        ISO 4217 code.
    tanks, time_zone
        Titles, and the clock on the wall, of what is said about sampled demands.
    tenant
        Of whom reason and violations are told in the words of its operators; absent: as the optimizer says them.
    """
    violations = summary["violations"]
    rung = summary["rung"]
    as_told = (lambda text: told(tenant, text)) if tenant is not None else str
    lines = [f"**{say(f'rung_{rung}', language)}** (`{rung}`): {as_told(summary['reason'])}"]
    if violations:
        lines.append(say("story_violations", language, count=len(violations)))
        lines += [f"* {as_told(violation)}" for violation in violations]
    else:
        lines.append(say("story_holds", language))
    if summary.get("baseline_cost") is not None:
        lines.append(
            say(
                "story_cost",
                language,
                currency=currency,
                **{name: summary[name] for name in ("plan_cost", "baseline_cost", "saving_percent", "energy_kwh")},
            )
        )
    if summary.get("level_age_minutes") is not None:
        lines.append(say("story_levels", language, age=summary["level_age_minutes"]))
    lines += [f"* {risk}" for risk in risk_sentences(summary.get("level_risks", ()), tanks, time_zone, language)]
    return Markdown("\n\n".join(lines))


def change_story(summary: Mapping[str, Any], tenant: Tenant, currency: str) -> Markdown:
    """What the plan of an optimize run changes against the one that was in force, from its summary, and what that saves."""
    return Markdown(change_words(tenant, currency, summary.get("change")) or say("change_first", tenant.language))


def risk_sentences(
    risks: Sequence[Mapping[str, Any]], tanks: Sequence[Tank], time_zone: str, language: Language = "en"
) -> list[str]:
    """In how many sampled demands which tank crosses a limit, a sentence each.

    Parameters
    ----------
    risks
        Of an optimize run's summary: tank, side (low or high), paths, of, limit_m, worst_m [m], first [ISO].
    """
    titles = {tank.id: tank.title for tank in tanks}
    return [
        say(
            f"risk_{risk['side']}",
            language,
            paths=risk["paths"],
            of=risk["of"],
            tank=titles.get(risk["tank"], risk["tank"]),
            limit=number(risk["limit_m"], ".2f", language),
            worst=number(risk["worst_m"], ".2f", language),
            first=style.moment(times.utc(risk["first"]), time_zone, language),
        )
        for risk in risks
    ]


def forecast_story(summary: Mapping[str, Any], language: Language = "en") -> Markdown:
    """Which model made a forecast, how old it is, which weather it used and what it took as unknown.

    Parameters
    ----------
    summary
        Of a forecast run: model, model_age_days [d], model_reason, weather, weather_share, repairs.
    """
    return Markdown("\n\n".join([*model_sentences(summary, language), *_repairs(summary, language)]))


def model_sentences(summary: Mapping[str, Any], language: Language = "en") -> list[str]:
    """Model and weather of a forecast, from its run's summary; nothing for one that does not say. Ages in days [d]."""
    if "weather" not in summary:
        return []
    fitted = summary.get("model_age_days") is not None
    key = "story_fitted" if fitted else "story_profile"
    told = say(key, language, model=summary["model"], age=summary.get("model_age_days"), reason=summary.get("model_reason"))
    used = summary["weather"] != "none"
    weather = say("story_weather", language, share=summary["weather_share"]) if used else say("story_no_weather", language)
    return [told, weather]


def refit_story(summary: Mapping[str, Any], language: Language = "en") -> Markdown:
    """What a refit learnt from, or why it did not, from its summary: model, reason, days [d], first_day, last_day, modes."""
    if summary["model"] == "none":
        return Markdown(say("story_not_learnt", language, reason=summary["reason"]))
    return Markdown(
        say(
            "story_learnt",
            language,
            days=summary["days"],
            first=summary["first_day"],
            last=summary["last_day"],
            modes=", ".join(summary["modes"]),
        )
    )


def _repairs(summary: Mapping[str, Any], language: Language) -> list[str]:
    repairs = summary.get("repairs", ())
    return [say("story_repairs", language), *(f"* {repair}" for repair in repairs)] if repairs else []


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
