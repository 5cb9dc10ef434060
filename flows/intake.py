"""The intake of every tenant as a Prefect flow: `python flows/intake.py [TENANT ...]` runs it once."""

import os
import sys

from wss.cycle import intake_of, prefect_environment, tenants

os.environ.update(prefect_environment())  # before Prefect reads it

from prefect import flow, task
from report import report


@task(task_run_name="intake-{tenant}")
def inbox_of(tenant: str) -> dict:
    """Read one tenant's inbox; its error is in the result, so that it stops no other."""
    return intake_of(tenant).as_dict()


@flow(name="intake")
def intake(named: list[str] | None = None) -> list[dict]:
    """Files of every inbox into its store, one task a tenant."""
    return inbox_of.map(tenants(named)).result()


if __name__ == "__main__":
    sys.exit(report(intake, sys.argv[1:]))
