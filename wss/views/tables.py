"""Tables for executed notebooks, as styled frames: what to switch and why, what it costs, how the levels stand."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import xarray as xr
from pandas.io.formats.style import Styler

from wss.config import Pump, Tank, Tenant
from wss.records import PlanSummary
from wss.records.kpis import SOURCES, heading, key_figure, written
from wss.views import style
from wss.views.reasons import limit_words, title
from wss.views.words import Language, say


def actions_table(actions: pd.DataFrame, time_zone: str = "UTC", language: Language = "en", pumps: Sequence[Pump] = ()) -> Styler:
    """What to switch, when (local time) and why, in order.

    Parameters
    ----------
    actions : columns time (UTC), pump, action (start, stop or speed), speed [1], period, why, earlier, later (if moved)
    pumps
        Titles, from the tenant's configuration.
    """
    titles = {p.id: p.title for p in pumps}
    frame = pd.DataFrame(
        {
            say("time", language): [style.moment(t, time_zone, language) for t in actions["time"]],
            say("pump", language): [titles.get(str(p), str(p)) for p in actions["pump"]],
            say("action", language): [
                action_text(a, s, language) for a, s in zip(actions["action"], actions["speed"], strict=True)
            ],
            say("period", language): actions["period"].tolist(),
            say("why", language): actions["why"].tolist(),
            say("if_moved", language): [
                "; ".join(words for words in pair if isinstance(words, str) and words)
                for pair in zip(actions["earlier"], actions["later"], strict=True)
            ],
        }
    )
    return _styled(frame)


def moves_table(moves: pd.DataFrame, tenant: Tenant, currency: str) -> Styler:
    """What each switch would cost a step earlier or later, by parts, and the limit in the way.

    Parameters
    ----------
    moves
        Of an optimize run: time [UTC], pump, move (earlier, later), `minutes`, energy_cost, charge, start_cost, water_cost, cost
        [currency], water_m3 [m3], and the limit in the way (limit, item, amount, bound [m], at).
    """
    language = tenant.language
    moves = moves[moves["limit"].fillna("") != "now"]
    rows = moves.assign(limit=moves["limit"].fillna("")).to_dict("records")
    numbers = {
        f"{say(key, language)} [{unit}]": values
        for key, unit, values in (
            ("energy_more", currency, moves["energy_cost"]),
            ("charge_more", currency, moves["charge"] + moves["start_cost"]),
            ("water_left", "m³", -moves["water_m3"]),
            ("water_worth", currency, moves["water_cost"]),
            ("cost_more", currency, moves["cost"]),
        )
    }
    frame = pd.DataFrame(
        {
            say("time", language): [style.moment(row["time"], tenant.time_zone, language) for row in rows],
            say("pump", language): [title(tenant, "pump", str(row["pump"])) for row in rows],
            say("moved", language): [say(f"min_{row['move']}", language, minutes=round(row["minutes"])) for row in rows],
            **{name: values.to_numpy(float) for name, values in numbers.items()},
            say("in_the_way", language): [limit_words(tenant, row, row["time"]) if row["limit"] else "" for row in rows],
        }
    )
    return _styled(frame).format("{:+,.2f}", subset=list(numbers), na_rep="")


def action_text(action: str, speed: float, language: Language = "en") -> str:
    """Words of one action: start, stop, or a relative speed [1]."""
    return say("speed", language, speed=speed) if action == "speed" else say(action, language)


def cost_table(summary: PlanSummary | Mapping[str, Any], currency: str = "", language: Language = "en") -> Styler:
    """Plan against level control on equal terms, from the summary of an optimize run.

    What the water is worth by which the tanks end apart is already counted in the cost of level control.
    """
    costs = PlanSummary.of(summary)
    plan, baseline = say("plan", language), say("baseline", language)
    money = currency or "currency"
    keys = ("energy_kwh", "plan_cost", "demand_charge"), ("baseline_energy_kwh", "baseline_cost", "baseline_demand_charge")
    figures = pd.DataFrame(
        {name: [getattr(costs, key) for key in column] for name, column in zip((plan, baseline), keys, strict=True)}
    )
    figures = figures.astype(float)
    figures.loc[3] = figures.loc[1] + figures.loc[2]
    titles = [f"{say(key, language)} [{money}]" for key in ("energy_cost", "demand_charge", "total")]
    figures.insert(0, "", [f"{say('energy', language)} [kWh]", *titles])
    change = figures[plan] - figures[baseline]
    figures[say("difference", language)] = change
    figures["%"] = 100 * change / figures[baseline].where(figures[baseline].abs() > 1e-9)
    return (
        _styled(figures)
        .format("{:,.1f}", subset=[plan, baseline], na_rep="")
        .format("{:+,.1f}", subset=[say("difference", language), "%"], na_rep="")
    )


def comparison_table(plans: Mapping[str, Mapping], currency: str, language: Language = "en") -> Styler:
    """Plans side by side, and how the last differs from the first.

    Parameters
    ----------
    plans
        Title (key in the words) -> energy [kWh], energy_cost, demand_charge [currency], starts, broken (limits) [1], rung.
    """
    units = {"energy": "kWh", "energy_cost": currency, "demand_charge": currency}
    rows = ("energy", "energy_cost", "demand_charge", "starts", "broken")
    frame = pd.DataFrame({say(title, language): [float(plan[row]) for row in rows] for title, plan in plans.items()})
    frame[say("difference", language)] = frame.iloc[:, -1] - frame.iloc[:, 0]
    frame.insert(0, "", [say(row, language) + (f" [{units[row]}]" if row in units else "") for row in rows])
    rungs = " → ".join(say(f"rung_{plan['rung']}", language) for plan in plans.values())
    numbers = list(frame.columns[1:])
    return _styled(frame).format("{:,.0f}", subset=numbers[:-1]).format("{:+,.0f}", subset=numbers[-1:]).set_caption(rungs)


def margin_table(
    levels: xr.Dataset | xr.DataArray, tanks: Sequence[Tank], time_zone: str = "UTC", language: Language = "en"
) -> Styler:
    """How near each tank comes to its limits under the plan. Levels are (time, tank) [m]."""
    level = style.array(levels, "level")
    tank_, lowest, highest, above, below, end, at = (
        say(key, language) for key in ("tank", "lowest", "highest", "margin_low", "margin_high", "end", "when")
    )
    rows = []
    for tank in tanks:
        series = level.sel(tank=tank.id).to_series()
        rows.append(
            {
                tank_: tank.title,
                f"{lowest} [m]": series.min(),
                f"{lowest} {at}": style.moment(series.idxmin(), time_zone, language),
                f"{above} [m]": series.min() - tank.level_min_m,
                f"{highest} [m]": series.max(),
                f"{highest} {at}": style.moment(series.idxmax(), time_zone, language),
                f"{below} [m]": tank.level_max_m - series.max(),
                f"{end} [m]": series.iloc[-1],
            }
        )
    frame = pd.DataFrame(rows)
    return (
        _styled(frame)
        .format("{:.2f}", subset=list(frame.select_dtypes("number").columns))
        .map(
            lambda value: f"color: {style.VERMILLION}; font-weight: bold" if value < 0 else "",
            subset=[f"{above} [m]", f"{below} [m]"],
        )
    )


def kpi_table(kpis: pd.DataFrame, pumps: Sequence[Pump], tanks: Sequence[Tank], language: Language = "en") -> Styler:
    """Key figures of one day, plan, actual and level control side by side; those that the table lacks by their names.

    Parameters
    ----------
    kpis : columns time, name, item (`source` or `source/part`), value, unit
        As run_kpi returns them.
    """
    titles = {("pump", p.id): p.title for p in pumps} | {("tank", t.id): t.title for t in tanks}
    parts = kpis["item"].str.split("/", n=1, expand=True).reindex(columns=[0, 1])
    frame = kpis.assign(source=parts[0], part=parts[1].fillna(""))
    keys = ["name", "unit", "part"]
    order = pd.MultiIndex.from_frame(frame[keys].drop_duplicates())
    wide = frame.groupby([*keys, "source"])["value"].sum(min_count=1).unstack("source").reindex(order)
    sources = [s for s in SOURCES if s in wide.columns]
    shown = wide[sources].rename(columns={s: say(f"source_{s}", language) for s in sources}).reset_index(drop=True)
    shown.columns.name = None
    shown.insert(0, say("kpi", language), [heading(name, unit, language) for name, unit, _ in order])
    shown.insert(1, say("item", language), [titles.get((key_figure(name).part, part), part) for name, _, part in order])
    styled = _styled(shown)
    for row, (name, *_) in enumerate(order):
        styled = styled.format(partial(written, name), subset=pd.IndexSlice[[row], list(shown.columns[2:])])
    return styled


def _styled(frame: pd.DataFrame) -> Styler:
    numbers = list(frame.select_dtypes("number").columns)
    words = [c for c in frame.columns if c not in numbers]
    shown = frame.style.hide(axis="index").format(escape="html", subset=words)
    shown = shown.set_properties(subset=words, **{"text-align": "left"}).set_properties(subset=numbers, **{"text-align": "right"})
    cells = {"selector": "th, td", "props": "padding: 2px 10px"}
    return shown.set_table_styles([cells, {"selector": "th", "props": "text-align: left"}])
