"""The hydraulic network: the only place that imports wntr or the EPANET toolkit.

`Engine` simulates; `network` reads and writes INP text; `tanks` has volumes; `schedule` brings switches onto a grid.
"""

from wss.hydraulics.engine import Engine
from wss.hydraulics.results import Simulation, Snapshot, Trajectory, Warned

__all__ = ["Engine", "Simulation", "Snapshot", "Trajectory", "Warned"]
