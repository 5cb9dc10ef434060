"""A tenant's files against each other: calls every check; time zones, calendars, profiles and the tariff are checked here."""

import difflib
import re
import zoneinfo
from math import gcd
from typing import NamedTuple

from wss import calendars
from wss.calendars import Calendar
from wss.config.check_balance import check_balance
from wss.config.check_sensors import check_coverage, check_items, check_limits, check_tags
from wss.config.check_system import Found, check_system
from wss.config.inp import Outline, outline
from wss.config.lines import Document
from wss.config.profile import FIXED_OFFSET, ImportProfile
from wss.config.sensors import SensorFile
from wss.config.system import System
from wss.config.tenant import Plan, Tenant
from wss.network_file import PACKAGE
from wss.tariffs import Tariff, timetable


class Files(NamedTuple):
    """Each file as its document and, where it could be read, its model."""

    tenant: tuple[Document, Tenant | None]
    sensors: tuple[Document, SensorFile | None]
    tariff: tuple[Document, Tariff | None]
    profiles: dict[str, tuple[Document, ImportProfile | None]]
    network: str | None


def crosscheck(files: Files) -> list[str]:
    """Every contradiction between files that are each right alone; a check that needs a broken file is left out."""
    tenant, sensors, tariff = files.tenant[1], files.sensors[1], files.tariff[1]
    network = outline(files.network) if files.network is not None else None
    return [
        *(network.faults if network else ()),
        *_at(files.tenant[0], _tenant(files)),
        *_at(files.tenant[0], _system(tenant.system, network) if tenant and network else ()),
        *_at(files.sensors[0], check_tags(sensors.sensors) if sensors else ()),
        *_at(files.sensors[0], check_items(sensors.sensors, network) if sensors and network else ()),
        *_at(files.sensors[0], check_coverage(sensors.sensors, tenant.system) if sensors and tenant else ()),
        *_at(files.sensors[0], check_limits(sensors.sensors, tenant.system) if sensors and tenant else ()),
        *_at(files.tariff[0], _tariff(tariff) if tariff else ()),
        *_at(files.tariff[0], _grid(tariff, tenant.plan) if tariff and tenant else ()),
        *_profiles(files),
    ]


def _at(document: Document, found: Found | tuple[()]) -> list[str]:
    return [document.fault(what, *path) for what, path in found]


def _tenant(files: Files) -> Found:
    tenant = files.tenant[1]
    if tenant is None:
        return
    yield from _zone(tenant.time_zone)
    yield from _calendar(tenant.calendar)
    named = tenant.system.network
    if files.network is None and named.startswith(PACKAGE):
        yield (
            (
                f"no installed package has the file {named}; install the package, or put the EPANET file beside tenant.yml "
                "and write its name"
            ),
            ("system", "network"),
        )
    elif files.network is None:
        yield f"the network {named} is missing; put the EPANET file of that name beside tenant.yml", ("system", "network")


def _system(system: System, network: Outline) -> Found:
    """The system against the network; whether its balances hold only where all that they name is there."""
    wrong = [*check_system(system, network)]
    yield from wrong
    if not wrong and not network.faults:
        yield from check_balance(system, network)


def _zone(zone: str) -> Found:
    """Time zones that Python does not know."""
    known = zoneinfo.available_timezones()
    if zone not in known:
        near = difflib.get_close_matches(zone, known, 1, 0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        yield f"there is no time zone {zone!r}; {hint}write an IANA name such as Europe/Lisbon", ("time_zone",)


def _calendar(calendar: Calendar) -> Found:
    for path, what in calendars.faults(calendar):
        yield what, ("calendar", *path)


def _tariff(tariff: Tariff) -> Found:
    """Zone, holidays, and the gaps and overlaps of every version."""
    wrong = [*_zone(tariff.time_zone), *_calendar(tariff.calendar)]
    yield from wrong
    for n in range(0 if wrong else len(tariff.versions)):
        for fault in timetable.faults(tariff, n):
            yield _span(fault), ("versions", n, "periods")


def _span(fault: timetable.Fault) -> str:
    season = f" in {fault.seasons[0]}" if len(fault.seasons) == 1 else ""
    where = f"on {', '.join(fault.days)}{season} from {timetable.clock(fault.start)} to {timetable.clock(fault.end)}"
    if not fault.periods:
        return f"no period holds {where}; add the span to one of them"
    return f"periods {' and '.join(fault.periods)} hold together {where}; take the span out of all but one"


def _grid(tariff: Tariff, plan: Plan) -> Found:
    """Periods that change inside a decision step, which would then have two prices."""
    for n, version in enumerate(tariff.versions):
        off = sorted(minute for minute in timetable.boundaries(version) if minute % plan.decision_minutes)
        if off:
            fitting = next((m for m in (30, 15, 10, 5) if gcd(60, *off) % m == 0), None)
            mend = f"set plan.decision_minutes in tenant.yml to {fitting}" if fitting else "no step fits it: check the hour"
            yield (
                (f"a period changes at {timetable.clock(off[0])}, inside a decision step of {plan.decision_minutes} min; {mend}"),
                ("versions", n, "periods"),
            )


def _profiles(files: Files) -> list[str]:
    """Import profiles of one name or for the same files, and patterns and time zones that cannot be used."""
    faults: list[str] = []
    names: dict[str, str] = {}
    globs: dict[str, str] = {}
    for file, (document, profile) in files.profiles.items():
        if profile is None:
            continue
        if names.setdefault(profile.name, file) != file:
            faults.append(document.fault(f"{profile.name} is the name of {names[profile.name]} too; give it another", "name"))
        if globs.setdefault(profile.files, file) != file:
            faults.append(document.fault(f"{profile.files} is for {globs[profile.files]} too; a file has one profile", "files"))
        if not FIXED_OFFSET.fullmatch(profile.time_zone):
            zone = ((f"{what}, or a fixed offset such as +01:00", path) for what, path in _zone(profile.time_zone))
            faults += _at(document, zone)
        for key, example in (("tag_pattern", "export's name"), ("section_pattern", "section line")):
            try:
                re.compile(getattr(profile, key) or "")
            except re.error as error:
                faults.append(document.fault(f"is no regular expression: {error}; try it on an {example}", key))
    return faults
