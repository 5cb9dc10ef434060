"""What a run did without, because it is doubtful, and what stood in for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from wss import times
from wss.quantities import QUANTITIES
from wss.records import Table
from wss.steps.run import Run

TABLE = Table.MASKED
"""Name of the table in a run's folder."""
COLUMNS = ["time", "quantity", "item", "flag", "readings", "instead"]
NEARBY, PROFILE = "nearby", "profile"
"""What stands in for a masked reading: the good ones of the same step or instant; where there are none, in the derived demand
that a forecast learns from, the usual profile."""
START = {"level": "replay", "pump_status": "plan"}
"""The same in the state that a plan starts from: the last good level replayed to now, and what the plan in force had the pump
do."""


@dataclass(frozen=True)
class Masked:
    """Collects the masked readings of a run; given to `steps.observed`."""

    parts: list[pd.DataFrame] = field(default_factory=list)

    def note(self, readings: pd.DataFrame, found: xr.Dataset, step: pd.Timedelta) -> None:
        """Remember masked readings (time [UTC], quantity, item, flag), and in which of them `found`, on its grid, has a value."""
        time = found.get_index("time")
        for (name, item), of in readings.groupby(["quantity", "item"]):
            at = time.get_indexer(pd.DatetimeIndex(of["time"]).floor(step))
            values = found[name].sel({QUANTITIES[name].dims[1]: item}).to_numpy()
            self.parts.append(of.assign(nearby=(at >= 0) & np.isfinite(values[np.maximum(at, 0)]))[at >= 0])

    def table(self, otherwise: Mapping[str, str]) -> pd.DataFrame:
        """A row for each sensor and hour: time [UTC], quantity, item, flag (all of the hour), readings (number), instead.

        `otherwise` says what stands in where no good reading is near, by quantity; for one that it lacks it is the profile.
        """
        if not any(len(part) for part in self.parts):
            return pd.DataFrame(columns=COLUMNS)
        every = pd.concat(self.parts)
        grouped = every.assign(time=every["time"].dt.floor("h")).groupby(["quantity", "item", "time"])
        table = grouped.agg(flag=("flag", np.bitwise_or.reduce), readings=("flag", "size"), nearby=("nearby", "all"))
        table = table.reset_index()
        other = table["quantity"].map(lambda name: otherwise.get(name, PROFILE))
        return table.assign(instead=other.where(~table["nearby"], NEARBY))[COLUMNS]

    def save(self, run: Run, otherwise: Mapping[str, str]) -> None:
        """Add the table to what the run has saved of it so far; the runner sums it up in the run's inputs."""
        table = self.table(otherwise)
        if (run.folder / f"{TABLE}.csv").is_file() and len(table):
            table = pd.concat([run.load_table(run.id, TABLE), table])
        if len(table):
            run.save_table(TABLE, table)


def by_sensor(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The table summed up for a run's record: quantity, item, instead, flag, hours, readings, first and last hour [ISO]."""
    out = []
    for (quantity, item, instead), of in table.groupby(["quantity", "item", "instead"]):
        out.append(
            {
                "quantity": quantity,
                "item": item,
                "instead": instead,
                "flag": int(np.bitwise_or.reduce(of["flag"])),
                "hours": len(of),
                "readings": int(of["readings"].sum()),
                "first": times.iso(of["time"].min()),
                "last": times.iso(of["time"].max()),
            }
        )
    return out
