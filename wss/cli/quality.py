"""Command about doubtful readings: quality."""

from typing import Annotated

import typer

from wss.cli.console import Json, Tenants, chosen, err, open_workspace, print_failures, print_json, print_table, progress_bar


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel="Run")(quality)


def quality(
    tenants: Tenants = None,
    hours: Annotated[int, typer.Option(min=1, help="How far to look back [h].")] = 24,
    check_from: Annotated[str, typer.Option(help="First apply the rules to all readings from here on [ISO].")] = "",
    as_json: Json = False,
) -> None:
    """Which readings of the last day are doubtful, by sensor and kind.

    Values with a doubt that is masked are not computed with; the others are only told. The notebook `quality` shows hour by hour.

    [dim]Examples:[/dim]
      wss quality                                      every tenant, the last 24 hours
      wss quality litoral --hours 168 --json
      wss quality litoral --check-from 2022-05-01      after a change of the rules
    """
    from wss.times import utc

    since = utc(check_from) if check_from else None
    workspace = open_workspace()
    results = []
    with progress_bar() as bar:
        for name in chosen(workspace, tenants):
            task = bar.add_task(f"{name}: quality", total=1.0)
            results.append(_of(workspace, name, hours, since, lambda share, task=task: bar.update(task, completed=share)))
    if as_json:
        print_json(results)
    else:
        for result in results:
            _show(result, hours)
    raise typer.Exit(print_failures([(r["tenant"], r["error"]) for r in results]))


def _of(workspace, name: str, hours: int, since, progress) -> dict:
    """What is doubtful at one tenant; a broken tenant stops no other."""
    from wss.errors import WssError
    from wss.steps.configuration import active
    from wss.steps.quality.examine import examine, run_quality
    from wss.steps.quality.report import tenant_quality
    from wss.steps.run import resolve_now
    from wss.store import open_store
    from wss.times import iso

    result = {"tenant": name, "now": None, "doubts": [], "error": None}
    try:
        with open_store(workspace, name) as store:
            configuration = active(store)
            now = resolve_now(configuration, store)
            if since is not None:
                run_quality(configuration, store, since, now, now, progress=progress)
            examine(configuration, store, now, progress=progress)
            return result | {"now": iso(now), "doubts": tenant_quality(configuration, store, now, hours)}
    except WssError as error:
        return result | {"error": str(error)}


def _show(result: dict, hours: int) -> None:
    """Table of one tenant."""
    doubts = result["doubts"]
    if doubts:
        rows = [
            (
                f"{d['quantity']} {d['item']}",
                d["kind"],
                "yes" if d["masked"] else "no",
                d["count"],
                d["first"],
                "goes on" if d["goes_on"] else d["last"],
                d["note"],
            )
            for d in doubts
        ]
        title = f"{result['tenant']}: doubtful in the {hours} h before {result['now']}"
        print_table(title, ("sensor", "kind", "masked", "times", "first", "last", "note"), rows)
    elif not result["error"]:
        err.print(f"{result['tenant']}: nothing is doubtful in the {hours} h before {result['now']}", highlight=False)
