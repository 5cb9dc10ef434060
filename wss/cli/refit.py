"""Command `refit`: fit the demand forecast anew."""

from typing import Annotated

import typer

from wss.cli.console import Json, Tenants, chosen, open_workspace, print_failures, print_json, print_table, progress_bar


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel="Run")(refit)


def refit(
    tenants: Tenants = None,
    now: Annotated[str, typer.Option(help="Moment whose knowledge to learn from [UTC, ISO]; empty: the clock, or a replay's last"
                                          " reading.")] = "",
    as_json: Json = False,
) -> None:
    """Fit the demand forecast to all demand that is known, once a week; the cycles of the weeks to come use the result.

    With less than 90 days of demand there is no model yet, which is no error: the profile of the hours of the week forecasts.

    [dim]Examples:[/dim]
      wss refit
      wss refit litoral --now 2022-07-25T00:00
    """
    from wss.cycle import run_weekly
    from wss.times import utc

    if now:
        utc(now)
    workspace = open_workspace()
    results = []
    with progress_bar() as bar:
        for name in chosen(workspace, tenants):
            bar.add_task(f"{name}: refit", total=None)
            results.append(run_weekly(name, now or None, workspace))
    if as_json:
        print_json([r.as_dict() for r in results])
    else:
        columns = ("tenant", "model", "reason", "CPU s", "notebook")
        print_table("Refit", columns, [(r.tenant, r.model, r.reason, r.cpu_seconds, r.notebook) for r in results])
    raise typer.Exit(print_failures([(r.tenant, r.error) for r in results]))
