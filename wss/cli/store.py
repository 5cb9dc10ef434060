"""Commands for the database: store check, backup, restore, move, upgrade."""

from pathlib import Path
from typing import Annotated

import typer

from wss.cli.console import (
    FAILED,
    Json,
    OneTenant,
    Tenants,
    chosen,
    err,
    open_workspace,
    out,
    print_failures,
    print_json,
    print_table,
    progress_bar,
)
from wss.errors import StoreError

Force = Annotated[bool, typer.Option("--force", help="Put a store that is there aside, and take its place.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Look after the database: check, backup, restore, move, upgrade.")
    for command in (check, backup, restore, move, upgrade):
        group.command()(command)
    app.add_typer(group, name="store", rich_help_panel="Configure")


def check(
    tenants: Tenants = None,
    quick: Annotated[bool, typer.Option("--quick", help="Of archived files look at the names only.")] = False,
    values: Annotated[bool, typer.Option("--values", help="Compare every reading with the archived files.")] = False,
    as_json: Json = False,
) -> None:
    """Look for damage: the database's own check, the ledger's sums, archived files, folders of published runs. Changes nothing.

    Exit code 1 if anything is wrong; each line says what, and what would mend it. A digit that flipped on the disk inside of a
    reading is found with --values only, which reads all archived files again, as long as a replay takes.

    [dim]Examples:[/dim]
      wss store check
      wss store check litoral --values
      wss store check litoral --json
    """
    from wss.store.check import check as look

    workspace = open_workspace()
    results = []
    with progress_bar() as bar:
        for name in chosen(workspace, tenants):
            faults, rows = look(workspace, name, not quick, _rows(bar, f"{name}: archive"))
            if values and rows:
                faults += _values(workspace, name, _rows(bar, f"{name}: values"))
            results.append({"tenant": name, "good": not faults, "faults": faults, "rows": rows})
    if as_json:
        print_json(results)
    else:
        columns = ("tenant", "good", "files", "readings", "runs")
        numbers = [[r["rows"].get(table) for table in ("intake_file", "reading", "run")] for r in results]
        table = [(r["tenant"], "yes" if r["good"] else "NO", *n) for r, n in zip(results, numbers, strict=True)]
        print_table("Store", columns, table)
        for result in results:
            for fault in result["faults"]:
                err.print(f"{result['tenant']}: {fault}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(r["good"] for r in results) else FAILED)


def _values(workspace, name: str, progress) -> list[str]:
    """Faults that a comparison with the archive finds."""
    from wss.errors import WssError
    from wss.steps.configuration import active
    from wss.steps.intake.replay import compare_values
    from wss.store import open_store

    try:
        with open_store(workspace, name) as store:
            return compare_values(active(store), store, workspace, progress)
    except WssError as error:
        return [f"its values cannot be compared: {error}"]


def backup(
    tenant: OneTenant,
    file: Annotated[Path | None, typer.Argument(help="Where to; default: WSS_HOME/backups/TENANT-<moment>.db")] = None,
) -> None:
    """Write the store as it is now, from whichever database, into one file, and prove it by reading it again.

    The file is a SQLite database, with its SHA-256 beside it. It holds all that is in the database; the archived files and the
    folders of runs are files already: copy them too.

    [dim]Example:[/dim]
      wss store backup litoral
    """
    from wss.store.maintenance import backup as write

    workspace = open_workspace()
    with progress_bar() as bar:
        path, rows = write(workspace, tenant, _now(), file, _rows(bar, f"{tenant}: backup"))
    out.print(f"wrote {path}: {_told(rows)}", highlight=False, soft_wrap=True)


def restore(
    tenant: OneTenant,
    file: Annotated[Path, typer.Argument(help="A file that `wss store backup` wrote.")],
    force: Force = False,
) -> None:
    """Make a backup the tenant's store, in the database that wss.toml says. Stop what runs for the tenant first.

    [dim]Example:[/dim]
      wss store restore litoral backups/litoral-20221105T060000Z.db --force
    """
    from wss.store.maintenance import restore as bring_back

    workspace = open_workspace()
    with progress_bar() as bar:
        rows, aside = bring_back(workspace, tenant, file, _now(), force, _rows(bar, f"{tenant}: restore"))
    out.print(f"{tenant} is as in {file}: {_told(rows)}", highlight=False, soft_wrap=True)
    if aside:
        out.print(f"The store from before is {aside}; remove it when you are content.", highlight=False, soft_wrap=True)


def move(
    tenant: OneTenant,
    to: Annotated[str, typer.Option("--to", help='"sqlite", or "postgresql://user@host:port/name".')],
    force: Force = False,
) -> None:
    """Copy a tenant's store into another database and prove it by reading it again. The old one stays as it is.

    Stop what runs for the tenant first: what is written between the copy and the change of wss.toml stays behind.

    [dim]Examples:[/dim]
      wss store move litoral --to postgresql://wss@localhost/wss
      wss store move litoral --to sqlite
    """
    from wss.store.maintenance import move as carry
    from wss.store.settings import FILE

    workspace = open_workspace()
    with progress_bar() as bar:
        rows, name, aside = carry(workspace, tenant, to, _now(), force, _rows(bar, f"{tenant}: move"))
    out.print(f"{tenant} is in {name} too: {_told(rows)}", highlight=False, soft_wrap=True)
    if aside:
        out.print(f"What was there is {aside}; remove it when you are content.", highlight=False, soft_wrap=True)
    out.print(
        f'Now say in {workspace.home / FILE} that it is the one to use: under [tenants] the line {tenant} = "{to}",'
        f' or for all tenants, above [tenants], database = "{to}". The old store can go when you are content.',
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def upgrade(tenants: Tenants = None) -> None:
    """Bring stores that an earlier wss wrote to today's schema; on SQLite a copy from before is left beside the file.

    [dim]Example:[/dim]
      wss store upgrade
    """
    from wss.store.maintenance import upgrade as bring_up

    workspace = open_workspace()
    errors = []
    for name in chosen(workspace, tenants):
        try:
            before, after, copy = bring_up(workspace, name)
        except StoreError as error:
            errors.append((name, str(error)))
            continue
        what = f"schema {after}" + (f", was {before}" if before != after else " already")
        out.print(f"{name}: {what}" + (f"; {copy} is as it was" if copy else ""), highlight=False, soft_wrap=True)
    raise typer.Exit(print_failures(errors))


def _now():
    import pandas as pd

    return pd.Timestamp.now("UTC").tz_localize(None)


def _told(rows: dict[str, int]) -> str:
    return f"{rows['reading']:,} readings, {rows['intake_file']:,} files, {rows['run']:,} runs, {rows['version']:,} versions"


def _rows(bar, title: str):
    """Callback that shows how much is done."""
    task = bar.add_task(title, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
