"""Whether the metered links cut the network into the zones of tenant.yml, so that each balance gives the demand of its zone."""

from collections.abc import Iterable

from wss.config.check_system import Found, some
from wss.config.inp import Link, Outline
from wss.config.system import System, Zone


def check_balance(system: System, network: Outline) -> Found:
    """Meters the wrong way round, and water, tanks or other zones that unmetered links join to a zone.

    The system must have passed `check_system`. Closed links join nothing, and reservoirs end every part of the network.
    """
    metered = {link for zone in system.zones for link in (*zone.inflow, *zone.outflow)}
    tied = {tied.link for tied in system.tied_links}
    inner = {name: link for name, link in network.links.items() if name not in metered and (name in tied or not link.closed)}
    part = _parts(network, inner.values())
    owners: dict[str, list[str]] = {}
    for n, zone in enumerate(system.zones):
        wrong = list(_directions(zone, network, part))
        yield from ((what, ("system", "zones", n, *path)) for what, path in wrong)
        if not wrong:
            for one in _home(zone, network, part):
                owners.setdefault(one, []).append(zone.name)
    for zones in dict.fromkeys(tuple(names) for names in owners.values() if len(names) > 1):
        yield (
            (
                f"unmetered links join zones {' and '.join(zones)}, so their demands cannot be told apart; "
                "list every link between them, or make them one zone"
            ),
            ("system", "zones"),
        )
    listed = {tank: zone.name for zone in system.zones for tank in zone.tanks}
    for n, zone in enumerate(system.zones):
        yield from ((what, ("system", "zones", n)) for what in _strangers(zone, network, inner, part, owners, listed))


def _parts(network: Outline, links: Iterable[Link]) -> dict[str, str]:
    """Part of the network in which each node lies, by the name of one of its nodes; reservoirs are parts of their own."""
    root = {node: node for node in network.nodes}

    def find(node: str) -> str:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for link in links:
        if "reservoir" not in (network.nodes[link.start], network.nodes[link.end]):
            root[find(link.start)] = find(link.end)
    return {node: find(node) for node in root}


def _directions(zone: Zone, network: Outline, part: dict[str, str]) -> Found:
    """Meters that run the other way than the list they stand in says, or that both start and end in the zone."""
    sure = {part[node] for node in (*zone.tanks, *(zone.nodes or ()))}
    for key, other, links in (("inflow", "outflow", zone.inflow), ("outflow", "inflow", zone.outflow)):
        for k, name in enumerate(links):
            link = network.links[name]
            inside, outside = (link.end, link.start) if key == "inflow" else (link.start, link.end)
            if part[inside] == part[outside]:
                yield (
                    (
                        f"link {name} measures nothing of zone {zone.name}: unmetered links join both its ends, {link.start} and "
                        f"{link.end}; list those links too"
                    ),
                    (key, k),
                )
            elif part[outside] in sure and part[inside] not in sure:
                yield (
                    (
                        f"link {name} runs from {link.start} to {link.end} in the network, which is "
                        f"{'out of' if key == 'inflow' else 'into'} zone {zone.name}; list it under `{other}`"
                    ),
                    (key, k),
                )


def _home(zone: Zone, network: Outline, part: dict[str, str]) -> set[str]:
    """Parts of the network that make up a zone."""
    ends = [network.links[name].end for name in zone.inflow] + [network.links[name].start for name in zone.outflow]
    return {part[node] for node in (*zone.tanks, *(zone.nodes or ()), *ends)}


def _strangers(
    zone: Zone,
    network: Outline,
    inner: dict[str, Link],
    part: dict[str, str],
    owners: dict[str, list[str]],
    listed: dict[str, str],
) -> Iterable[str]:
    """Reservoirs that feed a zone past its meters, and tanks of a zone that it does not list."""
    home = {one for one, names in owners.items() if names == [zone.name]}
    for name, link in inner.items():
        ends = {network.nodes[link.start]: link.start, network.nodes[link.end]: link.end}
        if "reservoir" in ends and {part[link.start], part[link.end]} & home:
            yield (
                f"link {name} joins zone {zone.name} to reservoir {ends['reservoir']} and is not in its balance; "
                "list it under `inflow` or `outflow`"
            )
    tanks = [tank for tank in network.tanks if part[tank] in home and tank not in listed]
    if tanks:
        yield f"the meters of zone {zone.name} enclose tanks that it does not list; add under `tanks`: {some(tanks)}"
