"""Command `refit`: fit the forecast model again, as the weekly flow does."""

from typing import Annotated

import typer

from wss.cli.console import Json, Tenants, chosen, err, open_workspace, print_failures, print_json, print_table, progress_bar

COLUMNS = {
    "tenant": "tenant",
    "now": "now",
    "model": "model",
    "days": "days",
    "first_day": "from",
    "last_day": "to",
    "modes": "modes",
    "cpu_seconds": "CPU s",
    "peak_memory_mb": "MB",
}


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel="Run")(refit)


def refit(
    tenants: Tenants = None,
    now: Annotated[str, typer.Option(help="Moment to learn up to [UTC]; empty: the clock, or a replay's last reading.")] = "",
    as_json: Json = False,
) -> None:
    """Fit the demand forecast's model again, once a week: every later cycle forecasts with it.

    It takes 90 days of demand; with fewer it says so, and the profile goes on to forecast. A cycle of a past moment uses the
    model of the newest refit up to that moment.

    [dim]Examples:[/dim]
      wss refit
      wss refit litoral --now 2022-07-25T06:00 --json
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
            results.append(run_weekly(name, now or None, workspace, reason="command line"))
    if as_json:
        print_json([r.as_dict() for r in results])
    else:
        print_table("Refit", list(COLUMNS.values()), [[_shown(getattr(r, key)) for key in COLUMNS] for r in results])
        for result in results:
            err.print(f"[dim]{result.tenant}: {result.reason or result.notebook or ''}[/dim]", highlight=False, soft_wrap=True)
    raise typer.Exit(print_failures([(r.tenant, r.error) for r in results]))


def _shown(value):
    return ", ".join(value) if isinstance(value, list) else value
