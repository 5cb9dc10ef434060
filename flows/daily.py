"""The key figures of yesterday and the doubtful readings of every tenant as a Prefect flow.

`python flows/daily.py [TENANT ...]` runs it once.
"""

import os
import sys

from wss.cycle import prefect_environment, run_daily, tenants

os.environ.update(prefect_environment())  # before Prefect reads it

from prefect import flow, task
from report import report


@task(task_run_name="daily-{tenant}")
def daily_of(tenant: str) -> dict:
    """One tenant's day; its error is in the result, so that it stops no other."""
    return run_daily(tenant).as_dict()


@flow(name="daily")
def daily(named: list[str] | None = None) -> list[dict]:
    """Key figures of the last complete local day and which readings are doubtful, one task a tenant."""
    return daily_of.map(tenants(named)).result()


if __name__ == "__main__":
    sys.exit(report(daily, sys.argv[1:]))
