"""Commands of the daily business: cycle, kpi, status."""

from typing import Annotated

import typer

from wss.cli.console import Json, Tenants, chosen, err, open_workspace, print_failures, print_json, print_table, progress_bar


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (cycle, kpi, status):
        app.command(rich_help_panel="Run")(command)


def cycle(
    tenants: Tenants = None,
    now: Annotated[str, typer.Option(help="Moment to plan from [UTC, ISO]; empty: the clock, or a replay's last reading.")] = "",
    intake: Annotated[bool, typer.Option(help="Read the inbox first.")] = True,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "command line",
    as_json: Json = False,
) -> None:
    """Files in, a plan proven in EPANET out: intake, forecast, optimize, publish.

    One line a tenant; a tenant that fails stops no other, and its last plan stays in force. Every number leads to an executed
    notebook, whose path is in the JSON.

    [dim]Examples:[/dim]
      wss cycle                                     every tenant, now
      wss cycle litoral --now 2022-07-25T06:00      a moment of the past, from what was known then
      wss cycle --json > cycle.json                 for programs
    """
    from wss.cycle import STAGES, run_cycle
    from wss.times import utc

    if now:
        utc(now)
    workspace = open_workspace()
    results = []
    with progress_bar() as bar:
        for name in chosen(workspace, tenants):
            task = bar.add_task(name, total=len(STAGES))
            results.append(run_cycle(name, now or None, workspace, intake, reason, _stages(bar, task, name)))
            bar.update(task, completed=len(STAGES))
    if as_json:
        print_json([r.as_dict() for r in results])
    else:
        columns = {
            "tenant": "tenant",
            "now": "now",
            "rung": "rung",
            "plan_cost": "plan cost",
            "baseline_cost": "baseline",
            "saving_percent": "saving %",
            "violations": "violations",
            "forecast_wape": "WAPE",
            "cpu_seconds": "CPU s",
            "peak_memory_mb": "MB",
        }
        print_table("Cycle", list(columns.values()), [[getattr(r, key) for key in columns] for r in results])
        for result in results:
            err.print(f"[dim]{result.tenant}: {result.reason or ''}[/dim]", highlight=False, soft_wrap=True)
            for path in result.notebooks:
                err.print(f"  {path}", highlight=False, soft_wrap=True)
    raise typer.Exit(print_failures([(r.tenant, r.error) for r in results]))


def kpi(
    tenants: Tenants = None,
    day: Annotated[str, typer.Option(help="Local date, such as 2022-07-24; default: the last complete day.")] = "",
    as_json: Json = False,
) -> None:
    """Key figures of one day: plan, actual and what the network's own level control would have cost.

    [dim]Examples:[/dim]
      wss kpi
      wss kpi litoral --day 2022-07-24 --json
    """
    from wss.cycle import run_daily
    from wss.records.kpis import SOURCES

    workspace = open_workspace()
    results = []
    with progress_bar() as bar:
        for name in chosen(workspace, tenants):
            bar.add_task(f"{name}: key figures", total=None)
            results.append(run_daily(name, day, workspace))
    if as_json:
        print_json([r.as_dict() for r in results])
    else:
        for result in results:
            if result.kpis:
                columns = ("figure", "item", *SOURCES, "unit")
                print_table(f"{result.tenant}, {result.day}", columns, side_by_side(result.kpis), right=SOURCES)
    raise typer.Exit(print_failures([(r.tenant, r.error) for r in results]))


def status(tenants: Tenants = None, as_json: Json = False) -> None:
    """How each tenant stands: ages of data, forecast and plan, the rung of the plan, what waits and what failed last.

    [dim]Examples:[/dim]
      wss status
      wss status --json
    """
    from wss.steps.status import tenant_status

    workspace = open_workspace()
    states = [tenant_status(workspace, name) for name in chosen(workspace, tenants)]
    if as_json:
        print_json(states)
        return
    columns = {
        "tenant": "tenant",
        "now": "now",
        "data_age_minutes": "data age min",
        "forecast_age_minutes": "forecast min",
        "plan_age_minutes": "plan min",
        "rung": "rung",
        "files_waiting": "files",
    }
    title = f"Status, code {states[0]['code_version']}"
    print_table(title, list(columns.values()), [[state.get(key) for key in columns] for state in states])
    for state in states:
        for word in ("reason", "error"):
            if state.get(word):
                err.print(f"{state['tenant']}: {word}: {state[word]}", markup=False, highlight=False, soft_wrap=True)


def side_by_side(kpis: list[dict]) -> list[list]:
    """Rows of a table of key figures (each with name, item, value, unit): title, part, one value a source as written, unit.

    They stand in the order of the table of key figures; those that it lacks come last, by their names.
    """
    from wss.records.kpis import KEY_FIGURES, SOURCES, title, written

    order = {name: place for place, name in enumerate(KEY_FIGURES)}
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for kpi in sorted(kpis, key=lambda kpi: order.get(kpi["name"], len(order))):
        source, _, part = kpi["item"].partition("/")
        rows.setdefault((kpi["name"], part, kpi["unit"]), {})[source] = written(kpi["name"], kpi["value"])
    return [
        [title(name), part, *(values.get(source) for source in SOURCES), "" if unit == "1" else unit]
        for (name, part, unit), values in rows.items()
    ]


def _stages(bar, task, name: str):
    """Callback that shows the stage a cycle is in."""
    from wss.cycle import STAGES

    return lambda stage: bar.update(task, description=f"{name}: {stage}", completed=STAGES.index(stage))
