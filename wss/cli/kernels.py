"""Commands of warm kernels: `wss kernels start`, `status`, `stop`."""

import typer

from wss.cli.console import Group, Json, out, print_json, print_table

kernels = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Warm kernels: notebooks named `wss` start in a moment, forked from a process that has imported everything.",
)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(kernels, name="kernels", rich_help_panel="Run")


@kernels.command()
def start(as_json: Json = False) -> None:
    """Start the parent of your kernels in the background, unless it runs; it takes some seconds to load.

    It serves every launch of the kernel `wss` by this Python until `wss kernels stop`.
    """
    from wss import kernels

    _show(kernels.start(), as_json)


@kernels.command()
def status(as_json: Json = False) -> None:
    """Whether a parent serves, and its running kernels."""
    from wss import kernels

    _show(kernels.status(), as_json)


@kernels.command()
def stop(as_json: Json = False) -> None:
    """End the parent; kernels that run go on."""
    from wss import kernels

    ended = kernels.stop()
    if as_json:
        print_json({"ended": ended})
    else:
        out.print("The parent of kernels has ended." if ended else "No parent of kernels was running.")


def _show(found, as_json: bool) -> None:
    if as_json:
        print_json({"running": found is not None} | (vars(found) if found else {}))
    elif found:
        columns = ["process", "socket", "kernels", "modules", "CPU s of ended kernels"]
        row = [found.pid, found.socket, len(found.kernels), found.modules, found.cpu_seconds]
        print_table("Parent of warm kernels", columns, [row])
    else:
        out.print("No parent serves: kernels are stock ones. `wss kernels start` starts it.")
