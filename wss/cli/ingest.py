"""The command `ingest`: read the inbox once or for ever, read the archive again, list tags that nobody knows."""

import json
import signal
import sys
import threading
from typing import Annotated, Any

import typer

from wss.cli.console import (
    WRONG_INPUT,
    Json,
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

COUNTS = ("read", "stored", "duplicate", "corrected", "missing", "set_aside", "quarantined")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(rich_help_panel="Run")(ingest)


def ingest(
    tenants: Tenants = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and take in each file within seconds, until Ctrl-C.")] = False,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay",
            help="Read archived and quarantined files again, as the configuration"
            " is today; they become corrections that are known from now on.",
        ),
    ] = False,
    file: Annotated[str, typer.Option(help="Replay only files of this name, or SHA-256 (8 digits or more).")] = "",
    tag: Annotated[str, typer.Option(help="Replay only files with readings of this tag, stored or set aside.")] = "",
    since: Annotated[str, typer.Option("--from", help="Replay only files delivered from this moment on [UTC, ISO].")] = "",
    unknown: Annotated[bool, typer.Option("--unknown", help="List the tags that no sensor has, with likely sensors.")] = False,
    as_json: Json = False,
) -> None:
    """Read the files that wait in the inbox, each exactly once.

    Every reading is stored, duplicate, corrected, missing, set aside (unknown tag) or quarantined (unreadable), and the counts
    add up. Files move to archive/, or to quarantine/ with a report beside them. With --watch and --json: one JSON line a file.

    [dim]Examples:[/dim]
      wss ingest                                 every tenant
      wss ingest litoral --json
      wss ingest --watch                         go on, a line a file
      wss ingest litoral --unknown               then add the tags to sensors.yml and: wss apply litoral
      wss ingest litoral --replay --from 2022-07-01
    """
    if (file or tag or since) and not replay:
        raise typer.BadParameter("--file, --tag and --from choose what is read again: add --replay")
    if watch + replay + unknown > 1:
        raise typer.BadParameter("--watch, --replay and --unknown exclude each other")
    workspace = open_workspace()
    names = chosen(workspace, tenants)
    if watch:
        _watch(workspace, list(tenants) if tenants else None, as_json)
    elif unknown:
        _unknown(workspace, names, as_json)
    else:
        _once(workspace, names, _chosen(file, tag, since) if replay else None, as_json)


def _chosen(file: str, tag: str, since: str):
    from wss.steps.intake.replay import Chosen
    from wss.times import utc

    return Chosen(file or None, tag or None, utc(since) if since else None)


def _once(workspace, names: list[str], replayed, as_json: bool) -> None:
    """Take in what waits, or replay, and say what it was."""
    from wss.steps.intake.tenants import intake_of, replay_of

    results = []
    with progress_bar() as bar:
        for name in names:
            told = _Progress(bar, name)
            done = (
                intake_of(name, workspace, told.files, told.row)
                if replayed is None
                else replay_of(name, replayed, workspace, told.files, told.row)
            )
            results.append(done)
    if as_json:
        print_json([r.as_dict() for r in results])
    else:
        columns = ("tenant", "files", *(c.replace("_", " ") for c in COUNTS))
        rows = [(r.tenant, len(r.files), *(sum(f[c] for f in r.files) for c in COUNTS)) for r in results]
        print_table("Intake" if replayed is None else "Replay", columns, rows)
        for tenant, row in ((r.tenant, f) for r in results for f in r.files if f["reason"]):
            told = f"{tenant}: {row['name']} {row['state']}: {row['reason']}"
            err.print(told, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(print_failures([(r.tenant, r.error) for r in results]))


class _Progress:
    """A bar of one tenant's files and readings."""

    def __init__(self, bar, name: str):
        self._bar, self._name, self._readings = bar, name, 0
        self._task = bar.add_task(f"{name}: intake", total=None)

    def row(self, row: dict[str, Any]) -> None:
        """Count the readings of a file."""
        self._readings += int(row["read"])

    def files(self, done: int, total: int, _name: str) -> None:
        """Show how many files of how many are done."""
        text = f"{self._name}: {done:,} of {total:,} files, {self._readings:,} readings"
        self._bar.update(self._task, completed=done, total=total, description=text)


def _watch(workspace, names: list[str] | None, as_json: bool) -> None:
    """Take in files until a signal comes; one line a file."""
    from wss.steps.intake.watch import Watch

    lock = threading.Lock()
    watch = Watch(workspace, names, lambda row: _told(row, as_json, lock), lambda name, error: _failed(name, error, lock))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: watch.stop())
    whose = ", ".join(names) if names else "all tenants"
    err.print(f"[dim]watching the inboxes of {whose} in {workspace.home}; Ctrl-C ends it[/dim]", highlight=False, soft_wrap=True)
    watch.run()


def _told(row: dict[str, Any], as_json: bool, lock: threading.Lock) -> None:
    """Write one line about a file."""
    from wss.steps.run import plain

    with lock:
        if as_json:
            sys.stdout.write(json.dumps(plain(row), ensure_ascii=False) + "\n")
            sys.stdout.flush()
            return
        counts = ", ".join(f"{row[c]:,} {c.replace('_', ' ')}" for c in COUNTS[1:] if row[c])
        told = f"{row['tenant']}: {row['name']} {row['state']}" + (f": {counts}" if counts else "")
        out.print(told + (f" ({row['reason']})" if row["reason"] else ""), markup=False, highlight=False, soft_wrap=True)


def _failed(name: str, error: str, lock: threading.Lock) -> None:
    with lock:
        err.print(f"{name}: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)


def _unknown(workspace, names: list[str], as_json: bool) -> None:
    """List the tags that are set aside, each with what an engineer needs to approve it."""
    from wss.errors import NotFoundError, StoreError
    from wss.steps.intake.unknown import unknown_tags

    found, failures = [], []
    for name in names:
        try:
            found += unknown_tags(workspace, name)
        except (StoreError, NotFoundError) as error:
            failures.append((name, str(error)))
    if as_json:
        print_json(found)
    elif found:
        columns = {
            "tenant": "tenant",
            "tag": "tag",
            "readings": "readings",
            "first": "first",
            "last": "last",
            "example": "values",
            "likely": "likely an alias of",
            "reason": "why",
        }
        rows = [[", ".join(tag[key]) if key == "likely" else tag[key] for key in columns] for tag in found]
        print_table("Set aside", list(columns.values()), rows)
        err.print("[dim]Add each to sensors.yml, as a sensor or as an alias of one, and: wss apply TENANT[/dim]", highlight=False)
    else:
        out.print("No reading is set aside.", highlight=False)
    raise typer.Exit(print_failures(failures) and WRONG_INPUT)
