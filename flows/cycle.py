"""The cycle of every tenant as a Prefect flow: `python flows/cycle.py [TENANT ...]` runs it once.

To schedule it, see docs/operations.md: the flow is meant for a Prefect server of your own.
"""

import os
import sys

from wss.cycle import prefect_environment, run_cycle, tenants

os.environ.update(prefect_environment())  # before Prefect reads it

from prefect import flow, task
from report import report


@task(task_run_name="cycle-{tenant}")
def cycle_of(tenant: str) -> dict:
    """One tenant's cycle; its error is in the result, so that it stops no other."""
    return run_cycle(tenant, reason="flow").as_dict()


@flow(name="cycle")
def cycle(named: list[str] | None = None) -> list[dict]:
    """Intake, forecast, optimize and publish, one task a tenant."""
    return cycle_of.map(tenants(named)).result()


if __name__ == "__main__":
    sys.exit(report(cycle, sys.argv[1:]))
