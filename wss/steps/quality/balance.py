"""Water balances of zones and tanks that do not close, hour by hour."""

from functools import lru_cache

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.config import inp
from wss.forecasting.demand import balance as zone_balance
from wss.hydraulics import tanks
from wss.ingestion.quality import balance, spans
from wss.ingestion.resample import at_instants, step_means
from wss.quantities import Flag, labelled
from wss.steps.quality.context import Context, by_sensor

HOUR_S = 3600
LEVEL_NOISE_M = 0.05
"""Change of a level in an hour that its sensor's own noise may show. [m]"""


def balances(context: Context, wrong: pd.DataFrame) -> pd.DataFrame:
    """BALANCE on the sensors of each zone whose demand is negative or far from usual, and of each tank that gains other than
    what flows into it; without what earlier rules have found wrong."""
    parts, links = _parts(context), _links(context.configuration.network)
    ids = {
        (s.quantity, s.item): i
        for i, s in context.sensors.items()
        if "balance" not in s.unchecked
        and (
            s.item in parts if s.quantity == "flow" else s.quantity == "level" or s.quantity == "pump_status" and s.item in links
        )
    }
    wanted = [i for (name, _), i in ids.items() if name in ("flow", "level")]
    if not wanted:
        return spans.frame()
    here = _hourly(context, ids, context.good(wanted, wrong), context.start_s - spans.DAY_S, context.end_s + spans.DAY_S)
    return spans.together([_zones(context, ids, here, wanted), _tanks(context, ids, here, wrong)])


def _parts(context: Context) -> set[str]:
    """Links whose flow is in the balance of a zone or of a tank."""
    zones, tanks_ = context.configuration.tenant.system.zones, set(context.configuration.tank_ids)
    at_tanks = {name for name, link in _links(context.configuration.network).items() if {link.start, link.end} & tanks_}
    return at_tanks.union(*(({*zone.inflow, *zone.outflow}) for zone in zones))


@lru_cache(maxsize=16)
def _links(network: str) -> dict:
    """Links of a network with their ends, by name."""
    return inp.outline(network).links


def _hourly(context: Context, ids: dict, readings: pd.DataFrame, start_s: int, end_s: int) -> xr.Dataset:
    """`flow` (time, link), means of the hours of [start_s, end_s), and `gain` (time, tank) of volume. [m3/h]"""
    at = np.arange(start_s, end_s + HOUR_S, HOUR_S)
    time, of = times.from_epoch(at), by_sensor(readings)
    links, levels = ([item for name, item in ids if name == wanted] for wanted in ("flow", "level"))

    def column(name: str, item: str) -> np.ndarray:
        if ids[name, item] not in of:
            return np.full(len(at), np.nan)
        seconds, value = of[ids[name, item]]
        return at_instants(seconds, value, at) if name == "level" else step_means(seconds, value, at, HOUR_S)

    flow = np.column_stack([column("flow", i) for i in links]) if links else np.empty((len(at), 0))
    level = np.column_stack([column("level", i) for i in levels]) if levels else np.empty((len(at), 0))
    volume = tanks.volume(context.configuration.network, labelled("level", level, time=time, tank=levels))
    gain = volume.diff("time", label="lower").rename("gain")
    return xr.Dataset({"flow": labelled("flow", flow[:-1], time=time[:-1], link=links), "gain": gain})


