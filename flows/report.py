"""Run a flow once and say how it went, as one line of JSON on standard output; Prefect's own log goes to standard error."""

import json
import sys
import time

from prefect import Flow


def report(flow: Flow, named: list[str]) -> int:
    """Run `flow` for the named tenants, or all, and return the exit code: 0 if it completed without an error of any tenant."""
    began = time.monotonic()
    state = flow(named or None, return_state=True)
    results = state.result(raise_on_failure=False) if state.is_completed() else []
    told = {"flow_run_id": str(state.state_details.flow_run_id), "name": flow.name, "state": state.name,
            "seconds": round(time.monotonic() - began, 1), "results": results}
    sys.stdout.write(json.dumps(told) + "\n")
    return int(not state.is_completed() or any(r["error"] for r in results))
