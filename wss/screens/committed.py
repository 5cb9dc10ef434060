"""What committed runs left in their folders."""

from functools import lru_cache
from pathlib import Path

import xarray as xr

from wss.steps.run import read_result


@lru_cache(maxsize=16)
def result(folder: Path, name: str) -> xr.Dataset:
    """Group `name` (quantities in our units) of a committed run, or NotFoundError; it never changes, so a page reads it once."""
    return read_result(folder, name)
