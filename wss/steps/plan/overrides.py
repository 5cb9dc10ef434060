"""Overrides: an operator pins a pump on or off for a while. They live in the journal; every plan obeys those that are active."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from wss import times
from wss.config import Configuration
from wss.errors import DataError, NotFoundError, raise_all
from wss.optimization.core.problem import Pin
from wss.store import Store

KIND, CANCEL = "override", "override_cancelled"
LONGEST = pd.Timedelta(hours=168)
"""No horizon is longer, so no older entry can still be active."""


@dataclass(frozen=True)
class Override:
    """A pin with its entry in the journal: who set it, when and why."""

    id: int
    pin: Pin
    who: str
    at: pd.Timestamp
    reason: str


def active(store: Store, now: pd.Timestamp) -> tuple[Override, ...]:
    """Overrides known at `now` [UTC] that have neither ended nor been cancelled by then, oldest first."""
    entries = store.journal(kind=KIND, since=now - 2 * LONGEST)
    cancelled = store.journal(kind=CANCEL, since=now - 2 * LONGEST)
    gone = {int(body["override"]) for body in cancelled.loc[cancelled["at"] <= now, "body"]}
    known = [_override(row) for row in entries.sort_values("id").itertuples() if row.at <= now and row.id not in gone]
    return tuple(o for o in known if o.pin.end > now)


def checked(
    configuration: Configuration,
    held: Sequence[Override],
    now: pd.Timestamp,
    pump: str,
    on: bool,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> Pin:
    """The pin that was asked for, on the decision grid within the horizon [UTC] and beside those that are `held` already.

    Raises
    ------
    DataError
        Lists all that is wrong with it.
    """
    plan = configuration.tenant.plan
    step = pd.Timedelta(minutes=plan.decision_minutes)
    last = times.floor(now, step) + pd.Timedelta(hours=plan.horizon_hours)
    faults = []
    if pump not in configuration.pump_ids:
        faults.append(f"pump {pump!r} is not one of {', '.join(configuration.pump_ids)}")
    elif on and not next(p for p in configuration.tenant.system.pumps if p.id == pump).in_service:
        faults.append(f"pump {pump} is out of service and cannot be held on")
    if not isinstance(on, bool):
        faults.append(f"on must be true or false, not {on!r}")
    if start != times.floor(start, step) or end != times.floor(end, step):
        faults.append(f"start and end must lie on the grid of {plan.decision_minutes} min")
    if end <= start:
        faults.append("the end must be after the start")
    if end <= now or end > last:
        faults.append(f"the end must be after now and not after the end of the plan, {times.iso(last)}")
    there = [o for o in held if o.pin.pump == pump and o.pin.start < end and start < o.pin.end]
    faults += [f"pump {pump} is held already until {times.iso(o.pin.end)} by {o.who}: cancel that first" for o in there]
    raise_all(faults, "checking an override")
    return Pin(pump, start, end, on)


def record(store: Store, pin: Pin, who: str, at: pd.Timestamp, reason: str, preview: Mapping | None = None) -> int:
    """Write an override that `checked` gave into the journal, with what the operator saw first (cost in the tenant's currency).

    Returns the id of the entry. DataError if the name or the reason is missing.
    """
    require_words(who=who, reason=reason)
    body = {
        "pump": pin.pump,
        "on": pin.on,
        "start": times.iso(pin.start),
        "end": times.iso(pin.end),
        "preview": dict(preview or {}),
    }
    return store.write_journal(KIND, who.strip(), at, body, reason.strip())


def cancel(store: Store, override_id: int, who: str, at: pd.Timestamp, reason: str = "") -> int:
    """Cancel an active override from `at` [UTC] on; returns the id of the entry. NotFoundError if it is not active."""
    require_words(who=who)
    if override_id not in {o.id for o in active(store, at)}:
        raise NotFoundError(f"override {override_id} is not active: it has ended or was cancelled")
    return store.write_journal(CANCEL, who.strip(), at, {"override": override_id}, reason.strip())


def require_words(**words: str) -> None:
    """DataError unless each of `words` is text of 2 to 200 characters; the limit keeps the journal readable."""
    wrong = [name for name, text in words.items() if not isinstance(text, str) or not 2 <= len(text.strip()) <= 200]
    raise_all([f"{name}: write 2 to 200 characters" for name in wrong], "reading what was typed", DataError)


def _override(row) -> Override:
    body = row.body
    pin = Pin(str(body["pump"]), times.utc(body["start"]), times.utc(body["end"]), bool(body["on"]))
    return Override(int(row.id), pin, row.who, row.at, row.reason)
