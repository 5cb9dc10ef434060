"""The cycle: from files to a published plan, for one tenant at a time; flows and the command line call nothing else."""

from wss.cycle.cycle import STAGES, CycleResult, DailyResult, IntakeResult, intake_of, run_cycle, run_daily
from wss.cycle.flow import prefect_environment, run_flow, tenants

__all__ = [
    "STAGES", "CycleResult", "DailyResult", "IntakeResult", "intake_of", "prefect_environment", "run_cycle", "run_daily",
    "run_flow", "tenants",
]
