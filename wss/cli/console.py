"""What all commands share: the two consoles, errors without tracebacks, JSON alone on standard output, progress bars."""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer.core import TyperGroup

from wss.errors import ConfigError, DataError, NotFoundError, WssError

if TYPE_CHECKING:
    from wss.store import Workspace

FAILED, WRONG_INPUT = 1, 2
"""Exit codes."""
BAD_INPUT = (ConfigError, DataError, NotFoundError)

out = Console(width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True)

Tenants = Annotated[list[str] | None, typer.Argument(metavar="[TENANT]...", help="Names of tenants' folders; none named: all.")]
OneTenant = Annotated[str, typer.Argument(metavar="TENANT", help="Name of the tenant's folder.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output instead of a table.")]


class Group(TyperGroup):
    """Commands whose expected errors are a message and an exit code, never a traceback."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Run the command; 2 for wrong input, 1 for what failed."""
        try:
            return super().invoke(ctx)
        except WssError as error:
            err.print(f"[bold red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
            raise typer.Exit(WRONG_INPUT if isinstance(error, BAD_INPUT) else FAILED) from error


def set_up_logging(verbose: bool) -> None:
    """Log to standard error: warnings, or with `verbose` everything of ours."""
    handler = RichHandler(console=err, show_path=False, rich_tracebacks=True)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", datefmt="[%X]", handlers=[handler], force=True)
    logging.getLogger("wss").setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("papermill").setLevel(logging.WARNING if verbose else logging.ERROR)


def open_workspace() -> "Workspace":
    """The workspace of WSS_HOME. Sets what a process that computes needs: arrays that do not align are an error."""
    import xarray as xr

    from wss.store import Workspace, find_home

    xr.set_options(arithmetic_join="exact")
    return Workspace(find_home())


def chosen(workspace: "Workspace", named: Sequence[str] | None) -> list[str]:
    """The tenants that were named, else all; NotFoundError if there is none or some do not exist."""
    there = workspace.names()
    if not there:
        raise NotFoundError(
            f"there is no tenant in {workspace.home} yet: `wss demo` sets up a demo utility, `wss tenant new NAME` a new one"
        )
    unknown = [n for n in named or () if n not in there]
    if unknown:
        raise NotFoundError(f"no tenant named {', '.join(unknown)}; there are: {', '.join(there)}")
    return list(dict.fromkeys(named or there))


def print_json(value: Any) -> None:
    """Write one JSON document to standard output."""
    from wss.steps.run import plain

    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> None:
    """Write a table to standard output; numbers and the columns `right` to the right, None as a dash."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for k, column in enumerate(columns):
        numeric = column in right or any(isinstance(row[k], (int, float)) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
    out.print(table)


def print_failures(results: Sequence[tuple[str, str | None]]) -> int:
    """Say on standard error what failed, by tenant, and return the exit code."""
    failed = [(tenant, error) for tenant, error in results if error]
    for tenant, error in failed:
        err.print(f"[bold red]{escape(tenant)}: {escape(error)}[/]", highlight=False, soft_wrap=True)
    return FAILED if failed else 0


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Progress bars on standard error; they vanish at the end, and where nobody watches there are none."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield progress


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return "—" if value is None else str(value)
