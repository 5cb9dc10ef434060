"""Commands for import profiles: profile guess, profile try."""

from pathlib import Path
from typing import Annotated, Any

import typer

from wss.cli.console import Json, chosen, err, open_workspace, out, print_json, print_table

File = Annotated[Path, typer.Argument(metavar="FILE", help="An export file of the utility; it stays where it is.")]
Tenant = Annotated[str, typer.Option(help="Tenant whose tags, zone and profiles count.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Propose an import profile from a file, and try one on a file.")
    group.command("guess")(guess)
    group.command("try")(try_profile)
    app.add_typer(group, name="profile", rich_help_panel="Configure")


def guess(
    file: File,
    tenant: Tenant = "",
    to: Annotated[Path | None, typer.Option("--out", help="Write the profile into this file, which must not exist.")] = None,
    as_json: Json = False,
) -> None:
    """Propose an import profile from a sample file, with the evidence for each key. What is in doubt is said.

    Of a large file the first and the last megabyte are looked at.

    [dim]Examples:[/dim]
      wss profile guess hist_20220301.csv
      wss profile guess hist_20220301.csv --tenant litoral --out workspace/tenants/litoral/profiles/hist.yml
    """
    from wss.errors import DataError
    from wss.steps.intake.profile import propose

    workspace = _workspace(tenant)
    if to is not None and to.exists():
        raise DataError(f"{to} is there already; choose another name, or remove it")
    found, tags = propose(file, workspace, tenant or None)
    text = found.yaml()
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    if as_json:
        evidence = [{"key": e.key, "value": e.value, "why": e.why, "doubt": e.doubt} for e in found.evidence]
        print_json(
            {
                "profile": found.profile.model_dump(mode="json", exclude_defaults=True),
                "evidence": evidence,
                "tags": tags or [{"tag": tag} for tag in found.tags],
            }
        )
        return
    print_table(
        f"{file.name}: evidence",
        ("key", "value", "why"),
        [("? " * e.doubt + e.key, _value(e.value), e.why) for e in found.evidence],
    )
    if tags:
        strangers = [t for t in tags if not t["known"]]
        out.print(f"{len(tags) - len(strangers)} of {len(tags)} tags are in sensors.yml", highlight=False)
        if strangers:
            print_table(
                "Tags that no sensor has",
                ("tag", "likely an alias of"),
                [(t["tag"], ", ".join(t["likely"]) or None) for t in strangers],
            )
    out.print(text, markup=False, highlight=False, soft_wrap=True)
    told = f"wrote {to}; " if to is not None else ""
    err.print(
        f"{told}{len(found.doubts)} in doubt (?); next: wss profile try {file.name}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def try_profile(
    file: File,
    tenant: Tenant = "",
    profile: Annotated[Path | None, typer.Option(help="File of the profile to try, in place of the tenant's own.")] = None,
    as_json: Json = False,
) -> None:
    """Show what an intake of a file would store, count as missing, set aside and quarantine. Nothing is stored or moved.

    [dim]Examples:[/dim]
      wss profile try hist_20220301.csv --tenant litoral
      wss profile try hist_20220301.csv --profile hist.yml
    """
    from wss.steps.intake import profile as step

    told = step.try_profile(file, _workspace(tenant), tenant or None, profile)
    if as_json:
        print_json(told)
        return
    names = ("read", "stored", "missing", "set_aside", "quarantined")
    title = f"{told['file']} by the profile {told['profile']}"
    print_table(title, [name.replace("_", " ") for name in names], [[told[name] for name in names]])
    if told["tags"]:
        print_table(
            f"Tags, times of {told['zone']}",
            ("tag", "sensor", "readings", "first", "last", "values", "in our unit", "limits", "outside"),
            [_tag(t) for t in told["tags"]],
        )
    for outcome, columns in (
        ("read", ("line", "tag", "time", "value", "flag")),
        ("set_aside", ("line", "tag", "text", "reason")),
        ("quarantined", ("line", "text", "reason")),
    ):
        rows = [[row[column] for column in columns] for row in told["rows"][outcome]]
        if rows:
            print_table(f"First {outcome.replace('_', ' ')}", columns, rows)
    flags = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in told["flags"].items())
    out.print(f"Flags: {flags or 'none'}", highlight=False)
    err.print("[dim]Nothing was stored, and the file is where it was.[/dim]", highlight=False)


def _workspace(tenant: str):
    """Workspace of a tenant that exists; None where no tenant is named."""
    if not tenant:
        return None
    workspace = open_workspace()
    chosen(workspace, [tenant])
    return workspace


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(repr(one) if one == "" or one != one.strip() else str(one) for one in value)
    return repr(value) if isinstance(value, str) and len(value.strip()) < 2 else str(value)


def _tag(tag: dict[str, Any]) -> tuple:
    """A tag as a row of the table."""

    def span(values: list[float] | None, unit: str = "") -> str | None:
        return None if values is None else " / ".join(f"{v:.4g}" for v in values) + (f" {unit}" if unit else "")

    sensor = tag.get("sensor")
    if sensor is None and tag.get("likely"):
        sensor = f"none; {tag['likely'][0]}?"
    return (
        tag["tag"],
        sensor,
        tag["readings"],
        tag["first"],
        tag["last"],
        span(tag["values"], tag.get("unit", "")),
        span(tag.get("our_values"), tag.get("our_unit", "")),
        span(tag.get("limits")),
        tag.get("outside"),
    )
