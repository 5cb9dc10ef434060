"""From tags in the export's units to sensors in ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from wss import quantities, times, units
from wss.ingestion.table import NOTHING_REFUSED

UNKNOWN = "no sensor has this tag: add it to sensors.yml, or as an alias of another, and apply"
OUT_OF_USE = "no entry of the tag in sensors.yml holds at this time: see its valid_from and retired"
NOTHING_ASIDE = pd.DataFrame({"line": [], "tag": [], "time": [], "text": [], "reason": []}).astype(
    {"line": "int64", "tag": "str", "time": "datetime64[ns]", "text": "str", "reason": "str"}
)


@dataclass(frozen=True)
class Renamed:
    """A file's readings by sensor, those whose tag nobody knows, and those in another unit than their sensor's."""

    readings: pd.DataFrame
    """sensor_id, time [s since 1970], value [our unit], flag; in file order."""
    set_aside: pd.DataFrame
    """line, tag, time [UTC], text, reason."""
    quarantine: pd.DataFrame
    """line, text, reason: readings of which the file says another unit than their sensor's."""


def to_sensors(readings: pd.DataFrame, sensors: pd.DataFrame, aliases: Mapping[str, str]) -> Renamed:
    """Find the sensor of each reading and convert its value, once, into our unit.

    Parameters
    ----------
    readings
        line, tag (categorical), time [UTC], value [unit of the export], flag; unit (categorical) where the export says units.
    sensors
        sensor_id (-1: the tag is nobody's from valid_from on), tag, quantity, item, unit, valid_from [s since 1970, 0 = always].
    aliases
        Other names of tags, each with its tag.
    """
    code_of, key, sensor_id, scale, unit = _entries(readings["tag"].cat.categories, sensors, aliases)
    time, code = times.epoch(readings["time"]), readings["tag"].cat.codes.to_numpy(dtype="int64")
    at = np.searchsorted(key, times.packed(code, time), side="right") - 1
    known = code_of[at] == code
    quarantine = NOTHING_REFUSED
    if "unit" in readings:
        wrong = np.zeros(len(readings), dtype=bool)
        wrong[known] = _contradicts(readings["unit"].cat, unit, at, known)
        quarantine = _quarantine(readings[wrong], unit[at[wrong]])
        readings, time, code, at, known = (column[~wrong] for column in (readings, time, code, at, known))
    mine = at[known]
    found = pd.DataFrame(
        {
            "sensor_id": sensor_id[mine],
            "time": time[known],
            "value": readings["value"].to_numpy()[known] * scale[mine],
            "flag": readings["flag"].to_numpy()[known],
        },
        copy=False,
    )
    if known.all():
        return Renamed(found, NOTHING_ASIDE, quarantine)
    aside, listed = readings[~known], np.isin(code[~known], times.packed_number(key[1:]))
    return Renamed(
        found,
        pd.DataFrame(
            {
                "line": aside["line"],
                "tag": aside["tag"].astype("str"),
                "time": aside["time"],
                "text": aside["value"].map("{:.15g}".format).astype("str"),
                "reason": np.where(listed, OUT_OF_USE, UNKNOWN),
            }
        ),
        quarantine,
    )


def _contradicts(said: pd.Series.cat, unit: np.ndarray, at: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(known reading,) whether the export says another unit of it than its entry's [bool]; saying none is no contradiction."""
    words = said.categories.tolist()
    pair, which = np.unique(at[known] * len(words) + said.codes.to_numpy()[known], return_inverse=True)
    return np.array([not _agree(words[p % len(words)], unit[p // len(words)]) for p in pair], dtype=bool)[which]


def _agree(said: str, unit: str) -> bool:
    return said in ("", "-", unit) or units.known(said) and units.same(said, unit)


def _quarantine(wrong: pd.DataFrame, unit: np.ndarray) -> pd.DataFrame:
    """Readings whose unit contradicts that of their sensors, `unit` (reading,) [their names]."""
    if wrong.empty:
        return NOTHING_REFUSED
    reasons = [
        f"tag {tag}: the file says {said}, sensors.yml {ours}: correct the unit there, or say what {said} means with"
        " `unit_words` in the profile"
        for tag, said, ours in zip(wrong["tag"], wrong["unit"], unit, strict=True)
    ]
    texts = wrong["time"].astype("str") + " " + wrong["value"].map("{:.15g}".format)
    return pd.DataFrame(
        {
            "line": wrong["line"].to_numpy(),
            "text": pd.Series(texts.to_list(), dtype="str"),
            "reason": pd.Series(reasons, dtype="str"),
        }
    )


def _entries(tags: pd.Index, sensors: pd.DataFrame, aliases: Mapping[str, str]) -> list[np.ndarray]:
    """Entries of the given tags, sorted by key: number of the tag, key (tag and first moment), sensor_id, scale, unit.

    The first entry is nobody's: the one that a reading has before all others.
    """
    names = [aliases.get(tag, tag) for tag in tags]
    of_name = {name: [] for name in names}
    for name, *entry in zip(*(sensors[c] for c in ("tag", "valid_from", "sensor_id", "quantity", "unit")), strict=True):
        if name in of_name:
            of_name[name].append(entry)
    entries = [(-1, times.packed(-1, 0), -1, 1.0, "")]
    for code, name in enumerate(names):
        for since, sensor_id, quantity, unit in sorted(of_name[name]):
            entries.append((code if sensor_id >= 0 else -1, times.packed(code, since), sensor_id, scale(quantity, unit), unit))
    return [np.array(column) for column in zip(*entries, strict=True)]


@cache
def scale(quantity: str, unit: str) -> float:
    """Factor from a unit to ours for a quantity [1]."""
    return units.scale_to(quantities.units(quantity), unit)
