"""A fitted forecast model as an artefact: what was learnt, from when to when, and by which features. No pickles."""

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wss import __version__
from wss.errors import DataError
from wss.forecasting import intervals
from wss.forecasting.boosted import Boosted
from wss.forecasting.correction import Correction, Part, learn
from wss.forecasting.features import NAMES
from wss.forecasting.history import History
from wss.forecasting.linear import Linear
from wss.forecasting.samples import FAR_H, ISSUE_SLOTS, Samples
from wss.forecasting.weather import Weather

FORMAT = 1
"""Version of the artefact; another one is refused."""
FAULTS = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a file raises that is no artefact, or a part of one."""
LINEAR_ARRAYS = ("columns", "centre", "spread", "coefficients", "offset")


@dataclass(frozen=True)
class Fitted:
    """Everything that an issue needs beside the newest demand."""

    zones: tuple[str, ...]
    first_day: str
    """Local date of the first day that was looked at."""
    last_day: str
    """Local date of the last."""
    correction: Correction
    spread: dict[str, np.ndarray]
    """By mode: (class, zone, quantile) errors, relative to the zone's scale; see `intervals.classes` [1]."""
    paths: dict[str, np.ndarray]
    """By mode: (path, lead, zone) errors of whole issues, hourly [1]."""
    skill: dict[str, np.ndarray]
    """By mode: (bucket, zone) how much smaller the mean absolute error of the last weeks was than the profile's, by
    `intervals.HORIZON_HOURS`; NaN where nothing was measured [1]."""
    code_version: str = __version__

    @property
    def modes(self) -> list[str]:
        """`none`, and `weather` where it was learnt with weather."""
        return self.correction.modes

    def taken(self, zones: Sequence[str]) -> "Fitted":
        """The same for some of its zones, in the given order."""
        at = [self.zones.index(zone) for zone in zones]
        parts = {}
        for key, part in self.correction.parts.items():
            arrays = {name: getattr(part.linear, name)[:, at] for name in LINEAR_ARRAYS[1:]}
            parts[key] = replace(part, linear=replace(part.linear, **arrays), weights=part.weights[:, at])
        spread, paths = {m: s[:, at] for m, s in self.spread.items()}, {m: p[..., at] for m, p in self.paths.items()}
        skill = {m: s[:, at] for m, s in self.skill.items()}
        return replace(self, zones=tuple(zones), correction=Correction(parts), spread=spread, paths=paths, skill=skill)

    def to_bytes(self) -> bytes:
        """The artefact as one file: arrays and a JSON text."""
        about = {
            "format": FORMAT,
            "code_version": self.code_version,
            "zones": self.zones,
            "features": NAMES,
            "first_day": self.first_day,
            "last_day": self.last_day,
            "parts": [list(key) for key in self.correction.parts],
        }
        arrays: dict[str, np.ndarray] = {"about": np.array(json.dumps(about))}
        for n, part in enumerate(self.correction.parts.values()):
            arrays |= {f"{n}.linear.{a}": getattr(part.linear, a) for a in LINEAR_ARRAYS}
            arrays |= {
                f"{n}.tree.text": np.array(part.boosted.text),
                f"{n}.tree.columns": part.boosted.columns,
                f"{n}.weights": part.weights,
            }
        for mode in self.modes:
            arrays |= {
                f"spread.{mode}": self.spread[mode],
                f"paths.{mode}": self.paths[mode].astype("float16"),
                f"skill.{mode}": self.skill[mode],
            }
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> "Fitted":
        """Read an artefact; DataError if it is none, or was written for other features."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                found = {key: arrays[key] for key in arrays.files}
            about = json.loads(str(found["about"]))
            if about.get("format") != FORMAT or tuple(about["features"]) != NAMES:
                raise DataError(
                    f"{name} was fitted by wss {about.get('code_version')} for other features than those of"
                    f" wss {__version__}: fit it again"
                )
            return _of_arrays(about, found)
        except FAULTS as error:
            raise DataError(f"{name} is not a forecast model ({error}); fit it again") from error


def _of_arrays(about: dict[str, Any], found: dict[str, np.ndarray]) -> Fitted:
    """What `Fitted.to_bytes` wrote; KeyError where an array lacks."""
    parts = {}
    for n, (mode, near) in enumerate(about["parts"]):
        linear = Linear(*(found[f"{n}.linear.{a}"] for a in LINEAR_ARRAYS))
        tree = Boosted(str(found[f"{n}.tree.text"]), found[f"{n}.tree.columns"])
        parts[mode, near] = Part(linear, tree, found[f"{n}.weights"])
    modes = list(dict.fromkeys(mode for mode, _ in parts))
    spread, paths, skill = ({m: found[f"{name}.{m}"] for m in modes} for name in ("spread", "paths", "skill"))
    paths = {m: p.astype("float32") for m, p in paths.items()}
    return Fitted(
        tuple(about["zones"]),
        about["first_day"],
        about["last_day"],
        Correction(parts),
        spread,
        paths,
        skill,
        about["code_version"],
    )


def fit(history: History, weather: Weather | None) -> Fitted | None:
    """Fit to a repaired hourly history; None where it is too short to learn from.

    CPU grows with the number of zones and days: see docs/benchmarks.md.
    """
    learnt = learn(history, weather)
    if learnt is None:
        return None
    rows = learnt.honest
    age = rows.issue.max() - rows.issue
    spread = {mode: intervals.spread_table(rows.step, rows.slot, age, missed) for mode, missed in learnt.missed.items()}
    paths = {mode: _whole_paths(rows, missed) for mode, missed in learnt.missed.items()}
    skill = {mode: intervals.skill(rows.step, rows.y, missed) for mode, missed in learnt.missed.items()}
    last = history.first_day + np.timedelta64(len(history.demand) - 2, "D")
    return Fitted(history.zones, str(history.first_day), str(last), learnt.correction, spread, paths, skill)


def _whole_paths(rows: Samples, missed: np.ndarray) -> np.ndarray:
    """Errors of those issues of which all leads were looked at (path, lead, zone). [1]"""
    whole = rows.issue % len(ISSUE_SLOTS) == np.searchsorted(ISSUE_SLOTS, rows.issue_slot)
    issues = np.unique(rows.issue[whole])
    paths = np.full((len(issues), FAR_H, missed.shape[1]), np.nan)
    paths[np.searchsorted(issues, rows.issue[whole]), rows.step[whole]] = missed[whole]
    return paths[np.isfinite(paths).any(axis=(1, 2))]


def load(path: Path) -> Fitted:
    """The artefact in a file; DataError if it cannot be read or used."""
    try:
        return Fitted.from_bytes(path.read_bytes(), path.name)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from error
