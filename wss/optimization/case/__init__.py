"""Cases: pump scheduling problems as files that an independent judge can replay."""

from wss.optimization.case.case import describe, orders, read, read_plan, write, write_plan

__all__ = ["describe", "orders", "read", "read_plan", "write", "write_plan"]
