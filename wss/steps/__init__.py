"""Steps: read, compute, check, save. Each is one function that a notebook calls with a run."""

from importlib import import_module
from typing import Any

_FUNCTIONS = {
    "open_run": "run",
    "run_intake": "intake.inbox",
    "run_forecast": "forecast.issue",
    "run_refit": "forecast.refit",
    "ask_backtest": "forecast.backtest",
    "run_backtest": "forecast.backtest",
    "run_optimize": "plan.optimize",
    "run_kpi": "kpi",
    "derived_demand": "observed",
    "readings_and_doubts": "quality.report",
    "leaned_on": "quality.report",
    "apply_tenant": "apply",
    "check_tenant": "apply",
}
"""Function -> submodule that defines it."""
_MODULES = {"apply", "configuration", "kpi", "observed", "run", "status"}


def __getattr__(name: str) -> Any:
    """Import a step when it is asked for, so that one notebook does not pay for the imports of all."""
    if name in _MODULES:
        return import_module(f"wss.steps.{name}")
    if name in _FUNCTIONS:
        return getattr(import_module(f"wss.steps.{_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module 'wss.steps' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Names that completion offers."""
    return sorted([*globals(), *_FUNCTIONS, *_MODULES])
