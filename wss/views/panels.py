"""Parts of the operator's page as HTML: header, status, next actions, levels at seven, money, journal. All text is escaped."""

from html import escape

import numpy as np
import pandas as pd

from wss import times
from wss.config import Tank
from wss.records import PlanSummary
from wss.views import reasons, style
from wss.views.facts import told
from wss.views.situation import Situation
from wss.views.story import model_sentences, risk_sentences
from wss.views.words import DAYS, Language, number, say

PLAN_OLD_MINUTES, PLAN_DEAD_MINUTES = 60, 240
"""Age of a plan or forecast from which the page warns, and from which it says that something is broken [min]."""
MARKS = {"ok": "✓", "warn": "!", "bad": "✕"}
RUNG_LEVEL = {
    "proven": "ok",
    "converged": "ok",
    "limit": "ok",
    "relaxed": "warn",
    "last_plan": "warn",
    "level_control": "bad",
    "none": "bad",
}
READY_AT = 7
"""Local hour at which operators want full tanks."""
READY_AHEAD = pd.Timedelta(hours=4)
"""A morning nearer than this is settled; the next one is what the plan still decides."""


def header(situation: Situation) -> str:
    """Name of the utility, what is simulated, and the clock on the wall."""
    tenant = situation.tenant
    badge = f'<span class="badge">{say("simulated", tenant.language)}</span>' if tenant.simulated else ""
    local = times.wall(pd.DatetimeIndex([situation.now]), tenant.time_zone)[0]
    clock = f"{local:%H:%M}<small>{DAYS[tenant.language][local.weekday()]} {local:%d/%m/%Y} · {escape(tenant.time_zone)}</small>"
    name = f'<span class="name">{escape(tenant.title)}</span>'
    return f'<div class="head">{name}{badge}{status(situation)}<span class="clock num">{clock}</span></div>'


def status(situation: Situation) -> str:
    """Ages of data, forecast and plan, and the rung with its reason, each green, amber or red."""
    intake, language = situation.tenant.intake, situation.tenant.language
    plan_time = None if situation.plan is None else situation.plan.now
    pills = [
        _age("data", situation.now, situation.data_time, intake.stale_minutes, intake.dead_minutes, language),
        _age(
            "forecast_age",
            situation.now,
            situation.forecast_time,
            PLAN_OLD_MINUTES,
            PLAN_DEAD_MINUTES,
            language,
            _title(" ".join(model_sentences(situation.forecast_summary, language))),
        ),
        _age("plan_age", situation.now, plan_time, PLAN_OLD_MINUTES, PLAN_DEAD_MINUTES, language),
        _rung(situation),
    ]
    return f'<div class="strip">{"".join(pills)}</div>'


def notices(situation: Situation) -> str:
    """What a lower rung means, what the plan breaks, and the failure of the newest attempt, if any; else nothing."""
    language, parts = situation.tenant.language, []
    if situation.trouble:
        parts.append(("bad", say("trouble", language), situation.trouble))
    summary = PlanSummary() if situation.plan is None else situation.plan.summary
    if RUNG_LEVEL.get(summary.rung) != "ok" and situation.plan is not None:
        why = told(situation.tenant, summary.reasons)
        parts.append((RUNG_LEVEL.get(summary.rung, "bad"), say(f"note_{summary.rung}", language), why))
    if summary.violations:
        named = told(situation.tenant, summary.violations[:3])
        parts.append(("warn", say("violations", language, count=len(summary.violations)), named))
    return "".join(f'<div class="notice {level}"><b>{escape(title)}</b> {escape(text)}</div>' for level, title, text in parts)


def cards(situation: Situation) -> str:
    """The next three actions, each with its local time, pump, what to do, why, and the tariff period."""
    tenant, actions = situation.tenant, None if situation.plan is None else situation.plan.actions
    step = pd.Timedelta(minutes=tenant.plan.decision_minutes)
    due = (
        [] if actions is None else list(actions[actions["time"] > situation.now - step].sort_values("time").head(3).itertuples())
    )
    shown = [_card(situation, action) for action in due]
    empty = say("no_plan" if situation.plan is None else "no_more_actions", tenant.language)
    shown += [f'<div class="card none"><div class="why">{empty if k == 0 else ""}</div></div>' for k in range(3 - len(shown))]
    changed = reasons.change_words(tenant, situation.tariff.currency, situation.plan.summary.change) if situation.plan else ""
    head = f"<h2>{say('next_actions', tenant.language)}<span>{escape(changed)}</span></h2>"
    return f'{head}<div class="cards">{"".join(shown)}</div>'


