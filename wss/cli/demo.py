"""Commands of the demo utility: demo, plant."""

import sys
from typing import Annotated, Any

import typer

from wss.cli.console import FAILED, Json, OneTenant, chosen, err, open_workspace, out, print_json, print_table, progress_bar


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (demo, plant):
        app.command(rich_help_panel="Demo")(command)


def demo(
    flow: Annotated[bool, typer.Option(help="Also run one flow through Prefect; it starts a server of its own for that.")] = True,
    as_json: Json = False,
) -> None:
    """Set up the demo utility and run its main job: SCADA files in, pump plans proven in EPANET out.

    Real demand of Italian district metered areas, on a simulated plant. The first run takes in 14 weeks of history, plans, lets
    the plant run under the plan for a day and compares the bill. Each further run is one more hour and one more cycle; no reading
    is stored twice.

    [dim]Example:[/dim]
      wss demo
    """
    from wss.cycle import run_flow
    from wss.demo.main import run_demo

    done = run_demo(open_workspace(), err)
    if flow:
        with progress_bar() as bar:
            bar.add_task("one flow through Prefect", total=None)
            done["flow"] = run_flow("daily", done["tenant"])
    flows = [done["flow"], *done["flow"]["results"]] if flow else []
    failures = [r["error"] for r in (*done["cycles"], *done["daily"], *flows) if r["error"]]
    if as_json:
        print_json(done)
    else:
        _print_demo(done)
    for failure in failures:
        err.print(failure, style="bold red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(FAILED if failures else 0)


def plant(
    tenant: OneTenant = "litoral",
    hours: Annotated[int, typer.Option(min=1, max=24 * 60, help="How far the plant runs [h].")] = 1,
) -> None:
    """Let the virtual plant of a demo tenant run on; it follows the released plan and writes SCADA files into the inbox.

    [dim]Example:[/dim]
      wss plant litoral --hours 24
    """
    from wss.demo.plant import Plant

    workspace = open_workspace()
    chosen(workspace, [tenant])
    with progress_bar() as bar:
        task = bar.add_task(f"{tenant}: virtual plant", total=1.0)
        works = Plant(workspace, tenant)
        if not works.started:
            works.history(progress=lambda share: bar.update(task, completed=share))
        files = works.advance(hours, lambda share: bar.update(task, completed=share))
    out.print(
        f"{tenant}: the plant has run to {works.now} UTC; {files} files are in {workspace.inbox(tenant)}",
        highlight=False,
        soft_wrap=True,
    )


def _print_demo(done: dict[str, Any]) -> None:
    """What the demo did: readings, cycles, the flow, and where to look."""
    counts = ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in done["readings"].items())
    out.print(f"\n{done['history_days']:.0f} days of history; this time {done['files']} files with {counts}", highlight=False)
    columns = {
        "tenant": "tenant",
        "now": "planned from",
        "rung": "rung",
        "plan_cost": "plan cost",
        "baseline_cost": "baseline",
        "saving_percent": "saving %",
        "violations": "violations",
        "cpu_seconds": "CPU s",
    }
    print_table(
        "Plans, against the network's own level control on equal terms",
        list(columns.values()),
        [[r[key] for key in columns] for r in done["cycles"]],
    )
    flow = done.get("flow")
    if flow:
        columns = {"name": "flow", "flow_run_id": "run", "state": "state", "seconds": "seconds"}
        print_table("Through Prefect", list(columns.values()), [[flow[key] for key in columns]])
    out.print("Executed notebooks, the record of the last cycle and day:")
    paths = [*done["cycles"][-1]["notebooks"], *(r["notebook"] for r in done["daily"] if r["notebook"])]
    for path in paths:
        out.print(f"  {path}", highlight=False, soft_wrap=True)
    command = f"WSS_HOME={open_workspace().home} {sys.argv[0]} dashboard {done['tenant']}"
    out.print(f"\nThe operator's dashboard:\n  [bold]{command}[/bold]", highlight=False, soft_wrap=True)
