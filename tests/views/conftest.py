"""A made-up but lifelike day of a small utility: plan, levels with their band, level control, demand, actions."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from wss import times
from wss.config import Pump, Tank, Tariff, Tenant
from wss.quantities import labelled
from wss.records import PlanSummary
from wss.views.situation import Bill, ShownOverride, ShownPlan, Situation

NOW = pd.Timestamp("2022-07-25T04:00")
STEP = pd.Timedelta("15min")
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def make_tariff() -> Tariff:
    """Three rates: peak by day on working days, shoulder around it, cheap at night and at weekends."""
    return Tariff.model_validate(
        {
            "name": "three rates",
            "currency": "EUR",
            "time_zone": "Europe/Rome",
            "calendar": {"country": "IT"},
            "versions": [
                {
                    "valid_from": "2020-01-01",
                    "source": "made up",
                    "demand_charge": {"price_per_kw": 4.2},
                    "periods": [
                        {
                            "name": "peak",
                            "title": "Peak",
                            "price_per_kwh": 0.25,
                            "spans": [{"days": WORKDAYS, "hours": ["08:00-19:00"]}],
                        },
                        {
                            "name": "mid",
                            "title": "Shoulder",
                            "price_per_kwh": 0.17,
                            "spans": [
                                {"days": WORKDAYS, "hours": ["07:00-08:00", "19:00-23:00"]},
                                {"days": ["sat"], "hours": ["07:00-23:00"]},
                            ],
                        },
                        {
                            "name": "off",
                            "title": "Night",
                            "price_per_kwh": 0.09,
                            "spans": [
                                {"days": [*WORKDAYS, "sat"], "hours": ["00:00-07:00", "23:00-24:00"]},
                                {"days": ["sun", "holiday"], "hours": ["00:00-24:00"]},
                            ],
                        },
                    ],
                }
            ],
        }
    )


def _level(time: pd.DatetimeIndex, phase: float) -> np.ndarray:
    """Tanks that fill in the cheap night and empty by day. [m]"""
    hour = times.wall(time, "Europe/Rome").hour.to_numpy() + times.wall(time, "Europe/Rome").minute.to_numpy() / 60
    return 5.5 + 2.4 * np.cos((hour - 7.5 - phase) / 24 * 2 * np.pi) + 0.25 * np.sin(hour * 1.7 + phase)


def _demand(time: pd.DatetimeIndex) -> np.ndarray:
    """Two zones that draw most in the afternoon. [m3/h]"""
    return np.column_stack([100 * (k + 1) * (1 + 0.4 * np.sin(time.hour.to_numpy() / 24 * 2 * np.pi)) for k in range(2)])


@pytest.fixture(scope="session")
def day() -> SimpleNamespace:
    """Everything that a view can be asked to show, in the shapes of the steps."""
    past, ahead = times.grid(NOW - times.DAY, NOW, STEP), times.grid(NOW, NOW + 2 * times.DAY, STEP)
    ran = (times.wall(past, "Europe/Rome").hour < 7).astype(float)
    instants = ahead.append(pd.DatetimeIndex([NOW + 2 * times.DAY])).rename("time")
    tanks, pumps = ["1", "2", "3"], ["10", "335"]
    level = labelled("level", np.column_stack([_level(instants, k) for k in range(3)]), time=instants, tank=tanks)
    hours = ((instants - NOW) / times.HOUR).to_numpy()
    spread = xr.DataArray(np.array([-1.0, 0.0, 1.0]), dims="quantile", coords={"quantile": [0.1, 0.5, 0.9]})
    grow = xr.DataArray(0.06 * np.sqrt(hours), dims="time", coords={"time": instants})
    band = (level + grow * spread).transpose("time", "tank", "quantile").rename("level").assign_attrs(units="m")
    base = labelled("level", 6.5 + 0.9 * np.sin(hours[:, None] / 3.1 + np.arange(3)), time=instants, tank=tanks)
    wall = times.wall(ahead, "Europe/Rome")
    night = ((wall.hour < 6) | (wall.hour >= 23)).astype(float)
    speed = labelled("pump_speed", np.column_stack([night, np.where(wall.hour % 9 < 4, 0.9, 0.0)]), time=ahead, pump=pumps)
    price = labelled("price", np.where(night > 0, 0.09, 0.25), time=ahead).assign_attrs(currency="EUR")
    hourly_past, hourly = times.grid(NOW - 2 * times.DAY, NOW, times.HOUR), times.grid(NOW, NOW + 2 * times.DAY, times.HOUR)
    quantiles = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    factor = 1 + 0.12 * np.array([-1.6, -1.3, -0.7, 0.0, 0.7, 1.3, 1.6])
    observed = labelled("demand", _demand(hourly_past), time=hourly_past, zone=["norte", "sul"])
    observed[20:23, 0] = np.nan
    forecast = xr.DataArray(
        _demand(hourly)[:, :, None] * factor,
        dims=("time", "zone", "quantile"),
        name="demand",
        attrs={"units": "m3/h"},
        coords={"time": hourly, "zone": ["norte", "sul"], "quantile": quantiles},
    )
    actions = pd.DataFrame({
        "time": [NOW + pd.Timedelta("1h"), NOW + pd.Timedelta("105min"), NOW + pd.Timedelta("5h"), NOW + pd.Timedelta("17h")],
        "pump": ["10", "335", "335", "10"], "action": ["stop", "speed", "stop", "start"], "speed": [0.0, 0.9, 0.0, 1.0],
        "period": ["Night", "Night", "Peak", "Night"],
        "why": ["the cheap period ends at 07:00", "holds the level of Tank South", "peak price begins", "fills the tanks <b>"],
        "earlier": ["", "15 min earlier costs 1.10 EUR more", "", "15 min earlier <i>"],
        "later": ["15 min later costs no more", "15 min later is not possible", "", ""]})  # fmt: skip
    summary = {
        "rung": "converged", "reason": "", "plan_cost": 412.4, "baseline_cost": 498.9, "saving_percent": 17.3,
        "energy_kwh": 3120.0, "baseline_energy_kwh": 3098.0,
        "demand_charge": 80.0, "baseline_demand_charge": 92.5, "stored_value": 6.2,
        "change": {"since": "2022-07-25T03:30:00Z", "switches": 2, "pump_hours": 1.5, "saves": 3.1, "limit": "", "item": "",
                   "amount": 0.0, "bound": 0.0, "at": None},
        "violations": [], "violations_count": 0, "forecast_run": "f1", "level_age_minutes": 7.0}  # fmt: skip
    return SimpleNamespace(
        now=NOW, time_zone="Europe/Rome", tariff=make_tariff(),
        tanks=tuple(Tank(id=t, title=f"Tank {name}", level_min_m=2.0, level_max_m=9.0)
                    for t, name in zip(tanks, ("West", "South", "North"), strict=True)),
        pumps=(Pump(id="10", title="Lake pump"), Pump(id="335", title="River pump", speed_min=0.7, speed_max=1.0)),
        plan=xr.Dataset({"pump_speed": speed, "price": price}), levels=level.to_dataset(), band=band.to_dataset(),
        baseline_levels=base.to_dataset(),
        past_levels=labelled("level", np.column_stack([_level(past, k) for k in range(3)]), time=past, tank=tanks).to_dataset(),
        past_speed=labelled("pump_speed", np.column_stack([ran, ran]), time=past, pump=pumps),
        forecast=forecast.to_dataset(), observed=observed.to_dataset(), actions=actions, summary=summary)  # fmt: skip


@pytest.fixture
def situation(day) -> Situation:
    """The page of that day, twelve minutes after the plan was made."""
    now = day.now + pd.Timedelta("12min")
    tenant = Tenant.model_validate(
        {
            "name": "litoral",
            "title": "Águas <Litoral>",
            "simulated": True,
            "time_zone": day.time_zone,
            "system": {
                "network": "network.inp",
                "zones": [{"name": "all", "title": "All"}],
                "tanks": [t.model_dump() for t in day.tanks],
                "pumps": [p.model_dump() for p in day.pumps],
            },
        }
    )
    plan = ShownPlan(
        "run1",
        day.now,
        day.plan["pump_speed"],
        day.levels["level"],
        day.baseline_levels["level"],
        day.band["level"],
        day.actions,
        PlanSummary.of(day.summary),
    )
    journal = pd.DataFrame(
        {
            "at": [day.now - pd.Timedelta("3h"), day.now],
            "kind": ["accept", "override"],
            "who": ["Maria", "João"],
            "reason": ["", "intake <cleaned>"],
            "body": [{}, {"pump": "335", "on": False, "start": "2022-07-25T07:00:00Z", "end": "2022-07-25T11:00:00Z"}],
        }
    )
    held = ShownOverride(3, "335", False, pd.Timestamp("2022-07-25T07:00"), pd.Timestamp("2022-07-25T11:00"), "João", "intake")
    return Situation(
        tenant=tenant,
        tariff=day.tariff,
        now=now,
        data_time=now - pd.Timedelta("7min"),
        forecast_time=day.now,
        plan=plan,
        past_level=day.past_levels["level"],
        past_speed=day.past_speed,
        overrides=(held,),
        journal=journal,
        bills=(Bill("bill_spent", 112.3, None), Bill("bill_horizon", 412.4, 498.9)),
    )
