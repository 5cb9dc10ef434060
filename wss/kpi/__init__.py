"""Key performance indicators: energy, cost, service, and the baseline that they are compared with."""

from wss.kpi.table import Course, tabulate

__all__ = ["Course", "tabulate"]
