"""Pump plans: a linear program over modes, realized on the decision grid, proven in EPANET."""

from wss.optimization.core.problem import PeakCharge, Pin, Problem
from wss.optimization.proof.verify import Verdict, verify
from wss.optimization.solve import Solution, fall_back, solve

__all__ = ["PeakCharge", "Pin", "Problem", "Solution", "Verdict", "fall_back", "solve", "verify"]
