"""Commands `backtest ...`: how good the forecast would have been."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wss.cli.console import Json, OneTenant, chosen, err, open_workspace, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from wss.steps.run import Run
    from wss.store import Workspace

COLUMNS = {
    "from_h": "from h",
    "to_h": "to h",
    "wape_forecast": "error",
    "wape_profile": "profile",
    "wape_naive": "last week",
    "skill_profile": "below profile",
    "skill_naive": "below last week",
    "inside_80": "in 80 %",
    "inside_90": "in 90 %",
}

EVERY = re.compile(r"(\d+(?:\.\d+)?)([hd])")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True)
    group.callback()(_backtest)
    group.command()(forecast)
    app.add_typer(group, name="backtest", rich_help_panel="Explore")


def _backtest() -> None:
    """Try on the past what runs every day."""


def forecast(
    tenant: OneTenant,
    start: Annotated[str, typer.Option("--from", help="First origin [UTC, ISO]; empty: 28 days before --to.")] = "",
    end: Annotated[str, typer.Option("--to", help="Where they end [UTC, ISO]; empty: all must be measured.")] = "",
    every: Annotated[str, typer.Option(help="Time between origins, such as 6h or 1d.")] = "1d",
    hours: Annotated[int, typer.Option(help="How far each forecasts [h]; 0: as far as the tenant plans.")] = 0,
    model: Annotated[str, typer.Option(help="fitted, profile or naive.")] = "fitted",
    refit_days: Annotated[int, typer.Option(help="How often the model is fitted again [d].")] = 28,
    jobs: Annotated[int, typer.Option(min=0, help="Processes at the same time; 0: all CPUs but one.")] = 0,
    fresh: Annotated[bool, typer.Option(help="Begin anew instead of going on.")] = False,
    notebook: Annotated[bool, typer.Option(help="Also execute the notebook with the figures of it.")] = False,
    as_json: Json = False,
) -> None:
    """How good the forecast would have been: moments of the past forecast again from what was known then.

    What is done is kept on disk: a call that was stopped goes on, and a longer span takes only what is new. The error is the sum
    of absolute errors over the demand, beside that of the profile alone and of the same hour last week.

    [dim]Examples:[/dim]
      wss backtest forecast litoral                                           the last four weeks, an origin a day
      wss backtest forecast litoral --from 2022-06-01 --to 2022-07-01 --every 6h --model profile
      wss backtest forecast litoral --hours 168 --notebook --json
    """
    from wss import times
    from wss.forecasting.backtest import ALL
    from wss.steps.forecast.backtest import ask_backtest, run_backtest, usual_jobs

    every_days = _days(every)
    workspace = open_workspace()
    chosen(workspace, [tenant])
    with _run(workspace, tenant) as run:
        asked = ask_backtest(run, start, end, every_days, hours, model, refit_days)
        with progress_bar() as bar:
            found = run_backtest(run, asked, jobs or usual_jobs(), fresh, _progress(bar, tenant))
        said = found.summary | {"tenant": tenant, "notebook": _notebook(run, asked) if notebook else None}
    spans = found.tables.by_span
    said["spans"] = spans[spans["zone"] == ALL].drop(columns="zone").to_dict("records")
    failed = found.origins[found.origins["state"] == "failed"]
    said["failures"] = [{"origin": times.iso(row.origin), "error": row.error} for row in failed.itertuples()]
    if as_json:
        print_json(said)
    else:
        _print(said)
    for failure in said["failures"]:
        err.print(f"[bold red]{failure['origin']}:[/] {failure['error']}", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if said["failures"] else 0)


def _days(every: str) -> float:
    """Days of a text such as `6h` or `1d`; DataError if it is none."""
    from wss.errors import DataError

    found = EVERY.fullmatch(every.strip())
    if not found:
        raise DataError(f"--every {every!r}: write hours or days, such as 6h or 1d")
    return float(found[1]) / (24 if found[2] == "h" else 1)


@contextmanager
def _run(workspace: "Workspace", tenant: str) -> Iterator["Run"]:
    """A draft run at the clock, or a replay's last reading, whose folder goes with it; what is kept lies elsewhere."""
    from wss.steps.configuration import active
    from wss.steps.run import Run, resolve_now
    from wss.store import open_store

    with open_store(workspace, tenant) as store, tempfile.TemporaryDirectory(prefix="wss-backtest-") as folder:
        configuration = active(store)
        yield Run(configuration, store, workspace, resolve_now(configuration, store), Path(folder), "backtest", "draft", True)


def _progress(bar, tenant: str):
    """Callback that shows how many refits and origins are done."""
    tasks: dict[str, Any] = {}

    def show(what: str, done: int, of: int) -> None:
        if what not in tasks and of:
            tasks[what] = bar.add_task(f"{tenant}: {what}", total=of)
        if what in tasks:
            bar.update(tasks[what], completed=done, total=of, description=f"{tenant}: {what}, {done} of {of}")

    return show


def _notebook(run: "Run", asked) -> str:
    """Execute the notebook of the same backtest, whose origins are on disk; its path."""
    from wss import notebooks, times
    from wss.errors import NotebookError

    given = {
        "start": times.iso(asked.start),
        "end": times.iso(asked.end),
        "every_days": asked.every / times.DAY,
        "hours": asked.hours,
        "model": asked.model,
        "refit_days": asked.refit_days,
    }
    record = notebooks.run_notebook(
        "backtest", run.tenant.name, run.now, given, workspace=run.workspace, store=run.store, cycle=False, reason="command line"
    )
    path = str(notebooks.executed(run.workspace, run.tenant.name, record))
    if record.error:
        raise NotebookError(f"{record.error}; see {path}")
    return path


def _print(said: dict[str, Any]) -> None:
    title = f"{said['tenant']}: {said['origins'] - said['failed']} origins of {said['origins']}, {said['new']} of them new"
    shares = [name for name in COLUMNS if not name.endswith("_h")]
    rows = [[*(row[name] for name in ("from_h", "to_h")), *(_percent(row[name]) for name in shares)] for row in said["spans"]]
    print_table(title, list(COLUMNS.values()), rows)
    models = ", ".join(f"{count} {name}" for name, count in said["models"].items())
    for line in (f"models: {models}", f"kept in {said['kept_in']}", *([said["notebook"]] if said["notebook"] else [])):
        err.print(line, markup=False, highlight=False, soft_wrap=True)


def _percent(share: float | None) -> str:
    return "—" if share is None or share != share else f"{share:.1%}"
