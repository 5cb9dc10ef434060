"""Pump plans: a linear program over modes, realized on the decision grid, proven in EPANET."""

from wss.optimization.problem import PeakCharge, Pin, Problem
from wss.optimization.solve import Solution, fall_back, solve
from wss.optimization.verify import Verdict, verify

__all__ = ["PeakCharge", "Pin", "Problem", "Solution", "Verdict", "fall_back", "solve", "verify"]
