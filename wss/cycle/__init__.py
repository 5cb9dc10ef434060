"""The cycle: from files to a published plan, for one tenant at a time; flows and the command line call nothing else."""

from wss.cycle.cycle import STAGES, CycleResult, run_cycle
from wss.cycle.daily import DailyResult, run_daily
from wss.cycle.flow import prefect_environment, run_flow, tenants
from wss.cycle.weekly import WeeklyResult, run_weekly
from wss.steps.intake.tenants import IntakeResult, intake_of

__all__ = [
    "STAGES",
    "CycleResult",
    "DailyResult",
    "IntakeResult",
    "WeeklyResult",
    "intake_of",
    "prefect_environment",
    "run_cycle",
    "run_daily",
    "run_flow",
    "run_weekly",
    "tenants",
]
