"""Robust ridge regression of the profile's residual: one for each zone and slot of the day, learnt with the slots beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wss.forecasting.features import SLOTS
from wss.forecasting.samples import Samples

RIDGE = {True: 90.0, False: 300.0}
"""Weight of the squared coefficients, for near and far steps [rows]."""
REWEIGHTS = 2
"""Times that rows are weighted anew by their residual, which makes squares nearly absolute values."""
HALF = 0.5
"""Residuals above this many medians lose weight [1]."""
EXTREME = (4.0, 3.0)
"""Standard deviations beyond which a feature counts no more, when learning and when forecasting [1]."""
LARGEST = 0.6
"""Largest correction [1]."""


@dataclass(frozen=True)
class Linear:
    """Coefficients by slot and zone."""

    columns: np.ndarray
    """(column,) places of its features in `features.NAMES`."""
    centre: np.ndarray
    """(slot, zone, column) mean of each feature."""
    spread: np.ndarray
    """(slot, zone, column) standard deviation of each feature."""
    coefficients: np.ndarray
    """(slot, zone, column) of the standardized features [1]."""
    offset: np.ndarray
    """(slot, zone) correction where all is as usual [1]."""

    def predict(self, x: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Correction of steps (step, zone) from their features (step, zone, feature) and slots (step,). [1]"""
        q = np.clip((x[..., self.columns] - self.centre[slot]) / self.spread[slot], -EXTREME[1], EXTREME[1])
        return np.clip((q * self.coefficients[slot]).sum(axis=-1) + self.offset[slot], -LARGEST, LARGEST)


def fit(samples: Samples, rows: np.ndarray, ridge: float, variants: Sequence[np.ndarray]) -> list[Linear]:
    """One regression for each variant.

    Parameters
    ----------
    rows : (row,)
        Which rows of the samples are learnt from. [bool]
    ridge
        As of RIDGE.
    variants
        Columns (column,) of `features.NAMES` of each; the last one has all that the others have. [1]
    """
    fitted = [_fit_slot(samples, rows, slot, ridge, variants) for slot in range(SLOTS)]
    found = []
    for n, columns in enumerate(variants):
        inside = np.searchsorted(variants[-1], columns)
        centre, spread, offset = (np.stack([f[k] for f in fitted]) for k in (0, 1, 2))
        found.append(Linear(columns, centre[..., inside], spread[..., inside], np.stack([f[3][n] for f in fitted]), offset))
    return found


def _fit_slot(samples: Samples, rows: np.ndarray, slot: int, ridge: float, variants: Sequence[np.ndarray]) -> tuple:
    """Centre, spread, offset, and the coefficients of each variant, all by zone."""
    near = rows & np.isin(samples.slot, [(slot + k) % SLOTS for k in (-1, 0, 1)])
    y = samples.y[near].T
    known = ~np.isnan(y)
    x = np.moveaxis(samples.x[near][..., variants[-1]], 1, 0)  # (zone, row, column)
    some = np.maximum(known.sum(axis=1), 1)[:, None].astype("float32")
    centre = np.einsum("zrc,zr->zc", x, known.astype("float32"), optimize=True) / some
    x = x - centre[:, None]
    spread = np.sqrt(np.einsum("zrc,zrc,zr->zc", x, x, known.astype("float32")) / some) + np.float32(1e-6)
    x = np.clip(x / spread[:, None], -EXTREME[0], EXTREME[0])
    offset = np.array([np.median(v[k]) if k.any() else 0.0 for v, k in zip(y, known, strict=True)], dtype="float32")
    target = np.where(known, y - offset[:, None], 0.0).astype("float32")
    weight = known.astype("float32")
    for left in reversed(range(1 + REWEIGHTS)):
        weighted = np.swapaxes(x * weight[..., None], 1, 2)
        square, product = weighted @ x, weighted @ target[..., None]
        if left:
            error = np.abs(target - (x @ _solved(square, product, ridge))[..., 0])
            typical = np.array([np.median(e[k]) if k.any() else 1.0 for e, k in zip(error, known, strict=True)]) + 1e-6
            weight = (known / np.maximum(error / typical[:, None], HALF)).astype("float32")
    solved = []
    for columns in variants:
        i = np.searchsorted(variants[-1], columns)
        solved.append(_solved(square[:, i[:, None], i], product[:, i], ridge)[..., 0])
    return centre, spread, offset, solved


def _solved(square: np.ndarray, product: np.ndarray, ridge: float) -> np.ndarray:
    return np.linalg.solve(square + np.float32(ridge) * np.eye(square.shape[-1], dtype="float32"), product)
