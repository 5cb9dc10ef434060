"""The `wss` command. Every command says what it did in a table, or with --json as one document on standard output."""

import typer

from wss import __version__
from wss.cli import (
    backtest,
    demo,
    forecast,
    ingest,
    kernels,
    operate,
    optimize,
    profile,
    quality,
    refit,
    screens,
    sftp,
    store,
    tenants,
)
from wss.cli.console import Group, set_up_logging

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    help="""
Pump plans for water utilities: SCADA files in, a plan proven in EPANET out.

Start with [bold]wss demo[/bold]: it sets up a demo utility, plans its pumps and says where to look.

Everything that is data lives in one folder, WSS_HOME. Exit code: 0 done, 1 something failed, 2 wrong input.
""",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wss {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Say more about what happens, on standard error."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Say the version and end."),
) -> None:
    set_up_logging(verbose)


backtest.register(app)
demo.register(app)
forecast.register(app)
ingest.register(app)
kernels.register(app)
operate.register(app)
optimize.register(app)
profile.register(app)
quality.register(app)
refit.register(app)
tenants.register(app)
screens.register(app)
sftp.register(app)
store.register(app)
