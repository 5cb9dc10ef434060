"""Sentences about a plan: what moving a switch would cost or break, what a new plan changes, and every switch with its reason."""

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from wss import times
from wss.config import Tenant
from wss.records import PlanChange
from wss.views import style
from wss.views.situation import Situation
from wss.views.words import number, say

SYMBOLS = {"start": "▶", "stop": "■", "speed": "◆"}
SAME = 0.005
"""Amounts below this are no difference [currency]."""
LEAST_ROOM_M = 0.005
"""Less room than this is none worth a word [m]."""
LIMIT_OF = {"low": "tank", "high": "tank", "empty": "tank", "full": "tank", "starts": "pump", "held": "pump", "out": "pump"}
"""Limit -> kind of its element."""


def title(tenant: Tenant, kind: str, item: str) -> str:
    """What people call a `pump` or a `tank`; the id of any other kind, as ids of pumps, tanks and nodes may be the same."""
    named = {"pump": tenant.system.pumps, "tank": tenant.system.tanks}.get(kind, ())
    return next((one.title for one in named if one.id == item), item)


def limit_words(tenant: Tenant, found: Mapping[str, Any], day: pd.Timestamp) -> str:
    """What a change would break.

    Parameters
    ----------
    found
        `limit`, `item`, `amount`, `bound` [m] and `at` [UTC, or ISO], as a row of an explanation's moves.
    day
        Moment [UTC] that the sentence is about: a time of another local day names its day.
    """
    language, kind = tenant.language, found["limit"]
    at = found["at"]
    if kind == "warning" and pd.isna(at):
        return say("limit_fails", language)
    form = ".0f" if kind == "starts" else ".2f"
    values = {name: number(float(found[name]), form, language) for name in ("amount", "bound")}
    when = "" if pd.isna(at) else clock(tenant, times.utc(at), day)
    return say(f"limit_{kind}", language, item=title(tenant, LIMIT_OF.get(kind, ""), str(found["item"])), at=when, **values)


def clock(tenant: Tenant, moment: pd.Timestamp, day: pd.Timestamp) -> str:
    """A UTC moment on the wall clock, with its day where that is not the local day of `day`: 08:15, or 08:15 (Tue)."""
    name, hour = style.moment(moment, tenant.time_zone, tenant.language).split()
    same = times.local_date(moment, tenant.time_zone) == times.local_date(day, tenant.time_zone)
    return hour if same else f"{hour} ({name})"


def move_words(tenant: Tenant, currency: str, row: Mapping[str, Any], known: bool = False) -> str:
    """What it would mean to make a switch a step earlier or later, in one sentence; empty where that lies in the past.

    A saving is claimed only where it does not rest on what water is worth.

    Parameters
    ----------
    row
        A row of an explanation's moves.
    known
        Whether the limit in the way has been named already.
    """
    language, limit = tenant.language, row["limit"]
    if limit == "now":
        return ""
    if limit:
        words = say("move_barred", language) if known else say("move_not", language, limit=limit_words(tenant, row, row["time"]))
    else:
        gain = -max(row["cost"], row["energy_cost"] + row["charge"] + row["start_cost"])
        short = isinstance(row["end_tank"], str) and row["end_tank"] != ""
        key = "move_more" if row["cost"] >= SAME else "move_saves" if gain >= SAME and not short else "move_same"
        amount = number(gain if key == "move_saves" else row["cost"], ",.2f", language)
        words = say(key, language, amount=amount, currency=currency)
        if short:
            tank, by = title(tenant, "tank", row["end_tank"]), number(row["end_short"], ".2f", language)
            words += say("move_short", language, tank=tank, amount=by)
        elif key != "move_more":
            words += _held_back(tenant, row)
    return say(f"move_{row['move']}", language, minutes=round(row["minutes"]), what=words)


def _held_back(tenant: Tenant, row: Mapping[str, Any]) -> str:
    """Why a move that costs no more was not made: it takes room from a tank, or departs from the plan in force."""
    if _room(row):
        return say("move_room", tenant.language, **_room_of(tenant, row))
    return say("move_departs", tenant.language) if row["departs"] >= SAME else ""


def _room(found: Mapping[str, Any]) -> bool:
    """Whether a row of moves, or a change, names a tank that would be left less room."""
    tank = found.get("room_tank")
    return isinstance(tank, str) and tank != "" and found["room_less"] >= LEAST_ROOM_M


def _room_of(tenant: Tenant, found: Mapping[str, Any]) -> dict[str, str]:
    amount = number(found["room_less"], ".2f", tenant.language)
    return {"tank": title(tenant, "tank", found["room_tank"]), "amount": amount}


def change_words(tenant: Tenant, currency: str, change: PlanChange | None) -> str:
    """What a plan changes against the one that was in force, and what that saves; empty if there was none."""
    if change is None:
        return ""
    language, since = tenant.language, times.utc(change.since)
    time = style.moment(since, tenant.time_zone, language)
    if not change.switches:
        return say("change_none", language, time=time)
    key = "change_saves" if change.saves >= SAME else "change_more" if change.saves <= -SAME else "change_same"
    what = say(key, language, amount=number(abs(change.saves), ",.2f", language), currency=currency)
    found = change.as_dict()
    if change.limit:
        what = say("change_must", language, limit=limit_words(tenant, found, since))
    elif key != "change_saves" and _room(found):
        what += say("change_room", language, **_room_of(tenant, found))
    count = change.switches
    return say("change_one" if count == 1 else "change_some", language, count=count, time=time, what=what)


def switch_words(tenant: Tenant, action: Any) -> list[str]:
    """A switch in sentences: what happens when and why; then what moving it would mean.

    Parameters
    ----------
    action
        A row of a run's actions: time [UTC], pump, action, speed [1], why, earlier, later.
    """
    what = say(f"switch_{action.action}", tenant.language, pump=title(tenant, "pump", str(action.pump)), speed=action.speed)
    time = style.moment(action.time, tenant.time_zone, tenant.language)
    moves = [words for words in (action.earlier, action.later) if words]
    return [f"{time} {what}" + (f": {action.why}" if action.why else ""), *moves]


def switch_list(situation: Situation) -> str:
    """Every switch that is still ahead, with its reason and what moving it would mean: HTML that opens by click, tap or key."""
    tenant, plan = situation.tenant, situation.plan
    if plan is None:
        return ""
    step = pd.Timedelta(minutes=tenant.plan.decision_minutes)
    ahead = plan.actions[plan.actions["time"] > situation.now - step].sort_values("time")
    if ahead.empty:
        return ""
    rows = []
    for action in ahead.itertuples():
        head, *moves = (escape(words) for words in switch_words(tenant, action))
        small = "".join(f"<small>{words}</small>" for words in moves)
        rows.append(f'<li class="{action.action}">{head}{small}</li>')
    summary = say("all_switches", tenant.language, count=len(rows))
    return f'<details class="switches"><summary>{summary}</summary><ol>{"".join(rows)}</ol></details>'
