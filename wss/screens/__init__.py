"""Live screens: read the store, build views, wire widgets. What a Voilà app or a notebook calls."""

from importlib import import_module
from typing import Any

_FUNCTIONS = {"operator": "operator", "whatif": "whatif", "dashboard": "server"}
"""Function -> submodule that defines it."""


def __getattr__(name: str) -> Any:
    """Import a screen when it is asked for: starting a server needs none of the widgets."""
    if name not in _FUNCTIONS:
        raise AttributeError(f"module 'wss.screens' has no attribute {name!r}")
    return getattr(import_module(f"wss.screens.{_FUNCTIONS[name]}"), name)


def __dir__() -> list[str]:
    """Names that completion offers."""
    return sorted([*globals(), *_FUNCTIONS])
