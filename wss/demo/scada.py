"""What the plant's SCADA makes of the truth: readings in its own units with the errors of its instruments, as lines of a file."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from wss.config import Sensor
from wss.demo import chance
from wss.demo.settings import Noise, Scada
from wss.quantities import QUANTITIES
from wss.units import scale_to

HEADER = "time,value,quality\n"
GOOD, BAD, MISSING = "Good", "Bad", "Bad Input"
INSTANT = ("level", "pressure")
"""Quantities read at the instant; the others are means of the five minutes that start at their time stamp."""
WEEK = pd.Timedelta(days=7)


def measured(
    truth: np.ndarray, time: pd.DatetimeIndex, sensors: Sequence[Sensor], noise: Mapping[str, Noise], seed: int
) -> np.ndarray:
    """Readings of all sensors with their noise, rounded to their resolution.

    Parameters
    ----------
    truth : (time, sensor)
        True values. [our unit of each sensor's quantity]
    noise
        Error by quantity.

    Returns
    -------
    (time, sensor)
        Readings. [each sensor's unit]
    """
    white = chance.white(seed, chance.NOISE, time, len(sensors))
    out = np.empty_like(truth)
    for k, sensor in enumerate(sensors):
        exact, scale = truth[:, k], scale_to(QUANTITIES[sensor.quantity].units, sensor.unit)
        error = noise.get(sensor.quantity)
        spread = error.absolute + error.relative * np.abs(exact) if error else 0.0
        resolution = error.resolution if error else 1.0
        out[:, k] = np.round((exact + spread * white[:, k]) / scale / resolution) * resolution + 0.0
    return out


def body(sensor: Sensor, stamps: Sequence[str], values: np.ndarray, scada: Scada, rng: np.random.Generator, gaps: bool) -> str:
    """Text of the file of one tag, with a few bad inputs and spikes and, where `gaps`, spells without a reading.

    Parameters
    ----------
    stamps
        Times every five minutes, as the file writes them.
    values : (time,)
        Readings. [the sensor's unit]
    """
    weeks = len(values) * pd.Timedelta(minutes=5) / WEEK
    error = scada.noise.get(sensor.quantity)
    decimals = max(0, -math.floor(math.log10(error.resolution))) if error else 0
    if sensor.quantity != "pump_status":
        values = values.copy()
        for k in rng.integers(0, len(values), rng.poisson(scada.spikes_per_week * weeks)):
            values[k] = values[k] * rng.uniform(1.5, 4.0) + (sensor.limits.high - sensor.limits.low) * rng.uniform(0.2, 0.5)
    lines = [f"{stamp},{value:.{decimals}f},{GOOD}\n" for stamp, value in zip(stamps, values.tolist(), strict=True)]
    for k in rng.integers(0, len(lines), rng.poisson(scada.bad_inputs_per_week * weeks)):
        for j in range(k, min(k + rng.integers(1, 7), len(lines))):
            lines[j] = f"{stamps[j]},{MISSING},{BAD}\n"
    if gaps:
        for k in rng.integers(0, len(lines), rng.poisson(scada.gaps_per_week * weeks)):
            del lines[k : k + rng.integers(24, 97)]
    return HEADER + "".join(lines)
