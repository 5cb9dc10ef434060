"""Key performance indicators: energy, cost, service, and the baseline that they are compared with."""

from wss.kpi.courses import Course
from wss.kpi.table import tabulate

__all__ = ["Course", "tabulate"]
