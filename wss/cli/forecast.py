"""Command `forecast-file`: a forecast from files alone."""

from pathlib import Path
from typing import Annotated

import typer

from wss.cli.console import Json, err, out, print_json, progress_bar


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("forecast-file", rich_help_panel="Explore")(forecast_file)


def forecast_file(
    history: Annotated[Path, typer.Argument(help="CSV: `time` (ISO with offset or Z) and one column for each zone [m3/h].")],
    out_file: Annotated[Path, typer.Option("--out", help="CSV to write: time, zone, quantile, value.")],
    issue: Annotated[str, typer.Option(help="First moment to forecast [ISO]; nothing from then on is read.")],
    zone: Annotated[str, typer.Option(help="IANA zone of the people who draw the water.")],
    hours: Annotated[int, typer.Option(help="How far to forecast [h].")] = 168,
    country: Annotated[str, typer.Option(help="ISO code whose holidays count; empty: none.")] = "",
    subdivision: Annotated[str, typer.Option(help="Its subdivision, for local holidays.")] = "",
    holidays: Annotated[Path | None, typer.Option(help="File of own holidays, one date a line.")] = None,
    weather: Annotated[Path | None, typer.Option(help="CSV: `time`, temperature_c, rain_mm, ...; all optional.")] = None,
    step_minutes: Annotated[int, typer.Option(help="Step of history and forecast: 15, 30 or 60 [min].")] = 60,
    model: Annotated[Path | None, typer.Option(help="Fitted model to use instead of fitting one.")] = None,
    save_model: Annotated[Path | None, typer.Option(help="Where to write the model.")] = None,
    as_json: Json = False,
) -> None:
    """Forecast zone demand from a CSV, with quantiles.

    The model is fitted to the history first if none is given and there are at least 90 days of it; with fewer, the robust
    profile of the hours of the week is used alone. What was repaired in the history is said.

    [dim]Example:[/dim]
      wss forecast-file demand.csv --issue 2022-07-25T00:00+02:00 --zone Europe/Rome --country IT --out forecast.csv
    """
    from wss import times
    from wss.errors import DataError
    from wss.steps.forecast.from_file import Asked, table
    from wss.steps.forecast.from_file import forecast_file as run
    from wss.steps.run import usage

    asked = Asked(history, issue, hours, zone, country or None, subdivision or None, holidays, step_minutes, weather, model)
    with progress_bar() as bar:
        bar.add_task(f"forecast of {history.name}", total=None)
        issued, fitted = run(asked)
    rows = table(issued)
    _write(out_file, rows.to_csv(index=False).encode())
    if save_model is not None:
        if fitted is None:
            raise DataError("--save-model: the history is too short to fit a model; it takes 90 days")
        _write(save_model, fitted.to_bytes())
    said = {
        "out": str(out_file),
        "issue": times.iso(times.utc(issue)),
        "zones": [str(z) for z in issued.demand["zone"].values],
        "steps": issued.demand.sizes["time"],
        "model": issued.model,
        "weather": issued.weather,
        "repairs": [str(r) for r in issued.repairs],
        **usage(),
    }
    if as_json:
        print_json(said)
        return
    out.print(
        f"wrote {out_file}: {len(said['zones'])} zones, {said['steps']} steps from {said['issue']}; model {issued.model};"
        f" weather {issued.weather}",
        highlight=False,
        soft_wrap=True,
    )
    for repair in said["repairs"]:
        err.print(repair, markup=False, highlight=False, soft_wrap=True)


def _write(path: Path, data: bytes) -> None:
    from wss.errors import DataError

    try:
        path.write_bytes(data)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror})") from error
