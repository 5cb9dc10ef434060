"""From tags in the export's units to sensors in ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from wss import quantities, times, units

TAG_SHIFT = 2**40
UNKNOWN = "no sensor has this tag: add it to sensors.yml, or as an alias of another, and apply"
TOO_EARLY = "the tag's first entry in sensors.yml has a later valid_from"
NOTHING_ASIDE = pd.DataFrame({"line": [], "tag": [], "time": [], "text": [], "reason": []}).astype(
    {"line": "int64", "tag": "str", "time": "datetime64[ns]", "text": "str", "reason": "str"})


@dataclass(frozen=True)
class Renamed:
    """A file's readings by sensor, and those whose tag nobody knows."""

    readings: pd.DataFrame
    """sensor_id, time [s since 1970], value [our unit], flag; in file order."""
    set_aside: pd.DataFrame
    """line, tag, time [UTC], text, reason."""


def to_sensors(readings: pd.DataFrame, sensors: pd.DataFrame, aliases: Mapping[str, str]) -> Renamed:
    """Find the sensor of each reading and convert its value, once, into our unit.

    Parameters
    ----------
    readings
        line, tag (categorical), time [UTC], value [unit of the export], flag.
    sensors
        sensor_id, tag, quantity, item, unit, valid_from [s since 1970, 0 = always].
    aliases
        Other names of tags, each with its tag.
    """
    code_of, key, sensor_id, scale = _entries(readings["tag"].cat.categories, sensors, aliases)
    time, code = times.epoch(readings["time"]), readings["tag"].cat.codes.to_numpy(dtype="int64")
    at = np.searchsorted(key, code * TAG_SHIFT + time, side="right") - 1
    known = code_of[at] == code
    mine = at[known]
    found = pd.DataFrame({"sensor_id": sensor_id[mine], "time": time[known],
                          "value": readings["value"].to_numpy()[known] * scale[mine],
                          "flag": readings["flag"].to_numpy()[known]})
    if known.all():
        return Renamed(found, NOTHING_ASIDE)
    aside, listed = readings[~known], np.isin(code[~known], code_of)
    return Renamed(found, pd.DataFrame({
        "line": aside["line"], "tag": aside["tag"].astype("str"), "time": aside["time"],
        "text": aside["value"].map("{:.15g}".format).astype("str"), "reason": np.where(listed, TOO_EARLY, UNKNOWN)}))


def _entries(tags: pd.Index, sensors: pd.DataFrame, aliases: Mapping[str, str]) -> list[np.ndarray]:
    """Entries of the given tags, sorted by key: number of the tag, key (tag and first moment), sensor_id, scale.

    The first entry is nobody's: the one that a reading has before all others.
    """
    names = [aliases.get(tag, tag) for tag in tags]
    of_name = {name: [] for name in names}
    for name, *entry in zip(*(sensors[c] for c in ("tag", "valid_from", "sensor_id", "quantity", "unit")), strict=True):
        if name in of_name:
            of_name[name].append(entry)
    entries = [(-1, -TAG_SHIFT, -1, 1.0)]
    for code, name in enumerate(names):
        for since, sensor_id, quantity, unit in sorted(of_name[name]):
            entries.append((code, code * TAG_SHIFT + since, sensor_id, _scale(quantity, unit)))
    return [np.array(column) for column in zip(*entries, strict=True)]


@cache
def _scale(quantity: str, unit: str) -> float:
    return units.scale_to(quantities.units(quantity), unit)
