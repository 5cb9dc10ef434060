"""What a plan costs against the network's own level controls on equal terms."""

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from wss import tariffs
from wss.hydraulics import Engine, Simulation
from wss.hydraulics.facts import facts
from wss.kpi import baseline, energy
from wss.optimization import Solution
from wss.optimization.proof import worth
from wss.steps.plan.problem import Inputs
from wss.steps.run import Run


@dataclass(frozen=True)
class Baseline:
    """The same hours under the network's own controls, switched on the decision grid."""

    pump_speed: xr.DataArray
    """(time, pump) [1]"""
    simulation: Simulation
    cost: float
    """Energy, and the value of the water by which it leaves less in the tanks than the plan [currency]"""
    energy_kwh: float
    charges: dict[str, float]
    """What each further component of the tariff adds, by its key [currency]"""
    stored_value: float
    """Value of the water that the plan leaves beyond it, contained in `cost` [currency]"""


def replayed(run: Run, inputs: Inputs, pump_speed: xr.DataArray, quantile: float) -> Simulation:
    """A plan (time, pump) [1] under a quantile of demand, reported on the decision grid with all metered links and pressures."""
    problem, step_s = inputs.problem, int(inputs.problem.decision_step.total_seconds())
    links, nodes = _watched(run)
    with Engine(run.configuration.network, dict(problem.tied)) as engine:
        engine.set_demands(inputs.node_demand(quantile), step_s)
        return engine.simulate(
            pump_speed,
            problem.initial_level,
            problem.start,
            int(problem.horizon.total_seconds()),
            problem.replay_step_s,
            step_s,
            links,
            nodes,
        )


def compare(run: Run, inputs: Inputs, solution: Solution, plan: Simulation) -> Baseline:
    """Level control from the same state under the same demand and tariff, with the difference in stored water valued.

    Raises
    ------
    HydraulicError
        If EPANET gives up on the network's own controls.
    """
    problem = inputs.problem
    links, nodes = _watched(run)
    own = baseline.level_control(
        run.configuration.network,
        inputs.node_demand(0.5),
        problem.initial_level,
        problem.initial_status,
        problem.start,
        problem.horizon,
        run.tenant.time_zone,
        decision_step=problem.decision_step,
        replay_step_s=problem.replay_step_s,
        tied=problem.tied,
        out_of_service=problem.out_of_service,
        links=links,
        nodes=nodes,
    )
    spent = energy.total_cost(own.snapped.energy, priced(inputs, own.snapped.energy.get_index("time")))
    stored = baseline.left_value(run.configuration.network, plan.level, own.snapped.level, marginal_cost(inputs, solution))
    return Baseline(
        own.pump_speed, own.snapped, spent + stored, float(own.snapped.energy.sum()), charges(inputs, own.snapped), stored
    )


def charges(inputs: Inputs, simulation: Simulation) -> dict[str, float]:
    """What a run adds beside energy, by component of the tariff. [currency]"""
    return tariffs.charges(inputs.tariff, simulation.power.sum("pump"), inputs.peaks_so_far_kw)


def water_value(inputs: Inputs, solution: Solution) -> dict[str, float]:
    """Tank -> what a further cubic metre in it at the end is worth [currency/m3]; the mean cost of demand where nothing says.

    A linear program whose limits had to give way prices water by what it pays for breaking them, so it does not count.
    """
    hours = inputs.problem.decision_step / pd.Timedelta(hours=1)
    drawn = float(inputs.demand.sel(quantile=0.5).sum()) * hours
    trusted = solution.marginal_cost if solution.rung != "relaxed" else None
    cost = solution.verdict.cost if solution.verdict is not None else 0.0
    return worth.water_value(facts(inputs.problem.network).tank_area, trusted, cost, drawn)


def marginal_cost(inputs: Inputs, solution: Solution) -> float:
    """What a further cubic metre in the tanks is worth at the mean of the tanks by area. [currency/m3]"""
    return worth.mean_by_area(water_value(inputs, solution), facts(inputs.problem.network).tank_area)


def priced(inputs: Inputs, time: pd.DatetimeIndex) -> xr.DataArray:
    """Mean price (time,) of each step of the decision grid. [currency/kWh]"""
    return tariffs.mean_price(inputs.problem.price, time).assign_attrs(currency=inputs.tariff.currency)


def _watched(run: Run) -> tuple[list[str], list[str]]:
    """Metered links with the pumps, and nodes with a sensor or a limit of pressure."""
    sensors, system = run.configuration.sensors, run.tenant.system
    links = dict.fromkeys([*run.configuration.pump_ids, *(s.item for s in sensors if s.quantity == "flow")])
    nodes = dict.fromkeys([*(p.node for p in system.pressures), *(s.item for s in sensors if s.quantity == "pressure")])
    return list(links), list(nodes)
