"""The correction of the profile: linear and boosted models, weighted by what they would have been worth in the last weeks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from wss.forecasting import boosted, linear
from wss.forecasting.boosted import Boosted
from wss.forecasting.features import LINEAR, NAMES, SLOTS
from wss.forecasting.history import History
from wss.forecasting.linear import Linear
from wss.forecasting.samples import FIRST_ROW, NEAR_H, Samples, past_issues
from wss.forecasting.weather import WEATHER, Weather
from wss.robust import mean

LEAST_DAYS = 90
"""Days with data below which there is no correction: the profile alone is safer."""
MOST_DAYS = 740
"""Days that are learnt from."""
HONEST_DAYS = 84
"""Last days, at most a quarter of all, that are forecast by models that have not seen them."""
ZONES_AT_ONCE = 10
"""Zones whose training rows are held at once."""
GRID = tuple((a / 10, b / 10) for a in range(11) for b in range(11 - a))
"""Weights of the linear and the boosted model that are tried; the rest is the profile's."""
MODES = ("none", "weather")
"""Variants: without and with the weather's features."""


@dataclass(frozen=True)
class Part:
    """The models of near or far steps in one mode."""

    linear: Linear
    boosted: Boosted
    weights: np.ndarray
    """(2, zone) weight of the linear and of the boosted model [1]."""

    def predict(self, x: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Correction of steps (step, zone) from their features (step, zone, feature). [1]"""
        return self.weights[0] * self.linear.predict(x, slot) + self.weights[1] * self.boosted.predict(x, slot)


@dataclass(frozen=True)
class Correction:
    """Everything that was learnt, for the zones of a history in their order."""

    parts: dict[tuple[str, bool], Part]
    """By mode and whether near."""

    @property
    def modes(self) -> list[str]:
        """Modes that were learnt: `none`, and `weather` where there was any."""
        return [mode for mode in MODES if (mode, True) in self.parts]

    def predict(self, x: np.ndarray, slot: np.ndarray, lead_h: np.ndarray, covered: np.ndarray) -> np.ndarray:
        """Correction of steps, relative to the zones' scale (step, zone). [1]

        Parameters
        ----------
        x : (step, zone, feature)
        slot : (step,)
        lead_h : (step,)
            [h]
        covered : (step,)
            Whether the weather of the step is known.
        """
        out = np.zeros(x.shape[:2])
        mode = np.where(covered & ("weather" in self.modes), "weather", "none")
        for name, near in self.parts:
            rows = np.flatnonzero((mode == name) & ((lead_h < NEAR_H) == near))
            if len(rows):
                out[rows] = self.parts[name, near].predict(x[rows], slot[rows])
        return out


@dataclass(frozen=True)
class Learnt:
    """A correction, and what it would have missed by in the last weeks had it been learnt before them."""

    correction: Correction
    honest: Samples
    """Steps of the last weeks' issues; x is empty."""
    missed: dict[str, np.ndarray]
    """By mode: (row, zone) what was measured less the forecast, relative to the scale; NaN where unknown [1]."""


def learn(history: History, weather: Weather | None) -> Learnt | None:
    """Learn from an hourly history; None where it is too short.

    Models are fitted twice: without the last weeks, to weigh them and to know their errors, and with all.
    """
    days = len(history.demand) - 1
    known = ~np.isnan(history.demand).all(axis=(1, 2))
    if known.sum() < LEAST_DAYS:
        return None
    first = max(days - MOST_DAYS, int(np.flatnonzero(known)[0]) + FIRST_ROW)
    split = days - min(HONEST_DAYS, (days - first) // 4)
    with threadpool_limits(1):  # small matrices: more threads only wait for each other, and one gives the same figures anywhere
        return _learn(history, weather, first, split, days)


def _learn(history: History, weather: Weather | None, first: int, split: int, days: int) -> Learnt:
    modes = MODES if weather is not None else MODES[:1]
    variants = _variants(LINEAR, modes)
    chunks = [_chunk(history, weather, zones, first, split, days, variants) for zones in _zones(len(history.zones))]
    trees = {
        (near, seen): [boosted.fit(*_draws(chunks, near, seen), columns) for columns in _variants(boosted.TREE, modes)]
        for near in (True, False)
        for seen in ("before", "all")
    }
    honest = chunks[0].honest
    parts, missed = {}, {mode: np.full((len(honest.slot), len(history.zones)), np.nan) for mode in modes}
    for near in (True, False):
        rows = honest.of_part(near)
        for n, mode in enumerate(modes):
            y, lin = (
                np.concatenate([v[rows] for v in values], axis=1)
                for values in ([c.honest.y for c in chunks], [c.guessed[near][n] for c in chunks])
            )
            tree = np.concatenate([trees[near, "before"][n].predict(c.honest.x[rows], honest.slot[rows]) for c in chunks], axis=1)
            weights = weigh(y, lin, tree)
            missed[mode][rows] = y - weights[0] * lin - weights[1] * tree
            joined = _joined([c.linear[near][n] for c in chunks])
            parts[mode, near] = Part(joined, trees[near, "all"][n], weights)
    every_y = np.concatenate([c.honest.y for c in chunks], axis=1)
    return Learnt(Correction(parts), replace(honest, x=honest.x[:, :0], y=every_y), missed)


def weigh(y: np.ndarray, lin: np.ndarray, tree: np.ndarray) -> np.ndarray:
    """Weights of two models (2, zone) with the least mean absolute error, half of it each zone's own and half that of all.

    Parameters
    ----------
    y, lin, tree : (row, zone)
        What was measured, and what the models said, all as residuals of the profile; y is NaN where unknown. [1]
    """
    known = ~np.isnan(y)
    usual = mean(np.abs(y))
    loss = np.array([mean(np.abs(y - a * lin - b * tree)) for a, b in GRID])
    loss = np.where(known.any(axis=0) & (usual > 0), loss / np.where(usual > 0, usual, 1.0), 0.0)
    return np.array(GRID)[np.argmin(loss + loss.mean(axis=1, keepdims=True), axis=0)].T


@dataclass(frozen=True)
class _Chunk:
    """What was learnt from some zones."""

    linear: dict[bool, list[Linear]]
    guessed: dict[bool, list[np.ndarray]]
    honest: Samples
    draws: dict[tuple[bool, str], tuple[np.ndarray, np.ndarray]]


def _chunk(
    history: History, weather: Weather | None, zones: slice, first: int, split: int, days: int, variants: Sequence[np.ndarray]
) -> _Chunk:
    mine = replace(history, demand=history.demand[..., zones], zones=history.zones[zones])
    samples = past_issues(mine, weather, first, days)
    # what an issue before the split asks about after it was not known then
    known = samples.issue * SLOTS + samples.issue_slot + samples.step < split * SLOTS
    honest = samples.where(samples.issue >= split)
    guessed, final, draws = {}, {}, {}
    share = mine.demand.shape[-1] / len(history.zones)
    for near in (True, False):
        rows, every = honest.of_part(near), samples.of_part(near)
        before = every & known
        guessed[near] = []
        for model in linear.fit(samples, before, linear.RIDGE[near], variants):
            guess = np.full(honest.y.shape, np.nan)
            guess[rows] = model.predict(honest.x[rows], honest.slot[rows])
            guessed[near].append(guess)
        final[near] = linear.fit(samples, every, linear.RIDGE[near], variants)
        draws[near, "before"], draws[near, "all"] = _draw(samples, before, share), _draw(samples, every, share)
    return _Chunk(final, guessed, honest, draws)


def _draw(samples: Samples, rows: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Some of the rows (row,) [bool] for the boosted model, drawn with a fixed seed."""
    row, zone = np.nonzero(~np.isnan(samples.y) & rows[:, None])
    most = int(boosted.ROWS * share)
    if len(row) > most:
        drawn = np.sort(np.random.default_rng(1).choice(len(row), most, replace=False))
        row, zone = row[drawn], zone[drawn]
    return samples.x[row, zone], samples.y[row, zone]


def _draws(chunks: list[_Chunk], near: bool, seen: str) -> list[np.ndarray]:
    return [np.concatenate(values) for values in zip(*(c.draws[near, seen] for c in chunks), strict=True)]


def _variants(names: Sequence[str], modes: Sequence[str]) -> list[np.ndarray]:
    """Columns of each mode."""
    return [np.sort([NAMES.index(n) for n in (*names, *(WEATHER if mode == "weather" else ()))]) for mode in modes]


def _zones(count: int) -> list[slice]:
    return [slice(at, at + ZONES_AT_ONCE) for at in range(0, count, ZONES_AT_ONCE)]


def _joined(models: list[Linear]) -> Linear:
    """Regressions of several chunks of zones as one."""
    names = ("centre", "spread", "coefficients", "offset")
    return Linear(models[0].columns, *(np.concatenate([getattr(m, name) for m in models], axis=1) for name in names))