def _zones(context: Context, ids: dict, here: xr.Dataset, wanted: list[int]) -> pd.DataFrame:
    """Zones whose demand is negative or out of its own band."""
    tenant = context.configuration.tenant
    settings = tenant.quality
    past_start = context.week_s - settings.history_days * spans.DAY_S
    past = _hourly(context, ids, context.past(wanted), past_start, context.week_s)
    hour, past_hour = (times.wall(ds.get_index("time"), tenant.time_zone).hour.to_numpy() for ds in (here, past))
    seconds, found = times.epoch(here.get_index("time")), []
    for zone in tenant.system.zones:
        demand, noise = zone_balance(zone, here["flow"], here["gain"])
        usual, _ = zone_balance(zone, past["flow"], past["gain"])
        low, high = balance.band(usual, past_hour, settings.balance_deviations)
        parts = [
            ids[key]
            for key in [*(("flow", i) for i in (*zone.inflow, *zone.outflow)), *(("level", i) for i in zone.tanks)]
            if key in ids
        ]
        for first, last in balance.outside(demand, low[hour], high[hour], noise, settings.balance_hours):
            note = _zone_note(zone.name, demand[first : last + 1], low[hour[first : last + 1]], high[hour[first : last + 1]])
            found += [
                (
                    i,
                    Flag.BALANCE,
                    seconds[first],
                    seconds[last] + HOUR_S,
                    seconds[first + settings.balance_hours - 1] + HOUR_S,
                    note,
                )
                for i in parts
            ]
    return spans.frame(found)


def _zone_note(zone: str, demand: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    usual = f"usual is {np.nanmin(low):.0f} to {np.nanmax(high):.0f}" if np.isfinite(low).any() else "which cannot be"
    return f"zone {zone}: demand of {demand.min():.0f} to {demand.max():.0f} m3/h, {usual}"


def _tanks(context: Context, ids: dict, here: xr.Dataset, wrong: pd.DataFrame) -> pd.DataFrame:
    """Tanks whose level tells another gain than the flows of all their links."""
    settings, network = context.configuration.tenant.quality, context.configuration.network
    links = _links(network)
    seconds, found = times.epoch(here.get_index("time")), []
    for tank in (str(t) for t in here["tank"].values):
        sign = {name: (link.end == tank) - (link.start == tank) for name, link in links.items() if tank in (link.start, link.end)}
        columns = [_flow(context, ids, here, name, links[name].kind, wrong) * way for name, way in sign.items()]
        if not columns or not all(np.isfinite(c).any() for c in columns):
            continue
        gain, inflow = here["gain"].sel(tank=tank).to_numpy(), np.column_stack(columns)
        noise = _content(network, tank, LEVEL_NOISE_M)
        parts = [ids[key] for key in [("level", tank), *(("flow", name) for name in sign)] if key in ids]
        for first, last in balance.open_tank(gain, inflow, settings.balance_share, noise, settings.balance_hours):
            note = (
                f"tank {tank}: gains {gain[first : last + 1].mean():.0f} m3/h by its level,"
                f" {inflow[first : last + 1].sum(axis=1).mean():.0f} by its flows"
            )
            found += [
                (
                    i,
                    Flag.BALANCE,
                    seconds[first],
                    seconds[last] + HOUR_S,
                    seconds[first + settings.balance_hours - 1] + HOUR_S,
                    note,
                )
                for i in parts
            ]
    return spans.frame(found)


def _flow(context: Context, ids: dict, here: xr.Dataset, link: str, kind: str, wrong: pd.DataFrame) -> np.ndarray:
    """Flow of a link at each hour: as metered; of a pump without meter 0 in the hours in which it stands, else NaN. [m3/h]"""
    if ("flow", link) in ids:
        return here["flow"].sel(link=link).to_numpy()
    at = times.epoch(here.get_index("time"))
    nothing = np.full(len(at), np.nan)
    if kind != "pump" or ("pump_status", link) not in ids:
        return nothing
    status = context.good([ids["pump_status", link]], wrong)
    if status.empty:
        return nothing
    ran = step_means(status["time"].to_numpy(), status["value"].to_numpy(), at, HOUR_S)
    return np.where(ran == 0, 0.0, np.nan)


@lru_cache(maxsize=64)
def _content(network: str, tank: str, depth: float) -> float:
    """Water in a layer of a tank, 3 m above its bottom. [m3]"""
    time = times.from_epoch([0, 1])
    level = labelled("level", np.array([[3.0], [3.0 + depth]]), time=time, tank=[tank])
    return float(tanks.volume(network, level).diff("time").item())
