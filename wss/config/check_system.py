"""What tenant.yml says about the water system, against itself and against the network."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from wss.config.inp import Outline
from wss.config.lines import Path
from wss.config.system import System

ROUNDING_M = 1e-6
Found = Iterator[tuple[str, Path]]
"""Faults of one file: what is wrong and would mend it, and the key path where."""


def check_system(system: System, network: Outline) -> Found:
    """Every contradiction of tenant.yml's system with itself and with the network."""
    yield from _listed(network, "tank", [t.id for t in system.tanks])
    yield from _listed(network, "pump", [p.id for p in system.pumps])
    yield from _bands(system, network)
    yield from _tied(system, network)
    yield from _zone_links(system, network)
    yield from _zone_tanks(system)
    yield from _zone_nodes(system, network)
    yield from _pressures(system, network)


def unknown(id_: str, wanted: str, network: Outline, kinds: Iterable[str]) -> str:
    """Words for an id that is none of the wanted kinds: what it is instead, or the nearest id that would do."""
    known = [i for kind in kinds for i in network.of_kind(kind)]
    if instead := sorted(network.kinds(id_)):
        return f"{id_} is a {instead[0]} of the network, not a {wanted}; it has: {some(known)}"
    near = get_close_matches(id_, known, 1, 0.6)
    return f"the network has no {wanted} {id_}; " + (f"did you mean {near[0]}?" if near else f"it has: {some(known)}")


def some(ids: list[str], most: int = 12) -> str:
    """The first few of many ids."""
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "") if ids else "none"


def _listed(network: Outline, kind: str, ids: list[str]) -> Found:
    """The tanks (pumps) of tenant.yml are exactly those of the network, each once."""
    place = ("system", f"{kind}s")
    for n, id_ in enumerate(ids):
        if id_ in ids[:n]:
            yield f"{kind} {id_} is listed twice; keep one entry", (*place, n, "id")
        elif kind not in network.kinds(id_):
            yield unknown(id_, kind, network, [kind]), (*place, n, "id")
    for id_ in network.of_kind(kind):
        if id_ not in ids:
            yield f"the network has {kind} {id_}, which is not listed; add an entry with id: {id_}", place


def _bands(system: System, network: Outline) -> Found:
    """The operator's band lies inside the tank's own limits."""
    for n, tank in enumerate(system.tanks):
        if tank.id not in network.tanks:
            continue
        low, high = network.tanks[tank.id]
        place = ("system", "tanks", n)
        own = f"level of tank {tank.id} in the network"
        if tank.level_min_m < low - ROUNDING_M:
            yield f"{tank.level_min_m:g} m is below the lowest {own}, {low:.4f} m; raise it", (*place, "level_min_m")
        if tank.level_max_m > high + ROUNDING_M:
            yield f"{tank.level_max_m:g} m is above the highest {own}, {high:.4f} m; lower it", (*place, "level_max_m")


def _tied(system: System, network: Outline) -> Found:
    """Tied links exist, are no pumps, are tied once, and to a pump of the list."""
    pumps = [p.id for p in system.pumps]
    for n, tied in enumerate(system.tied_links):
        place = ("system", "tied_links", n)
        if not network.kinds(tied.link) & {"pipe", "valve"}:
            yield unknown(tied.link, "pipe or valve", network, ["pipe", "valve"]), (*place, "link")
        if tied.link in [t.link for t in system.tied_links[:n]]:
            yield f"link {tied.link} is tied twice; a link follows one pump", (*place, "link")
        if tied.open_when_off not in pumps:
            yield f"{tied.open_when_off} is not among system.pumps; name one of: {some(pumps)}", (*place, "open_when_off")


def _zone_links(system: System, network: Outline) -> Found:
    """Zones have different names and a balance, over links that exist, each entering or leaving a zone once."""
    for n, zone in enumerate(system.zones):
        place = ("system", "zones", n)
        if zone.name in [z.name for z in system.zones[:n]]:
            yield f"zone {zone.name} is listed twice; give it another name", (*place, "name")
        if not zone.inflow and not zone.outflow:
            yield f"zone {zone.name} has no balance, as it has no metered link; list them under `inflow` and `outflow`", place
        seen: set[str] = set()
        for key, links in (("inflow", zone.inflow), ("outflow", zone.outflow)):
            for k, link in enumerate(links):
                if link not in network.links:
                    yield unknown(link, "link", network, ["pipe", "pump", "valve"]), (*place, key, k)
                elif link in seen:
                    yield f"link {link} stands twice in the balance of zone {zone.name}; keep it once", (*place, key, k)
                seen.add(link)


def _zone_tanks(system: System) -> Found:
    """Each tank of a zone is a tank of the list, and in one zone only."""
    listed, owner = [t.id for t in system.tanks], {}
    for n, zone in enumerate(system.zones):
        for k, tank in enumerate(zone.tanks):
            place = ("system", "zones", n, "tanks", k)
            if tank not in listed:
                yield f"{tank} is not among system.tanks; name one of: {some(listed)}", place
            if tank in owner:
                yield f"tank {tank} is in zone {owner[tank]} already; a tank is in one zone", place
            owner.setdefault(tank, zone.name)


def _zone_nodes(system: System, network: Outline) -> Found:
    """Nodes are junctions, each in one zone; exactly one zone leaves `nodes` out."""
    owner: dict[str, str] = {}
    for n, zone in enumerate(system.zones):
        for k, node in enumerate(zone.nodes or ()):
            place = ("system", "zones", n, "nodes", k)
            if network.nodes.get(node) != "junction":
                yield unknown(node, "junction", network, ["junction"]), place
            if node in owner:
                yield f"node {node} is in zone {owner[node]} already; a node draws the demand of one zone", place
            owner.setdefault(node, zone.name)
    rest = [zone.name for zone in system.zones if zone.nodes is None]
    if not rest:
        yield "every zone lists nodes; leave `nodes` out in the one that takes the rest", ("system", "zones")
    if len(rest) > 1:
        yield f"zones {', '.join(rest)} leave `nodes` out; one takes the rest: list the nodes of the others", ("system", "zones")


def _pressures(system: System, network: Outline) -> Found:
    """Nodes with a lowest pressure exist, each once; exempt tanks are tanks of the list."""
    nodes, tanks = [p.node for p in system.pressures], [t.id for t in system.tanks]
    for n, node in enumerate(nodes):
        place = ("system", "pressures", n, "node")
        if network.nodes.get(node) != "junction":
            yield unknown(node, "junction", network, ["junction"]), place
        if node in nodes[:n]:
            yield f"node {node} is listed twice; keep one entry", place
    for n, tank in enumerate(system.clamp_exempt):
        if tank not in tanks:
            yield f"{tank} is not among system.tanks; name one of: {some(tanks)}", ("system", "clamp_exempt", n)