def ready_levels(situation: Situation) -> str:
    """Level of each tank at seven tomorrow morning (after midnight: this morning), with its band between the limits."""
    tenant, plan = situation.tenant, situation.plan
    morning = _morning(situation.now, tenant.time_zone)
    day = style.moment(morning, tenant.time_zone, tenant.language).split()[0]
    same = times.local_date(morning, tenant.time_zone) == times.local_date(situation.now, tenant.time_zone)
    title = f"<h2>{say('ready_today' if same else 'ready', tenant.language, hour=READY_AT, day=day)}</h2>"
    if plan is None or not plan.level.time.values[0] <= morning <= plan.level.time.values[-1]:
        return title + f'<div class="note">{say("no_plan_then", tenant.language)}</div>'
    likely = sorted(plan.summary.level_risks, key=lambda risk: -risk.paths)
    risks = risk_sentences(likely, tenant.system.tanks, tenant.time_zone, tenant.language)
    notes = "".join(f'<div class="note">{escape(risk)}</div>' for risk in risks[:1])
    if len(risks) > 1:
        rest = "".join(f"<div>{escape(risk)}</div>" for risk in risks[1:])
        more = say("risks_more", tenant.language, count=len(risks) - 1)
        notes += f'<details class="note"><summary>{more}</summary>{rest}</details>'
    return title + f'<div class="tanks">{"".join(_gauge(situation, tank, morning) for tank in tenant.system.tanks)}</div>{notes}'


def money(situation: Situation) -> str:
    """What the plan costs against level control on equal terms, with the terms."""
    language, currency = situation.tenant.language, escape(situation.tariff.currency)
    heads = [f"{say('cost', language)} [{currency}]", say("plan", language), say("baseline", language), ""]
    rows, hours = [], situation.tenant.plan.horizon_hours
    for bill in situation.bills:
        change = None if not bill.baseline else 100 * (bill.cost - bill.baseline) / bill.baseline
        saving = "" if change is None else f"{number(change, '+.1f', language)} %"
        kind = "" if not saving else "save" if bill.cost <= bill.baseline else "more"
        cost, other = ("" if v is None else number(v, ",.0f", language) for v in (bill.cost, bill.baseline))
        rows.append(
            f'<tr class="num"><td>{say(bill.key, language, hours=hours)}</td><td><b>{cost}</b></td>'
            f'<td>{other}</td><td class="{kind}">{saving}</td></tr>'
        )
    table = (
        f"<table><tr>{''.join(f'<th>{h}</th>' for h in heads)}</tr>{''.join(rows)}</table>" if rows else say("no_plan", language)
    )
    return f'<h2>{say("money", language)}</h2>{table}<div class="note">{say("honest", language)}</div>'


def journal(situation: Situation, entries: int = 5) -> str:
    """Last entries of the journal: when, who, what and why."""
    language, zone = situation.tenant.language, situation.tenant.time_zone
    rows = []
    for row in situation.journal.iloc[::-1].head(entries).itertuples():
        what = (
            say(f"did_{row.kind}", language)
            if row.kind in ("accept", "override", "override_cancelled")
            else escape(str(row.kind))
        )
        detail = _held(situation, row.body) if row.kind == "override" else ""
        reason = f" <span>“{escape(str(row.reason))}”</span>" if row.reason else ""
        rows.append(
            f'<div class="entry"><span class="num">{style.moment(row.at, zone, language)}</span> <b>{escape(str(row.who))}</b> '
            f"{what} {detail}{reason}</div>"
        )
    return f"<h2>{say('journal', language)}</h2>" + ("".join(rows) or f'<div class="note">{say("no_entries", language)}</div>')


def override_text(situation: Situation, held) -> str:
    """One active override in words, escaped: pump, on or off, until when, who and why."""
    zone, language = situation.tenant.time_zone, situation.tenant.language
    pump = reasons.title(situation.tenant, "pump", held.pump)
    state = say("held_on" if held.on else "held_off", language)
    return (
        f"<b>{escape(pump)}</b> {state} {style.moment(held.start, zone, language)} – {style.moment(held.end, zone, language)}"
        f' <span style="color:var(--muted)">{escape(held.who)}: {escape(held.reason)}</span>'
    )


def _age(
    key: str, now: pd.Timestamp, time: pd.Timestamp | None, old: float, dead: float, language: Language, extra: str = ""
) -> str:
    minutes = np.inf if time is None else max(0.0, (now - time) / pd.Timedelta("1min"))
    level = "ok" if minutes <= old else "warn" if minutes <= dead else "bad"
    return _pill(level, say(key, language), say("never", language) if time is None else age_text(minutes), extra)


