"""Water supply systems: demand forecast, pump plan proven in EPANET, and what both cost, for many utilities."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_LAZY = {"open_run": "wss.steps.run", "steps": "wss.steps", "views": "wss.views", "screens": "wss.screens", "times": "wss.times"}


def __getattr__(name: str) -> Any:
    """Import what a notebook asks for when it asks: `import wss` alone stays fast."""
    if name not in _LAZY:
        raise AttributeError(f"module 'wss' has no attribute {name!r}")
    module = import_module(_LAZY[name])
    return module if module.__name__ == f"wss.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    """Names that completion offers."""
    return sorted([*globals(), *_LAZY])
