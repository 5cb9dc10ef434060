"""A network's own controls and rules: which links they act on, in words; removing them; times of day."""

from epanet import toolkit as en

DAY_S = 86400
OPEN = 1e9
"""EPANET gives the setting of a control that opens or closes a pipe or valve as 1e10 or -1e10."""


def remove(project, links: set[int]) -> list[str]:
    """Delete the controls and rules that act on `links` (EPANET indices) and say in words which they were; the others stay."""
    removed, rules = [], []
    for k in range(en.getcount(project, en.CONTROLCOUNT), 0, -1):
        if en.getcontrol(project, k)[1] in links:
            removed.append(control_words(project, k))
            en.deletecontrol(project, k)
    for k in range(en.getcount(project, en.RULECOUNT), 0, -1):
        acted = sorted(rule_links(project, k) & links)
        if acted:
            names = ", ".join(en.getlinkid(project, link) for link in acted)
            rules.append(f"rule {en.getruleID(project, k)}: acts on {names}")
            en.deleterule(project, k)
    return removed[::-1] + rules[::-1]


def acted_links(project) -> set[int]:
    """Links (EPANET indices) on which any control or rule acts."""
    controls = {en.getcontrol(project, k + 1)[1] for k in range(en.getcount(project, en.CONTROLCOUNT))}
    return controls.union(*(rule_links(project, k + 1) for k in range(en.getcount(project, en.RULECOUNT))))


def rule_links(project, rule: int) -> set[int]:
    """Links (EPANET indices) that the actions of rule `rule` set."""
    _, then, other, _ = en.getrule(project, rule)
    actions = [en.getthenaction(project, rule, k + 1) for k in range(then)]
    actions += [en.getelseaction(project, rule, k + 1) for k in range(other)]
    return {int(action[0]) for action in actions}


def control_words(project, k: int) -> str:
    """Control `k` in words, in the file's units."""
    kind, link, setting, node, value = en.getcontrol(project, k)
    closed, opened = setting == 0 or setting <= -OPEN, setting == 1 or setting >= OPEN
    action = "closed" if closed else "open" if opened else f"set to {setting:g}"
    if kind in (en.LOWLEVEL, en.HILEVEL):
        when = f"when node {en.getnodeid(project, node)} is {'below' if kind == en.LOWLEVEL else 'above'} {value:g}"
    else:
        when = f"at {'time' if kind == en.TIMER else 'clock time'} {int(value) // 3600}:{int(value) % 3600 // 60:02d}"
    return f"link {en.getlinkid(project, link)}: {action} {when}"


def act(project, link: int, setting: float) -> None:
    """Do to a link what a control with this `setting` does: a pump's speed, a valve's setting, or open (> 0) or closed."""
    kind = en.getlinktype(project, link)
    if kind <= en.PUMP or abs(setting) >= OPEN:
        en.setlinkvalue(project, link, en.STATUS, 1 if setting > 0 else 0)
    if (kind == en.PUMP and setting > 0) or (kind > en.PUMP and abs(setting) < OPEN):
        en.setlinkvalue(project, link, en.SETTING, setting)


def every_day(project) -> list[tuple[int, int, float]]:
    """Turn controls at a time since the start into controls at that time of each day.

    A file writes `AT TIME 25` for one o'clock on the second day; a simulation that starts at noon would take it for
    25 hours later. Returns (second of the day, link index, setting) of all controls by clock, in order of time.
    """
    clock = en.gettimeparam(project, en.STARTTIME)
    seen = set()
    for k in range(en.getcount(project, en.CONTROLCOUNT), 0, -1):
        kind, link, setting, node, value = en.getcontrol(project, k)
        if kind not in (en.TIMER, en.TIMEOFDAY):
            continue
        second = int(value if kind == en.TIMEOFDAY else value + clock) % DAY_S
        if (second, link) in seen:
            en.deletecontrol(project, k)
            continue
        seen.add((second, link))
        en.setcontrol(project, k, en.TIMEOFDAY, link, setting, node, second)
    timed = [en.getcontrol(project, k + 1) for k in range(en.getcount(project, en.CONTROLCOUNT))]
    return sorted((int(value), link, setting) for kind, link, setting, _, value in timed if kind == en.TIMEOFDAY)


def last_by_clock(timed: list[tuple[int, int, float]], second: int) -> dict[int, float]:
    """Setting of each link after its last control by clock (see `every_day`) up to `second` of the day; link index -> setting."""
    before = [t for t in timed if t[0] <= second]
    after = [t for t in timed if t[0] > second]
    return {link: setting for _, link, setting in after + before}
