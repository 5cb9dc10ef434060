"""Publish what a cycle computed: switch what operators see, and release the plan to the outbox."""

import os
from pathlib import Path

import pandas as pd

from wss.config import Configuration
from wss.store import RunRecord, Store, Workspace

ORDERS = "plan.csv"
"""The released plan in the outbox: time [UTC], pump, relative speed (0 = off) from then on."""


def publish(
    configuration: Configuration, store: Store, workspace: Workspace, forecast_run: str, plan_run: str, at: pd.Timestamp
) -> Path | None:
    """Switch forecast and plan together; where release is automatic, also release the plan.

    Parameters
    ----------
    forecast_run, plan_run
        Runs that a cycle committed.
    at
        Moment of the switch [UTC].

    Returns
    -------
    Path or None
        The released file, if the plan was released.

    Raises
    ------
    StoreError
        If a later plan is in force, or a run may not be published.
    """
    store.publish({"forecast": forecast_run, "plan": plan_run}, at)
    if configuration.tenant.plan.release == "automatic":
        return release(store, workspace, configuration.name, plan_run)
    return None


def later_plan(store: Store, now: pd.Timestamp) -> RunRecord | None:
    """The published plan if it is about a later moment than `now` [UTC]: a rerun of last Tuesday must leave it alone."""
    plan = store.published().get("plan")
    return plan if plan and plan.now > now else None


def release(store: Store, workspace: Workspace, tenant: str, plan_run: str) -> Path:
    """Write the orders of a run into the outbox, complete or not at all, and return the file."""
    orders = store.orders(plan_run).sort_values(["time", "pump"])
    outbox = workspace.outbox(tenant)
    outbox.mkdir(parents=True, exist_ok=True)
    part, final = outbox / f".{ORDERS}.part", outbox / ORDERS
    orders[["time", "pump", "speed"]].to_csv(part, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    os.replace(part, final)
    return final
