"""Whose water the nodes draw: from the demand of zones to the demand of nodes, in proportion to the network file."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from wss.config.system import Zone
from wss.errors import NetworkError, raise_all
from wss.hydraulics.inp import refuse
from wss.hydraulics.layout import layout, mean_demands
from wss.hydraulics.project import opened
from wss.hydraulics.write import write_inp

__all__ = ["demand_shares", "refuse", "write_inp", "zone_to_node"]


def demand_shares(network: str, zones: Iterable[Zone]) -> xr.DataArray:
    """Part of each zone's demand that each node draws.

    Parameters
    ----------
    network : str
        Text of the INP file, whose mean demands set the proportions; nodes that feed water in have no part.
    zones : iterable of Zone
        Exactly one of them leaves `nodes` out and takes every node that no other zone names.

    Returns
    -------
    (zone, node)
        Sums to 1 in each zone. [1]

    Raises
    ------
    NetworkError
        If a zone names a node that is no junction or belongs to another zone, or none of its nodes draws water.
    """
    zones = list(zones)
    with opened(network) as project:
        shape = layout(project)
        mean = {node: demand for node, demand in mean_demands(project, shape).items() if demand > 0}
    named: dict[str, str] = {}
    faults = []
    for zone in zones:
        for node in zone.nodes or ():
            if node not in shape.junctions:
                faults.append(f"zone {zone.name}: node {node} is no junction of the network")
            elif node in named:
                faults.append(f"zone {zone.name}: node {node} belongs to zone {named[node]} already")
            named.setdefault(node, zone.name)
    rest = [zone.name for zone in zones if zone.nodes is None]
    if len(rest) != 1:
        faults.append(f"exactly one zone must leave `nodes` out and take the rest, not {len(rest)}")
    owner = np.array([named.get(node, rest[0] if rest else "") for node in mean])
    names = [zone.name for zone in zones]
    weight = np.array([np.where(owner == name, list(mean.values()), 0.0) for name in names])
    faults += [f"zone {names[k]}: none of its nodes draws water in the network file" for k in np.flatnonzero(~weight.any(axis=1))]
    raise_all(faults, "sharing demand among nodes", NetworkError)
    shares = weight / weight.sum(axis=1, keepdims=True)
    return xr.DataArray(shares, {"zone": names, "node": list(mean)}, ("zone", "node"), "demand_share", {"units": "1"})


def zone_to_node(demand: xr.DataArray, shares: xr.DataArray) -> xr.DataArray:
    """Demand of each node from that of its zone.

    Parameters
    ----------
    demand : (time, zone)
        Demand of every zone of `shares`. [m3/h]
    shares : (zone, node)
        As `demand_shares` gives them. [1]

    Returns
    -------
    (time, node)
        Water drawn at each node. [m3/h]

    Raises
    ------
    NetworkError
        If the two do not name the same zones.
    """
    differ = sorted(set(demand["zone"].values.tolist()) ^ set(shares["zone"].values.tolist()))
    raise_all([f"zone {zone} has a demand or nodes, but not both" for zone in differ], "sharing demand among nodes", NetworkError)
    values = demand.sel(zone=shares["zone"].values).transpose("time", "zone").values @ shares.values
    attrs = {"units": "m3/h", "long_name": "water drawn at a node, mean of the step that starts at time"}
    return xr.DataArray(values, {"time": demand["time"], "node": shares["node"]}, ("time", "node"), "node_demand", attrs)
