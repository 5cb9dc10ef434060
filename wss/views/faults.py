"""What the optimizer and EPANET say of a plan, told to operators: in their language, with titles, on the wall clock."""

import re

import pandas as pd

from wss import times
from wss.config import Tenant
from wss.views import style
from wss.views.reasons import title
from wss.views.words import say

MOMENT = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\dZ)?"
TANK, PUMP, NODE, M = r"tank (?P<tank>\S+)", r"pump (?P<pump>\S+)", r"node (?P<node>\S+)", r"-?[\d.]+"
AT = rf"(?P<at>{MOMENT}): "
KINDS: dict[str, str] = {
    "band_below": rf"{AT[:-2]} to (?P<end>{MOMENT}): {TANK} is up to (?P<amount>{M}) m below (?P<bound>{M}) m",
    "band_above": rf"{AT[:-2]} to (?P<end>{MOMENT}): {TANK} is up to (?P<amount>{M}) m above (?P<bound>{M}) m",
    "end_short": rf"{AT}{TANK} ends at (?P<level>{M}) m, (?P<amount>{M}) m below (?P<bound>{M}) m",
    "shut": rf"{AT}EPANET shuts a pipe at {TANK}, in all for (?P<amount>{M}) min",
    "clamped": rf"{AT}{TANK} stands at its limit of (?P<bound>{M}) m, at \d+ moments of the hydraulic grid",
    "cut_off": rf"{AT}pressure (?:nan|-?inf) m at {NODE} is below (?P<bound>{M}) m.*",
    "pressure": rf"{AT}pressure (?P<level>{M}) m at {NODE} is below (?P<bound>{M}) m(?:: {M} m short)?",
    "cut_node": rf"{NODE} is cut off at (?P<at>{MOMENT})",
    "lowest": rf"lowest is (?P<level>{M}) m at {NODE} at (?P<at>{MOMENT})",
    "beyond": rf"first it is {PUMP}",
    "warned": rf"{AT}EPANET warns: (?P<text>[^;]*) \((?P<amount>\d+) states\)",
    "starts": rf"{PUMP} starts (?P<amount>\d+) times, at most (?P<bound>\d+) are allowed",
    "off_held": rf"{AT}{PUMP} is off although it is held on",
    "on_held": rf"{AT}{PUMP} is on although it is held off",
    "runs_out": rf"{AT}{PUMP} runs although it is out of service",
    "cannot_above": rf"{TANK} cannot stay above (?P<bound>{M}) m from (?P<at>{MOMENT})\b.*: (?P<amount>{M}) m short",
    "cannot_below": rf"{TANK} cannot stay below (?P<bound>{M}) m from (?P<at>{MOMENT})\b.*: (?P<amount>{M}) m too much",
    "proven": rf"no plan costs less than (?P<amount>{M}) (?P<text>\S+)",
    "no_better": r"no change of the plan lowers its cost",
    "budget": r"the budget of simulations is spent",
    "no_levels": r"no tank levels are known in the (?P<amount>\d+) min before now",
    "old_levels": r"the newest tank levels are (?P<amount>\d+) min old, more than (?P<bound>\d+) min",
    "not_carried": rf"the levels of (?P<at>{MOMENT}) could not be carried on to now: (?P<text>[^;]*)",
    "no_solver": r"the solver HiGHS is not available; install it with: (?P<text>[^;]*)",
    "solver_failed": r"HiGHS failed: (?P<text>[^;]*)",
    "solver_stopped": r"HiGHS stopped without an optimum: (?P<text>[^;]*)",
    "no_controls": r"the network's own controls cannot be run either",
    "kept": rf"a notebook failed; the plan of (?P<at>{MOMENT}) stays in force",
    "never": r"no plan was ever published",
}
"""What is said, by the key of its words `fault_...`; texts that are not here stay as they are, on the wall clock."""


def told(tenant: Tenant, text: str) -> str:
    """A reason or violation (times UTC, ids) as an operator should read it; several are parted by semicolons."""
    whole = _told(tenant, text)
    if whole is not None:
        return whole
    parts = text.split("; ")
    return "; ".join(_told(tenant, part) or _local(tenant, part) for part in parts)


def _told(tenant: Tenant, text: str) -> str | None:
    for key, pattern in KINDS.items():
        found = re.fullmatch(pattern, text)
        if found:
            values = {name: _value(tenant, name, value) for name, value in found.groupdict().items()}
            return say(f"fault_{key}", tenant.language, **values)
    return None


def _value(tenant: Tenant, name: str, value: str) -> str:
    """What stands for a group of a pattern."""
    if name in ("at", "end"):
        return _clock(tenant, value)
    warning = re.search(r"\(EPANET warning ([1-6])\)$", value)
    if warning:
        return say(f"warning_{warning[1]}", tenant.language)
    if name in ("tank", "pump", "node"):
        return title(tenant, name, value)
    return value.replace(".", ",") if name != "text" and tenant.language == "pt" else value


def _clock(tenant: Tenant, value: str) -> str:
    return style.moment(times.utc(pd.Timestamp(value.removesuffix("Z"))), tenant.time_zone, tenant.language)


def _local(tenant: Tenant, text: str) -> str:
    return re.sub(MOMENT, lambda found: _clock(tenant, found.group()), text)
