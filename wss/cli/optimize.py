"""Command `optimize-case`: a pump plan for a case file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from wss.cli.console import Json, err, out, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from wss.steps.plan.case import CaseResult

INFEASIBLE = 3
"""Exit code: no feasible plan was found; the best one is written."""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("optimize-case", rich_help_panel="Explore")(optimize_case)


def optimize_case(
    case: Annotated[Path, typer.Argument(metavar="CASE.yml", help="Case file; its network lies beside it or in a package.")],
    out_file: Annotated[Path, typer.Option("--out", metavar="PLAN.csv", help="Where the plan goes, as rows time,pump,speed.")],
    bound: Annotated[bool, typer.Option("--bound", help="Also prove what no plan can cost less than.")] = False,
    as_json: Json = False,
) -> None:
    """Plan the pumps of one case: the cheapest plan that keeps every rule when EPANET replays it.

    The cost is that of the replay of the plan as it was written. Exit code: 0 a feasible plan is written, 2 the case is wrong
    (all faults are listed), 3 no feasible plan was found: the best one is written and what it breaks is named.

    [dim]Examples:[/dim]
      wss optimize-case van-zyl/hourly.yml --out plan.csv
      wss optimize-case net3.yml --out plan.csv --bound --json
    """
    import xarray as xr

    from wss.steps.plan.case import optimize_case

    xr.set_options(arithmetic_join="exact")
    with progress_bar() as bar:
        result = optimize_case(case, out_file, bound, _progress(bar, case.stem))
    said = _said(result)
    if as_json:
        print_json(said)
    else:
        _print(result, said, out_file)
    raise typer.Exit(0 if result.feasible else INFEASIBLE)


def _progress(bar, name: str) -> Callable[[str, float], None]:
    """Callback that shows what is being done, and how much of it is done."""
    task = bar.add_task(f"{name}: reading", total=1.0)

    def show(what: str, part: float) -> None:
        bar.update(task, description=f"{name}: {what}", completed=min(max(part, 0.0), 1.0))

    return show


def _said(result: "CaseResult") -> dict[str, Any]:
    verdict, solution = result.verdict, result.solution
    used = os.times()
    return {
        "cost": verdict.cost if verdict else None,
        "energy_kwh": verdict.energy_kwh if verdict else None,
        "feasible": result.feasible,
        "rung": solution.rung,
        "violations": list(map(str, result.violations)),
        "starts": verdict.starts if verdict else {},
        "bound": result.bound,
        "gap_percent": result.gap_percent,
        "simulations": solution.simulations,
        "snapshots": solution.snapshots,
        "cpu_seconds": round(used.user + used.system + used.children_user + used.children_system, 2),
    }


def _print(result: "CaseResult", said: dict[str, Any], plan: Path) -> None:
    currency = result.problem.currency
    if result.feasible:
        out.print(f"[bold green]Feasible plan[/] in {escape(str(plan))}", highlight=False, soft_wrap=True)
    else:
        out.print(f"[bold red]No feasible plan found[/]; the best one is in {escape(str(plan))}", highlight=False, soft_wrap=True)
    lines = {"found by": f"{said['rung']}: {result.solution.reason}"}
    if result.verdict:
        lines["cost"] = f"{said['cost']:,.2f} {currency}, {said['energy_kwh']:,.0f} kWh"
    if said["bound"] is not None:
        lines["bound"] = f"no plan costs less than {said['bound']:,.2f} {currency}: at most {said['gap_percent']:.2f} % to save"
    lines["effort"] = f"{said['simulations']:,} simulations, {said['snapshots']:,} snapshots, {said['cpu_seconds']:,.1f} CPU s"
    for word, text in lines.items():
        out.print(f"[dim]{word:9}[/] {escape(text)}", highlight=False, soft_wrap=True)
    if result.verdict:
        out.print()
        print_table("Pumps", ["pump", "starts", "hours on", "kWh", f"cost {currency}".rstrip()], _pump_rows(result))
        print_table("Tank levels in m", ["tank", "start", "lowest", "highest", "end", "end at least"], _tank_rows(result))
    for violation in result.violations:
        err.print(f"[red]✗ {escape(str(violation))}[/]", highlight=False, soft_wrap=True)


def _pump_rows(result: "CaseResult") -> list[list[Any]]:
    problem, simulation = result.problem, result.verdict.simulation
    pumps = [str(p) for p in simulation.energy.pump.values]
    price = problem.price_on(simulation.energy.get_index("time"), pumps)
    energy = simulation.energy.to_numpy()
    hours = (result.solution.pump_speed > 0).sum("time").to_series() * (problem.decision_step.total_seconds() / 3600)
    rows = zip(pumps, energy.sum(axis=0).tolist(), (energy * price).sum(axis=0).tolist(), strict=True)
    return [[pump, result.verdict.starts[pump], float(hours[pump]), kwh, cost] for pump, kwh, cost in rows]


def _tank_rows(result: "CaseResult") -> list[list[Any]]:
    level = result.verdict.simulation.level
    wanted = result.problem.end_level or {}
    columns = {str(t): level.sel(tank=t).to_numpy() for t in level.tank.values}
    return [
        [tank, *(float(v) for v in (x[0], x.min(), x.max(), x[-1])), float(wanted.get(tank, x[0]))] for tank, x in columns.items()
    ]
