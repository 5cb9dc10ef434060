"""What sensors.yml says, against itself, the water system and the network."""

import pandas as pd

from wss import times, units
from wss.config.check_system import Found, unknown
from wss.config.inp import Outline
from wss.config.sensors import Sensor
from wss.config.system import System

KINDS = {
    "level": ("tank",),
    "flow": ("pipe", "pump", "valve"),
    "pressure": ("junction", "tank", "reservoir"),
    "power": ("pump",),
    "pump_status": ("pump",),
    "pump_speed": ("pump",),
    "energy_total": ("pump",),
    "volume_total": ("pipe", "pump", "valve"),
}
"""Kinds of network element at which a quantity can be measured."""


def check_tags(sensors: tuple[Sensor, ...]) -> Found:
    """A tag with two entries, or an item with two tags, from the same moment; an alias that stands for two tags."""
    tags: dict[tuple[str, pd.Timestamp | None], int] = {}
    items: dict[tuple[str, str, pd.Timestamp | None], int] = {}
    names = {sensor.tag: sensor.tag for sensor in sensors}
    for n, sensor in enumerate(sensors):
        since = None if sensor.valid_from is None else times.utc(sensor.valid_from)
        when = "" if since is None else f" from {times.iso(since)} on"
        if tags.setdefault((sensor.tag, since), n) != n:
            yield f"tag {sensor.tag} has two entries{when}; keep one, or give the later one its valid_from", ("sensors", n, "tag")
        elif (first := items.setdefault((sensor.quantity, sensor.item, since), n)) != n:
            both = f"tags {sensors[first].tag} and {sensor.tag} both measure {sensor.quantity} of {sensor.item}{when}"
            yield f"{both}; keep one, or give the later one its valid_from", ("sensors", n, "item")
        for k, alias in enumerate(sensor.aliases):
            if names.setdefault(alias, sensor.tag) != sensor.tag or alias == sensor.tag:
                yield f"{alias} stands for tag {names[alias]} already; keep it in one place", ("sensors", n, "aliases", k)


def check_items(sensors: tuple[Sensor, ...], network: Outline) -> Found:
    """Sensors at an element that the network lacks, or of a kind that does not have the quantity."""
    for n, sensor in enumerate(sensors):
        kinds = KINDS[sensor.quantity]
        if not network.kinds(sensor.item) & set(kinds):
            yield unknown(sensor.item, " or ".join(kinds), network, kinds), ("sensors", n, "item")


def check_coverage(sensors: tuple[Sensor, ...], system: System) -> Found:
    """Measurements that the plan or a balance needs and no sensor gives."""
    there = {(sensor.quantity, sensor.item) for sensor in sensors if sensor.retired is None}
    for tank in system.tanks:
        if ("level", tank.id) not in there:
            yield (
                (f"tank {tank.id} has no level sensor, so no plan can start; add its tag with quantity: level, item: {tank.id}"),
                ("sensors",),
            )
    for pump in system.pumps:
        if not {("power", pump.id), ("pump_status", pump.id)} & there:
            yield (
                (
                    f"pump {pump.id} has neither a power nor a pump_status sensor, so nobody knows whether it runs; "
                    f"add a tag with quantity: power or pump_status, item: {pump.id}"
                ),
                ("sensors",),
            )
    metered = {link: zone.name for zone in system.zones for link in (*zone.inflow, *zone.outflow)}
    for link, zone in metered.items():
        if ("flow", link) not in there:
            yield (
                (f"link {link} of zone {zone}'s balance has no flow sensor; add its tag with quantity: flow, item: {link}"),
                ("sensors",),
            )


def check_limits(sensors: tuple[Sensor, ...], system: System) -> Found:
    """Level sensors whose limits would flag levels inside the operator's band; mostly the limits are in another unit."""
    bands = {tank.id: tank for tank in system.tanks}
    for n, sensor in enumerate(sensors):
        tank = bands.get(sensor.item) if sensor.quantity == "level" else None
        if tank is None:
            continue
        scale = units.scale_to("m", sensor.unit)
        low, high = sensor.limits.low * scale, sensor.limits.high * scale
        if low > tank.level_min_m or high < tank.level_max_m:
            band = f"{tank.level_min_m:g} to {tank.level_max_m:g} m"
            yield (
                (
                    f"limits of {low:.3g} to {high:.3g} m would flag levels inside the band of tank {tank.id}, {band}; "
                    f"widen them, and give them in the sensor's unit {sensor.unit}"
                ),
                ("sensors", n, "limits"),
            )