def age_text(minutes: float) -> str:
    """An age in words short enough for a pill: minutes, then hours, then days."""
    if minutes < 100:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"


def _rung(situation: Situation) -> str:
    language = situation.tenant.language
    summary = PlanSummary() if situation.plan is None else situation.plan.summary
    reason = told(situation.tenant, summary.reasons)
    short = reason if len(reason) <= 60 else reason[:59] + "…"
    small = escape(short) or say("rung", language)
    return _pill(RUNG_LEVEL.get(summary.rung, "bad"), small, say(f"rung_{summary.rung}", language), _title(reason))


def _title(text: str) -> str:
    """Attribute that shows a text under the pointer; nothing for no text."""
    return f' title="{escape(text, quote=True)}"' if text else ""


def _pill(level: str, small: str, big: str, extra: str = "") -> str:
    words = f'<span><small>{small}</small><b class="num">{big}</b></span>'
    return f'<span class="pill {level}"{extra}><span class="mark">{MARKS[level]}</span>{words}</span>'


def _card(situation: Situation, action) -> str:
    tenant = situation.tenant
    day, clock = style.moment(action.time, tenant.time_zone, tenant.language).split()
    minutes = (action.time - situation.now) / pd.Timedelta("1min")
    far = say("due_now", tenant.language) if minutes < 1 else say("in_time", tenant.language, age=age_text(minutes))
    pump = reasons.title(tenant, "pump", str(action.pump))
    what = say(f"card_{action.action}", tenant.language, pump=escape(pump), speed=action.speed)
    moves = "".join(f'<div class="if">{escape(words)}</div>' for words in (action.earlier, action.later) if words)
    return (
        f'<div class="card {action.action}"><div class="when"><b class="num">{clock}</b><span>{day} · {far}</span>'
        f'<span class="chip">{escape(str(action.period))}</span></div>'
        f'<div class="what"><i>{reasons.SYMBOLS[action.action]}</i>{what}</div>'
        f'<div class="why">{escape(str(action.why))}</div>{moves}</div>'
    )


def _gauge(situation: Situation, tank: Tank, morning: pd.Timestamp) -> str:
    plan, language = situation.plan, situation.tenant.language
    level = float(plan.level.sel(tank=tank.id).interp(time=morning))
    band = plan.band.sel(tank=tank.id).interp(time=morning)
    low, high = float(np.nanmin([level, band.min()])), float(np.nanmax([level, band.max()]))
    least, most = tank.level_min_m, tank.level_max_m
    room = 0.08 * (most - least)
    start, end = min(low, least) - room, max(high, most) + room
    places = {"at": level, "low": low, "high": high, "min": least, "max": most}
    at = {name: 100 * (value - start) / (end - start) for name, value in places.items()}
    shown = number(level, ".2f", language)
    risky = low < least or high > most
    between = " – ".join(number(edge, ".1f", language) for edge in (low, high))
    words = f"{between} m" + (f" · {say('may_cross', language)}" if risky else "")
    return (
        f'<div class="tank"><div class="t"><span>{escape(tank.title)}</span><b class="num">{shown} m</b></div>'
        f'<div class="gauge">'
        f'<div class="band" style="left:{at["low"]:.1f}%;width:{max(0.5, at["high"] - at["low"]):.1f}%"></div>'
        f'<div class="limit" style="left:{at["min"]:.1f}%"></div><div class="limit" style="left:{at["max"]:.1f}%"></div>'
        f'<div class="at" style="left:{at["at"]:.1f}%"></div></div>'
        f'<small class="num{" warn" if risky else ""}">{words}</small></div>'
    )


def _morning(now: pd.Timestamp, zone: str) -> pd.Timestamp:
    """The first seven o'clock on the wall that is not settled yet, in UTC."""
    seven = pd.Timestamp(times.local_date(now + READY_AHEAD, zone)) + pd.Timedelta(hours=READY_AT)
    days = pd.DatetimeIndex([seven, seven + times.DAY]).tz_localize(zone, nonexistent="shift_forward", ambiguous=True)
    first, second = (times.utc(day) for day in days)
    return first if first >= now + READY_AHEAD else second


def _held(situation: Situation, body: dict) -> str:
    """An override's entry in words: pump, on or off, until when."""
    pump = reasons.title(situation.tenant, "pump", str(body.get("pump", "")))
    state = say("held_on" if body.get("on") else "held_off", situation.tenant.language)
    until = style.moment(times.utc(body["end"]), situation.tenant.time_zone, situation.tenant.language)
    return f"{escape(pump)} {state} {say('until', situation.tenant.language)} {until}"
