"""The demand forecast of every tenant fitted again as a Prefect flow: `python flows/weekly.py [TENANT ...]` runs it once."""

import os
import sys

from wss.cycle import prefect_environment, run_weekly, tenants

os.environ.update(prefect_environment())  # before Prefect reads it

from prefect import flow, task
from report import report


@task(task_run_name="weekly-{tenant}")
def weekly_of(tenant: str) -> dict:
    """One tenant's refit; its error is in the result, so that it stops no other."""
    return run_weekly(tenant).as_dict()


@flow(name="weekly")
def weekly(named: list[str] | None = None) -> list[dict]:
    """The forecast model that later cycles use, fitted to what is known by now, one task a tenant."""
    return weekly_of.map(tenants(named)).result()


if __name__ == "__main__":
    sys.exit(report(weekly, sys.argv[1:]))
