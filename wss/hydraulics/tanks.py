"""Volume of water in tanks: cylinders, and tanks with a volume curve."""

from functools import lru_cache

import numpy as np
import xarray as xr
from epanet import toolkit as en

from wss.errors import NetworkError, raise_all
from wss.hydraulics.layout import Layout, layout
from wss.hydraulics.project import opened


def volume(network: str, level: xr.DataArray) -> xr.DataArray:
    """Volume of water in tanks, the part below their lowest level included, as EPANET counts it.

    Parameters
    ----------
    network : str
        Text of the INP file.
    level : (time, tank)
        Water depth; a level somewhat outside a tank's limits goes on in a straight line. [m]

    Returns
    -------
    (time, tank)
        Volume, NaN where the level is. [m3]

    Raises
    ------
    NetworkError
        If a tank is not in the network.
    """
    shapes = _shapes(network)
    tanks = [str(t) for t in level["tank"].values]
    raise_all([f"tank {t} is not in the network" for t in tanks if t not in shapes], "computing volumes", NetworkError)
    level = level.transpose("time", "tank")
    columns = [_interpolate(level.values[:, k], *shapes[t]) for k, t in enumerate(tanks)]
    result = level.copy(data=np.array(columns).T.reshape(level.shape)).rename("volume")
    return result.assign_attrs(units="m3", long_name="volume of water in a tank at time")


def area(network: str, tank: str, level: np.ndarray) -> np.ndarray:
    """Plan area of a tank at levels (time,) [m]: where it has a volume curve, that of the curve's part. [m2]"""
    depth, content = _shapes(network)[tank]
    k = np.clip(np.searchsorted(depth, level, side="right") - 1, 0, len(depth) - 2)
    return (content[k + 1] - content[k]) / (depth[k + 1] - depth[k])


def _interpolate(x: np.ndarray, depth: np.ndarray, content: np.ndarray) -> np.ndarray:
    k = np.clip(np.searchsorted(depth, x) - 1, 0, len(depth) - 2)
    return content[k] + (x - depth[k]) * (content[k + 1] - content[k]) / (depth[k + 1] - depth[k])


@lru_cache(maxsize=16)
def _shapes(network: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Depths [m] and contents [m3] of each tank between which volume is linear in depth."""
    with opened(network) as project:
        shape = layout(project)
        return {tank: _breakpoints(project, tank, shape) for tank in shape.tanks}


def _breakpoints(project, name: str, shape: Layout) -> tuple[np.ndarray, np.ndarray]:
    tank, low, high = shape.tanks[name], shape.low[name], shape.high[name]
    curve = int(en.getnodevalue(project, tank, en.VOLCURVE))
    if curve:
        points = np.array([en.getcurvevalue(project, curve, k + 1) for k in range(en.getcurvelen(project, curve))])
    else:
        bottom = en.getnodevalue(project, tank, en.MINVOLUME)
        area = np.pi / 4 * en.getnodevalue(project, tank, en.TANKDIAM) ** 2
        points = np.array([[low, bottom], [high, bottom + area * (high - low)]])
    return points[:, 0] * shape.length_m, points[:, 1] * shape.length_m**3
