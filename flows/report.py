"""Run a flow once and say how it went, as one line of JSON on standard output; Prefect's own log goes to standard error."""

import json
import sys
import time

from prefect import Flow


def report(flow: Flow, named: list[str]) -> int:
    """Run `flow` for the named tenants, or all, and return the exit code: 0 if it did
    something and without an error of any tenant."""
    began = time.monotonic()
    state = flow(named or None, return_state=True)
    result = state.result(raise_on_failure=False)
    done = state.is_completed() and isinstance(result, list) and result
    told = {
        "flow_run_id": str(state.state_details.flow_run_id),
        "name": flow.name,
        "state": state.name,
        "seconds": round(time.monotonic() - began, 1),
        "results": result if done else [],
        "error": None if done else str(result or "it did nothing for any tenant"),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return int(not done or any(r["error"] for r in result))
