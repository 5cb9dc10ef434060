"""Prose for executed notebooks: what was decided and how far it can be trusted; and a run's summary as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from wss import times
from wss.config import Tank, Tenant
from wss.records import RECORDS, Fact, ForecastSummary, LevelRisk, PlanSummary, RefitSummary, sentence
from wss.views import style
from wss.views.facts import told
from wss.views.reasons import change_words
from wss.views.words import Language, number, say


def plan_story(
    summary: PlanSummary | Mapping[str, Any],
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
        Of the run.
    currency
        ISO 4217 code.
    tanks, time_zone
        Titles, and the clock on the wall, of what is said about sampled demands.
    tenant
        Of whom reason and violations are told in the words of its operators; absent: as the optimizer says them.
    """
    plan = PlanSummary.of(summary)

    def in_words(*facts: Fact) -> str:
        return sentence(facts) if tenant is None else told(tenant, facts)

    lines = [f"**{say(f'rung_{plan.rung}', language)}** (`{plan.rung}`): {in_words(*plan.reasons)}"]
    if plan.violations:
        lines.append(say("story_violations", language, count=len(plan.violations)))
        lines += [f"* {in_words(violation)}" for violation in plan.violations]
    else:
        lines.append(say("story_holds", language))
    if plan.baseline_cost is not None:
        lines.append(
            say(
                "story_cost",
                language,
                currency=currency,
                **{name: getattr(plan, name) for name in ("plan_cost", "baseline_cost", "saving_percent", "energy_kwh")},
            )
        )
    if plan.level_age_minutes is not None:
        lines.append(say("story_levels", language, age=plan.level_age_minutes))
    lines += [f"* {risk}" for risk in risk_sentences(plan.level_risks, tanks, time_zone, language)]
    return Markdown("\n\n".join(lines))


def change_story(summary: PlanSummary | Mapping[str, Any], tenant: Tenant, currency: str) -> Markdown:
    """What the plan of an optimize run changes against the one that was in force, from its summary, and what that saves."""
    return Markdown(change_words(tenant, currency, PlanSummary.of(summary).change) or say("change_first", tenant.language))


def risk_sentences(risks: Sequence[LevelRisk], tanks: Sequence[Tank], time_zone: str, language: Language = "en") -> list[str]:
    """In how many sampled demands which tank crosses a limit, a sentence each."""
    titles = {tank.id: tank.title for tank in tanks}
    return [
        say(
            f"risk_{risk.side}",
            language,
            paths=risk.paths,
            of=risk.of,
            tank=titles.get(risk.tank, risk.tank),
            limit=number(risk.limit_m, ".2f", language),
            worst=number(risk.worst_m, ".2f", language),
            first=style.moment(times.utc(risk.first), time_zone, language),
        )
        for risk in risks
    ]


def forecast_story(summary: ForecastSummary | Mapping[str, Any], language: Language = "en") -> Markdown:
    """Which model made a forecast, how old it is, which weather it used and what it took as unknown, from its run's summary."""
    forecast = ForecastSummary.of(summary)
    repairs = [say("story_repairs", language), *(f"* {repair}" for repair in forecast.repairs)] if forecast.repairs else []
    return Markdown("\n\n".join([*model_sentences(forecast, language), *repairs]))


def model_sentences(forecast: ForecastSummary, language: Language = "en") -> list[str]:
    """Model and weather of a forecast, from its run's summary; nothing for one that does not say. Ages in days [d]."""
    if forecast.weather is None:
        return []
    key = "story_profile" if forecast.model_age_days is None else "story_fitted"
    model = say(key, language, model=forecast.model, age=forecast.model_age_days, reason=forecast.model_reason)
    used = forecast.weather != "none"
    weather = say("story_weather", language, share=forecast.weather_share) if used else say("story_no_weather", language)
    return [model, weather]


def refit_story(summary: RefitSummary | Mapping[str, Any], language: Language = "en") -> Markdown:
    """What a refit learnt from, or why it did not, from its run's summary."""
    refit = RefitSummary.of(summary)
    if refit.model == "none":
        return Markdown(say("story_not_learnt", language, reason=refit.reason))
    return Markdown(
        say(
            "story_learnt",
            language,
            days=refit.days,
            first=refit.first_day,
            last=refit.last_day,
            modes=", ".join(refit.modes or ()),
        )
    )


def summary_table(summary: Mapping[str, Any]) -> Styler:
    """Every figure of a run's summary (units as the names say), as a table with two columns; facts in their sentences."""
    rows = [(name, _text(value)) for name, value in summary.items() if name not in RECORDS]
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
