"""Commands for the tenants' configuration: tenant new, tenant list, tenant history, check, apply."""

import getpass
from typing import Annotated

import typer

from wss.cli.console import WRONG_INPUT, Json, OneTenant, Tenants, chosen, err, open_workspace, out, print_json, print_table
from wss.errors import ConfigError, NotFoundError, StoreError


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Set up tenants and list them.")
    group.command("new")(new)
    group.command("list")(list_tenants)
    group.command("history")(history)
    app.add_typer(group, name="tenant", rich_help_panel="Configure")
    for command in (check, apply):
        app.command(rich_help_panel="Configure")(command)


def new(
    name: OneTenant,
    like: Annotated[str, typer.Option(help="Tenant or demo utility whose files are the pattern.")] = "litoral",
) -> None:
    """Write the files of a new tenant, to be edited: tenant.yml, sensors.yml, tariff.yml and an import profile.

    What lets somebody in or sends plans out does not go along: no keys for SFTP, and no automatic release.

    [dim]Example:[/dim]
      wss tenant new porto_novo
    """
    from wss.demo.pattern import new_tenant

    told: list[str] = []
    folder = new_tenant(open_workspace(), name, like, told.append)
    out.print(f"wrote {folder}", highlight=False, soft_wrap=True)
    for what in told:
        out.print(f"  {what}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"Edit its files, then: wss check {name}, wss apply {name}", highlight=False)


def list_tenants(as_json: Json = False) -> None:
    """List the tenants: title, whether simulated, version of the active configuration.

    [dim]Example:[/dim]
      wss tenant list
    """
    workspace = open_workspace()
    rows = [_entry(workspace, name) for name in workspace.names()]
    if as_json:
        print_json(rows)
    else:
        print_table(f"Tenants in {workspace.home}", ("tenant", "title", "version", "note"), [list(r.values()) for r in rows])


def history(tenant: OneTenant, as_json: Json = False) -> None:
    """List the versions of a tenant's configuration: when, by whom and why; the last one is active.

    [dim]Example:[/dim]
      wss tenant history litoral
    """
    from wss.store import open_store
    from wss.times import iso

    workspace = open_workspace()
    chosen(workspace, [tenant])
    with open_store(workspace, tenant) as store:
        rows = [row | {"at": iso(row["at"])} for row in store.versions().to_dict("records")]
    if as_json:
        print_json(rows)
    else:
        print_table(f"Configuration of {tenant}", ("version", "at", "author", "note"), [list(r.values()) for r in rows])


def check(tenants: Tenants = None) -> None:
    """Check a tenant's files against the schema, each other and the network, and list every fault at once. Nothing is changed.

    [dim]Example:[/dim]
      wss check litoral
    """
    from wss.steps.apply import check_tenant

    workspace = open_workspace()
    wrong = False
    for name in chosen(workspace, tenants):
        try:
            configuration = check_tenant(workspace, name)
        except ConfigError as error:
            wrong = True
            err.print(f"{name}: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
            continue
        system = configuration.tenant.system
        out.print(
            f"{name}: good. {len(configuration.sensors)} sensors, {len(system.zones)} zones, {len(system.tanks)} tanks, "
            f"{len(system.pumps)} pumps, tariff {configuration.tariff.name}",
            highlight=False,
            soft_wrap=True,
        )
    raise typer.Exit(WRONG_INPUT if wrong else 0)


def apply(
    tenant: OneTenant,
    note: Annotated[str, typer.Option("--note", "-m", help="What changes and why, for the history.")] = "",
    author: Annotated[str, typer.Option(help="Who changes it; default: the user who is logged in.")] = "",
    forget: Annotated[
        list[str] | None,
        typer.Option(help="Tag whose entry is gone from sensors.yml: delete its readings for good. May be given again."),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="An earlier version to take up again as a new one, in place of the files in the folder."),
    ] = None,
) -> None:
    """Check a tenant's files and make them the active version, which is what every run reads. Shows what changed.

    A change that would make stored readings unfindable is refused. Readings that were set aside, because no sensor had their
    tag, are taken in as soon as one has.

    [dim]Examples:[/dim]
      wss apply litoral --note "new tariff from October"
      wss apply litoral --version 3                      back to version 3: see wss tenant history litoral
    """
    from wss.steps.apply import apply_tenant, apply_version

    workspace = open_workspace()
    chosen(workspace, [tenant])
    found: list[dict] = []
    author, tags = author or getpass.getuser(), forget or ()
    if version is None:
        number, diff = apply_tenant(workspace, tenant, author, note, forget=tags, told=found.append)
    else:
        note = note or f"version {version} again"
        number, diff = apply_version(workspace, tenant, version, author, note, forget=tags, told=found.append)
    if diff and number > 1:
        out.print(diff, markup=False, highlight=False, soft_wrap=True)
    out.print(f"{tenant}: version {number} is active" + ("" if diff else "; nothing has changed"), highlight=False)
    if version is not None and diff:
        folder = workspace.tenant(tenant)
        out.print(f"The files in {folder} stay as they are: put them right too, or the next apply takes them", soft_wrap=True)
    if found:
        stored = sum(row["stored"] + row["corrected"] for row in found)
        out.print(f"{tenant}: {stored:,} readings that were set aside are found, in {len(found):,} files", highlight=False)
        for row in (row for row in found if row["state"] in ("lost", "refused")):
            err.print(f"{tenant}: {row['name']} {row['state']}: {row['reason']}", markup=False, highlight=False, soft_wrap=True)


def _entry(workspace, name: str) -> dict:
    """A tenant as `tenant list` shows it."""
    from wss.steps.configuration import active
    from wss.store import open_store

    try:
        with open_store(workspace, name) as store:
            version = int(store.versions()["version"].max())
            return {"tenant": name, "title": active(store).tenant.title, "version": version, "note": None}
    except (StoreError, ConfigError, NotFoundError) as error:
        return {"tenant": name, "title": None, "version": None, "note": str(error)}
