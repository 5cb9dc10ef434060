"""Gradient-boosted trees of the profile's residual, one model over all zones and leads of a part."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wss.forecasting.features import LINEAR, TIME

ROWS = 80_000
"""Training rows that are drawn."""
ROUNDS = 160
SETTINGS = {
    "objective": "l1",
    "learning_rate": 0.07,
    "num_leaves": 31,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
}
TREE = tuple(n for n in (*TIME, *LINEAR) if not n.endswith(("_fading", "_slowly")) and n not in ("monday", "saturday", "sunday"))
"""Its features beside the weather's."""
LARGEST = 0.6
"""Largest correction [1]."""


@dataclass(frozen=True)
class Boosted:
    """A LightGBM model as its own text, which any version of it reads."""

    text: str
    """The model."""
    columns: np.ndarray
    """(column,) places of its features in `features.NAMES`."""

    @cached_property
    def _booster(self):
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    def predict(self, x: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Correction of steps (step, zone) from their features (step, zone, feature). [1]"""
        del slot
        flat = x[..., self.columns].reshape(-1, len(self.columns))
        return np.clip(self._booster.predict(flat, num_threads=1).reshape(x.shape[:2]), -LARGEST, LARGEST)


def fit(x: np.ndarray, y: np.ndarray, columns: np.ndarray) -> Boosted:
    """Fit to drawn rows: features (row, feature), and residuals (row,). [1]"""
    import lightgbm

    data = lightgbm.Dataset(x[:, columns], y, params={"verbose": -1})
    return Boosted(lightgbm.train(SETTINGS, data, ROUNDS).model_to_string(), columns)
